"""What the command can do, against a deployment in memory."""

from pathlib import Path
from typing import Any

import pytest

from services.console.application.apply_programme import apply_programme, read_programme
from services.console.application.enrol import Enrol, enrol
from services.console.application.import_people import ImportPeople, import_people
from services.console.application.members import member_id_of
from services.console.application.paths import part
from services.console.application.run_round import RunRound, run_round
from services.console.application.status import exit_code_of, status
from services.console.domain.endings import ConsoleTrouble, Exit, Refused, ServiceAway, Unusable
from services.console.domain.facts import Fact, Wanted
from tests.unit.console.fakes import InMemoryApi

MEMBER = "6f1c2a34-9d0e-4b52-8f7a-0d6f1f0a1b01"


def summary(state: str = "done", *, refused: int = 0) -> dict[str, Any]:
    """Return an import as profile tells it."""
    counts = {"rows": 3, "created": 3 - refused, "updated": 0, "unchanged": 0, "refused": refused, "warnings": 0}
    return {"state": state, "stage": "finished", "counts": counts, "problems": [], "progress": {"rows_done": 3, "rows_total": 3}}


def row(key: str, outcome: str = "created") -> dict[str, Any]:
    """Return a row of the report."""
    return {"line": 2, "company_key": key, "member_id": MEMBER, "outcome": outcome, "problems": []}


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Return a people file."""
    file = tmp_path / "people.csv"
    file.write_text("member_id,email\nE1,a@corp.example\n")
    return file


class TestImportPeople:
    """Send, follow, report."""

    async def test_it_waits_until_the_import_is_done(self, people: Path) -> None:
        """Progress is told on the way."""
        running = summary() | {"state": "running", "stage": "writing", "progress": {"rows_done": 1, "rows_total": 3}}
        api = InMemoryApi(
            {
                "POST profile /imports": {"import_id": "i1"},
                "GET profile /imports/i1": [running, summary()],
                "GET profile /imports/i1/rows": {"items": [], "next": None},
            }
        )
        told: list[tuple[str, int, int | None]] = []
        found = await import_people(ImportPeople(file=people), api, lambda *heard: told.append(heard))
        assert found.exit_code is Exit.DONE
        assert ("writing", 1, 3) in told

    async def test_refused_rows_have_their_own_exit_code(self, people: Path) -> None:
        """3: the good rows were taken."""
        api = InMemoryApi(
            {
                "POST profile /imports": {"import_id": "i1"},
                "GET profile /imports/i1": summary(refused=1),
                "GET profile /imports/i1/rows": [
                    {"items": [row("E1", "refused")], "next": "c"},
                    {"items": [row("E2", "refused")], "next": None},
                ],
            }
        )
        found = await import_people(ImportPeople(file=people), api)
        assert found.exit_code is Exit.SOME_REFUSED
        assert [one["company_key"] for one in found.rows] == ["E1", "E2"]

    async def test_a_refused_file_is_a_failure(self, people: Path) -> None:
        """All or nothing met a refused row, or the file is none."""
        api = InMemoryApi(
            {
                "POST profile /imports": {"import_id": "i1"},
                "GET profile /imports/i1": summary("refused"),
                "GET profile /imports/i1/rows": {"items": [], "next": None},
            }
        )
        assert (await import_people(ImportPeople(file=people), api)).exit_code is Exit.FAILED

    async def test_an_unreadable_file_sends_nothing(self, tmp_path: Path) -> None:
        """2: nothing was sent."""
        api = InMemoryApi()
        with pytest.raises(Unusable, match="cannot be read"):
            await import_people(ImportPeople(file=tmp_path / "none.csv"), api)
        assert api.calls == []

    async def test_only_good_rows_are_enrolled_and_only_when_asked(self, people: Path) -> None:
        """C: an upload never pulls people into a round by itself."""
        answers = {
            "POST profile /imports": {"import_id": "i1"},
            "GET profile /imports/i1": summary(),
            "GET profile /imports/i1/rows": {"items": [row("E1"), row("E2", "refused")], "next": None},
            "POST profile /enrolments": {"enrolled": 1, "unchanged": 0, "unknown": []},
            "GET matching /programmes/peers": {},
        }
        quiet = InMemoryApi(dict(answers))
        await import_people(ImportPeople(file=people), quiet)
        assert "POST profile /enrolments" not in quiet.names()
        asked = InMemoryApi(dict(answers))
        found = await import_people(ImportPeople(file=people, enrol="peers"), asked)
        assert found.enrolled == 1
        assert asked.calls[-1][2] == {"programme_id": "peers", "capacity": None, "company_keys": ["E1"]}

    async def test_a_dry_run_enrols_nobody(self, people: Path) -> None:
        """It changes nothing at all."""
        api = InMemoryApi(
            {
                "POST profile /imports": {"import_id": "i1"},
                "GET profile /imports/i1": summary(),
                "GET profile /imports/i1/rows": {"items": [row("E1")], "next": None},
                "GET matching /programmes/peers": {},
            }
        )
        await import_people(ImportPeople(file=people, dry_run=True, enrol="peers"), api)
        assert api.calls[1][1]["dry_run"] == "true"
        assert "POST profile /enrolments" not in api.names()

    async def test_an_unknown_programme_is_told_before_anything_is_sent(self, people: Path) -> None:
        """Else the people would be in, and enrolled in nothing."""
        api = InMemoryApi()
        with pytest.raises(ConsoleTrouble, match="no programme peers"):
            await import_people(ImportPeople(file=people, enrol="peers"), api)
        assert api.names() == ["GET matching /programmes/peers"]


class TestEnrol:
    """Everyone, or those who are named."""

    async def test_ids_and_company_keys_may_be_mixed(self) -> None:
        """Tandem's ids go one by one, company keys together."""
        api = InMemoryApi(
            {
                "POST profile /enrolments": {"enrolled": 1, "unchanged": 1, "unknown": ["E9"]},
                f"POST profile /members/{MEMBER}/enrolments": None,
                "GET matching /programmes/peers": {},
            }
        )
        found = await enrol(Enrol(programme="peers", members=["E1", "E9", MEMBER]), api)
        assert found.as_plain() == {"enrolled": 2, "unchanged": 1, "unknown": ["E9"]}
        assert found.exit_code is Exit.SOME_REFUSED

    async def test_an_unknown_programme_is_told(self) -> None:
        """Profile takes any name; matching knows."""
        with pytest.raises(ConsoleTrouble, match="no programme p"):
            await enrol(Enrol(programme="p", everyone=True), InMemoryApi())

    async def test_matching_may_be_out_of_reach(self) -> None:
        """An HR token may be good for profile only."""
        api = InMemoryApi(
            {
                "GET matching /programmes/p": Refused("matching", 403, "not-allowed", "You may not do this."),
                "POST profile /enrolments": {"enrolled": 2, "unchanged": 0, "unknown": []},
            }
        )
        assert (await enrol(Enrol(programme="p", everyone=True), api)).enrolled == 2

    @pytest.mark.parametrize("command", [Enrol(programme="p"), Enrol(programme="p", members=["E1"], everyone=True)])
    async def test_who_is_meant_must_be_said_once(self, command: Enrol) -> None:
        """Neither nobody nor both."""
        with pytest.raises(Unusable, match="Say who is meant"):
            await enrol(command, InMemoryApi())


class TestApplyProgramme:
    """Programmes as files."""

    async def test_a_toml_file_without_id_is_named_after_the_file(self, tmp_path: Path) -> None:
        """`peers-2027.toml` is programme peers-2027."""
        file = tmp_path / "peers-2027.toml"
        file.write_text('kind = "peer"\n[weights]\ngoals = 3\n')
        api = InMemoryApi({"PUT matching /programmes/peers-2027": {"rules_version": 1}})
        assert (await apply_programme(file, api))["rules_version"] == 1
        assert api.calls[0][2] == {"kind": "peer", "weights": {"goals": 3}}

    def test_a_json_file_may_name_its_programme(self, tmp_path: Path) -> None:
        """The id does not go into the content."""
        file = tmp_path / "any.json"
        file.write_text('{"programme_id": "mentors", "kind": "mentor"}')
        assert read_programme(file) == ("mentors", {"kind": "mentor"})

    @pytest.mark.parametrize(("name", "text"), [("a.toml", "kind ="), ("a.json", "{"), ("a.json", "[]")])
    def test_a_broken_file_is_wrong_usage(self, tmp_path: Path, name: str, text: str) -> None:
        """One line, exit code 2."""
        (tmp_path / name).write_text(text)
        with pytest.raises(Unusable):
            read_programme(tmp_path / name)


class TestNames:
    """What people type is one part of a path."""

    @pytest.mark.parametrize(("name", "wanted"), [("peers-2027", "peers-2027"), ("a/../b", "a%2F..%2Fb"), ("a?b", "a%3Fb")])
    def test_nothing_in_it_leads_elsewhere(self, name: str, wanted: str) -> None:
        """A programme `x/../y` is not `y`."""
        assert part(name) == wanted

    @pytest.mark.parametrize("name", ["", " ", ".", ".."])
    def test_other_folders_are_no_names(self, name: str) -> None:
        """2: wrong usage."""
        with pytest.raises(Unusable):
            part(name)


class TestRunRound:
    """Open, solve, publish."""

    async def test_it_follows_the_round_to_its_end(self) -> None:
        """Published only after it was solved."""
        api = InMemoryApi(
            {
                "POST matching /programmes/peers/rounds": {"round_id": "r1"},
                "GET matching /rounds/r1": [
                    {"state": "frozen"},
                    {"state": "solved", "counts": {"members": 4, "pairs": 2}},
                    {"state": "published", "counts": {"members": 4, "proposals": 2}},
                ],
                "POST matching /rounds/r1/publish": None,
            }
        )
        found = await run_round(RunRound(programme="peers", seed=7), api)
        assert found["state"] == "published"
        assert ("POST matching /programmes/peers/rounds", {}, {"seed": 7}) in api.calls

    async def test_it_waits_for_facts_that_are_on_their_way(self) -> None:
        """`tandem enrol … && tandem round run …` must not miss those who were enrolled a moment ago."""
        api = InMemoryApi(
            {
                "GET profile /ops/status": [{"outbox": {"depth": 3}}, {"outbox": {"depth": 0}}],
                "GET matching /ops/status": [{"consumers": [{"lag": 2}]}, {"consumers": [{"lag": 0}]}],
                "POST matching /programmes/peers/rounds": {"round_id": "r1"},
                "GET matching /rounds/r1": {"state": "solved", "counts": {"members": 4}},
            }
        )
        await run_round(RunRound(programme="peers", publish=False), api)
        before = api.names()[: api.names().index("POST matching /programmes/peers/rounds")]
        assert before.count("GET profile /ops/status") == 3
        assert before.count("GET matching /ops/status") == 2

    async def test_a_draft_is_not_published(self) -> None:
        """Nobody is told."""
        api = InMemoryApi(
            {
                "POST matching /programmes/peers/rounds": {"round_id": "r1"},
                "GET matching /rounds/r1": {"state": "solved", "counts": {"members": 4}},
            }
        )
        assert (await run_round(RunRound(programme="peers", publish=False), api))["state"] == "solved"

    async def test_an_empty_round_says_what_to_do(self) -> None:
        """Nobody enrolled is the newcomer's usual mistake."""
        api = InMemoryApi(
            {
                "POST matching /programmes/peers/rounds": {"round_id": "r1"},
                "GET matching /rounds/r1": {"state": "solved", "counts": {"members": 0}},
                "POST matching /rounds/r1/cancel": None,
            }
        )
        with pytest.raises(ConsoleTrouble, match="tandem enrol peers --all"):
            await run_round(RunRound(programme="peers"), api)
        assert api.names()[-1] == "POST matching /rounds/r1/cancel"

    async def test_a_cancelled_round_is_told(self) -> None:
        """Somebody else cancelled it."""
        api = InMemoryApi(
            {
                "POST matching /programmes/peers/rounds": {"round_id": "r1"},
                "GET matching /rounds/r1": {"state": "cancelled", "failure": "engine-failed"},
            }
        )
        with pytest.raises(ConsoleTrouble, match="cancelled: engine-failed"):
            await run_round(RunRound(programme="peers"), api)


class TestStatus:
    """All four, whatever one of them does."""

    async def test_one_that_is_away_is_a_row(self) -> None:
        """The others are still shown; exit code 1."""
        figures = {"outbox": {"depth": 2, "oldest_seconds": 1.5}, "consumers": [{"topic": "a", "lag": 3}, {"topic": "b", "lag": 4}]}
        answers: dict[str, Any] = {f"GET {name} /ops/status": figures for name in ("profile", "matching", "scheduling")}
        answers |= {f"GET {name} /ready": {} for name in ("profile", "matching", "scheduling")}
        answers["GET notification /ops/status"] = ServiceAway("notification", "http://n")
        found = await status(InMemoryApi(answers))
        assert [one.lag for one in found] == [7, 7, 7, None]
        assert found[-1].state.startswith("notification does not answer")
        assert exit_code_of(found) is Exit.FAILED


class TestMembers:
    """By Tandem's id or by the company's key."""

    async def test_an_id_is_taken_as_it_is(self) -> None:
        """No question is asked."""
        assert await member_id_of(MEMBER, InMemoryApi()) == MEMBER

    async def test_a_company_key_is_looked_up(self) -> None:
        """Profile knows it."""
        api = InMemoryApi({"GET profile /members": {"items": [{"id": MEMBER, "company_key": "E1"}], "next": None}})
        assert await member_id_of("E1", api) == MEMBER

    async def test_an_unknown_key_is_one_line(self) -> None:
        """It says what may have been forgotten."""
        api = InMemoryApi({"GET profile /members": {"items": [], "next": None}})
        with pytest.raises(ConsoleTrouble, match="was the people file imported"):
            await member_id_of("E9", api)


class TestWanted:
    """Filters of `tandem events tail`."""

    @pytest.mark.parametrize(
        ("wanted", "takes"),
        [
            (Wanted(), True),
            (Wanted(type="pairing"), True),
            (Wanted(type="pairing.activated"), True),
            (Wanted(type="tandem.matching.pairing.activated.v1"), True),
            (Wanted(type="pair"), False),
            (Wanted(type="activated.pairing"), False),
            (Wanted(subject="p1"), True),
            (Wanted(subject="p"), False),
        ],
    )
    def test_types_match_by_whole_words(self, wanted: Wanted, takes: bool) -> None:
        """Never by substring."""
        fact = Fact(topic="t", partition=0, offset=0, key="p1", attributes={"type": "tandem.matching.pairing.activated.v1"}, data={})
        assert wanted.takes(fact) is takes
