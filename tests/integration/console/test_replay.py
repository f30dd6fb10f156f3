"""`tandem replay` and `tandem verify` against a real service under traffic: repaired, and not one mail or fact twice (N1, N2)."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deploy.local.mail import MailSink
from deploy.local.server import Server
from shared.contracts import profile
from tests.component.notification.facts import booked
from tests.support.beside import Beside, beside
from tests.support.probing import until
from tests.support.processes import ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.mongo, pytest.mark.offsets, pytest.mark.slow]
MEMBERS, PAIRS, LATER = 400, 8, 8


def name(number: int) -> str:
    """Return a member's id, as random as real ones."""
    return f"{number * 7919 % 65536:04x}-member-{number}"


def pair(number: int) -> list[str]:
    """Return two members who meet."""
    return [name(2 * number), name(2 * number + 1)]


@pytest_asyncio.fixture
async def notification(
    kafka_server: Server, mongo_server: Server, fresh_name: str, tmp_path: Path, mail_sink: MailSink
) -> AsyncIterator[Beside]:
    """Run notification with a mailbox."""
    smtp = {"TANDEM_SMTP__HOST": mail_sink.host, "TANDEM_SMTP__PORT": str(mail_sink.port)}
    async with beside("notification", kafka=kafka_server, mongo=mongo_server, name=fresh_name, folder=tmp_path, more=smtp) as running:
        yield running


async def knows(notification: Beside, first: int, last: int) -> None:
    """Tell notification of members."""
    for number in range(first, last):
        member = name(number)
        contact = dict(profile.ContactUpdated.EXAMPLE) | {"member_id": member, "email": f"m{number}@corp.example"}
        await notification.says(profile.MemberJoined(member_id=member), event_id=f"joined-{member}", sequence=1)
        await notification.says(profile.ContactUpdated.model_validate(contact), event_id=f"contact-{member}", sequence=1)


async def meets(notification: Beside, number: int) -> None:
    """Tell notification of a pairing's first session: a mail for each of the two."""
    fact = booked(
        pairing_id=f"{number:04x}-pairing", session_id=f"session-{number}", members=pair(number), calendar_uid=f"s{number}@tandem"
    )
    await notification.says(fact, event_id=f"booked-{number}", sequence=1)


def mails(sink: MailSink) -> Counter[str]:
    """Return how often each Message-ID arrived."""
    assert sink.folder is not None
    found: Counter[str] = Counter()
    for path in sink.folder.glob("*.eml"):
        found.update(
            line.split(":", 1)[1].strip() for line in path.read_text("utf-8").splitlines() if line.lower().startswith("message-id:")
        )
    return found


async def arrived(sink: MailSink, count: int) -> None:
    """Wait for so many different mails."""

    async def enough() -> bool:
        return len(mails(sink)) >= count

    await until(enough, within=120, saying=f"{count} mails arrived", every=0.2)


async def spoil(notification: Beside) -> None:
    """Lose and change what notification remembers."""
    database = notification.database
    await database.collection("recipients").update_many({}, {"$set": {"body.contact": None}})
    await database.collection("sessions").delete_many({})


async def replays_until_done(notification: Beside) -> dict[str, Any]:
    """Run the command, interrupt it, and run it again: it goes on where it was."""
    line, environment = notification.command("replay", "notification", "--json")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in a shell's background ignores it, and so would its children
    process = await asyncio.create_subprocess_exec(
        *line, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    rows = notification.database.collection("replays")

    async def reads() -> bool:
        found = await rows.find_one({"state": "reading"})
        return found is not None and found["read"] > 0

    await until(reads, within=60, saying="the replay reads")
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, out) == (130, b""), err
    (stopped,) = await rows.find({"state": "stopped"})
    code, found = await notification.tandem("replay", "notification")
    assert (code, found["replay_id"]) == (0, stopped["_id"]), found
    return dict(found)


class TestReplay:
    """N2: one story, because each start costs seconds."""

    async def test_a_spoilt_replica_is_repaired_under_traffic_and_nobody_gets_a_mail_twice(
        self, notification: Beside, mail_sink: MailSink
    ) -> None:
        """N1, N2: verify finds nothing, then finds it spoilt; replay, interrupted once, repairs it; each mail arrived once."""
        await knows(notification, 0, MEMBERS)
        for number in range(PAIRS):
            await meets(notification, number)
        await arrived(mail_sink, 2 * PAIRS)
        code, report = await notification.tandem("verify", "--service", "notification")
        assert (code, report["problems"]) == (0, [])
        assert report["replicas"][0]["verdicts"] == {"recipients": {"equal": MEMBERS}, "pairings": {}, "sessions": {"equal": PAIRS}}

        await spoil(notification)
        code, report = await notification.tandem("verify", "--service", "notification")
        assert code == 1
        spoilt = {"recipients": {"different": MEMBERS}, "pairings": {}, "sessions": {"different": PAIRS}}
        assert report["replicas"][0]["verdicts"] == spoilt
        assert "@" not in json.dumps(report), "no address in a report"

        traffic = asyncio.gather(self._traffic(notification))
        found = await replays_until_done(notification)
        await traffic
        assert sum(found["verdicts"]["recipients"].values()) >= MEMBERS
        assert found["verdicts"]["recipients"]["repaired"] >= MEMBERS
        await self._everything_is_as_the_facts_say(notification)
        expected = 2 * (PAIRS + LATER)
        await arrived(mail_sink, expected)
        assert set(mails(mail_sink).values()) == {1}
        sent = await notification.database.collection("deliveries").count({"state": "sent"})
        assert sent == expected

    async def _traffic(self, notification: Beside) -> None:
        """Go on telling of others while the replay works."""
        await knows(notification, MEMBERS, MEMBERS + 2 * LATER)
        for number in range(MEMBERS // 2, MEMBERS // 2 + LATER):
            await meets(notification, number)

    async def _everything_is_as_the_facts_say(self, notification: Beside) -> None:
        """Wait until a verification finds all equal: the last facts may be on their way."""

        async def sound() -> bool:
            code, report = await notification.tandem("verify", "--service", "notification")
            verdicts = report["replicas"][0]["verdicts"]
            whole = {"recipients": {"equal": MEMBERS + 2 * LATER}, "pairings": {}, "sessions": {"equal": PAIRS + LATER}}
            return (code, verdicts) == (0, whole)

        await until(sound, within=120, saying="all is as the facts say", every=1)
        left = [
            each
            for each in ("recipients", "deliveries", "outbox", "read")
            if await notification.database.collection(f"replay_{each}").count({})
        ]
        assert left == [], "nothing stands beside any more"
