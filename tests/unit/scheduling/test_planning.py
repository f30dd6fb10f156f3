"""The planner: first session, series, giving way; told when there is no time, never silent."""

from datetime import datetime

from services.scheduling.domain import events, planning, slots
from services.scheduling.domain.common_time import CommonTime
from services.scheduling.domain.schedule import Schedule, Status
from services.scheduling.domain.session import CancelReason, Kind, PlacedBy, Problem, State
from tests.unit.scheduling.builders import DAY, MONDAY, Ids, at, cadence, common, desk, schedule, works

WEEK = 7 * DAY


def facts(of: Schedule) -> list[type[object]]:
    """Return the types of the facts recorded since the last look."""
    return [type(event) for _, event in of.take_recorded()]


def never() -> CommonTime:
    """Return the common time of two who never work at the same time."""
    return common(works("UTC", 9, 12), works("UTC", 13, 17))


def first_booked(members: CommonTime | None = None, now: datetime = MONDAY) -> Schedule:
    """Return a schedule with its first session."""
    plan = schedule()
    planning.book_first(plan, desk(members or common(), now, Ids()))
    return plan


class TestFirstSession:
    """N8: after activation the first session is booked, once."""

    def test_earliest_slot_after_the_notice_period(self) -> None:
        """R30, R31: a day of notice makes it Tuesday morning."""
        plan = first_booked()
        (session,) = plan.sessions
        assert (session.kind, session.state, session.starts_at) == (Kind.FIRST, State.BOOKED, at("2027-03-02 09:00"))
        assert session.ends_at == at("2027-03-02 10:00")
        assert (session.calendar_uid, session.calendar_sequence) == ("s1@tandem", 0)
        assert plan.anchor_at == session.starts_at

    def test_second_look_books_nothing_more(self) -> None:
        """N2: planning may run again at any time."""
        plan = first_booked()
        planning.book_first(plan, desk(common(), MONDAY + WEEK, Ids()))
        assert len(plan.sessions) == 1

    def test_no_common_time_is_told_once(self) -> None:
        """C: never silence: the session exists without a time, with its reason, and one fact says so."""
        plan = first_booked(never())
        planning.book_first(plan, desk(never(), MONDAY + WEEK, Ids()))
        (session,) = plan.sessions
        assert (session.state, session.reason) == (State.UNBOOKED, Problem.NO_COMMON_TIME)
        assert facts(plan) == [events.SessionNotBooked]
        assert plan.anchor_at is None

    def test_waiting_session_is_booked_when_hours_change(self) -> None:
        """N16: the same session gets its time; nobody waits for ever."""
        plan = first_booked(never())
        planning.book_first(plan, desk(common(), MONDAY, Ids()))
        (session,) = plan.sessions
        assert (session.id, session.state, session.reason) == ("s1", State.BOOKED, None)
        assert facts(plan) == [events.SessionNotBooked, events.SessionBooked]

    def test_first_session_that_a_member_cancelled_is_not_forced_on_them(self) -> None:
        """R7: the planner does not undo what members decided."""
        plan = first_booked()
        plan.cancel(plan.sessions[0], CancelReason.CANCELLED_BY_MEMBER)
        planning.book_first(plan, desk(common(), MONDAY, Ids()))
        assert [session.state for session in plan.sessions] == [State.CANCELLED]


class TestSeries:
    """R30: the next occurrences of the cadence have a session each."""

    def weekly(self, count: int = 5) -> list[datetime]:
        """Return Tuesdays at nine after the first session."""
        return [at("2027-03-09 09:00") + n * WEEK for n in range(count)]

    def test_books_so_many_ahead(self) -> None:
        """R30: a rolling horizon of four."""
        plan = first_booked()
        planning.extend_series(plan, self.weekly(), desk())
        booked = [session.starts_at for session in plan.sessions if session.kind is Kind.REGULAR]
        assert booked == self.weekly(4)

    def test_last_occurrence_of_a_series_that_ends_is_booked(self) -> None:
        """R30: COUNT and UNTIL leave fewer than the horizon; none of them is lost."""
        plan = first_booked()
        planning.extend_series(plan, self.weekly(2), desk())
        assert len([session for session in plan.sessions if session.kind is Kind.REGULAR]) == 2

    def test_occurrence_gives_way_to_what_is_taken(self) -> None:
        """C: somebody has a session then, so it is the next free slot; its place in the series is kept."""
        plan = first_booked()
        taken = slots.quarters_of(at("2027-03-09 09:00"), at("2027-03-09 11:30"))
        planning.extend_series(plan, self.weekly(2), desk(CommonTime([works(), works()], taken)))
        moved = plan.sessions[1]
        assert (moved.nominal_at, moved.starts_at) == (at("2027-03-09 09:00"), at("2027-03-09 11:30"))

    def test_occurrences_do_not_collide_with_each_other(self) -> None:
        """C: a daily series of which one occurrence gave way does not book one person twice."""
        plan = first_booked()
        taken = slots.quarters_of(at("2027-03-09 09:00"), at("2027-03-09 16:45"))
        days = [at("2027-03-09 09:00") + n * DAY for n in range(3)]
        planning.extend_series(plan, days, desk(CommonTime([works(), works()], taken)))
        assert [session.starts_at for session in plan.sessions[1:]] == [None, *days[1:]]

    def test_occurrence_within_the_notice_period_is_booked_after_it(self) -> None:
        """R31: after a long rest the next occurrence may be too near; its session comes a little later."""
        plan = first_booked()
        planning.extend_series(plan, self.weekly(1), desk(now=at("2027-03-08 15:00")))
        assert plan.sessions[1].starts_at == at("2027-03-09 15:00")

    def test_occurrence_without_a_slot_is_named(self) -> None:
        """C: an occurrence that cannot be booked is told, the others are booked."""
        plan = first_booked()
        plan.take_recorded()
        taken = slots.quarters_of(at("2027-03-09 00:00"), at("2027-03-16 00:00"))
        planning.extend_series(plan, self.weekly(3), desk(CommonTime([works(), works()], taken)))
        assert facts(plan) == [events.SessionNotBooked, events.SessionBooked, events.SessionBooked]

    def test_second_look_changes_nothing(self) -> None:
        """N2: planning may run again at any time."""
        plan = first_booked()
        for _ in range(2):
            planning.extend_series(plan, self.weekly(), desk())
        assert len(plan.sessions) == 5

    def test_occurrence_that_members_cancelled_stays_cancelled(self) -> None:
        """R7: one session less, the series goes on."""
        plan = first_booked()
        planning.extend_series(plan, self.weekly(2), desk())
        plan.cancel(plan.sessions[1], CancelReason.CANCELLED_BY_MEMBER)
        planning.extend_series(plan, self.weekly(2), desk())
        assert [session.state for session in plan.sessions[1:]] == [State.CANCELLED, State.BOOKED]

    def test_rule_that_cannot_be_followed_is_told_once(self) -> None:
        """C: never silence: the first session stands, the series has a named problem."""
        plan = first_booked()
        plan.take_recorded()
        at_desk = desk()
        for _ in range(2):
            planning.name_problem(plan, Problem.CADENCE_NOT_UNDERSTOOD, at_desk)
        assert facts(plan) == [events.SessionNotBooked]
        assert plan.series_problem is Problem.CADENCE_NOT_UNDERSTOOD


class TestGivingWay:
    """N16: when somebody's hours change, the future changes, the past stays."""

    def planned(self) -> Schedule:
        """Return a schedule with first session and one regular one."""
        plan = first_booked()
        planning.extend_series(plan, [at("2027-03-09 09:00")], desk())
        plan.take_recorded()
        return plan

    def test_session_outside_the_new_hours_moves(self) -> None:
        """N16: Ben now begins at 11; same UID, higher sequence."""
        plan = self.planned()
        planning.give_way(plan, desk(common(works(), works("UTC", 11, 19)), MONDAY))
        assert [session.starts_at for session in plan.sessions] == [at("2027-03-02 11:00"), at("2027-03-09 11:00")]
        assert all(session.calendar_sequence == 1 and session.state is State.RESCHEDULED for session in plan.sessions)

    def test_what_is_near_stays(self) -> None:
        """R31: inside the notice period nobody's plans are overturned."""
        plan = self.planned()
        planning.give_way(plan, desk(common(works(), works("UTC", 11, 19)), at("2027-03-01 12:00")))
        assert plan.sessions[0].starts_at == at("2027-03-02 09:00")

    def test_what_members_chose_stays(self) -> None:
        """R7: the planner moves only what it placed itself."""
        plan = self.planned()
        plan.move(plan.sessions[1], at("2027-03-09 18:00"), PlacedBy.MEMBERS)
        planning.give_way(plan, desk())
        assert plan.sessions[1].starts_at == at("2027-03-09 18:00")

    def test_what_members_are_choosing_stays(self) -> None:
        """R7: a pending proposal is not overtaken by the planner."""
        plan = self.planned()
        plan.propose(plan.sessions[1], "ada", at("2027-03-10 09:00"))
        planning.give_way(plan, desk(common(works(), works("UTC", 11, 19)), MONDAY))
        assert plan.sessions[1].starts_at == at("2027-03-09 09:00")

    def test_without_any_common_time_it_is_cancelled_and_named(self) -> None:
        """C: never silence: the calendar entry goes, and the occurrence waits, told."""
        plan = self.planned()
        planning.give_way(plan, desk(never(), MONDAY))
        planning.book_first(plan, desk(never(), MONDAY, Ids("f")))
        planning.extend_series(plan, [at("2027-03-09 09:00")], desk(never(), MONDAY, Ids("n")))
        assert facts(plan) == [events.SessionCancelled] * 2 + [events.SessionNotBooked] * 2
        assert [session.state for session in plan.sessions[2:]] == [State.UNBOOKED] * 2

    def test_two_that_move_at_once_do_not_meet(self) -> None:
        """C: first session and role play both give way, to different hours."""
        plan = first_booked()
        plan.book("x", Kind.ROLE_PLAY, at("2027-03-02 10:00"), nominal_at=None, placed_by=PlacedBy.PLANNER)
        planning.give_way(plan, desk(common(works("UTC", 13, 17), works("UTC", 13, 17))))
        assert [session.starts_at for session in plan.sessions] == [at("2027-03-02 13:00"), at("2027-03-02 14:00")]

    def test_hours_that_still_fit_change_nothing(self) -> None:
        """N16: a mail that says nothing new is not sent."""
        plan = self.planned()
        planning.give_way(plan, desk(common(works(), works("UTC", 8, 18)), MONDAY))
        assert facts(plan) == []


class TestPauseAndResume:
    """Architecture section 6: a pause cancels what is to come, and the series goes on after it."""

    def test_resumed_series_is_booked_anew(self) -> None:
        """R31: new sessions, new UIDs; the cancelled ones stay cancelled in every calendar."""
        plan = first_booked()
        ids = Ids("r")
        occurrences = [at("2027-03-09 09:00") + n * WEEK for n in range(5)]
        planning.extend_series(plan, occurrences, desk(common(), MONDAY, ids))
        plan.pause(at("2027-03-08 00:00"), MONDAY)
        plan.resume()
        planning.book_first(plan, desk(common(), MONDAY, ids))
        planning.extend_series(plan, occurrences, desk(common(), MONDAY, ids))
        assert [session.state for session in plan.sessions] == [State.CANCELLED] * 5 + [State.BOOKED] * 5
        assert len({session.calendar_uid for session in plan.sessions}) == 10

    def test_closed_stays_closed(self) -> None:
        """Architecture section 6: neither a pause nor a resumption opens a closed pairing again."""
        plan = first_booked()
        plan.close(CancelReason.PAIRING_CLOSED, MONDAY)
        plan.pause(at("2027-03-08 00:00"), MONDAY)
        plan.resume()
        assert plan.status is Status.CLOSED

    def test_new_cadence_replaces_the_series_and_leaves_the_first(self) -> None:
        """R31: a revised charter plans the series anew."""
        plan = first_booked()
        planning.extend_series(plan, [at("2027-03-09 09:00")], desk())
        plan.adopt(cadence("FREQ=WEEKLY;INTERVAL=2"), MONDAY)
        assert [session.state for session in plan.sessions] == [State.BOOKED, State.CANCELLED]
        assert plan.sessions[1].reason == CancelReason.CADENCE_CHANGED

    def test_new_place_is_told_to_the_calendars(self) -> None:
        """R31: same time, same UID, higher sequence."""
        plan = first_booked()
        plan.take_recorded()
        plan.adopt(cadence(place="in_person"), MONDAY)
        assert facts(plan) == [events.SessionRescheduled]
        assert plan.sessions[0].calendar_sequence == 1

    def test_new_notice_period_alone_tells_nobody(self) -> None:
        """R31: it changes what may be done, not when they meet."""
        plan = first_booked()
        plan.take_recorded()
        plan.adopt(cadence(notice=2 * DAY), MONDAY)
        assert facts(plan) == []


def test_search_has_an_end() -> None:
    """R30: the planner looks four weeks ahead and no further."""
    plan = schedule()
    busy = slots.quarters_of(MONDAY, MONDAY + 29 * DAY)
    planning.book_first(plan, desk(CommonTime([works()], busy)))
    assert plan.sessions[0].state is State.UNBOOKED
    planning.book_first(plan, desk(CommonTime([works()], busy), MONDAY + DAY, Ids("r")))
    assert plan.sessions[0].starts_at == at("2027-03-30 09:00")
