"""The preview of a rule set: true counts, aggregates only, nobody pointed at (N5, N7, R13)."""

import json
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain.rules import RuleSet
from services.matching.engine import Person
from services.matching.engine.explain import Explainer
from services.matching.engine.preview import preview
from tests.unit.matching.engine.crowds import crowd

RULES = RuleSet()


def speakers(count: int, language: str) -> list[Person]:
    """Return people who could all help each other, if they had a language in common."""
    return [Person(id=f"{language}{n:02d}", offers={"sql": 3}, wants={f"w{language}": 2}, languages=(language,)) for n in range(count)]


def helpers(count: int, language: str, wanted: str) -> list[Person]:
    """Return people who offer what somebody else wants."""
    return [Person(id=f"h{language}{n:02d}", offers={wanted: 3}, languages=(language,)) for n in range(count)]


class TestPreview:
    """N7: an admin sees what rules do before anything is done by them."""

    def test_says_whom_a_gate_cuts_off(self) -> None:
        """R13: six Finns whose only helpers speak English lose everybody by the language gate, and so do the helpers."""
        people = [*speakers(6, "fi"), *helpers(6, "en", "wfi")]
        gates = preview(people, RULES, 1, 5)["gates"]
        told = {"gate": "no-common-language", "share_of_pairs": 1.0, "people_who_lose_somebody": 12, "people_cut_off": 12}
        assert gates["by_gate"] == [told]
        assert gates["people_cut_off"] == 12
        without = RuleSet.from_mapping({"gates": {"common_language": False}})
        assert preview(people, without, 1, 5)["gates"] == {"pairs_looked_at": 72, "people_cut_off": 0, "by_gate": []}

    def test_says_nothing_of_few_people(self) -> None:
        """R13: a gate that touches fewer than the minimum group size is not named; a small count is not told."""
        people = [
            *helpers(9, "en", "wen"),
            *speakers(9, "en"),
            Person(id="x", offers={"rare": 2}),
            Person(id="y", wants={"rare": 2}, level=1),
        ]
        barred = [*people[:-1], Person(id="y", wants={"rare": 2}, level=1, do_not_pair=("x",))]
        told = preview(barred, RULES, 1, 5)
        assert told["gates"]["by_gate"] == []
        assert told["gates"]["people_cut_off"] is None
        assert "do-not-pair" not in json.dumps(told)
        assert told["people"]["who_say_no"]["language"] is None
        assert told["people"]["who_say_no"]["hours"] == 20

    def test_two_way_ceiling_follows_empty_profiles(self) -> None:
        """N4: half without wants leaves no two-way pair for the others' round to exceed."""
        people = [Person(id=f"a{n}", wants={"s": 2}, offers={"t": 2}) for n in range(6)] + [
            Person(id=f"b{n}", offers={"s": 2}) for n in range(2)
        ]
        assert preview(people, RULES, 1, 5)["reciprocity"] == {
            "share_without_wants": 0.25,
            "share_without_offers": 0.0,
            "share_with_neither": 0.0,
            "ceiling_of_two_way": 0.5,
        }

    def test_mentors_are_looked_at_in_one_direction_and_by_their_lead(self) -> None:
        """R43: who is too far ahead is barred from those they could teach; nobody is their own mentor, and no pair is two-way."""
        said = {"wants": {"sql": 2}, "offers": {"sql": 3, "go": 3}}
        people = [Person(id=f"junior{n}", level=1, **said) for n in range(6)]  # type: ignore[arg-type]
        people += [Person(id=f"{name}{n}", offers={"sql": 4}, level=level) for name, level in (("lead", 3), ("chief", 9)) for n in range(6)]
        told = preview(people, RuleSet.from_mapping({"kind": "mentor"}), 1, 5)
        barred = {"gate": "level-gap", "share_of_pairs": 0.5, "people_who_lose_somebody": 12, "people_cut_off": 6}
        assert told["gates"] == {"pairs_looked_at": 2 * 6 * 12, "people_cut_off": 6, "by_gate": [barred]}
        assert told["mutual_gain"]["two_way"] == 0
        assert "ceiling_of_two_way" not in told["reciprocity"]

    def test_circles_are_looked_at_by_shared_challenges(self) -> None:
        """R44: nobody needs to gain anything; now and later are two challenges."""
        people = [Person(id=f"en{n}", challenges=("bosses",), languages=("en",)) for n in range(6)]
        people += [Person(id=f"fi{n}", challenges=("bosses",), languages=("fi",)) for n in range(6)]
        people += [Person(id=f"later{n}", challenges_long=("bosses",)) for n in range(6)]
        gates = preview(people, RuleSet.from_mapping({"kind": "circle"}), 1, 5)["gates"]
        barred = {"gate": "no-common-language", "share_of_pairs": round(72 / 162, 4), "people_who_lose_somebody": 12, "people_cut_off": 0}
        assert gates == {"pairs_looked_at": 162, "people_cut_off": 0, "by_gate": [barred]}

    @given(crowd(most=8), st.integers(0, 9))
    @settings(max_examples=60, deadline=None)
    def test_counts_every_useful_pair_once_a_side_whatever_the_order(self, people: list[Person], seed: int) -> None:
        """N7: in a small pool the preview is exact; the order of people changes nothing, and no id is in it."""
        told = preview(people, RULES, seed, 2)
        assert preview(people[::-1], RULES, seed, 2) == told
        explainer = Explainer(RULES)
        useful = [
            (one, other)
            for one, other in permutations(people, 2)
            if one.seats > 0 and (explainer.met(one, other) or explainer.met(other, one))
        ]
        assert told["gates"]["pairs_looked_at"] == len(useful)
        assert not any(f'"{person.id}"' in json.dumps(told) for person in people)
