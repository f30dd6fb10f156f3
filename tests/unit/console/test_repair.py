"""`tandem replay`, `tandem verify`, `tandem trace` over a deployment in memory (N1, N2, N17)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from services.console import main as console
from services.console.application.replay import Replay, replay
from services.console.domain.endings import Unusable
from services.console.domain.facts import Fact
from services.console.domain.ledger import Ledger
from tests.unit.console.fakes import InMemoryApi, InMemoryConnections

QUIET = {
    "outbox": {"depth": 0, "oldest_seconds": 0.0},
    "parked": 0,
    "dead_letters": 0,
    "timers": {"overdue": 0, "stuck": 0},
    "consumers": [],
}


def row(state: str, **fields: Any) -> dict[str, Any]:
    """Return a replay as a service tells it."""
    usual = {"read": 3, "total": 5, "window": 0, "windows": 1, "verdicts": {"cards": {"equal": 3}}, "examples": []}
    return {"replay_id": "r-1", "state": state} | usual | fields


def fact(sequence: int, key: str = "k", event_id: str = "", **attributes: str) -> Fact:
    """Return a fact as a plain reader sees it."""
    named = {"id": event_id or f"{key}-{sequence}", "sequence": str(sequence), "type": "tandem.x.y.z.v1", "source": "/tandem/x"}
    return Fact(
        topic="t",
        partition=0,
        offset=sequence,
        key=key,
        attributes=named | {"time": f"2027-01-01T00:00:0{sequence}Z"} | attributes,
        data={},
    )


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> InMemoryConnections:
    """Let commands meet a deployment in memory, where three services are quiet and remember things as facts say."""
    connections = InMemoryConnections()
    monkeypatch.setattr(console, "TargetConnections", lambda _target: connections)
    for service in ("profile", "matching", "scheduling", "notification"):
        connections.to.answers[f"GET {service} /ops/status"] = QUIET
        connections.to.answers[f"GET {service} /ready"] = {}
        connections.to.answers[f"POST {service} /ops/replays"] = row("done")
    return connections


class TestReplay:
    """N2: followed to its end, stopped when nobody waits any more."""

    def test_it_is_followed_to_its_end(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """N1: topics and moment go along; `--json` prints one document."""
        there.to.answers["POST matching /ops/replays"] = row("reading")
        there.to.answers["GET matching /ops/replays/r-1"] = [row("comparing"), row("done", read=5)]
        assert console.main(["replay", "matching", "--topic", "tandem-profile-card", "--from", "2027-01-31", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["read"] == 5
        assert there.to.calls[0][2] == {"topics": ["tandem-profile-card"], "since": "2027-01-31T00:00:00+00:00", "repair": True}

    @pytest.mark.parametrize("verdict", ["busy", "held", "failed", "missing"])
    def test_what_could_not_be_put_right_is_exit_code_3(self, there: InMemoryConnections, verdict: str) -> None:
        """N2: a script learns that it has to be run again, or that something must be ended first."""
        there.to.answers["POST matching /ops/replays"] = row("done", verdicts={"cards": {"equal": 1, verdict: 2}})
        assert console.main(["replay", "matching"]) == 3

    @pytest.mark.parametrize("arguments", [["matching", "--from", "yesterday"], ["payroll"], ["matching", "--discard", "--topic", "x"]])
    def test_wrong_usage_sends_nothing(self, there: InMemoryConnections, arguments: list[str]) -> None:
        """Exit code 2."""
        assert console.main(["replay", *arguments]) == 2
        assert there.to.calls == []

    async def test_an_interrupted_command_stops_the_service(self) -> None:
        """N2: Ctrl-C leaves nothing working in the background; the same command goes on with it."""
        api = InMemoryApi({"POST matching /ops/replays": row("reading"), "GET matching /ops/replays/r-1": row("reading")})
        api.answers["POST matching /ops/replays/r-1/stop"] = None
        told = asyncio.Event()
        working = asyncio.gather(replay(Replay(service="matching"), api, lambda *_: told.set()))
        await told.wait()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert api.names()[-1] == "POST matching /ops/replays/r-1/stop"

    def test_an_unfinished_one_is_discarded(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """N18: what stands beside holds names, too; nobody must be forced to finish."""
        there.to.answers["GET matching /ops/replays"] = {"items": [row("stopped")]}
        there.to.answers["POST matching /ops/replays/r-1/stop"] = None
        assert console.main(["replay", "matching", "--discard"]) == 0
        assert there.to.calls[-1][2] == {"discard": True}


class TestVerify:
    """N1, N2: everything that can be seen from outside, and one sentence for each thing that is wrong."""

    def test_a_sound_system_has_no_problem(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """Exit code 0; services that remember nothing are left out."""
        from services.console.domain.endings import Refused  # noqa: PLC0415

        there.to.answers["POST profile /ops/replays"] = Refused("profile", 409, "nothing-to-replay", "")
        there.read.facts = [fact(1), fact(2), fact(2)]
        assert console.main(["verify", "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert (report["problems"], report["facts"]["facts"], report["facts"]["copies"]) == ([], 3, 1)
        assert [one["service"] for one in report["replicas"]] == ["matching", "scheduling", "notification"]
        assert all(body["repair"] is False for name, _, body in there.to.calls if name.startswith("POST"))

    def test_each_thing_that_is_wrong_is_named(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """Exit code 1."""
        there.read.facts = [fact(1), fact(3), fact(2, event_id="late")]
        there.to.answers["POST matching /ops/replays"] = row("done", verdicts={"cards": {"different": 2}})
        there.to.answers["GET notification /ops/status"] = QUIET | {"dead_letters": 1, "outbox": {"depth": 4, "oldest_seconds": 600}}
        assert console.main(["verify", "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["problems"] == [
            "topics: 1 gaps",
            "topics: 1 facts out of order",
            "matching: 2 keys are not known to be as the facts say",
            "notification: 1 dead letters",
            "notification: a row is stuck in the outbox for 600 s",
        ]


class TestLedger:
    """N1: a reader can prove that nothing is missing."""

    @pytest.mark.parametrize(
        ("sequences", "gaps", "disorders"),
        [([1, 2, 3], 0, 0), ([7, 8], 0, 0), ([1, 1, 2], 0, 0), ([1, 3], 1, 0), ([1, 2, 5, 4], 1, 1)],
        ids=["whole", "the oldest are gone", "two facts of one version", "a gap", "out of order"],
    )
    def test_numbers_of_a_key(self, sequences: list[int], gaps: int, disorders: int) -> None:
        """N2: by key, in the order of the topic."""
        ledger = Ledger()
        for place, sequence in enumerate(sequences):
            ledger.take(fact(sequence, event_id=f"e-{place}"))
        assert (ledger.gaps, ledger.disorders, ledger.copies) == (gaps, disorders, 0)

    def test_a_record_that_says_no_number_is_counted(self) -> None:
        """N1: no envelope, no proof."""
        ledger = Ledger()
        ledger.take(Fact(topic="t", partition=0, offset=0, key="k", attributes={}, data=None))
        assert ledger.unreadable == 1


def line(action: str, correlation: str, service: str, **said: str) -> dict[str, Any]:
    """Return a log line."""
    known = {"@timestamp": "2027-01-01T00:00:01Z", "service": {"name": service}, "event": {"action": action}}
    return known | {"trace": {"id": correlation}, "tandem": said}


class TestTrace:
    """N17: one id leads from the request to the mail."""

    def test_command_facts_and_mails_are_one_tree(
        self, there: InMemoryConnections, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """N17: by correlation id: the command, what it led to, and the lines of each; others are left out."""
        there.read.facts = [
            fact(1, "p", "a", correlationid="c"),
            fact(2, "s", "b", correlationid="c", causationid="a"),
            fact(2, "s", "b", correlationid="c", causationid="a"),
            fact(3, "q", "x", correlationid="d"),
        ]
        lines = [
            line("command.accepted", "c", "matching"),
            line("command.accepted", "d", "matching"),
            line("delivery.sent", "c", "notification", delivery_id="mail", cause_id="b"),
            line("delivery.sent", "c", "notification", delivery_id="later", cause_id="reminder/s/0"),
        ]
        (tmp_path / "all.ndjson").write_text("\n".join([*map(json.dumps, lines), "no json, c", "[]"]))
        assert console.main(["trace", "c", "--logs", str(tmp_path), "--json"]) == 0
        (root,) = json.loads(capsys.readouterr().out)["steps"]
        assert root["what"] == "command.accepted"
        assert [one["id"] for one in root["leads_to"]] == ["a", "later"]
        (booked,) = root["leads_to"][0]["leads_to"]
        assert (booked["id"], [one["id"] for one in booked["leads_to"]]) == ("b", ["mail"])

    def test_log_files_alone_tell_the_whole_way_when_services_log_at_debug(
        self, there: InMemoryConnections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """N17: no broker is named: the command, each event that took effect, the mail below its event."""

        def no_broker(_self: InMemoryConnections) -> None:
            raise Unusable("Where is Kafka?")

        monkeypatch.setattr(InMemoryConnections, "facts", no_broker)
        lines = [
            line("command.accepted", "c", "matching"),
            line("event.applied", "c", "scheduling", event_id="a", type="tandem.matching.pairing.activated.v1"),
            line("event.applied", "c", "notification", event_id="b", type="tandem.scheduling.session.booked.v1"),
            line("delivery.sent", "c", "notification", delivery_id="mail", cause_id="b"),
        ]
        (tmp_path / "all.ndjson").write_text("\n".join(map(json.dumps, lines)))
        assert console.main(["trace", "c"]) == 2
        assert console.main(["trace", "c", "--logs", str(tmp_path)]) == 0
        shown = [row.split("  ", 1)[1] for row in capsys.readouterr().out.splitlines()]
        assert shown == [
            "matching command.accepted",
            "   └─ scheduling event.applied tandem.matching.pairing.activated.v1",
            "   └─ notification event.applied tandem.scheduling.session.booked.v1",
            "      └─ notification delivery.sent",
        ]

    def test_a_subject_brings_the_whole_way_of_its_commands(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """N17: what led to its facts and what they led to; what else the same command did to others is left out."""
        there.read.facts = [
            fact(1, "before", "a", correlationid="c"),
            fact(2, "p", "b", correlationid="c", causationid="a"),
            fact(3, "after", "d", correlationid="c", causationid="b"),
            fact(4, "another", "e", correlationid="c", causationid="a"),
        ]
        assert console.main(["trace", "p"]) == 0
        shown = capsys.readouterr().out
        assert [line.split()[-1] for line in shown.splitlines()] == ["before", "p", "after"]
        assert "      └─ tandem.x.y.z.v1 after" in shown

    def test_nothing_known(self, there: InMemoryConnections, capsys: pytest.CaptureFixture[str]) -> None:
        """Exit code 1 and one line."""
        assert console.main(["trace", "nobody"]) == 1
        assert "Nothing is known of nobody" in capsys.readouterr().err
