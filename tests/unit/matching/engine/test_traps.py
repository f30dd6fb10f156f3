"""What went wrong elsewhere: traps of data and rules, each with a test (issue 5; the research's list of traps)."""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from services.matching.adapters.packing import person_of
from services.matching.domain.card import Card
from services.matching.domain.rules import RuleSet
from services.matching.domain.snapshot import FrozenMember
from services.matching.engine import Person, solve
from services.matching.engine.pairwise import gain_sums
from services.matching.engine.pool import build_pool
from services.matching.engine.snapshot import Snapshot, freeze
from services.matching.entrypoints.analyst.people import read_people
from tests.unit.matching.engine.test_match_command import run, written
from tests.unit.matching.engine.test_score import scored

IDENTITY = {"id", "manager_chain", "recruiter_of", "do_not_pair", "past_partners", "live_partners"}
SEATS = {"seats", "mentee_seats", "left_out"}
SAID = {"offers", "wants", "goals", "vision_themes", "challenges", "challenges_long"}
WORK = SAID | {"experience", "level", "years", "job_family", "department", "site"}
MEETING = {"languages", "availability", "communication"}
FROZEN = {"ids", "family", "slots", "bar_start", "bar_person", "bar_gate", "chains_outside", "hash"}
PEOPLE = "member_id,offers,wants,level,department"
MORE = ",gender,age,nationality,country,date_of_birth,religion,display_name,email"


class TestDemographics:
    """R42: whoever somebody is, the engine sees what they can, want and know, and when they work."""

    def test_the_list_of_what_the_engine_sees_is_closed(self) -> None:
        """A new field fails here first: it has to be argued for by name."""
        seen = {entry.name for entry in dataclasses.fields(Person)}
        assert seen == IDENTITY | SEATS | WORK | MEETING
        packed = {entry.name for entry in dataclasses.fields(Snapshot)}
        assert packed <= FROZEN | WORK | MEETING | SEATS

    def test_a_country_of_the_card_is_not_passed_on(self) -> None:
        """The card has a country for time zones; nothing of it reaches the score."""
        card = Card(member_id="m", country="DE", timezone="Europe/Berlin")
        at = datetime(2027, 1, 11, tzinfo=UTC)
        here, there = (person_of(FrozenMember(card=dataclasses.replace(card, country=country), seats=1), at) for country in ("DE", "FR"))
        assert here == there

    def test_columns_of_a_people_file_that_say_who_somebody_is_are_not_read(self, tmp_path: Path) -> None:
        """`tandem match` leaves them out, whatever they are called."""
        rows = ["e1,sql,python,3,IT", "e2,python,sql,4,HR"]
        others = ["F,29,German,DE,1990-01-01,none,Ada,a@x", "M,61,French,FR,1960-01-01,x,Ben,b@x"]
        plain = read_people(written(tmp_path, "\n".join([PEOPLE, *rows]), "plain.csv"))
        full = [PEOPLE + MORE, *(f"{row},{other}" for row, other in zip(rows, others, strict=True))]
        assert read_people(written(tmp_path, "\n".join(full), "full.csv")).people == plain.people


class TestWantsAlsoOffered:
    """C: over half of raw answers offer what they want; it counts only against a stated, higher level."""

    @pytest.mark.parametrize(
        ("own", "partners", "gains"),
        [(2, 4, True), (4, 4, False), (4, 2, False), (2, None, False), (None, 4, True), (None, 3, False), (None, None, False)],
    )
    def test_only_a_stated_higher_level_helps(self, own: int | None, partners: int | None, gains: bool) -> None:
        """R6: an own level that is not said counts as the rules' usual one."""
        people = [Person(id="a", wants={"s": 2}, offers={"s": own}), Person(id="b", offers={"s": partners})]
        pool = build_pool(freeze(people), RuleSet())
        assert bool(gain_sums(pool, np.array([0]), np.array([1]))[0] > 0) is gains


class TestBonuses:
    """C: a bonus added before the gates makes pairs without any gain."""

    def test_no_bonus_pairs_people_who_have_nothing_for_each_other(self) -> None:
        """N4: the largest coverage and fairness bonuses change nothing for them."""
        rules = RuleSet.from_mapping({"objective": {"coverage_bonus": 1_000_000, "fairness_bonus": 1_000_000}})
        people = [
            Person(id="a", offers={"x": 5}, left_out=True),
            Person(id="b", offers={"y": 5}, left_out=True),
            Person(id="c", wants={"z": 1}),
        ]
        assert len(solve(people, rules, 1).unmatched) == 3


class TestHours:
    """C: few free slots as an advantage; overlap as more than enough."""

    def test_more_than_enough_overlap_is_no_advantage(self) -> None:
        """R8: availability saturates: two hours a week or forty are worth the same."""
        rules = RuleSet.from_mapping({"common": {"availability": 0.3}})
        two = {"wants": {"y": 2}, "offers": {"x": 3}}
        whole, evening = ((0, 2400),), ((0, 120),)
        people = [Person(id="a", wants={"x": 2}, offers={"y": 3}, availability=whole)]
        people += [Person(id="b", availability=whole, **two), Person(id="c", availability=evening, **two)]  # type: ignore[arg-type]
        weight = scored(people, rules)[3]
        assert weight[0, 1] == weight[0, 2] > 0


class TestLabels:
    """C: fold case, width and blanks only; propose the rest to a person."""

    def test_a_hyphen_makes_two_projects(self, tmp_path: Path) -> None:
        """In a file without a list behind it nothing is guessed."""
        text = "member_id,offers,wants\ne1,Project A-1;AI,\ne2,Project A 1;Retail,\ne3,  PROJECT  a-1 ;\uff21\uff29,\n"
        first, second, third = read_people(written(tmp_path, text)).people
        assert set(first.offers) == set(third.offers) == {"project a-1", "ai"}
        assert not set(first.offers) & set(second.offers)


class TestChallenges:
    """C, R9: a shared challenge is used, never named: not to the partner, not in a file that an admin reads."""

    def test_no_file_of_a_round_names_one(self, tmp_path: Path) -> None:
        """N9: not in pairs, explanations, reasons or report."""
        rows = [f"e{n},{'sql' if n % 2 else 'python'},{'python' if n % 2 else 'sql'},burnout-of-mine,two-bosses" for n in range(12)]
        file = written(tmp_path, "\n".join(["member_id,offers,wants,challenges,challenges_long", *rows]))
        code, _ = run(file, "--out", tmp_path / "out", "--json")
        assert code == 0
        files = sorted((tmp_path / "out").iterdir())
        assert len(files) == 5
        assert json.loads((tmp_path / "out" / "report.json").read_text())["people"]["pairs"] == 6
        for path in files:
            assert "burnout" not in path.read_text()
            assert "two-bosses" not in path.read_text()


class TestInvertedU:
    """C: constants for the U never acted where people share little."""

    def test_it_moves_with_the_pool(self) -> None:
        """N5: the same rules put the U elsewhere in a pool that is more alike."""
        skills = ("x", "y")
        alike = [
            Person(id=f"a{n:02d}", offers={skills[n % 2]: 3}, wants={skills[1 - n % 2]: 2}, department="d", site="s") for n in range(20)
        ]
        mixed = [dataclasses.replace(one, department=f"d{n}", site=f"s{n % 3}") for n, one in enumerate(alike)]
        places = [scored(people)[2].quantiles for people in (alike, mixed)]
        assert places[0].plateau_from > places[1].plateau_from
