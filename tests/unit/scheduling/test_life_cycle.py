"""Everything that can happen to the sessions of three people in three pairings, in any order: what must hold holds (property test)."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.scheduling.adapters.recurrence import DateutilRecurrence
from services.scheduling.domain import agreement, events, planning
from services.scheduling.domain.common_time import CommonTime
from services.scheduling.domain.desk import Desk, Horizon
from services.scheduling.domain.hours import Availability
from services.scheduling.domain.schedule import Schedule, Status
from services.scheduling.domain.session import OPEN, CancelReason, Kind, Session, State
from shared.kernel.aggregate import DomainEvent
from shared.kernel.errors import Refusal
from tests.unit.scheduling.builders import ADA, BEN, CLEO, DAY, HOUR, MONDAY, Ids, cadence, works

PAIRS = {"p1": (ADA, BEN), "p2": (ADA, CLEO), "p3": (ADA, BEN, CLEO)}
FINAL = {State.CANCELLED, State.HELD, State.MISSED}
pairings = st.sampled_from(sorted(PAIRS))
members = st.sampled_from([ADA, BEN, CLEO])
numbers = st.integers(0, 30)
hours_off = st.integers(0, 24 * 10)


class Sessions(RuleBasedStateMachine):
    """Three pairings that share members; each step is what a fact, a timer or a member may do."""

    def __init__(self) -> None:
        """Activate the three pairings on a Monday."""
        super().__init__()
        self.now = MONDAY
        self.ids = Ids()
        self.hours: dict[str, Availability] = {each: works() for each in (ADA, BEN, CLEO)}
        self.final: dict[str, State] = {}
        self.sequences: dict[str, int] = {}
        self.versions: Counter[str] = Counter()
        self.schedules = {
            name: Schedule.open(pairing_id=name, programme_id="peers", members=who, cadence=cadence("FREQ=DAILY;INTERVAL=3"))
            for name, who in PAIRS.items()
        }
        for name in PAIRS:
            self.plan(name)

    # --- what may happen ---------------------------------------------------------------------------------------

    @rule(name=pairings)
    def plan(self, name: str) -> None:
        """R30: a timer is due."""
        schedule = self.schedules[name]
        if schedule.is_active:
            desk = self.desk(schedule)
            planning.give_way(schedule, desk)
            planning.book_first(schedule, desk)
            if schedule.anchor_at is not None:
                after = max(self.now, schedule.anchor_at)
                found = DateutilRecurrence().following(schedule.cadence, schedule.anchor_at, after, desk.horizon.sessions_ahead + 1)
                planning.extend_series(schedule, found, desk)
        self.look(schedule)

    @rule(hours=st.integers(1, 100))
    def pass_time(self, hours: int) -> None:
        """Let the clock go on."""
        self.now += hours * HOUR

    @rule(member=members, begin=st.integers(6, 12), zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]), away=st.booleans())
    def change_hours(self, member: str, begin: int, zone: str, *, away: bool) -> None:
        """N16: a card changes."""
        self.hours[member] = works(zone, begin, begin + 8, away_until=self.now + 3 * DAY if away else None)

    @rule(name=pairings, number=numbers, who=numbers, ahead=hours_off)
    def propose(self, name: str, number: int, who: int, ahead: int) -> None:
        """R7: somebody proposes another time."""
        schedule = self.schedules[name]
        start = (self.now + ahead * HOUR).replace(minute=0)
        self.attempt(
            schedule, number, lambda each: agreement.propose(schedule, each.id, self.one_of(schedule, who), start, self.desk(schedule))
        )

    @rule(name=pairings, number=numbers, who=numbers)
    def accept(self, name: str, number: int, who: int) -> None:
        """R7: somebody accepts."""
        schedule = self.schedules[name]
        self.attempt(schedule, number, lambda each: agreement.accept(schedule, each.id, self.one_of(schedule, who), self.desk(schedule)))

    @rule(name=pairings, number=numbers, reason=st.sampled_from([CancelReason.CANCELLED_BY_MEMBER, CancelReason.UNABLE_TO_ATTEND]))
    def cancel(self, name: str, number: int, reason: CancelReason) -> None:
        """R31: somebody cancels."""
        schedule = self.schedules[name]
        self.attempt(schedule, number, lambda each: agreement.cancel(schedule, each.id, reason, self.now))

    @rule(name=pairings, number=numbers, outcome=st.sampled_from([State.HELD, State.MISSED]))
    def mark(self, name: str, number: int, outcome: State) -> None:
        """N19: somebody says what happened."""
        schedule = self.schedules[name]
        self.attempt(schedule, number, lambda each: schedule.mark(each.id, outcome, self.now))

    @rule(name=pairings, kind=st.sampled_from([Kind.AD_HOC, Kind.ROLE_PLAY]))
    def book_another(self, name: str, kind: Kind) -> None:
        """R35, R36: somebody books beside the series."""
        schedule = self.schedules[name]
        self.attempt(schedule, 0, lambda _: agreement.book_another(schedule, kind, None, self.desk(schedule)))

    @rule(name=pairings)
    def pause(self, name: str) -> None:
        """Architecture section 6: the pairing rests."""
        self.schedules[name].pause(self.now + 30 * DAY, self.now)
        self.look(self.schedules[name])

    @rule(name=pairings)
    def resume(self, name: str) -> None:
        """Architecture section 6: it goes on."""
        self.schedules[name].resume()
        self.plan(name)

    @precondition(lambda self: sum(each.status is Status.CLOSED for each in self.schedules.values()) < 2)
    @rule(name=pairings)
    def close(self, name: str) -> None:
        """Architecture section 6: it ends."""
        self.schedules[name].close(CancelReason.PAIRING_CLOSED, self.now)
        self.look(self.schedules[name])

    # --- what must hold ----------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_booked_twice(self) -> None:
        """C: at no quarter hour has a member two open sessions."""
        taken = Counter(
            (member, quarter)
            for schedule in self.schedules.values()
            for quarters in schedule.reservations().values()
            for quarter in quarters
            for member in schedule.members
        )
        assert max(taken.values(), default=0) <= 1

    @invariant()
    def only_active_pairings_have_a_future(self) -> None:
        """Architecture section 6: what is paused or closed has nothing to come."""
        for schedule in self.schedules.values():
            if schedule.status is not Status.ACTIVE:
                assert not schedule.upcoming(self.now)

    @invariant()
    def each_occurrence_has_one_session(self) -> None:
        """R30: no occurrence of the series is booked twice."""
        for schedule in self.schedules.values():
            occurrences = Counter(each.nominal_at for each in schedule.sessions if each.nominal_at and each.state in OPEN)
            assert max(occurrences.values(), default=0) <= 1

    @invariant()
    def sessions_have_what_their_state_needs(self) -> None:
        """R30: a time when open, a proposal when proposed, and never otherwise."""
        for session in (each for schedule in self.schedules.values() for each in schedule.sessions):
            assert (session.state is State.UNBOOKED) <= (session.starts_at is None)
            assert session.is_open <= (session.starts_at is not None)
            assert (session.proposal is not None) == (session.state is State.PROPOSED)
            assert session.calendar_uid == f"{session.id}@tandem"

    # --- inside ------------------------------------------------------------------------------------------------

    def desk(self, schedule: Schedule) -> Desk:
        """Return the planner's desk: the members' hours, and what all pairings took of them."""
        taken = [
            quarter
            for other in self.schedules.values()
            if any(member in other.members for member in schedule.members)
            for quarters in other.reservations().values()
            for quarter in quarters
        ]
        horizon = Horizon(search=timedelta(days=10), give_way=timedelta(days=2))
        return Desk(
            now=self.now, common=CommonTime([self.hours[each] for each in schedule.members], taken), horizon=horizon, new_id=self.ids
        )

    @staticmethod
    def one_of(schedule: Schedule, number: int) -> str:
        """Return a member of the pairing."""
        return schedule.members[number % len(schedule.members)]

    def attempt(self, schedule: Schedule, number: int, deed: Callable[[Session], object]) -> None:
        """Try something on one session; a refusal changes nothing."""
        if not schedule.sessions:
            return
        before, version = schedule.sessions, schedule.version
        try:
            deed(schedule.sessions[number % len(schedule.sessions)])
        except Refusal:
            assert (schedule.sessions, schedule.version) == (before, version)
        self.look(schedule)

    def look(self, schedule: Schedule) -> None:
        """Check the facts told since the last look: versions without a gap, sequences that rise, ends that are final."""
        for version, event in schedule.take_recorded():
            self.versions[schedule.id] += 1
            assert version == self.versions[schedule.id]
            self.check(event)
        for session in schedule.sessions:
            assert self.final.get(session.id, session.state) is session.state
            if session.state in FINAL:
                self.final[session.id] = session.state

    def check(self, event: DomainEvent) -> None:
        """Check one fact."""
        assert isinstance(event, events._OfSession)
        session = event.session
        if isinstance(event, events.SessionBooked):
            assert session.id not in self.sequences
            self.sequences[session.id] = session.calendar_sequence
            self.within_hours(session, event.members)
        if isinstance(event, events.SessionRescheduled | events.SessionCancelled):
            assert session.calendar_sequence == self.sequences[session.id] + 1
            self.sequences[session.id] = session.calendar_sequence
        if isinstance(event, events.SessionHeld | events.SessionMissed):
            assert self.began(session.starts_at)

    def within_hours(self, session: Session, who: tuple[str, ...]) -> None:
        """N16: what is booked lies in everybody's working hours of that moment, and in the future."""
        assert session.starts_at is not None
        assert session.starts_at >= self.now
        assert all(self.hours[member].covers(session.quarters) for member in who)

    def began(self, starts_at: datetime | None) -> bool:
        """Tell whether a session has begun."""
        return starts_at is not None and starts_at <= self.now


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
