"""What members may do with a session, and every "no" by its name."""

from datetime import datetime

import pytest

from services.scheduling.domain import agreement, events, refusals, slots
from services.scheduling.domain.schedule import KEPT_PAST_SESSIONS, Schedule, Status
from services.scheduling.domain.session import CancelReason, Kind, PlacedBy, Problem, State
from shared.kernel.errors import NotFound
from tests.unit.scheduling.builders import ADA, BEN, CLEO, DAY, HOUR, MONDAY, at, cadence, common, desk, schedule, works

START, LATER = at("2027-03-10 09:00"), at("2027-03-11 15:00")


def booked(*members: str, start: datetime = START) -> Schedule:
    """Return a schedule with one session, `s`, on Wednesday of next week."""
    plan = schedule(*members)
    plan.book("s", Kind.REGULAR, start, nominal_at=start, placed_by=PlacedBy.PLANNER)
    plan.take_recorded()
    return plan


def told(plan: Schedule) -> list[type[object]]:
    """Return the types of the facts since the last look."""
    return [type(event) for _, event in plan.take_recorded()]


class TestProposingAnotherTime:
    """R7: either may propose, the others decide."""

    def test_session_moves_when_the_other_accepts(self) -> None:
        """R7: same UID, higher sequence, and the proposal is settled."""
        plan = booked()
        agreement.propose(plan, "s", ADA, LATER, desk())
        assert (plan.session("s").state, plan.session("s").starts_at) == (State.PROPOSED, START)
        moved = agreement.accept(plan, "s", BEN, desk())
        assert (moved.state, moved.starts_at, moved.ends_at) == (State.RESCHEDULED, LATER, LATER + HOUR)
        assert (moved.calendar_uid, moved.calendar_sequence, moved.proposal) == ("s@tandem", 1, None)
        assert told(plan) == [events.SessionProposed, events.SessionRescheduled]

    def test_all_others_must_accept(self) -> None:
        """R43: in a circle one acceptance is not enough."""
        plan = booked(ADA, BEN, CLEO)
        agreement.propose(plan, "s", ADA, LATER, desk())
        agreement.accept(plan, "s", BEN, desk())
        agreement.accept(plan, "s", BEN, desk())
        assert plan.session("s").state is State.PROPOSED
        assert agreement.accept(plan, "s", CLEO, desk()).state is State.RESCHEDULED

    def test_newer_proposal_replaces_the_older(self) -> None:
        """R7: a counter-proposal is an answer."""
        plan = booked()
        agreement.propose(plan, "s", ADA, LATER, desk())
        agreement.propose(plan, "s", BEN, LATER + DAY, desk())
        assert agreement.accept(plan, "s", ADA, desk()).starts_at == LATER + DAY

    def test_same_proposal_twice_is_told_once(self) -> None:
        """C: a repeat changes nothing."""
        plan = booked()
        for _ in range(2):
            agreement.propose(plan, "s", ADA, LATER, desk())
        assert told(plan) == [events.SessionProposed]

    def test_time_outside_working_hours_may_be_proposed(self) -> None:
        """R7: members may agree on what a planner may not decide for them."""
        plan = booked()
        agreement.propose(plan, "s", ADA, at("2027-03-13 20:00"), desk())
        assert agreement.accept(plan, "s", BEN, desk()).starts_at == at("2027-03-13 20:00")

    def test_session_may_move_by_less_than_its_length(self) -> None:
        """R7: its own quarter hours are no obstacle to it."""
        own = slots.quarters_of(START, START + HOUR)
        plan = booked()
        agreement.propose(plan, "s", ADA, START + HOUR / 2, desk(common(taken=(own,))))
        assert agreement.accept(plan, "s", BEN, desk(common(taken=(own,)))).starts_at == START + HOUR / 2

    @pytest.mark.parametrize(
        ("starts_at", "now", "refusal"),
        [
            (at("2027-03-11 15:07"), MONDAY, refusals.NotOnTheQuarterHour),
            (at("2027-03-01 12:00"), MONDAY, refusals.TooSoon),
            (at("2029-03-01 12:00"), MONDAY, refusals.TooFarAhead),
            (LATER, START - HOUR, refusals.NoticePeriodOver),
            (LATER, START, refusals.SessionAlreadyBegan),
        ],
    )
    def test_what_cannot_be_proposed(self, starts_at: datetime, now: datetime, refusal: type[Exception]) -> None:
        """R31: each rule has its name."""
        with pytest.raises(refusal):
            agreement.propose(booked(), "s", ADA, starts_at, desk(now=now))

    def test_taken_time_is_refused_at_once_and_at_the_acceptance(self) -> None:
        """C: nobody is booked twice; the session keeps its time."""
        taken = desk(common(taken=(slots.quarters_of(LATER, LATER + HOUR),)))
        plan = booked()
        with pytest.raises(refusals.TimeNotFree):
            agreement.propose(plan, "s", ADA, LATER, taken)
        agreement.propose(plan, "s", ADA, LATER, desk())
        with pytest.raises(refusals.TimeNotFree):
            agreement.accept(plan, "s", BEN, taken)
        assert plan.session("s").starts_at == START

    def test_what_cannot_be_accepted(self) -> None:
        """R7: nothing, one's own, or what has passed."""
        plan = booked()
        with pytest.raises(refusals.NothingProposed):
            agreement.accept(plan, "s", BEN, desk())
        agreement.propose(plan, "s", ADA, at("2027-03-05 09:00"), desk())
        with pytest.raises(refusals.OwnProposal):
            agreement.accept(plan, "s", ADA, desk())
        with pytest.raises(refusals.TooSoon):
            agreement.accept(plan, "s", BEN, desk(now=at("2027-03-05 09:00")))


class TestCancelling:
    """R31: in time, or unable to attend."""

    def test_in_time(self) -> None:
        """R31: calendars hear of it: same UID, higher sequence."""
        plan = booked()
        session = agreement.cancel(plan, "s", CancelReason.CANCELLED_BY_MEMBER, START - DAY)
        assert (session.state, session.calendar_sequence) == (State.CANCELLED, 1)
        assert told(plan) == [events.SessionCancelled]

    def test_notice_period_protects_the_others(self) -> None:
        """R31: too late is refused; who is unable to attend may say so until the start."""
        plan = booked()
        with pytest.raises(refusals.NoticePeriodOver):
            agreement.cancel(plan, "s", CancelReason.CANCELLED_BY_MEMBER, START - HOUR)
        assert agreement.cancel(plan, "s", CancelReason.UNABLE_TO_ATTEND, START - HOUR).state is State.CANCELLED

    def test_not_after_the_start(self) -> None:
        """R31: then it is missed or held."""
        with pytest.raises(refusals.SessionAlreadyBegan):
            agreement.cancel(booked(), "s", CancelReason.UNABLE_TO_ATTEND, START)

    def test_what_is_over_stays(self) -> None:
        """R31: a cancelled session is neither cancelled again nor moved."""
        plan = booked()
        agreement.cancel(plan, "s", CancelReason.CANCELLED_BY_MEMBER, MONDAY)
        with pytest.raises(refusals.SessionIsOver):
            agreement.cancel(plan, "s", CancelReason.CANCELLED_BY_MEMBER, MONDAY)
        with pytest.raises(refusals.SessionIsOver):
            agreement.propose(plan, "s", ADA, LATER, desk())

    def test_session_that_waits_for_a_time_disappears_quietly(self) -> None:
        """R7: calendars never knew it."""
        plan = schedule()
        plan.leave_unbooked("s", Kind.FIRST, nominal_at=None, problem=Problem.NO_COMMON_TIME)
        plan.take_recorded()
        assert agreement.cancel(plan, "s", CancelReason.CANCELLED_BY_MEMBER, MONDAY).state is State.CANCELLED
        assert told(plan) == []

    def test_unknown_session(self) -> None:
        """R7: there is no such session in this pairing."""
        with pytest.raises(NotFound):
            agreement.cancel(booked(), "x", CancelReason.CANCELLED_BY_MEMBER, MONDAY)


class TestSayingWhatHappened:
    """N19: held or missed, said by a member, never guessed."""

    @pytest.mark.parametrize(("outcome", "fact"), [(State.HELD, events.SessionHeld), (State.MISSED, events.SessionMissed)])
    def test_from_the_start_on(self, outcome: State, fact: type[object]) -> None:
        """N19: not a moment before."""
        plan = booked()
        with pytest.raises(refusals.SessionNotBegunYet):
            plan.mark("s", outcome, START - DAY / 86_400_000)
        assert plan.mark("s", outcome, START).state is outcome
        assert told(plan) == [fact]

    def test_same_word_twice_is_one_fact_and_another_word_is_refused(self) -> None:
        """C: stored once; the first word counts."""
        plan = booked()
        plan.mark("s", State.HELD, START)
        plan.mark("s", State.HELD, START + DAY)
        with pytest.raises(refusals.SessionIsOver):
            plan.mark("s", State.MISSED, START + DAY)
        assert told(plan) == [events.SessionHeld]

    def test_pending_proposal_does_not_hinder(self) -> None:
        """N19: they met after all."""
        plan = booked()
        agreement.propose(plan, "s", ADA, LATER, desk())
        assert plan.mark("s", State.HELD, START).proposal is None

    def test_closed_pairing_may_still_say_it(self) -> None:
        """N19: the last session counts, too."""
        plan = booked()
        plan.close(CancelReason.PAIRING_CLOSED, START)
        assert plan.mark("s", State.HELD, START + HOUR).state is State.HELD

    def test_session_without_a_time(self) -> None:
        """N19: what never had a time cannot be held."""
        plan = schedule()
        plan.leave_unbooked("s", Kind.FIRST, nominal_at=None, problem=Problem.NO_COMMON_TIME)
        with pytest.raises(refusals.SessionNotBookedYet):
            plan.mark("s", State.HELD, MONDAY)


class TestBookingAnother:
    """R35, R36: beside the series."""

    def test_earliest_slot(self) -> None:
        """R36: a role play after the notice period."""
        assert agreement.book_another(schedule(), Kind.ROLE_PLAY, None, desk()).starts_at == at("2027-03-02 09:00")

    def test_urgent_needs_no_notice(self) -> None:
        """R35: ad hoc means now."""
        session = agreement.book_another(schedule(), Kind.AD_HOC, None, desk(now=at("2027-03-01 10:01")))
        assert session.starts_at == at("2027-03-01 10:15")

    def test_chosen_time(self) -> None:
        """R7: what members chose is never moved by the planner."""
        session = agreement.book_another(schedule(), Kind.AD_HOC, START, desk())
        assert (session.starts_at, session.placed_by) == (START, PlacedBy.MEMBERS)

    @pytest.mark.parametrize(
        ("starts_at", "refusal"),
        [
            (at("2027-03-10 09:10"), refusals.NotOnTheQuarterHour),
            (at("2027-03-10 20:00"), refusals.OutsideWorkingHours),
            (at("2027-03-01 10:00"), refusals.TooSoon),
            (at("2027-03-10 12:00"), refusals.TimeNotFree),
        ],
    )
    def test_what_cannot_be_booked(self, starts_at: datetime, refusal: type[Exception]) -> None:
        """N16: not outside hours, not over another session, not within the notice period."""
        taken = slots.quarters_of(at("2027-03-10 12:30"), at("2027-03-10 13:00"))
        with pytest.raises(refusal):
            agreement.book_another(schedule(), Kind.REGULAR, starts_at, desk(common(taken=(taken,))))

    def test_no_common_time(self) -> None:
        """C: a clear no."""
        with pytest.raises(refusals.NoCommonTime):
            agreement.book_another(schedule(), Kind.AD_HOC, None, desk(common(works("UTC", 9, 12), works("UTC", 12, 15))))

    @pytest.mark.parametrize("status", [Status.PAUSED, Status.CLOSED])
    def test_only_for_active_pairings(self, status: Status) -> None:
        """N8: no session without a charter in force."""
        plan = schedule()
        plan.status = status
        with pytest.raises(refusals.PairingNotActive):
            agreement.book_another(plan, Kind.AD_HOC, None, desk())

    def test_limit(self) -> None:
        """Architecture section 10: every list has a limit."""
        plan = schedule()
        at_desk = desk()
        for _ in range(agreement.OPEN_SESSIONS_MAX):
            at_desk.common.take(agreement.book_another(plan, Kind.AD_HOC, None, at_desk).quarters)
        with pytest.raises(refusals.TooManyOpenSessions):
            agreement.book_another(plan, Kind.AD_HOC, None, at_desk)


class TestLongLife:
    """R53: a pairing may last for years."""

    def test_old_sessions_are_dropped_open_ones_never(self) -> None:
        """N1: they live on in the event stream; the document stays small."""
        plan = booked()
        for number in range(KEPT_PAST_SESSIONS + 50):
            start = at("2020-01-01 09:00") + number * DAY
            plan.book(f"old{number}", Kind.REGULAR, start, nominal_at=start, placed_by=PlacedBy.PLANNER)
            plan.mark(f"old{number}", State.HELD, start + DAY)
        assert len(plan.sessions) == KEPT_PAST_SESSIONS + 1
        assert plan.session("s").state is State.BOOKED

    def test_cadence_out_of_range_is_brought_into_it(self) -> None:
        """R31: a charter signed elsewhere must not get a pairing stuck."""
        odd = cadence(zone="Mars/Olympus", length=40 * DAY, notice=400 * DAY)
        assert (odd.timezone, odd.length, odd.notice_period) == ("UTC", 8 * HOUR, 14 * DAY)
