"""What happens in matching, said in the past tense. Ids, codes, times and numbers only (N9)."""

from dataclasses import dataclass
from datetime import datetime

from services.matching.domain.cadence import Cadence
from shared.kernel.aggregate import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammePublished(DomainEvent):
    """A version of a programme's rules came into force."""

    programme_id: str
    kind: str
    rules_version: int
    minimum_group_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeRetired(DomainEvent):
    """A programme takes no more rounds or pairings."""

    programme_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRound(DomainEvent):
    """What every fact of a round names."""

    round_id: str
    programme_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundOpened(OfRound):
    """A round began."""

    rules_version: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFrozen(OfRound):
    """Who takes part was frozen."""

    size: int
    snapshot_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSolved(OfRound):
    """The optimiser answered."""

    size: int
    pairs: int
    trios: int
    unmatched: int
    weight: int
    bound: int | None
    engine: str
    result_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberUnmatched(OfRound):
    """A member got nobody, for exactly one named reason (N4)."""

    member_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPublished(OfRound):
    """The round's proposals are out."""

    proposals: int
    unmatched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCancelled(OfRound):
    """The round was given up before publication."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPairing(DomainEvent):
    """What every fact of a pairing names."""

    pairing_id: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunPairing(OfPairing):
    """What readers rely on when a pairing begins."""

    programme_id: str
    origin: str
    round_id: str | None
    mentee_id: str | None = None
    """R43: who is helped in a programme of kind `mentor`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingProposed(BegunPairing):
    """A pairing waits for its members' answers."""

    expires_at: datetime
    initiator_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingAccepted(OfPairing):
    """One member said yes."""

    member_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingDeclined(OfPairing):
    """One member said no; the proposal is over."""

    member_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingExpired(OfPairing):
    """Not everybody answered in time."""

    unanswered: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingFormed(BegunPairing):
    """Everybody said yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterSigned(OfPairing):
    """One member signed the present content."""

    member_id: str
    charter_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingActivated(BegunPairing):
    """All members signed (N8)."""

    cadence: Cadence
    agenda_template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterRevised(OfPairing):
    """All members signed a revision; it is in force now."""

    cadence: Cadence
    agenda_template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingPaused(OfPairing):
    """An active pairing rests until an instant."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingResumed(OfPairing):
    """A rest ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStarted(OfPairing):
    """The members are asked whether to go on (N3)."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingKept(OfPairing):
    """A review ended and the pairing goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingClosed(OfPairing):
    """A pairing or proposal ended for a named reason."""

    reason: str
