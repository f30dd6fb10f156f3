"""Every "no" of scheduling, each named after the rule it protects; codes are stable and public."""

from shared.kernel.errors import Invalid, Refusal


class SessionIsOver(Refusal):
    """A cancelled, held or missed session does not change any more."""

    code = "session-is-over"
    title = "This session is cancelled, held or missed; it cannot change any more."


class SessionNotBookedYet(Refusal):
    """A session without a time can only wait for one."""

    code = "session-not-booked-yet"
    title = "This session has no time yet."


class SessionAlreadyBegan(Refusal):
    """What has begun can be held or missed, not moved or cancelled."""

    code = "session-already-began"
    title = "This session has begun already."


class SessionNotBegunYet(Refusal):
    """Nobody can say before the start that a session was held or missed."""

    code = "session-not-begun-yet"
    title = "This session has not begun yet."


class NoticePeriodOver(Refusal):
    """R31: the charter's notice period protects the others' plans."""

    code = "notice-period-over"
    title = "It is too late for this under the pairing's notice period; say that you are unable to attend."


class NothingProposed(Refusal):
    """There is no other time to accept."""

    code = "nothing-proposed"
    title = "Nobody proposed another time for this session."


class OwnProposal(Refusal):
    """R7: a proposal needs the others' consent, not the proposer's."""

    code = "own-proposal"
    title = "You proposed this time yourself; the others have to accept it."


class TimeNotFree(Refusal):
    """C: nobody is booked twice at one time."""

    code = "time-not-free"
    title = "Somebody of the pairing has another session at that time."


class OutsideWorkingHours(Refusal):
    """N16: without the others' consent nobody books outside their working hours."""

    code = "outside-working-hours"
    title = "That time is outside somebody's working hours; propose it for a booked session instead."


class NoCommonTime(Refusal):
    """There is no free time in everybody's working hours within the search window."""

    code = "no-common-time"
    title = "No time within the next weeks suits all members."


class TooSoon(Refusal):
    """R31: a new time respects the notice period, too."""

    code = "too-soon"
    title = "That time is too soon under the pairing's notice period."


class TooFarAhead(Refusal):
    """Nobody plans years ahead; every list has a limit."""

    code = "too-far-ahead"
    title = "That time is too far ahead."


class TooManyOpenSessions(Refusal):
    """Every list has a limit."""

    code = "too-many-open-sessions"
    title = "This pairing has too many open sessions."


class PairingNotActive(Refusal):
    """N8: sessions are booked for active pairings only."""

    code = "pairing-not-active"
    title = "This pairing is paused or closed; no session can be booked."


class TooFewMembers(Invalid):
    """R43: a pairing has two members or more."""

    code = "too-few-members"
    title = "A pairing has at least two different members."


class NotOnTheQuarterHour(Invalid):
    """Time is booked in quarter hours."""

    code = "not-on-the-quarter-hour"
    title = "A session starts on a full quarter hour."
