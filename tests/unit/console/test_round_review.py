"""`tandem round …`: watching, reviewing and comparing, as a person and as a script."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.console import main as console
from services.console.application import review_round
from services.console.application.run_round import watch_round
from services.console.domain.endings import ConsoleTrouble
from tests.unit.console.fakes import InMemoryApi, InMemoryConnections

COMMANDS = (
    "run",
    "watch",
    "list",
    "show",
    "publish",
    "cancel",
    "lock",
    "unlock",
    "forbid",
    "allow",
    "solve",
    "repair",
    "review",
    "what-if",
)
FIGURES = {"pairs": 2, "coverage": 1.0, "score histogram": [0] * 19 + [2]}
COMPARISON = {
    "pairs": {"kept": 1, "gone": 1, "new": 1},
    "this": FIGURES,
    "other": FIGURES,
    "by_group": {"department": [{"group": "d1", "people": 6, "this": 1.0, "other": 0.5}], "site": []},
    "gain_change": {"lose_most": [{"member_id": "ada", "this": 0.9, "other": 0.1}]},
    "result_hash": "h2",
}
LINES: list[dict[str, Any]] = [
    {"stage": "candidates", "share": 0.5},
    {"change": {"members": ["ada", "ben"], "change": "new", "this": None, "other": 0.7}},
    {"comparison": COMPARISON},
]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> InMemoryConnections:
    """Put a deployment in memory behind the command line."""
    connections = InMemoryConnections()
    monkeypatch.setattr(console, "TargetConnections", lambda _target: connections)
    return connections


def lines(answers: list[dict[str, Any]]) -> str:
    """Return answers as the service streams them."""
    return "\n".join(json.dumps(each) for each in answers)


class TestHelp:
    """Every command explains itself."""

    @pytest.mark.parametrize("command", [*COMMANDS, "report"])
    def test_with_an_example(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        """A newcomer copies it."""
        assert console.main(["round", command, "--help"]) == 0
        assert "Example: tandem round" in capsys.readouterr().out


class TestWatch:
    """Issue 5: the stages of the runner, done and of how many."""

    async def test_the_stages_are_told(self) -> None:
        """The compiler of a cold cache shows like any other stage."""
        doing = [
            {"state": "frozen", "progress": {"stage": stage, "done": done, "of": 100}}
            for stage, done in (("compiling", 0), ("optimum", 40))
        ]
        api = InMemoryApi({"GET matching /rounds/r1": [*doing, {"state": "solved", "progress": {"stage": "solved", "done": 1, "of": 1}}]})
        seen: list[tuple[str, int, int | None]] = []
        found = await watch_round("r1", api, lambda *told: seen.append(told))
        assert found["state"] == "solved"
        assert seen[:2] == [("compiling", 0, 100), ("optimum", 40, 100)]

    async def test_a_cancelled_round_ends_it(self) -> None:
        """Nobody waits for ever."""
        api = InMemoryApi({"GET matching /rounds/r1": {"state": "cancelled", "failure": "engine-failed"}})
        assert (await watch_round("r1", api))["state"] == "cancelled"


class TestRun:
    """Issue 5: `round run --draft` leaves the round to its admins."""

    def test_a_draft_says_what_comes_next(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """Beside the table, so that scripts are not disturbed."""
        there.to.answers["POST matching /programmes/peers/rounds"] = {"round_id": "r1"}
        there.to.answers["GET matching /rounds/r1"] = {"round_id": "r1", "state": "solved", "counts": {"members": 4}}
        assert console.main(["round", "run", "peers", "--draft"]) == 0
        assert "tandem round publish r1" in capsys.readouterr().err


class TestWhatIf:
    """N7: a table for people, JSON for scripts."""

    def test_the_table_says_how_to_commit(self, there: InMemoryConnections, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Figures of both sides, who loses most, what changes; a programme's file will do as rules."""
        there.to.answers["POST matching /rounds/r1/what-if"] = lines(LINES)
        rules = tmp_path / "peers.toml"
        rules.write_text("kind = 'peer'\n[rules.objective]\nalpha = 0.4\n")
        assert console.main(["round", "what-if", "r1", "--rules", str(rules)]) == 0
        shown = capsys.readouterr().out
        assert "ada + ben" in shown
        assert "--expect h2" in shown
        assert there.to.calls[-1][2] == {"rules": {"objective": {"alpha": 0.4}}}

    def test_json_holds_everything(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """One document."""
        there.to.answers["POST matching /rounds/r1/what-if"] = lines(LINES)
        assert console.main(["round", "what-if", "r1", "--seed", "4", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["comparison"]["pairs"]["new"], found["changes"][0]["members"]) == (1, ["ada", "ben"])

    def test_nothing_different_is_wrong_usage(self, there: InMemoryConnections) -> None:
        """Comparing a draft with itself tells nothing."""
        assert console.main(["round", "what-if", "r1"]) == 2
        assert there.to.calls == []

    @pytest.mark.parametrize(("answers", "said"), [([{"failed": "worker-died"}], "worker-died"), ([LINES[0]], "broke off")])
    async def test_no_answer_is_named(self, answers: list[dict[str, Any]], said: str) -> None:
        """A stream that ends early is no result."""
        api = InMemoryApi({"POST matching /rounds/r1/what-if": lines(answers)})
        with pytest.raises(ConsoleTrouble, match=said):
            await review_round.what_if("r1", {"seed": 1}, api)


class TestReview:
    """Issue 5: look, lock, solve again."""

    def test_all_pieces_make_one_table(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """The reader sees the whole draft; scripts get one document."""
        group = {"members": ["ada", "ben"], "score": 0.7, "is_locked": True, "sides": []}
        common = {"draft": 2, "locked": [], "forbidden": [], "touched": {"zoe": "member-left"}}
        there.to.answers["GET matching /rounds/r1/review"] = [
            common | {"groups": [group], "unmatched": {}, "next": 1},
            common | {"groups": [], "unmatched": {"cat": "paused"}, "next": None},
        ]
        assert console.main(["round", "review", "r1"]) == 0
        shown = capsys.readouterr().out
        for word in ("ada + ben", "locked", "cat", "paused", "zoe", "member-left"):
            assert word in shown

    @pytest.mark.parametrize("kind", ["lock", "unlock", "forbid", "allow"])
    def test_a_wish_is_sent_as_a_group(self, there: InMemoryConnections, kind: str) -> None:
        """The service checks it against the draft."""
        there.to.answers["POST matching /rounds/r1/review"] = {"state": "solved", "counts": {}}
        assert console.main(["round", kind, "r1", "ada", "ben"]) == 0
        assert there.to.calls[-1][2] == {kind: [["ada", "ben"]]}

    def test_a_draft_that_was_not_taken_fails(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """N7: the exit code tells a script that the what-if was not committed."""
        there.to.answers["POST matching /rounds/r1/solve"] = None
        there.to.answers["GET matching /rounds/r1"] = {"state": "solved", "failure": "what-if-not-repeated"}
        assert console.main(["round", "solve", "r1", "--expect", "h2"]) == 1
        assert "what-if-not-repeated" in capsys.readouterr().err

    def test_the_page_goes_to_a_file(self, there: InMemoryConnections, tmp_path: Path) -> None:
        """It is for reading in a browser."""
        there.to.answers["GET matching /rounds/r1/report"] = {"people": {"pairs": 3}}
        there.to.answers["GET matching /rounds/r1/report.html"] = "<!doctype html>\n<p>three</p>"
        page = tmp_path / "report.html"
        assert console.main(["round", "report", "r1", "--html", str(page)]) == 0
        assert page.read_text() == "<!doctype html>\n<p>three</p>\n"
