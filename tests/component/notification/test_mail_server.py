"""What a mail server may do to us (N2): 4xx and broken lines are tried again with the same Message-ID, 5xx ends it."""

import asyncio
from datetime import timedelta

import pytest

from deploy.local.mail import MailSink
from services.notification.adapters.records import DELIVERIES
from shared.persistence.database import Database
from tests.component.notification import facts
from tests.component.notification.far_side import DROP, HANG, far_side
from tests.component.notification.office import ADA, BEN, CIA, HandClock, Office, open_office
from tests.support.memory.database import memory_database
from tests.support.probing import until


class TestRefusals:
    """4xx: later. 5xx: never."""

    async def test_a_greylisting_server_gets_the_same_mail_again(self, office: Office, mail_sink: MailSink) -> None:
        """N2: deferred with growing pauses, then sent, one Message-ID all along."""
        mail_sink.refuse("ada@corp.example", "451 4.7.1 try again later", times=2)
        await office.hear(facts.unmatched(ADA, "paused"))
        for _ in range(3):
            await office.dispatch()
            office.pass_wall(60)
        assert await office.outcomes(ADA) == ["unmatched deferred smtp-451", "unmatched deferred smtp-451", "unmatched sent"]
        row = (await office.app.database.collection(DELIVERIES).find({"member_id": ADA}))[0]
        assert mail_sink.received[0].message["Message-ID"] == f"<{row['_id']}@corp.example>"

    async def test_pauses_grow_and_are_kept(self, office: Office, mail_sink: MailSink) -> None:
        """Nothing is tried before its time."""
        mail_sink.refuse("ada@corp.example", "451 later", times=9)
        await office.hear(facts.unmatched(ADA, "paused"))
        pauses = []
        for _ in range(4):
            await office.dispatch()
            row = (await office.app.database.collection(DELIVERIES).find({"member_id": ADA}))[0]
            pauses.append((row["due_at"] - office.wall.now()).total_seconds())
            office.wall.moment = row["due_at"] - timedelta(milliseconds=1)
            await office.dispatch()
            office.wall.moment = row["due_at"]
        assert 5 <= pauses[0] <= 10
        assert all(10 * 2**n / 2 <= pause <= 10 * 2**n for n, pause in enumerate(pauses))
        assert len(await office.outcomes(ADA)) == 4

    async def test_it_is_given_up_when_too_old(self, office: Office, mail_sink: MailSink) -> None:
        """Bounded in age: three days, then failed with the last code."""
        mail_sink.refuse("ada@corp.example", "451 later", times=1000)
        await office.hear(facts.unmatched(ADA, "paused"))
        for _ in range(13):
            await office.dispatch()
            office.pass_wall(6 * 3600)
        assert (await office.outcomes(ADA))[-1] == "unmatched failed smtp-451"

    async def test_an_unknown_mailbox_ends_it_and_suspends_the_address(self, office: Office, mail_sink: MailSink) -> None:
        """5xx to the recipient: failed, address suspended, nothing more is sent there until profile brings another address."""
        mail_sink.refuse("ada@corp.example", "550 5.1.1 no such user")
        await office.hear(facts.unmatched(ADA, "paused"), facts.formed())
        await office.dispatch()
        assert await office.outcomes(ADA) == [
            "unmatched failed smtp-550",
            "address-suspended smtp-550",
            "formed suppressed address-suspended",
        ]
        await office.know(ADA, "Ada Äpfel", "new@corp.example", "de")
        await office.hear(facts.activated())
        await office.dispatch()
        assert len(mail_sink.for_recipient("new@corp.example")) == 1

    async def test_refused_content_fails_without_suspending(
        self, database: Database, wall: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A 5xx to the content says nothing about the mailbox; one with an enhanced code 5.1.x does."""
        async with far_side("554 5.6.0 content", "550 5.1.1 unknown") as side:
            monkeypatch.setenv("TANDEM_SMTP__PORT", str(side.port))
            async with open_office(smtp_port=side.port, database=database, wall=wall, conversations=1) as office:
                await office.know_everybody()
                await office.hear(facts.unmatched(ADA, "paused"), facts.unmatched(ADA, "away"))
                await office.dispatch()
                assert await office.outcomes(ADA) == [
                    "unmatched failed smtp-554",
                    "unmatched failed smtp-550",
                    "address-suspended smtp-550",
                ]


class TestBrokenLines:
    """The server is away, slow, or vanishes at the worst moment."""

    async def test_dropped_after_data_repeats_the_same_message(
        self, database: Database, wall: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """N2: whether it was taken is unknown, so it comes again under the same Message-ID: recognisable, never lost."""
        async with far_side(DROP) as side:
            monkeypatch.setenv("TANDEM_SMTP__PORT", str(side.port))
            async with open_office(smtp_port=side.port, database=database, wall=wall) as office:
                await office.know_everybody()
                await office.hear(facts.unmatched(ADA, "paused"))
                await office.dispatch()
                office.pass_wall(60)
                await office.dispatch()
                assert await office.outcomes(ADA) == ["unmatched deferred smtp-connection", "unmatched sent"]
        assert len(side.taken) == 2
        assert len(set(side.taken)) == 1

    async def test_a_server_that_does_not_answer_is_left_in_time(
        self, database: Database, wall: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every wait has a limit."""
        async with far_side(HANG) as side:
            monkeypatch.setenv("TANDEM_SMTP__PORT", str(side.port))
            monkeypatch.setenv("TANDEM_SMTP__TIMEOUT_SECONDS", "0.2")
            async with open_office(smtp_port=side.port, database=database, wall=wall) as office:
                await office.know_everybody()
                await office.hear(facts.unmatched(ADA, "paused"))
                await office.dispatch()
                assert await office.outcomes(ADA) == ["unmatched deferred smtp-timeout"]

    async def test_an_absent_server_costs_one_attempt_a_line(
        self, database: Database, wall: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An outage does not deal out a fact per waiting mail, and does not eat their patience."""
        async with far_side() as side:
            port = side.port
        monkeypatch.setenv("TANDEM_SMTP__PORT", str(port))
        async with open_office(smtp_port=port, database=database, wall=wall, conversations=1) as office:
            await office.know_everybody()
            await office.hear(*[facts.unmatched(member, "paused") for member in (ADA, BEN, CIA)])
            await office.dispatcher.round()
            deferred = [fact for fact in await office.facts() if fact.TYPE.endswith("deferred.v1")]
            assert len(deferred) == 1
            assert len(await office.app.database.collection(DELIVERIES).find({"state": "pending"})) == 3


class TestSeveralDispatchers:
    """N2: replicas share the queue; a claim belongs to one."""

    async def test_two_offices_send_each_mail_once(
        self, mail_sink: MailSink, database: Database, wall: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Claims are compare-and-set: racing dispatchers never both hold one."""
        monkeypatch.setenv("TANDEM_SMTP__PORT", str(mail_sink.port))
        async with (
            open_office(smtp_port=mail_sink.port, database=database, wall=wall) as one,
            open_office(smtp_port=mail_sink.port, database=database, wall=wall) as other,
        ):
            await one.know_everybody()
            await one.hear(*[facts.unmatched(member, "paused") for _ in range(20) for member in (ADA, BEN, CIA)])
            await asyncio.gather(one.dispatch(), other.dispatch())
            for _ in range(3):
                one.pass_wall(2)
                await asyncio.gather(one.dispatch(), other.dispatch())
        ids = [mail.message["Message-ID"] for mail in mail_sink.received]
        assert len(ids) == len(set(ids)) == 60

    async def test_a_dead_dispatchers_claim_passes_on_after_its_lease(self, office: Office, mail_sink: MailSink) -> None:
        """A crash between claim and mark: the same mail again, same Message-ID, only after the lease."""
        await office.hear(facts.unmatched(ADA, "paused"))
        held = await office.dispatcher._queue.claim(10)
        assert held is not None
        await office.dispatch()
        assert mail_sink.received == []
        office.pass_wall(91)
        await office.dispatch()
        assert len(mail_sink.received) == 1

    async def test_a_lost_claim_cannot_settle(self, office: Office) -> None:
        """Whoever wakes up after their lease writes nothing: one outcome, one fact."""
        await office.hear(facts.unmatched(ADA, "paused"))
        held = await office.dispatcher._queue.claim(10)
        assert held is not None
        office.pass_wall(91)
        await office.dispatch()
        office.wall.moment -= timedelta(seconds=91)
        await office.dispatcher._work_off(held)
        assert await office.outcomes(ADA) == ["unmatched sent"]

    async def test_a_graceful_stop_finishes_the_mail_in_hand(self, wall: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
        """A stop in mid-mail leads neither to a loss nor to a repeat."""
        database = memory_database(wall=wall)
        async with far_side(HANG) as side:
            monkeypatch.setenv("TANDEM_SMTP__PORT", str(side.port))
            async with open_office(smtp_port=side.port, database=database, wall=wall) as office:
                await office.know_everybody()
                await office.hear(facts.unmatched(ADA, "paused"))
                job = asyncio.ensure_future(office.dispatcher.run())  # noqa: TID251  # a test's own task
                await until(lambda: side.taken, saying="the mail is in hand")
                job.cancel()
                await until(lambda: office.dispatcher._stopping, saying="the stop was heard")
                side.released.set()
                with pytest.raises(asyncio.CancelledError):
                    await job
                assert await office.outcomes(ADA) == ["unmatched sent"]


class TestContact:
    """Mail without an address waits; an address that is none is told."""

    async def test_a_message_waits_for_its_contact(self, office: Office, mail_sink: MailSink) -> None:
        """Topics have no common order: the pairing may be heard of before the contact."""
        await office.hear(facts.unmatched("member-new", "paused"))
        await office.dispatch()
        await office.know("member-new", "New", "new@corp.example")
        office.pass_wall(30)
        await office.dispatch()
        assert await office.outcomes("member-new") == ["unmatched deferred contact-unknown", "unmatched sent"]

    @pytest.mark.parametrize("address", ["not an address", "two@at@signs", "a\r\nBcc: x@corp.example", ""])
    async def test_an_address_that_is_none_fails_kindly(self, office: Office, mail_sink: MailSink, address: str) -> None:
        """Nothing is sent, nobody else gets it, HR hears of it by a code."""
        await office.know(ADA, "Ada", address)
        await office.hear(facts.unmatched(ADA, "paused"))
        await office.dispatch()
        assert await office.outcomes(ADA) == ["unmatched failed address-unusable", "address-suspended address-unusable"]
        assert mail_sink.received == []

    async def test_a_name_can_never_add_a_header(self, office: Office, mail_sink: MailSink) -> None:
        """Line breaks and control characters in a name stay harmless."""
        await office.know(BEN, "Ben\r\nBcc: spy@corp.example\x00", "ben@corp.example")
        await office.hear(facts.formed())
        await office.dispatch()
        for mail in mail_sink.received:
            assert mail.message["Bcc"] is None
        assert sorted(mail.recipients[0] for mail in mail_sink.received) == ["ada@corp.example", "ben@corp.example"]

    async def test_an_older_contact_record_changes_nothing(self, office: Office, mail_sink: MailSink) -> None:
        """The newest record wins, whatever order a replay brings."""
        office.sequences["tandem-profile-contact", ADA] = -5
        await office.know(ADA, "Old", "old@corp.example")
        await office.hear(facts.unmatched(ADA, "paused"))
        await office.dispatch()
        assert mail_sink.for_recipient("old@corp.example") == []
