"""Each service is killed in mid-story, and each is stopped in mid-story: the evidence is that of an undisturbed run (N2, N5)."""

import asyncio
import json
from collections import Counter, defaultdict
from functools import cached_property
from typing import Any

import pytest

from tests.e2e import test_demo_story as told
from tests.e2e.chaos import Outcome, live_through
from tests.e2e.evidence import Evidence
from tests.support.processes import STOP_SECONDS_MAX

pytestmark = [pytest.mark.kafka, pytest.mark.mongo, pytest.mark.slow, pytest.mark.xdist_group("chaos")]
COPIES_MAX = 60
"""Records and mails that were sent, but not yet noted, when a process died are sent again under the same id: some, not many."""


class Deduplicated(Evidence):
    """The facts as a reader sees them who drops the ids that it knows, as the contracts ask for."""

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """All records, copies included (read here: a cached property of the parent would be kept under the child's name)."""
        return [json.loads(line) for line in (self.out / "events.ndjson").read_text(encoding="utf-8").splitlines()]

    @cached_property
    def facts(self) -> list[dict[str, Any]]:
        """Each fact once, where it stands first."""
        return list({fact["attributes"]["id"]: fact for fact in reversed(self.records)}.values())[::-1]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Live through it once."""
    return asyncio.run(live_through(tmp_path_factory.mktemp("chaos")))


@pytest.fixture(scope="module")
def demo(outcome: Outcome) -> Evidence:
    """Read what it left behind: the checks of the undisturbed story look at this, too."""
    return Deduplicated(outcome.out, outcome.people)


class TestTrouble:
    """What was done to the services, and that the story went on."""

    def test_each_service_was_killed_and_nobody_noticed_more_than_a_pause(self, outcome: Outcome, demo: Evidence) -> None:
        """N2: every command of the crowd was answered in the end, and the story reached booked sessions."""
        assert set(outcome.killed) == {"profile", "matching", "scheduling", "notification"}
        assert outcome.deaths == []
        reached = ("members", "formed", "activated", "sessions_booked", "mails_sent")
        assert [name for name in reached if not demo.summary[name]] == []

    def test_each_service_stops_within_ten_seconds(self, outcome: Outcome) -> None:
        """Issue: a graceful stop, in the middle of work."""
        assert {name: seconds for name, seconds in outcome.stopped.items() if seconds > STOP_SECONDS_MAX} == {}
        assert len(outcome.stopped) == 4


class TestNoLoss:
    """0 lost, 0 doubled."""

    def test_nothing_is_lost_and_nothing_set_aside(self, demo: Evidence) -> None:
        """N2: no gap in any aggregate's count, no dead letter, no mail said to be sent that never came."""
        assert demo.summary["dead_letters"] == 0
        assert demo.summary["lost"] == 0

    def test_a_record_that_stands_twice_is_the_same_fact(self, demo: Deduplicated) -> None:
        """N2: a copy has the id of its original and says the same; two ids never claim one place in an aggregate's history."""
        by_id: dict[str, set[str]] = defaultdict(set)
        by_place: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for record in demo.records:
            said = record["attributes"]
            by_id[said["id"]].add(str((record["topic"], record["partition"], record["key"], said, record["data"])))
            by_place[record["topic"], said["subject"], said["sequence"]].add(said["id"])
        assert [id_ for id_, versions in by_id.items() if len(versions) > 1] == []
        assert [place for place, ids in by_place.items() if len(ids) > 1] == []
        assert len(demo.records) - len(demo.facts) <= COPIES_MAX

    def test_no_decision_was_made_twice(self, demo: Evidence) -> None:
        """N2: whoever was killed did not do again what it had done: one proposal a pairing, one answer and one signature a member."""
        once = {
            "profile.member.joined": ("member_id",),
            "profile.member.enrolled": ("member_id", "programme_id"),
            "matching.round.published": ("round_id",),
            "matching.pairing.proposed": ("pairing_id",),
            "matching.pairing.accepted": ("pairing_id", "member_id"),
            "matching.pairing.activated": ("pairing_id",),
            "scheduling.session.booked": ("session_id",),
            "scheduling.session.held": ("session_id",),
        }
        for kind, names in once.items():
            counted = Counter(tuple(data[name] for name in names) for data in demo.of(kind))
            assert [what for what, count in counted.items() if count > 1] == [], kind

    def test_nobody_is_proposed_twice_in_a_round(self, demo: Evidence) -> None:
        """N7: the round was killed while it was solved; each member has at most the seats they offered, here one."""
        members = [member for data in demo.of("matching.pairing.proposed") if data["round_id"] for member in data["members"]]
        seats = {row["member_id"]: int(own["capacity"] or 1) for row, own in zip(demo.rows, demo.file_rows, strict=True)}
        assert {member: count for member, count in Counter(members).items() if count > seats[member]} == {}


class TestFactsAmidTrouble(told.TestFacts):
    """What holds of the undisturbed story's facts."""


class TestMailsAmidTrouble(told.TestMails):
    """What holds of the undisturbed story's mails, with two differences."""

    def test_sequence_rises_and_uid_stays(self, demo: Evidence) -> None:
        """N15: as undisturbed; but the trouble may have outlasted the days in which somebody would have cancelled."""
        if any(method == "CANCEL" for _, method, _ in demo.invitations):
            super().test_sequence_rises_and_uid_stays(demo)

    def test_message_ids_are_unique(self, demo: Evidence) -> None:
        """N16: a mail that was handed over when the process died may come again: under the same Message-ID, to the same person."""
        seen: dict[str, list[str]] = defaultdict(list)
        for mail in demo.mails:
            seen[str(mail["Message-ID"])].append(str(mail["To"]))
        assert [id_ for id_, recipients in seen.items() if len(set(recipients)) > 1] == []
        assert len(demo.mails) - len(seen) <= COPIES_MAX
        assert len(demo.of("notification.delivery.sent")) == len(seen)


class TestPrivacyAmidTrouble(told.TestPrivacy):
    """What holds of the undisturbed story's words."""
