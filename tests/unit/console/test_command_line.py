"""The command line: help, exit codes, one readable line on trouble, JSON for scripts."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.console import main as console
from services.console.domain.facts import Fact
from tests.unit.console.fakes import InMemoryConnections

SUBCOMMANDS = (
    *(("up",), ("demo",), ("status",), ("import",), ("enrol",), ("token",), ("match",), ("programme", "apply"), ("round", "run")),
    *(("programme", "preview"), ("skills", "list"), ("skills", "add"), ("skills", "merge")),
    *(("replay",), ("verify",), ("trace",)),
    *(("events", "tail"), ("dead-letters", "list"), ("dead-letters", "show"), ("dead-letters", "redrive"), ("dead-letters", "discard")),
)
MEMBER = "6f1c2a34-9d0e-4b52-8f7a-0d6f1f0a1b01"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> InMemoryConnections:
    """Put a deployment in memory behind the command line."""
    connections = InMemoryConnections()
    monkeypatch.setattr(console, "TargetConnections", lambda _target: connections)
    return connections


class TestHelp:
    """Every command explains itself."""

    @pytest.mark.parametrize("command", SUBCOMMANDS)
    def test_every_command_has_help_with_an_example(self, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
        """A newcomer copies the example."""
        assert console.main([*command, "--help"]) == 0
        assert "Example: " in capsys.readouterr().out

    def test_every_command_of_the_table_is_loaded_from_where_it_says(self) -> None:
        """The table and the files agree."""
        assert all(lazy.load() for lazy in console.COMMANDS.values())

    def test_the_table_is_tested_whole(self) -> None:
        """A new command without a line above fails here."""
        assert {first for first, *_ in SUBCOMMANDS} == set(console.COMMANDS)

    def test_a_typing_error_is_answered_with_a_suggestion(self, capsys: pytest.CaptureFixture[str]) -> None:
        """`impot` means `import`."""
        assert console.main(["impot"]) == 2
        assert "Did you mean 'import'?" in capsys.readouterr().err

    def test_it_starts_quickly_and_loads_little(self) -> None:
        """Under 0.3 s on a quiet machine; nothing heavy is imported for help. Its own processor time is measured, whoever else works."""
        code = (
            "import sys; from services.console.main import main; main(['--help']); "
            "names = ('aiokafka', 'motor', 'httpx2', 'rich', 'pydantic', 'joserfc'); "
            "heavy = [name for name in names if name in sys.modules]; import time; took = time.process_time(); "
            "sys.exit(str(heavy) if heavy else f'{took} s' if took > 1 else 0)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


class TestTrouble:
    """One readable line on stderr, nothing on stdout."""

    def test_nothing_running_says_what_to_do(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """No stack file, no flags."""
        monkeypatch.chdir(tmp_path)
        assert console.main(["status"]) == 2
        captured = capsys.readouterr()
        assert captured.err.startswith("tandem: Where is profile? Start everything here with `tandem up`")
        assert captured.err.count("\n") == 1
        assert captured.out == ""

    def test_a_service_that_is_away_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Flags may stand behind the command; nobody listens on port 1."""
        monkeypatch.chdir(tmp_path)
        code = console.main(["enrol", "peers", "--all", "--profile-url", "http://127.0.0.1:1", "--token=t"])
        assert code == 1
        assert "profile does not answer at http://127.0.0.1:1" in capsys.readouterr().err

    def test_a_missing_argument_is_wrong_usage(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """Exit code 2, and what is missing."""
        assert console.main(["import"]) == 2
        assert "file" in capsys.readouterr().err.lower()

    def test_an_unreadable_file_is_wrong_usage(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """One line."""
        assert console.main(["import", "no-such-file.csv"]) == 2
        assert capsys.readouterr().err == "tandem: no-such-file.csv cannot be read: No such file or directory\n"


class TestHoisting:
    """The root's flags may stand anywhere."""

    def test_they_come_to_the_front_in_order(self) -> None:
        """Both spellings."""
        found = console.hoisted(["status", "--profile-url", "U", "--json", "--token=T"])
        assert found == ["--profile-url", "U", "--token=T", "status", "--json"]

    def test_what_stands_behind_two_dashes_stays(self) -> None:
        """Words are words there."""
        assert console.hoisted(["token", "--", "--token"]) == ["token", "--", "--token"]

    def test_a_flag_without_value_is_left_for_the_parser(self) -> None:
        """It says what is missing."""
        assert console.hoisted(["status", "--token"]) == ["--token", "status"]


class TestImport:
    """`tandem import`."""

    def answers(self, refused: int) -> dict[str, Any]:
        """Return profile's answers to an import with so many refused rows."""
        problem = {
            "line": 3,
            "column": "timezone",
            "code": "zone-unknown",
            "problem": "there is no such zone",
            "remedy": "write Europe/Berlin",
            "severity": "error",
        }
        rows = [{"line": 3, "company_key": "E2", "member_id": None, "outcome": "refused", "problems": [problem]}] * refused
        counts = {"rows": 2, "created": 2 - refused, "updated": 0, "unchanged": 0, "refused": refused, "warnings": 0}
        return {
            "POST profile /imports": {"import_id": "i"},
            "GET profile /imports/i": {"state": "done", "stage": "finished", "counts": counts, "problems": [], "unknown_columns": ["shoe"]},
            "GET profile /imports/i/rows": {"items": rows, "next": None},
        }

    def test_refused_rows_are_shown_with_their_remedy(
        self, there: InMemoryConnections, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Exit code 3; line, column, problem, what to do, and the columns that were left out."""
        (tmp_path / "p.csv").write_text("member_id,email\n")
        there.to.answers = self.answers(refused=1)
        assert console.main(["import", str(tmp_path / "p.csv")]) == 3
        printed = capsys.readouterr().out
        assert "line 3, E2, timezone: refused: there is no such zone. write Europe/Berlin.\n" in printed
        assert "left out: shoe" in printed

    def test_json_is_one_document(self, there: InMemoryConnections, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Nothing else on stdout."""
        (tmp_path / "p.csv").write_text("member_id,email\n")
        there.to.answers = self.answers(refused=0)
        assert console.main(["import", str(tmp_path / "p.csv"), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["import"]["state"] == "done"


class TestOtherCommands:
    """A line each."""

    def test_a_token_is_alone_on_stdout(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """`$(tandem token E1)` works in a shell."""
        there.to.answers = {"GET profile /members": {"items": [{"id": MEMBER, "company_key": "E1"}], "next": None}}
        assert console.main(["token", "E1"]) == 0
        assert capsys.readouterr().out == f"token-of-{MEMBER}\n"
        assert there.minted == [(MEMBER, ["member"], [], 12)]

    def test_a_token_of_another_role_asks_nobody(self, there: InMemoryConnections) -> None:
        """An administrator need not be a member."""
        assert console.main(["token", "ada", "--role", "programme_admin", "--programme", "peers"]) == 0
        assert there.minted == [("ada", ["programme_admin"], ["peers"], 12)]
        assert there.to.calls == []

    def test_a_role_may_name_the_service_where_it_holds(self, there: InMemoryConnections) -> None:
        """N2: an operator of one service; a service that there is not is wrong usage."""
        assert console.main(["token", "ops", "--role", "operator:matching"]) == 0
        assert there.minted == [("ops", ["operator:matching"], [], 12)]
        assert console.main(["token", "ops", "--role", "operator:mail"]) == 2

    def test_an_unknown_role_is_wrong_usage(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """Else the token would be refused later, without a reason that helps."""
        assert console.main(["token", "ada", "--role", "emperor"]) == 2
        assert "emperor is no role; there are member," in capsys.readouterr().err
        assert there.minted == []

    def test_facts_come_one_json_object_a_line(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """N1: as `events.ndjson`."""
        types = ("tandem.matching.pairing.formed.v1", "tandem.profile.member.left.v1", "tandem.matching.pairing.closed.v1")
        there.read.facts = [
            Fact(topic="t", partition=0, offset=n, key=f"k{n}", attributes={"type": type_}, data={"n": n}) for n, type_ in enumerate(types)
        ]
        assert console.main(["events", "tail", "--type", "pairing", "--json", "--until-end"]) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["offset"] for line in lines] == [0, 2]
        assert set(lines[0]) == {"topic", "partition", "offset", "key", "attributes", "data"}

    def test_status_shows_what_is_away(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """Exit code 1 when one is not ready."""
        assert console.main(["status", "--json"]) == 1
        assert {one["service"] for one in json.loads(capsys.readouterr().out)} == {"profile", "matching", "scheduling", "notification"}

    def test_a_dead_letter_is_shown_line_by_line(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """N2: each step of its audit and each field of what it said is a line of its own."""
        audit = [{"at": "2027-01-01T09:00:00Z", "action": "redrive", "outcome": "bug:KeyError", "by": "0a1b", "reason": None}]
        letter = {"event_id": "x", "code": "bug:KeyError", "headers": ["ce_id", "ce_type"], "audit": audit}
        there.to.answers = {
            "GET matching /ops/dead-letters/x": letter,
            "GET matching /ops/dead-letters/x/payload": {"event_id": "x", "data": {"member_id": "m-1", "note": None}},
        }
        assert console.main(["dead-letters", "show", "matching", "x", "--payload"]) == 0
        shown = [line.strip("│ ").split("│") for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
        said = {name.strip(): value.strip() for name, value in shown}
        assert said["audit"] == "2027-01-01T09:00:00Z redrive bug:KeyError 0a1b"
        assert (said["headers"], said["data.member_id"]) == ("ce_id, ce_type", "m-1")

    def test_a_full_page_is_said_to_be_one(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """N2: nobody takes the oldest thousand for all; stdout stays JSON."""
        there.to.answers = {"GET profile /ops/dead-letters": {"items": [{"event_id": f"e-{number}"} for number in range(1000)]}}
        assert console.main(["dead-letters", "list", "--service", "profile", "--json"]) == 0
        said = capsys.readouterr()
        assert len(json.loads(said.out)) == 1000
        assert "profile: the oldest 1000 are shown" in said.err

    def test_no_dead_letters_is_said(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """An empty table says nothing."""
        there.to.answers = {"GET profile /ops/dead-letters": {"items": [], "next": None}}
        assert console.main(["dead-letters", "list", "--service", "profile"]) == 0
        assert capsys.readouterr().out == "No dead letters.\n"

    def test_a_redrive_that_fails_again_is_told(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """Exit code 1, with the code of the fault."""
        there.to.answers = {"POST matching /ops/dead-letters/x/redrive": [{"outcome": "failed", "code": "bug"}, {"outcome": "redriven"}]}
        assert console.main(["dead-letters", "redrive", "matching", "x"]) == 1
        assert capsys.readouterr().err == "tandem: x failed again (bug); it stays set aside\n"
        assert console.main(["dead-letters", "redrive", "matching", "x"]) == 0

    def test_an_unknown_service_is_wrong_usage(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """The line names those that there are."""
        assert console.main(["dead-letters", "list", "--service", "payroll"]) == 2
        assert "there are profile, matching, scheduling, notification" in capsys.readouterr().err

    def test_discarding_needs_a_reason(self, there: InMemoryConnections) -> None:
        """It is audited."""
        assert console.main(["dead-letters", "discard", "profile", "x"]) == 2
        there.to.answers = {"POST profile /ops/dead-letters/x/discard": {"outcome": "discarded"}}
        assert console.main(["dead-letters", "discard", "profile", "x", "--reason", "a test"]) == 0
        assert there.to.calls[-1][2] == {"reason": "a test"}

    def test_all_of_a_cause_are_redriven_each_once(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """N2: exit code 3 when some failed again; asked for again until none is left that was not tried."""
        there.to.answers = {
            "GET matching /ops/dead-letters": [{"items": [{"event_id": "a"}, {"event_id": "b"}]}, {"items": [{"event_id": "b"}]}],
            "POST matching /ops/dead-letters/a/redrive": {"outcome": "redriven", "code": None},
            "POST matching /ops/dead-letters/b/redrive": {"outcome": "failed", "code": "bug:KeyError"},
        }
        assert console.main(["dead-letters", "redrive", "matching", "--all", "--code", "unknown-major", "--json"]) == 3
        assert json.loads(capsys.readouterr().out) == {"redriven": ["a"], "failed": {"b": "bug:KeyError"}}
        assert there.to.calls[0][1] == {"state": "open", "limit": 1000, "code": "unknown-major"}

    @pytest.mark.parametrize("arguments", [["matching"], ["matching", "x", "--all"], ["matching", "x", "--code", "refused"]])
    def test_it_must_be_said_what_is_redriven(self, there: InMemoryConnections, arguments: list[str]) -> None:
        """One or all; nothing was sent."""
        assert console.main(["dead-letters", "redrive", *arguments]) == 2
        assert there.to.calls == []
