"""The real process, killed with -9 while it sends: no mail lost, a repeat only under its Message-ID, each outcome told once (N2)."""

import asyncio
from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.mail import MailSink
from deploy.local.services import Services
from shared.contracts import matching, profile, scheduling
from shared.contracts.base import Contract
from shared.contracts.envelope import Envelope, data_bytes, source_of
from shared.contracts.topics import NOTIFICATION_DELIVERY
from shared.kernel.clock import WallClock
from shared.messaging.settings import KafkaSettings
from tests.component.notification.reading import invitation_of
from tests.support.probing import until

pytestmark = [pytest.mark.kafka, pytest.mark.mongo, pytest.mark.slow]
PAIRS = 40
KILLS = 3
NOW = WallClock().now()


def pair(number: int) -> list[str]:
    """Return the members of a pairing."""
    return [f"member-{number}-a", f"member-{number}-b"]


def story(number: int) -> list[Contract]:
    """Return what happens to one pairing: formed, booked, moved, cancelled."""
    members, pairing = pair(number), f"pairing-{number}"
    begun = {"pairing_id": pairing, "programme_id": "peers", "members": members, "origin": "assigned"}
    session: dict[str, Any] = {"session_id": f"s-{number}", "pairing_id": pairing, "members": members, "kind": "first"}
    calendar = {"calendar_uid": f"s-{number}@tandem", "timezone": "UTC", "place_kind": "video"}
    start = NOW + timedelta(days=9)
    times = {"starts_at": start, "ends_at": start + timedelta(hours=1)}
    off = {"calendar_uid": f"s-{number}@tandem", "calendar_sequence": 2, "reason": "cancelled-by-member"}
    return [
        matching.PairingFormed(**begun),
        scheduling.SessionBooked(**session, **calendar, **times, calendar_sequence=0),
        scheduling.SessionRescheduled(**session, **calendar, **times, calendar_sequence=1),
        scheduling.SessionCancelled(**session, **off),
    ]


class World:
    """The other services, and somebody who reads notification's facts."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Speak to the run's broker under this test's topic names."""
        self._settings = settings
        self._count = 0
        self.seen: dict[str, Any] = {}

    async def __aenter__(self) -> "World":
        """Connect."""
        options = self._settings.client_options()
        self._producer = AIOKafkaProducer(**options, acks="all")
        name = self._settings.name_of(NOTIFICATION_DELIVERY)
        self._consumer = AIOKafkaConsumer(name, **options, auto_offset_reset="earliest", enable_auto_commit=False)
        await self._producer.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._consumer.stop()
        await self._producer.stop()

    async def tell(self, *facts: Contract) -> None:
        """Send facts, each later than the one before."""
        for fact in facts:
            self._count += 1
            envelope = Envelope(
                id=f"event-{self._count}",
                type=fact.TYPE,
                source=source_of(fact.TOPIC.owner),
                subject=fact.key,
                time=NOW + timedelta(milliseconds=self._count),
                sequence=self._count,
                correlation_id=f"c-{self._count}",
            )
            name = self._settings.name_of(fact.TOPIC)
            await self._producer.send_and_wait(name, data_bytes(fact), key=fact.key.encode(), headers=envelope.headers())

    async def read(self) -> int:
        """Read what is new; return how many different facts there are."""
        for records in (await self._consumer.getmany(timeout_ms=50)).values():
            for record in records:
                self.seen.setdefault(dict(record.headers)["ce_id"].decode(), record)
        return len(self.seen)


class TestKilledInMidstream:
    """N2: kill -9 at any moment."""

    async def test_every_mail_arrives_and_every_outcome_is_told_once(
        self, services: Services, mail_sink: MailSink, kafka_bootstrap: str, fresh_name: str
    ) -> None:
        """N2: forty pairings, four mails to each of two members, three kills."""
        wanted = PAIRS * 2 * 4
        async with World(KafkaSettings(bootstrap_servers=kafka_bootstrap, topic_prefix=fresh_name)) as world:
            await world.tell(*[contact(member) for number in range(PAIRS) for member in pair(number)])
            telling = asyncio.gather(world.tell(*[fact for number in range(PAIRS) for fact in story(number)]))
            for kill in range(KILLS):
                goal = (kill + 1) * wanted // (KILLS + 2)
                await until(lambda goal=goal: len(mail_sink.received) >= goal, within=60, saying=f"{goal} mails")  # type: ignore[misc]
                services.kill("notification")
                await services.restart("notification")
            await telling
            await until(lambda: all_read(world, wanted), within=90, saying=f"{wanted} outcomes told")
        check_mails(mail_sink, wanted)
        check_facts(world, wanted)


async def all_read(world: World, wanted: int) -> bool:
    """Say whether enough was told."""
    return await world.read() >= wanted


def contact(member: str) -> profile.ContactUpdated:
    """Return how a member is reached."""
    return profile.ContactUpdated(
        member_id=member, company_key=member, display_name=member, email=f"{member}@corp.example", locale="de", timezone="Europe/Berlin"
    )


def check_mails(mail_sink: MailSink, wanted: int) -> None:
    """Each mail arrived; a second copy has the same Message-ID and is rare; the calendar's SEQUENCE never goes back."""
    copies = Counter(mail.message["Message-ID"] for mail in mail_sink.received)
    assert len(copies) == wanted
    assert sum(copies.values()) - wanted <= KILLS * 10
    for number in range(PAIRS):
        for member in pair(number):
            mails = mail_sink.for_recipient(f"{member}@corp.example")
            sequences = [invitation_of(mail)[1]["SEQUENCE"] for mail in mails if "s-" in str(mail.content) and has_calendar(mail)]
            assert list(dict.fromkeys(sequences)) == [0, 1, 2]


def has_calendar(mail: Any) -> bool:
    """Say whether a mail carries an invitation."""
    return any(part.get_content_type() == "text/calendar" for part in mail.message.walk())


def check_facts(world: World, wanted: int) -> None:
    """One `sent` per mail; a member's versions count up without a gap."""
    sent: Counter[str] = Counter()
    versions: dict[str, list[int]] = defaultdict(list)
    for record in sorted(world.seen.values(), key=lambda each: (each.partition, each.offset)):
        headers = {name: value.decode() for name, value in record.headers}
        versions[headers["ce_subject"]].append(int(headers["ce_sequence"]))
        if headers["ce_type"].endswith("delivery.sent.v1"):
            sent[record.value.decode()] += 1
    assert len(sent) == wanted
    assert set(sent.values()) == {1}
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in versions.values())
