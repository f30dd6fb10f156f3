"""The pairing: from a proposal to its close (architecture section 6, R10, R14, N8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.matching.domain import events, refusals
from services.matching.domain.charter import Charter, Chartering, check_charter
from services.matching.domain.life import BY_MEMBERS, LIVE, CloseReason, Origin, Phase, Review, State
from shared.kernel.aggregate import Aggregate

PAUSE_MAX = timedelta(days=366)


@dataclass(kw_only=True)
class Pairing(Aggregate):
    """Two or more members with equal rights (R1, R7). Its methods are named as the business says it."""

    programme_id: str
    members: tuple[str, ...]
    origin: Origin
    initiator_id: str | None
    intent: str | None = None
    note: str = ""
    """R17: the initiator's words to the partner; private to the pairing (N9)."""
    round_id: str | None = None
    mentee_id: str | None = None
    """R43, kind `mentor`: who is helped; None where everybody gives and takes."""
    state: State = State.PROPOSED
    proposed_at: datetime
    expires_at: datetime
    accepted_by: tuple[str, ...] = ()
    formed_at: datetime | None = None
    activated_at: datetime | None = None
    chartering: Chartering = field(default_factory=lambda: Chartering(salt=""))
    paused_until: datetime | None = None
    review: Review | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None

    @classmethod
    def propose(
        cls,
        *,
        id: str,  # noqa: A002 - the aggregate's own word
        programme_id: str,
        members: tuple[str, ...],
        origin: Origin,
        at: datetime,
        lifetime: timedelta,
        salt: str,
        initiator_id: str | None = None,
        intent: str | None = None,
        note: str = "",
        round_id: str | None = None,
        mentee_id: str | None = None,
    ) -> "Pairing":
        """Begin a pairing; everybody confirms, natural pairings included. Who begins has said yes (R10)."""
        members = tuple(sorted(members))
        _demand_distinct(members)
        if (initiator_id is None) != (origin is Origin.ASSIGNED) or (initiator_id is not None and initiator_id not in members):
            raise refusals.InitiatorNotAMember(origin=origin.value)
        pairing = cls(
            id=id,
            programme_id=programme_id,
            members=members,
            origin=origin,
            initiator_id=initiator_id,
            intent=intent,
            note=note,
            round_id=round_id,
            mentee_id=mentee_id,
            proposed_at=at,
            expires_at=at + lifetime,
            chartering=Chartering(salt=salt),
        )
        pairing.record(events.PairingProposed(**pairing._begun, expires_at=pairing.expires_at, initiator_id=initiator_id))
        if initiator_id is not None:
            pairing.accept(initiator_id, at)
        return pairing

    @property
    def is_live(self) -> bool:
        """Return whether it still binds its members' seats."""
        return self.state in LIVE

    @property
    def phase(self) -> Phase | None:
        """R14: return the phase, None once it ended."""
        return {State.PROPOSED: Phase.FIND, State.FORMED: Phase.BALANCE, State.ACTIVE: Phase.SUPPORT}.get(self.state)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Return who has not said yes yet."""
        return tuple(member for member in self.members if member not in self.accepted_by)

    def partners_of(self, member_id: str) -> tuple[str, ...]:
        """Return the other members."""
        return tuple(member for member in self.members if member != member_id)

    def accept(self, member_id: str, at: datetime) -> None:
        """One member says yes; the last yes forms the pairing."""
        self._demand_open_proposal(member_id, at)
        self.accepted_by = (*self.accepted_by, member_id)
        self.record(events.PairingAccepted(**self._named, member_id=member_id))
        if not self.unanswered:
            self.state, self.formed_at = State.FORMED, at
            self.record(events.PairingFormed(**self._begun))

    def decline(self, member_id: str, at: datetime, reason: str | None) -> None:
        """One member says no; the proposal is over. A later no is a close."""
        self._demand_open_proposal(member_id, at)
        self._end(State.DECLINED, at, reason)
        self.record(events.PairingDeclined(**self._named, member_id=member_id))

    def expire(self, at: datetime) -> bool:
        """End a proposal whose time has passed; anything else stays as it is (the timer may come late or twice)."""
        if self.state is not State.PROPOSED or at < self.expires_at:
            return False
        unanswered = self.unanswered
        self._end(State.EXPIRED, at, None)
        self.record(events.PairingExpired(**self._named, unanswered=unanswered))
        return True

    def write_charter(self, member_id: str, charter: Charter) -> None:
        """R7, N8: any member edits; every edit voids earlier signatures. On an active pairing it is a revision."""
        self._demand_formed(member_id)
        check_charter(charter, self.members)
        self.chartering = self.chartering.edited(charter)

    def sign_charter(self, member_id: str, digest: str, at: datetime) -> None:
        """N8: the last signature activates; on an active pairing it puts the revision in force."""
        self._demand_formed(member_id)
        self.chartering = self.chartering.signed(member_id, digest, at, self.members)
        self.record(events.CharterSigned(**self._named, member_id=member_id, charter_digest=digest))
        charter = self.chartering.in_force
        if self.chartering.draft is not None or charter is None or charter.cadence is None:
            return
        agreed: dict[str, Any] = {"cadence": charter.cadence, "agenda_template": charter.agenda_template.value}
        if self.state is State.ACTIVE:
            self.record(events.CharterRevised(**self._named, **agreed))
        else:
            self.state, self.activated_at = State.ACTIVE, at
            self.record(events.PairingActivated(**self._begun, **agreed))

    def pause(self, member_id: str, until: datetime, at: datetime) -> None:
        """R7: any member lets the pairing rest until an instant; the end comes by itself."""
        self._demand_active(member_id)
        if self.paused_until is not None:
            raise refusals.PairingAlreadyPaused
        if until <= at:
            raise refusals.PauseNotInFuture
        if until > at + PAUSE_MAX:
            raise refusals.PauseTooLong(days_max=PAUSE_MAX.days)
        self.paused_until = until
        self.record(events.PairingPaused(**self._named, until=until))

    def resume(self, member_id: str) -> None:
        """R7: any member ends the rest early."""
        self._demand_active(member_id)
        if self.paused_until is None:
            raise refusals.PairingNotPaused
        self._resume()

    def end_pause(self, at: datetime) -> bool:
        """End a rest whose date has come; anything else stays as it is."""
        if not self.is_live or self.paused_until is None or at < self.paused_until:
            return False
        self._resume()
        return True

    def start_review(self, reason: str, until: datetime) -> bool:
        """N3: ask all members whether to go on; a running review is not started twice."""
        if self.state is not State.ACTIVE or self.review is not None:
            return False
        self.review = Review(reason=reason, until=until)
        self.record(events.ReviewStarted(**self._named, reason=reason, until=until))
        return True

    def keep(self, member_id: str) -> None:
        """N3: one member wants to go on; when all do, the review ends at once."""
        self._demand_active(member_id)
        if self.review is None:
            raise refusals.NoReviewRunning
        if member_id in self.review.kept_by:
            raise refusals.ReviewAlreadyAnswered
        self.review = replace(self.review, kept_by=(*self.review.kept_by, member_id))
        if len(self.review.kept_by) == len(self.members):
            self._kept()

    def end_review(self, at: datetime) -> bool:
        """N3: silence keeps the pairing; anything else than a review whose time has passed stays as it is."""
        if self.state is not State.ACTIVE or self.review is None or at < self.review.until:
            return False
        self._kept()
        return True

    def close(self, member_id: str, reason: str, at: datetime) -> None:
        """R7: any member ends the pairing politely; on a proposal only who began, and it counts as withdrawn."""
        self._demand_member(member_id)
        if reason not in BY_MEMBERS:
            raise refusals.UnknownReason(allowed=list(BY_MEMBERS))
        if self.state is State.PROPOSED:
            if member_id != self.initiator_id:
                raise refusals.OnlyInitiatorWithdraws
            reason = CloseReason.WITHDRAWN
        elif not self.is_live:
            raise refusals.PairingIsClosed
        self.close_for(CloseReason(reason), at)

    def close_for(self, reason: CloseReason, at: datetime) -> bool:
        """Close for a cause outside the pairing (leaver, reporting line); an ended one stays as it is."""
        if not self.is_live:
            return False
        self._end(State.CLOSED, at, reason.value)
        self.record(events.PairingClosed(**self._named, reason=reason.value))
        return True

    def forget(self, member_id: str) -> None:
        """N18: delete the words that an erased member wrote."""
        if self.initiator_id == member_id:
            self.note = ""
        drafts = {
            name: charter.without_words_of(member_id)
            for name, charter in (("draft", self.chartering.draft), ("in_force", self.chartering.in_force))
            if charter is not None
        }
        self.chartering = replace(self.chartering, draft=drafts.get("draft"), in_force=drafts.get("in_force"))

    @property
    def _named(self) -> Mapping[str, Any]:
        return {"pairing_id": self.id, "members": self.members}

    @property
    def _begun(self) -> Mapping[str, Any]:
        begun = {"programme_id": self.programme_id, "origin": self.origin.value, "round_id": self.round_id}
        return {**self._named, **begun, "mentee_id": self.mentee_id}

    def _resume(self) -> None:
        self.paused_until = None
        self.record(events.PairingResumed(**self._named))

    def _kept(self) -> None:
        self.review = None
        self.record(events.PairingKept(**self._named))

    def _end(self, state: State, at: datetime, reason: str | None) -> None:
        self.state, self.ended_at, self.end_reason = state, at, reason
        self.paused_until, self.review = None, None

    def _demand_member(self, member_id: str) -> None:
        if member_id not in self.members:
            raise refusals.NotAMember

    def _demand_open_proposal(self, member_id: str, at: datetime) -> None:
        self._demand_member(member_id)
        if self.state is State.EXPIRED or (self.state is State.PROPOSED and at >= self.expires_at):
            raise refusals.ProposalExpired
        if member_id in self.accepted_by:
            raise refusals.PairingAlreadyAnswered
        if self.state is not State.PROPOSED:
            raise refusals.ProposalOver(state=self.state.value)

    def _demand_formed(self, member_id: str) -> None:
        self._demand_member(member_id)
        if self.state is State.PROPOSED:
            raise refusals.PairingNotFormed
        if not self.is_live:
            raise refusals.PairingIsClosed

    def _demand_active(self, member_id: str) -> None:
        self._demand_member(member_id)
        if not self.is_live:
            raise refusals.PairingIsClosed
        if self.state is not State.ACTIVE:
            raise refusals.PairingNotActive


def _demand_distinct(members: tuple[str, ...]) -> None:
    if len(members) < 2:  # noqa: PLR2004 - a pairing is at least two
        raise refusals.TooFewMembers(members=len(members))
    if len(dict.fromkeys(members)) < len(members):
        raise refusals.SameMemberTwice
