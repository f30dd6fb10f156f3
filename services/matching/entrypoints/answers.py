"""What goes out over HTTP, as JSON. Admins get counts and states, members their own words (N9)."""

from datetime import timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from services.matching.application.queries import Health
from services.matching.domain.charter import GoalWarning
from services.matching.domain.life import LIVE, State
from services.matching.domain.pairing import Pairing
from services.matching.domain.programme import Programme
from services.matching.domain.snapshot import Explanation
from services.matching.entrypoints.requests import CharterBody
from shared.contracts.base import Instant


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProgrammeOut(_Out):
    """A programme with the rules in force."""

    programme_id: str
    kind: str
    rules_version: int
    retired: bool
    proposal_lifetime: timedelta
    review_lifetime: timedelta
    no_repeat: timedelta
    minimum_group_size: int
    rules: dict[str, Any]
    running_round: str | None

    @classmethod
    def of(cls, programme: Programme) -> "ProgrammeOut":
        """Show a programme."""
        terms = programme.terms
        return cls(
            programme_id=programme.id,
            kind=programme.rules.kind,
            rules_version=programme.rules_version,
            retired=programme.retired,
            proposal_lifetime=terms.proposal_lifetime,
            review_lifetime=terms.review_lifetime,
            no_repeat=terms.no_repeat,
            minimum_group_size=terms.minimum_group_size,
            rules=programme.rules.to_mapping(),
            running_round=programme.running_round,
        )


class PairingSummary(_Out):
    """What HR may see: that a pairing is there and where it stands; not who answered what."""

    pairing_id: str
    programme_id: str
    members: list[str]
    origin: str
    round_id: str | None
    state: str
    phase: str | None
    proposed_at: Instant
    formed_at: Instant | None
    activated_at: Instant | None
    ended_at: Instant | None

    @classmethod
    def fields_of(cls, pairing: Pairing) -> dict[str, Any]:
        """Return what both views share."""
        return {
            "pairing_id": pairing.id,
            "programme_id": pairing.programme_id,
            "members": list(pairing.members),
            "origin": pairing.origin.value,
            "round_id": pairing.round_id,
            "state": pairing.state.value,
            "phase": pairing.phase.value if pairing.phase else None,
            "proposed_at": pairing.proposed_at,
            "formed_at": pairing.formed_at,
            "activated_at": pairing.activated_at,
            "ended_at": pairing.ended_at,
        }


class ReviewOut(_Out):
    """A running review."""

    reason: str
    until: Instant
    kept_by: list[str]


class CharterState(_Out):
    """How far the charter is, without its words."""

    edition: int
    digest: str
    signed_by: list[str]
    is_in_force: bool


class HealthOut(_Out):
    """Sessions in counts."""

    held: int
    missed: int
    last_held_at: Instant | None


class PairingOut(PairingSummary):
    """A pairing as its members see it."""

    initiator_id: str | None
    intent: str | None
    mentee_id: str | None
    note: str
    expires_at: Instant
    accepted_by: list[str]
    paused_until: Instant | None
    review: ReviewOut | None
    end_reason: str | None
    charter: CharterState
    health: HealthOut | None

    @classmethod
    def of(cls, pairing: Pairing, health: Health | None = None) -> "PairingOut":
        """Show a pairing; why somebody declined stays with matching."""
        review, chartering = pairing.review, pairing.chartering
        return cls(
            **cls.fields_of(pairing),
            initiator_id=pairing.initiator_id,
            intent=pairing.intent,
            mentee_id=pairing.mentee_id,
            note=pairing.note,
            expires_at=pairing.expires_at,
            accepted_by=list(pairing.accepted_by) if pairing.state is not State.DECLINED else [],
            paused_until=pairing.paused_until,
            review=ReviewOut(reason=review.reason, until=review.until, kept_by=list(review.kept_by)) if review else None,
            end_reason=pairing.end_reason if pairing.state in (*LIVE, State.CLOSED) else None,
            charter=CharterState(
                edition=chartering.edition,
                digest=chartering.digest,
                signed_by=[signature.member_id for signature in chartering.signatures],
                is_in_force=chartering.in_force is not None and chartering.draft is None,
            ),
            health=HealthOut(held=health.held, missed=health.missed, last_held_at=health.last_held_at) if health else None,
        )


class WarningOut(_Out):
    """R27: a goal that no partner's offers can serve, and what is suggested."""

    member_id: str
    goal: int
    code: str
    suggestion: str


class CharterOut(_Out):
    """The charter as the pairing's members see it: what is edited next, what is in force, what is missing."""

    pairing_id: str
    state: str
    edition: int
    digest: str
    signed_by: list[str]
    missing: list[str]
    warnings: list[WarningOut]
    current: CharterBody
    in_force: CharterBody | None

    @classmethod
    def of(cls, pairing: Pairing, warnings: list[GoalWarning]) -> "CharterOut":
        """Show a charter."""
        chartering = pairing.chartering
        return cls(
            pairing_id=pairing.id,
            state=pairing.state.value,
            edition=chartering.edition,
            digest=chartering.digest,
            signed_by=[signature.member_id for signature in chartering.signatures],
            missing=chartering.current.missing(pairing.members),
            warnings=[WarningOut.model_validate(each, from_attributes=True) for each in warnings],
            current=CharterBody.of(chartering.current),
            in_force=CharterBody.of(chartering.in_force) if chartering.in_force else None,
        )


class EvidenceOut(_Out):
    """One item of an explanation."""

    kind: str
    code: str


class ListsOut(_Out):
    """R17: the four lists of one side."""

    shared: list[EvidenceOut]
    different: list[EvidenceOut]
    you_give: list[EvidenceOut]
    you_get: list[EvidenceOut]

    @classmethod
    def showing(cls, lists: Explanation, **named: Any) -> Self:
        """Show one side."""

        def shown(items: tuple[tuple[str, str], ...]) -> list[EvidenceOut]:
            return [EvidenceOut(kind=kind, code=code) for kind, code in items]

        return cls(
            shared=shown(lists.shared),
            different=shown(lists.different),
            you_give=shown(lists.you_give),
            you_get=shown(lists.you_get),
            **named,
        )


class ExplanationOut(ListsOut):
    """R17: the four lists of one side of a pairing."""

    pairing_id: str
    member_id: str

    @classmethod
    def of(cls, pairing_id: str, member_id: str, lists: Explanation) -> Self:
        """Show one side."""
        return cls.showing(lists, pairing_id=pairing_id, member_id=member_id)
