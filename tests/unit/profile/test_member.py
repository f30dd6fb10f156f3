"""The member: what they say is theirs, what changes is told once, what is private never leaves."""

from datetime import timedelta
from typing import Any

import pytest

from services.profile.domain import events
from services.profile.domain.member import Member
from services.profile.domain.records import Card, Contact, Gone
from services.profile.domain.refusals import MemberHasLeft, NotEnrolled, NotPaused, PauseInThePast, PauseTooLong
from services.profile.domain.values import CareerStep, Enrolment, Offer, PauseReason, Status, Tag, Vision
from tests.unit.profile.builders import NOW, REFERENCE, joined, told

DAY = timedelta(days=1)
PYTHON = Offer(tag=Tag(code="python", words="Python"))


class TestJoining:
    """R1, R42: everybody is a member."""

    def test_first_fact_is_joined_with_the_codes(self) -> None:
        """N1: version 1 of every member."""
        member = Member.join("m-1", "E-1", {"email": "a@b.example", "department": "finance", "level": 4}, now=NOW)
        placed = events.Placement(department="finance", level=4)
        assert member.take_recorded() == [(1, events.MemberJoined(member_id="m-1", placement=placed))]


class TestLaterFiles:
    """Field ownership and movers."""

    def test_same_values_change_nothing(self) -> None:
        """Issue 3: importing the same file twice publishes nothing."""
        member = joined(department="finance", offers=(PYTHON,))
        assert member.update_from_file({"department": "finance", "offers": (PYTHON,)}) == (False, ())
        assert told(member) == []
        assert member.take_due_records(REFERENCE) == []

    def test_mover_is_told_with_what_changed(self) -> None:
        """N3: department and manager in one fact; other fields are no move."""
        member = joined(department="finance", level=4)
        changed, _ = member.update_from_file({"department": "sales", "manager_id": "m-9", "years": 3.5})
        placed = events.Placement(department="sales", level=4, manager_id="m-9")
        assert changed
        assert told(member) == [events.MemberMoved(member_id="m-1", placement=placed, changed=("department", "manager_id"))]

    def test_members_own_words_are_kept(self) -> None:
        """Issue 3: a field that the member edited is not overwritten, and the file hears of it."""
        member = joined(offers=(PYTHON,), site="berlin")
        member.edit({"offers": ()})
        changed, kept = member.update_from_file({"offers": (PYTHON,), "site": "lisbon"})
        assert (changed, kept, member.offers, member.site) == (True, ("offers",), (), "lisbon")

    def test_equal_value_of_an_owned_field_is_no_finding(self) -> None:
        """Nothing to tell when both say the same."""
        member = joined()
        member.edit({"capacity": 2})
        assert member.update_from_file({"capacity": 2}) == (False, ())


class TestTakingPart:
    """Enrolment by programme, with seats."""

    def test_enrolling_is_told_once(self) -> None:
        """C: a repeat changes nothing."""
        member = joined(capacity=2)
        assert member.enrol("peers", None)
        assert not member.enrol("peers", 2)
        assert told(member) == [events.MemberEnrolled(member_id="m-1", programme_id="peers", capacity=2)]

    def test_other_seats_replace(self) -> None:
        """One enrolment per programme."""
        member = joined()
        member.enrol("peers", 1)
        member.enrol("peers", 3)
        assert member.enrolments == (Enrolment(programme_id="peers", capacity=3),)

    def test_withdrawing_from_nothing_is_refused(self) -> None:
        """The refusal names the rule."""
        with pytest.raises(NotEnrolled):
            joined().withdraw("peers")

    def test_who_left_takes_part_in_nothing(self) -> None:
        """N3: and edits nothing."""
        member = joined()
        member.leave(now=NOW)
        for attempt in (
            lambda: member.enrol("peers", 1),
            lambda: member.withdraw("peers"),
            lambda: member.edit({"capacity": 2}),
            lambda: member.pause_until(NOW + DAY, PauseReason.AWAY, now=NOW),
            member.resume,
            lambda: member.update_from_file({}),
        ):
            with pytest.raises(MemberHasLeft):
                attempt()


class TestPausing:
    """C: nobody who is away is paired."""

    def test_pause_shows_on_the_card_and_ends(self) -> None:
        """A date at which something happens."""
        member = joined()
        member.pause_until(NOW + DAY, PauseReason.AWAY, now=NOW)
        card = member.card(REFERENCE)
        assert (card.paused_until, card.paused_reason) == (NOW + DAY, PauseReason.AWAY)
        assert not member.pause_is_over(now=NOW)
        assert member.pause_is_over(now=NOW + DAY)
        member.resume()
        assert [type(event) for event in told(member)] == [events.MemberPaused, events.MemberResumed]

    def test_same_pause_is_told_once(self) -> None:
        """C: a repeat changes nothing."""
        member = joined()
        member.pause_until(NOW + DAY, PauseReason.PAUSED, now=NOW)
        member.pause_until(NOW + DAY, PauseReason.PAUSED, now=NOW)
        assert len(told(member)) == 1

    def test_pause_needs_a_future_end_that_one_can_plan_with(self) -> None:
        """Two years at most."""
        with pytest.raises(PauseInThePast):
            joined().pause_until(NOW, PauseReason.PAUSED, now=NOW)
        with pytest.raises(PauseTooLong):
            joined().pause_until(NOW + 800 * DAY, PauseReason.PAUSED, now=NOW)

    def test_only_a_paused_member_resumes(self) -> None:
        """The refusal names the rule."""
        with pytest.raises(NotPaused):
            joined().resume()


class TestLeavingAndErasure:
    """N3 and N18."""

    def test_leaver_withdraws_everywhere_first(self) -> None:
        """N3: enrolments close, then the fact that they left."""
        member = joined()
        member.enrol("a", 1)
        member.enrol("b", 1)
        told(member)
        assert member.leave(now=NOW)
        assert not member.leave(now=NOW)
        assert [type(event) for event in told(member)] == [events.MemberWithdrew, events.MemberWithdrew, events.MemberLeft]
        assert (member.status, member.left_at, member.card(REFERENCE).status) == (Status.LEFT, NOW, Status.LEFT)

    def test_erased_member_keeps_nothing_but_the_id(self) -> None:
        """N18: no field of the person survives, and both records are buried."""
        member = joined(department="finance", offers=(PYTHON,), reflection="why", manager_chain=("m-9",))
        assert member.erase(now=NOW)
        kept = {
            "id",
            "version",
            "revision",
            "joined_at",
            "left_at",
            "erased_at",
            "status",
            "card_published",
            "contact_published",
            "recorded_at",
        }
        nobody = vars(Member(id="m-1", company_key="", email="", joined_at=NOW))
        left: dict[str, Any] = {name: value for name, value in vars(member).items() if name not in kept and not name.startswith("_")}
        assert left == {name: nobody[name] for name in left}
        assert [type(event) for event in told(member)] == [events.MemberLeft, events.MemberErased]
        due = member.take_due_records(REFERENCE)
        assert [each.record for each in due] == [Gone(member_id="m-1", of=Card), Gone(member_id="m-1", of=Contact)]
        assert not member.erase(now=NOW)
        assert member.take_due_records(REFERENCE) == []


class TestRecords:
    """State records: codes on the card, name and address on the contact, each counted on its own."""

    def test_card_holds_codes_and_no_words(self) -> None:
        """N9: no word, name or address; a sentence without a code stays at home."""
        secret = "my boss reads my mail"  # words, no password
        member = joined(
            offers=(PYTHON, Offer(tag=Tag(code=None, words=secret))),
            challenges=(Tag(code="free-0123", words=secret),),
            reflection=secret,
            vision=Vision(text=secret, horizon_years=3, themes=(Tag(code="lead-a-team", words=secret),)),
        )
        card = member.card(REFERENCE)
        assert ([offer.code for offer in card.offers], card.challenges, card.vision_themes) == (
            ["python"],
            ("free-0123",),
            ("lead-a-team",),
        )
        for word in (secret, "Ada", "corp.example", "E-1"):
            assert word not in repr(card)

    def test_only_the_record_that_changed_is_due(self) -> None:
        """A new name is contact's business, a new skill the card's."""
        member = joined()
        member.edit({"display_name": "Ada Other"})
        assert [(type(due.record), due.version) for due in member.take_due_records(REFERENCE)] == [(Contact, 2)]
        member.edit({"offers": (PYTHON,)})
        assert [(type(due.record), due.version) for due in member.take_due_records(REFERENCE)] == [(Card, 2)]

    def test_records_fill_in_what_nobody_said(self) -> None:
        """N16: the country's only zone, its language, the company's hours."""
        contact = joined(country="IN").contact(REFERENCE)
        assert (contact.timezone, contact.locale, len(contact.working_hours)) == ("Asia/Kolkata", "hi", 5)
        assert joined(country="US").contact(REFERENCE).timezone == "UTC"
        assert joined(country="DE", languages=("pt", "de")).contact(REFERENCE).locale == "pt"
        assert joined().contact(REFERENCE).locale == "en"

    def test_journey_is_shown_when_its_owner_opts_in(self) -> None:
        """R25: searchable where the owner says so."""
        step = CareerStep(title="Team lead", code="team-lead", begun="2020-01")
        assert joined(journey=(step,)).card(REFERENCE).journey == ()
        assert joined(journey=(step,), journey_searchable=True).card(REFERENCE).journey == ("team-lead",)
