"""What matching tells: programmes, rounds and the whole life of a pairing, in ids, codes, times and numbers."""

from datetime import timedelta
from typing import Literal

from shared.contracts import topics
from shared.contracts.base import Contract, Instant, Part

PAIRING = "9b0e6f0c-51a4-4a57-9a0e-7f4f2f6f1c01"
ROUND = "2d5f3a90-7c1b-4c7e-8a55-3a4f1e2d3c01"
ADA, BEN = "6f1c2a34-9d0e-4b52-8f7a-0d6f1f0a1b01", "6f1c2a34-9d0e-4b52-8f7a-0d6f1f0a1b03"
Origin = Literal["natural", "asked", "approached", "assigned"]
_BEGUN = {"pairing_id": PAIRING, "programme_id": "peers", "members": [ADA, BEN], "origin": "assigned", "round_id": ROUND}
_ALL = ("scheduling", "notification")


class ProgrammePublished(Contract):
    """A version of a programme's rules came into force."""

    TYPE = "tandem.matching.programme.published.v1"
    TOPIC = topics.MATCHING_PROGRAMME
    EXAMPLE = {"programme_id": "peers", "kind": "peer", "rules_version": 3, "minimum_group_size": 5}
    programme_id: str
    kind: Literal["peer", "mentor", "circle"]
    rules_version: int
    minimum_group_size: int


class ProgrammeRetired(Contract):
    """A programme takes no more rounds or pairings; those that exist go on."""

    TYPE = "tandem.matching.programme.retired.v1"
    TOPIC = topics.MATCHING_PROGRAMME
    EXAMPLE = {"programme_id": "peers"}
    programme_id: str


class _OfRound(Contract):
    TOPIC = topics.MATCHING_ROUND
    round_id: str
    programme_id: str


_ROUND = {"round_id": ROUND, "programme_id": "peers"}


class RoundOpened(_OfRound):
    """A round began."""

    TYPE = "tandem.matching.round.opened.v1"
    EXAMPLE = _ROUND | {"rules_version": 3, "seed": 7}
    rules_version: int
    seed: int


class RoundFrozen(_OfRound):
    """Who takes part was frozen; later changes do not touch the round (N7)."""

    TYPE = "tandem.matching.round.frozen.v1"
    EXAMPLE = _ROUND | {"size": 200, "snapshot_hash": "b2c1f0"}
    size: int
    snapshot_hash: str


class RoundSolved(_OfRound):
    """The optimiser answered: counts, total weight in micro-points, and the certified upper bound if there is one.

    Told again for each further draft before the publication; the last one counts.
    """

    TYPE = "tandem.matching.round.solved.v1"
    EXAMPLE = _ROUND | {
        "size": 200,
        "pairs": 98,
        "trios": 1,
        "unmatched": 1,
        "weight": 61_000_000,
        "bound": 61_030_000,
        "engine": "auction",
        "result_hash": "77aa01",
    }
    size: int
    pairs: int
    trios: int
    unmatched: int
    weight: int
    bound: int | None = None
    engine: str
    result_hash: str


class RoundPublished(_OfRound):
    """The round's proposals are out."""

    TYPE = "tandem.matching.round.published.v1"
    EXAMPLE = _ROUND | {"proposals": 99, "unmatched": 1}
    proposals: int
    unmatched: int


class RoundCancelled(_OfRound):
    """The round was given up before publication; nobody was told anything."""

    TYPE = "tandem.matching.round.cancelled.v1"
    EXAMPLE = _ROUND | {"reason": "cancelled-by-admin"}
    reason: str


class MemberUnmatched(_OfRound):
    """A member got nobody in this round, for exactly one named reason (N4)."""

    TYPE = "tandem.matching.round.member-unmatched.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = _ROUND | {"member_id": ADA, "reason": "no-eligible-partner"}
    member_id: str
    reason: str


class _OfPairing(Contract):
    TOPIC = topics.MATCHING_PAIRING
    pairing_id: str


class _Begun(_OfPairing):
    """What readers rely on when a pairing begins; `mentee_id`, who is helped, only in programmes of kind `mentor` (R43)."""

    programme_id: str
    members: list[str]
    origin: Origin
    round_id: str | None = None
    mentee_id: str | None = None


class PairingProposed(_Begun):
    """A pairing waits for its members' answers until it expires."""

    TYPE = "tandem.matching.pairing.proposed.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = _BEGUN | {"expires_at": "2027-01-18T09:00:00.000Z", "initiator_id": None}
    expires_at: Instant
    initiator_id: str | None = None


class PairingAccepted(_OfPairing):
    """One member said yes."""

    TYPE = "tandem.matching.pairing.accepted.v1"
    EXAMPLE = {"pairing_id": PAIRING, "member_id": ADA}
    member_id: str


class PairingDeclined(_OfPairing):
    """One member said no; the proposal is over."""

    TYPE = "tandem.matching.pairing.declined.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = {"pairing_id": PAIRING, "member_id": ADA, "members": [ADA, BEN]}
    member_id: str
    members: list[str]


class PairingExpired(_OfPairing):
    """Not everybody answered in time; the proposal is over."""

    TYPE = "tandem.matching.pairing.expired.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = {"pairing_id": PAIRING, "members": [ADA, BEN], "unanswered": [BEN]}
    members: list[str]
    unanswered: list[str]


class PairingFormed(_Begun):
    """Everybody said yes; the charter comes next."""

    TYPE = "tandem.matching.pairing.formed.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = _BEGUN


class CharterSigned(_OfPairing):
    """One member signed the charter's present content, named by its digest."""

    TYPE = "tandem.matching.pairing.charter-signed.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = {"pairing_id": PAIRING, "member_id": ADA, "members": [ADA, BEN], "charter_digest": "9f2c"}
    member_id: str
    members: list[str]
    charter_digest: str


class Cadence(Part):
    """How often and how long a pairing meets: an RRULE in the pairing's own zone."""

    rrule: str
    timezone: str
    length: timedelta
    place_kind: str
    notice_period: timedelta


_CADENCE = {"rrule": "FREQ=WEEKLY;INTERVAL=2", "timezone": "Europe/Berlin", "length": "PT1H", "place_kind": "video", "notice_period": "P1D"}


class PairingActivated(_Begun):
    """All members signed: the pairing is active and sessions may be booked (N8)."""

    TYPE = "tandem.matching.pairing.activated.v1"
    CONSUMERS = _ALL
    EXAMPLE = _BEGUN | {"cadence": _CADENCE, "agenda_template": "standard"}
    cadence: Cadence
    agenda_template: str


class CharterRevised(_OfPairing):
    """All members signed a revision: the new cadence is in force."""

    TYPE = "tandem.matching.pairing.charter-revised.v1"
    CONSUMERS = ("scheduling",)
    EXAMPLE = {"pairing_id": PAIRING, "members": [ADA, BEN], "cadence": _CADENCE, "agenda_template": "standard"}
    members: list[str]
    cadence: Cadence
    agenda_template: str


class PairingPaused(_OfPairing):
    """An active pairing rests until an instant."""

    TYPE = "tandem.matching.pairing.paused.v1"
    CONSUMERS = ("scheduling",)
    EXAMPLE = {"pairing_id": PAIRING, "members": [ADA, BEN], "until": "2027-02-01T00:00:00.000Z"}
    members: list[str]
    until: Instant


class PairingResumed(_OfPairing):
    """A rest ended."""

    TYPE = "tandem.matching.pairing.resumed.v1"
    CONSUMERS = ("scheduling",)
    EXAMPLE = {"pairing_id": PAIRING, "members": [ADA, BEN]}
    members: list[str]


class ReviewStarted(_OfPairing):
    """A move or a new manager makes the members look again (N3); silence keeps the pairing."""

    TYPE = "tandem.matching.pairing.review-started.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = {"pairing_id": PAIRING, "members": [ADA, BEN], "reason": "member-moved", "until": "2027-02-01T00:00:00.000Z"}
    members: list[str]
    reason: str
    until: Instant


class PairingKept(_OfPairing):
    """A review ended and the pairing goes on."""

    TYPE = "tandem.matching.pairing.kept.v1"
    EXAMPLE = {"pairing_id": PAIRING, "members": [ADA, BEN]}
    members: list[str]


class PairingClosed(_OfPairing):
    """A pairing, or a proposal that nobody declined, ended kindly for a named reason; no reason reveals a wish of one member."""

    TYPE = "tandem.matching.pairing.closed.v1"
    CONSUMERS = _ALL
    EXAMPLE = {"pairing_id": PAIRING, "members": [ADA, BEN], "reason": "member-left"}
    members: list[str]
    reason: str
