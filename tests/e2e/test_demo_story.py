"""The demo's story, and its outputs checked against each other: the suite as one, over the real protocols."""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from email.utils import getaddresses
from itertools import pairwise
from pathlib import Path

import pytest

from deploy.demo.run import COMPANY
from tests.e2e.evidence import Evidence

pytestmark = [pytest.mark.kafka, pytest.mark.mongo, pytest.mark.slow, pytest.mark.xdist_group("demo")]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Run the README's command once, into a folder of its own; or read the folder a run before left behind."""
    given = os.environ.get("TANDEM_TEST_DEMO_OUT")
    if given:
        return Evidence(Path(given), COMPANY)
    out = tmp_path_factory.mktemp("demo") / "out"
    command = [str(Path(sys.executable).with_name("tandem")), "demo", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return Evidence(out, COMPANY)


class TestCounts:
    """The summary says what the facts say, and every stage of the story happened."""

    def test_something_of_everything_happened(self, demo: Evidence) -> None:
        """R14: find, balance, support; some decline, some never answer, one session is missed, one moves, one person leaves."""
        wanted = (
            *("members", "proposed", "declined", "expired", "formed", "active", "closed"),
            *("sessions_booked", "sessions_held", "sessions_missed", "sessions_rescheduled"),
        )
        assert [name for name in (*wanted, "mails_sent", "refused_rows") if not demo.summary[name]] == []
        assert len(demo.of("profile.member.left")) == 1

    def test_nothing_lost_nothing_doubled_nothing_set_aside(self, demo: Evidence) -> None:
        """N2: the no-loss path."""
        assert (demo.summary["lost"], demo.summary["doubled"], demo.summary["dead_letters"]) == (0, 0, 0)

    def test_counts_are_those_of_the_facts(self, demo: Evidence) -> None:
        """N19: a figure has a definition."""
        kinds = {
            "proposed": "matching.pairing.proposed",
            "formed": "matching.pairing.formed",
            "activated": "matching.pairing.activated",
            "closed": "matching.pairing.closed",
            "sessions_booked": "scheduling.session.booked",
            "sessions_held": "scheduling.session.held",
            "sessions_missed": "scheduling.session.missed",
            "members": "profile.member.joined",
        }
        assert {name: demo.summary[name] for name in kinds} == {name: len(demo.of(kind)) for name, kind in kinds.items()}
        assert demo.summary["mails_sent"] == len(demo.mails)

    def test_refused_rows_are_explained(self, demo: Evidence) -> None:
        """Every refused row says line, column, problem and remedy; the good rows are in."""
        refused = [row for row in demo.rows if row["outcome"] == "refused"]
        assert len(refused) == demo.summary["refused_rows"]
        assert all(p["line"] and p["column"] and p["problem"] and p["remedy"] for row in refused for p in row["problems"])
        assert len(demo.rows) == len(demo.file_rows)


class TestFacts:
    """The event stream, read by a plain consumer."""

    def test_no_event_twice(self, demo: Evidence) -> None:
        """N2: one id, one record."""
        twice = [id_ for id_, count in Counter(fact["attributes"]["id"] for fact in demo.facts).items() if count > 1]
        assert twice == []

    def test_each_aggregate_counts_its_facts_without_a_gap_and_in_order(self, demo: Evidence) -> None:
        """N1: 1, 2, 3 … per subject, in the order of the log."""
        seen: dict[tuple[str, str], list[int]] = defaultdict(list)
        for fact in demo.facts:
            seen[fact["topic"], fact["attributes"]["subject"]].append(int(fact["attributes"]["sequence"]))
        assert [subject for subject, numbers in seen.items() if numbers != list(range(1, len(numbers) + 1))] == []

    def test_every_active_pairing_has_all_signatures(self, demo: Evidence) -> None:
        """N8, R2: signed by all is the gate to active."""
        signed: dict[str, set[str]] = defaultdict(set)
        for data in demo.of("matching.pairing.charter-signed"):
            signed[data["pairing_id"]].add(data["member_id"])
        active = demo.of("matching.pairing.activated")
        assert [data["pairing_id"] for data in active if not set(data["members"]) <= signed[data["pairing_id"]]] == []

    def test_sessions_belong_to_active_pairings(self, demo: Evidence) -> None:
        """N8: no session before the charter is signed."""
        active = {data["pairing_id"] for data in demo.of("matching.pairing.activated")}
        assert {data["pairing_id"] for data in demo.of("scheduling.session.booked")} <= active

    def test_nobody_is_in_two_sessions_at_once(self, demo: Evidence) -> None:
        """No double booking of a person across pairings; a later time of the same session replaces the earlier."""
        newest: dict[str, tuple[int, list[str], datetime, datetime]] = {}
        for kind in ("booked", "rescheduled"):
            for data in demo.of(f"scheduling.session.{kind}"):
                times = datetime.fromisoformat(data["starts_at"]), datetime.fromisoformat(data["ends_at"])
                candidate = (data["calendar_sequence"], data["members"], *times)
                newest[data["session_id"]] = max(newest.get(data["session_id"], candidate), candidate)
        cancelled = {data["session_id"] for data in demo.of("scheduling.session.cancelled")}
        busy: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for session, (_, members, starts, ends) in newest.items():
            for member in members if session not in cancelled else ():
                busy[member].append((starts, ends))
        for member, spans in busy.items():
            ordered = sorted(spans)
            assert all(before[1] <= after[0] for before, after in pairwise(ordered)), member

    def test_leavers_have_no_open_pairing(self, demo: Evidence) -> None:
        """N3, R49: a leaver's pairings close kindly."""
        left = {data["member_id"] for data in demo.of("profile.member.left")}
        closed = {data["pairing_id"] for data in demo.of("matching.pairing.closed")}
        ended = closed | {data["pairing_id"] for kind in ("declined", "expired") for data in demo.of(f"matching.pairing.{kind}")}
        proposed = demo.of("matching.pairing.proposed")
        assert [data["pairing_id"] for data in proposed if left & set(data["members"]) and data["pairing_id"] not in ended] == []

    def test_everybody_who_took_part_was_proposed_or_named(self, demo: Evidence) -> None:
        """N4: never silence."""
        proposed = {member for data in demo.of("matching.pairing.proposed") for member in data["members"]}
        named = {data["member_id"] for data in demo.of("matching.round.member-unmatched")}
        assert {data["member_id"] for data in demo.of("profile.member.enrolled")} <= proposed | named


class TestMails:
    """What people got."""

    def test_every_booked_session_reached_each_member_at_the_same_instant(self, demo: Evidence) -> None:
        """N15: a calendar part that `icalendar` reads back to the instant of the fact, for every member who was still there."""
        invited = {(to, str(event["UID"]), int(event["SEQUENCE"])): event for to, method, event in demo.invitations if method == "REQUEST"}
        left = {data["member_id"] for data in demo.of("profile.member.left")}
        by_address = {(getaddresses([to])[0][1], uid, sequence): event for (to, uid, sequence), event in invited.items()}
        overtaken = {(data["calendar_uid"]) for kind in ("rescheduled", "cancelled") for data in demo.of(f"scheduling.session.{kind}")}
        for data in demo.of("scheduling.session.booked"):
            for member in data["members"]:
                key = (demo.address_of[member], data["calendar_uid"], data["calendar_sequence"])
                if member in left or (key not in by_address and data["calendar_uid"] in overtaken):
                    continue
                event = by_address[key]
                assert event["DTSTART"].dt.astimezone(UTC) == datetime.fromisoformat(data["starts_at"])
                assert event["DTEND"].dt.astimezone(UTC) == datetime.fromisoformat(data["ends_at"])

    def test_sequence_rises_and_uid_stays(self, demo: Evidence) -> None:
        """N15: moved and cancelled sessions keep their UID and raise SEQUENCE."""
        cancelled = [event for _, method, event in demo.invitations if method == "CANCEL"]
        assert cancelled
        assert all(int(event["SEQUENCE"]) > 0 and str(event["STATUS"]) == "CANCELLED" for event in cancelled)

    def test_message_ids_are_unique(self, demo: Evidence) -> None:
        """N16: one message per event and person."""
        ids = Counter(str(mail["Message-ID"]) for mail in demo.mails)
        assert [id_ for id_, count in ids.items() if count > 1] == []

    def test_mails_have_text_and_html_and_both_languages_occur(self, demo: Evidence) -> None:
        """N16: the recipient's language decides; text is written, not derived."""
        assert all({"text/plain", "text/html"} <= {part.get_content_type() for part in mail.walk()} for mail in demo.mails)
        assert {str(mail["Content-Language"]) for mail in demo.mails} == {"de", "en"}


class TestPrivacy:
    """N9, N17, N18: personal data is held once; facts and logs carry ids and codes."""

    def test_no_personal_datum_in_any_fact_or_log_line(self, demo: Evidence) -> None:
        """No name, address or free text from the people file."""
        facts = "\n".join(json.dumps(fact, ensure_ascii=False) for fact in demo.facts)
        private = {row[column] for row in demo.file_rows for column in ("email", "display_name", "member_id") if row[column]}
        private |= {"Sociocracy", "Kite building", "kite-building", "sociocracy", "Practise one thing until it sticks", "What we say stays"}
        assert [word for word in sorted(private) if word in facts] == []
        assert [word for word in sorted(private) if word in demo.log_text] == []

    def test_one_correlation_id_leads_from_request_to_mail(self, demo: Evidence) -> None:
        """N17: the round's correlation id is in the logs of matching and notification and on its facts."""
        proposed = next(fact for fact in demo.facts if fact["attributes"]["type"] == "tandem.matching.pairing.proposed.v1")
        correlation = proposed["attributes"]["correlationid"]
        for service in ("matching", "notification"):
            assert correlation in (demo.out / "logs" / f"{service}.ndjson").read_text(encoding="utf-8"), service
