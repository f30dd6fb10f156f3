"""Every step of a pairing's life reaches those whom it concerns, once (R14, N16)."""

from datetime import timedelta

import pytest

from deploy.local.mail import MailSink
from services.notification.adapters.records import DELIVERIES
from shared.contracts import profile
from shared.contracts.base import Contract
from tests.component.notification import facts
from tests.component.notification.office import ADA, BEN, CIA, MONDAY, Office
from tests.component.notification.reading import text_of

STEPS: list[tuple[Contract, list[str]]] = [
    (facts.proposed(), ["ada", "ben"]),
    (facts.proposed(origin="asked", round_id=None, initiator_id=ADA), ["ben"]),
    (facts.declined(BEN), ["ada"]),
    (facts.expired(BEN), ["ada", "ben"]),
    (facts.formed(), ["ada", "ben"]),
    (facts.signed(ADA), ["ben"]),
    (facts.activated(), ["ada", "ben"]),
    (facts.review(), ["ada", "ben"]),
    (facts.closed("goals-reached"), ["ada", "ben"]),
    (facts.unmatched(CIA, "no-eligible-partner"), ["cia"]),
    (facts.booked(), ["ada", "ben"]),
    (facts.time_proposed(BEN, facts.STARTS), ["ada"]),
    (facts.not_booked(), ["ada", "ben"]),
]


class TestOneMessagePerEventAndMember:
    """N16: nobody is told twice, nobody hears an echo of their own act."""

    @pytest.mark.parametrize(("fact", "told"), STEPS, ids=lambda value: value.TYPE if isinstance(value, Contract) else "-".join(value))
    async def test_the_right_people_get_one_mail_each(self, office: Office, mail_sink: MailSink, fact: Contract, told: list[str]) -> None:
        """R10, R22, N4: exactly those whom it concerns."""
        await office.hear(fact)
        await office.dispatch()
        assert sorted(mail.recipients[0].split("@")[0] for mail in mail_sink.received) == told

    async def test_the_same_event_again_changes_nothing(self, office: Office, mail_sink: MailSink) -> None:
        """N2: delivered twice, even past the inbox, it is told once."""
        record = office.record(facts.formed())
        await office.service.consumer.apply(facts.formed().TOPIC, [record, record])
        await office.dispatch()
        await office.app.database.collection("inbox").delete_many({})
        await office.service.consumer.apply(facts.formed().TOPIC, [record])
        await office.dispatch()
        assert len(mail_sink.received) == 2

    async def test_nobody_is_asked_to_sign_what_they_have_signed(self, office: Office, mail_sink: MailSink) -> None:
        """N8: the second signature of three asks only the third; the last one asks nobody."""
        trio = [ADA, BEN, CIA]
        await office.hear(facts.signed(ADA, members=trio), facts.signed(BEN, members=trio))
        await office.dispatch()
        asked = [mail.recipients[0] for mail in mail_sink.received]
        assert sorted(asked) == ["cia@corp.example", "cia@corp.example"]
        await office.hear(facts.signed(CIA, members=trio))
        await office.dispatch()
        assert len(mail_sink.received) == 2

    async def test_a_new_charter_text_asks_again(self, office: Office, mail_sink: MailSink) -> None:
        """R22: an edit voids earlier signatures, so whoever signed the old text is asked for the new one."""
        await office.hear(facts.signed(ADA, "old"))
        await office.dispatch()
        await office.hear(facts.signed(BEN, "new"))
        await office.dispatch()
        assert [mail.recipients[0] for mail in mail_sink.received] == ["ben@corp.example", "ada@corp.example"]


class TestProposal:
    """R17: each side gets its own four lists, in its own language."""

    async def test_lists_labels_and_a_first_line(self, office: Office, mail_sink: MailSink) -> None:
        """R17, R21: shared, different, you give, you get, and an introduction drafted from them."""
        await office.hear(facts.proposed())
        await office.dispatch()
        german = text_of(mail_sink.for_recipient("ada@corp.example")[0])
        english = text_of(mail_sink.for_recipient("ben@corp.example")[0])
        for said in ("Was ihr gemeinsam habt", "- Python", "Worin ihr euch unterscheidet", "- Verhandeln", "- Ziel: Lead a team"):
            assert said in german
        for said in (
            "What you share",
            "- Department: Finance & Controlling",
            "What you can give",
            "- Negotiation",
            "Shall we give it a try?",
        ):
            assert said in english

    async def test_it_waits_for_words_and_then_goes_without(self, office: Office, mail_sink: MailSink) -> None:
        """Architecture section 5: words come from their owner at the moment of sending; an absent owner only delays."""
        office.peer.away = True
        await office.hear(facts.proposed())
        await office.dispatch()
        assert mail_sink.received == []
        assert await office.outcomes(ADA) == ["proposal deferred words-unavailable"]
        office.pass_wall(3 * 3600)
        await office.dispatch()
        assert "Was ihr gemeinsam habt" not in text_of(mail_sink.for_recipient("ada@corp.example")[0])

    async def test_a_proposal_taken_back_ends_in_other_words_than_a_pairing(self, office: Office, mail_sink: MailSink) -> None:
        """R49: nobody is thanked for a time together that never was."""
        await office.hear(facts.proposed(), facts.closed("withdrawn"))
        await office.dispatch()
        said = text_of(mail_sink.for_recipient("ben@corp.example")[-1])
        assert "was proposed" in " ".join(said.split())
        assert "time you gave each other" not in " ".join(said.split())


class TestParting:
    """N3, N18: who left hears the closing words and nothing else; who is erased is forgotten."""

    async def test_a_leaver_hears_only_the_kind_ending(self, office: Office, mail_sink: MailSink) -> None:
        """N3, R49: sessions and charters no longer concern them."""
        await office.hear(profile.MemberLeft(member_id=ADA), facts.cancelled(), facts.closed("member-left"))
        await office.dispatch()
        mails = mail_sink.for_recipient("ada@corp.example")
        assert [mail.message["Subject"] for mail in mails] == ["Euer Tandem ist zu Ende"]
        assert "alles Gute auf deinem Weg" in text_of(mails[0])
        assert "session-cancelled suppressed member-left" in await office.outcomes(ADA)
        assert "look for a new peer" in text_of(mail_sink.for_recipient("ben@corp.example")[-1])

    async def test_an_erased_member_leaves_no_name_no_address_no_history(self, office: Office, mail_sink: MailSink) -> None:
        """N18: contact, inbox and deliveries are gone; what was pending is told as suppressed; peers read `your peer`."""
        await office.hear(facts.formed())
        await office.dispatch()
        await office.hear(facts.activated(), profile.MemberErased(member_id=ADA))
        await office.service.consumer.apply(profile.ContactUpdated.TOPIC, [tombstone(office, ADA)])
        await office.dispatch()
        assert len(mail_sink.for_recipient("ada@corp.example")) == 1
        assert await office.app.database.collection(DELIVERIES).find({"member_id": ADA}) == []
        assert "activated suppressed member-erased" in await office.outcomes(ADA)
        stored = str(await office.app.database.collection("recipients").find({"_id": ADA}))
        assert "Äpfel" not in stored
        assert "corp.example" not in stored
        assert "your peer" in text_of(mail_sink.for_recipient("ben@corp.example")[-1])

    async def test_facts_go_on_counting_after_an_erasure(self, office: Office) -> None:
        """N1: versions of the aggregate have no gap."""
        await office.hear(facts.formed(), profile.MemberErased(member_id=ADA))
        await office.dispatch()
        recipient = (await office.app.database.collection("recipients").find({"_id": ADA}))[0]
        assert recipient["version"] == len(await office.outcomes(ADA)) == 1


class TestReminder:
    """N16: before the start, moved and cancelled with the session, never for the past."""

    async def test_it_comes_a_day_before(self, office: Office, mail_sink: MailSink) -> None:
        """A durable timer on business time."""
        await office.hear(facts.booked())
        await office.dispatch()
        office.clock.moment = facts.STARTS - timedelta(hours=24)
        await office.fire_timers()
        await office.dispatch()
        subjects = [mail.message["Subject"] for mail in mail_sink.for_recipient("ben@corp.example")]
        assert subjects == ["Booked: First peer session with Ada Äpfel", "Reminder: First peer session with Ada Äpfel"]

    async def test_it_moves_and_ends_with_the_session(self, office: Office, mail_sink: MailSink) -> None:
        """A moved session is reminded at its new time, a cancelled one not at all."""
        await office.hear(facts.booked(), facts.moved(facts.STARTS + timedelta(days=3)))
        office.clock.moment = facts.STARTS
        await office.fire_timers()
        await office.hear(facts.cancelled(sequence=2))
        office.clock.moment = facts.STARTS + timedelta(days=3)
        await office.fire_timers()
        await office.dispatch()
        assert not [mail for mail in mail_sink.received if "Reminder" in mail.message["Subject"] or "Erinnerung" in mail.message["Subject"]]

    async def test_nothing_for_the_past_or_the_very_near(self, office: Office, mail_sink: MailSink) -> None:
        """A session booked within the reminder's time needs none; a reminder that is late for its session is dropped."""
        await office.hear(facts.booked(MONDAY + timedelta(hours=3)))
        assert await office.app.database.collection("timers").find({}) == []
        await office.hear(facts.booked(facts.STARTS, session_id="session-2", calendar_uid="session-2@tandem"))
        office.clock.moment = facts.STARTS - timedelta(minutes=1)
        await office.fire_timers()
        office.clock.moment = facts.STARTS
        await office.dispatch()
        assert "session-reminder suppressed session-past" in await office.outcomes(BEN)


def tombstone(office: Office, member_id: str) -> object:
    """Return the null record of an erased member on the contact topic."""
    contact = profile.ContactUpdated(member_id=member_id, company_key="-", display_name="-", email="-", locale="en", timezone="UTC")
    record = office.record(contact)
    headers = tuple((name, b"tandem.profile.contact.tombstone.v1" if name == "ce_type" else value) for name, value in record.headers)
    return type(record)(record.topic, 0, record.offset, 0, 0, member_id.encode(), None, None, 0, 0, headers)
