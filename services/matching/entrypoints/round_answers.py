"""Rounds over HTTP, as JSON: what goes out. Overseers get counts, the round's admins ids and codes (N9)."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.matching.application.queries import RoundProgress
from services.matching.domain.draft import Draft
from services.matching.domain.round import Round
from services.matching.domain.snapshot import Explanation, Group, Leaf, digest_of
from shared.contracts.base import Instant


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProgressOut(_Out):
    """What the runner is doing: a stage and how much of it."""

    stage: str
    done: int
    of: int
    share: float


class RoundCounts(_Out):
    """Counts only: no member is named to an overseer."""

    members: int
    pairs: int | None
    trios: int | None
    proposals: int
    unmatched: int


class DraftOut(_Out):
    """One draft in counts, with all that is needed to repeat it (N7)."""

    number: int
    seed: int
    rules_digest: str
    base: int | None
    is_repair: bool
    locked: int
    forbidden: int
    touched: int
    pairs: int | None
    trios: int | None
    unmatched: int | None
    weight: int | None
    bound: int | None
    result_hash: str | None

    @classmethod
    def of(cls, draft: Draft) -> "DraftOut":
        """Show a draft."""
        found = draft.solution
        return cls(
            number=draft.number,
            seed=draft.seed,
            rules_digest=digest_of([draft.rules.to_mapping()]),
            base=draft.base,
            is_repair=draft.is_repair,
            locked=len(draft.locked),
            forbidden=len(draft.forbidden),
            touched=len(draft.touched),
            pairs=found.pairs if found else None,
            trios=found.trios if found else None,
            unmatched=found.unmatched if found else None,
            weight=found.weight if found else None,
            bound=found.bound if found else None,
            result_hash=found.result_hash if found else None,
        )


class RoundOut(_Out):
    """A round as its overseers see it (N7: all that is needed to repeat it is named)."""

    round_id: str
    programme_id: str
    state: str
    seed: int
    rules_version: int
    publish_when_solved: bool
    opened_at: Instant
    frozen_at: Instant | None
    ended_at: Instant | None
    snapshot_hash: str
    result_hash: str | None
    engine: str | None
    engine_version: str | None
    weight: int | None
    bound: int | None
    counts: RoundCounts
    drafts: list[DraftOut]
    progress: ProgressOut | None
    failure: str | None

    @classmethod
    def of(cls, shown: Round, progress: RoundProgress | None = None) -> "RoundOut":
        """Show a round; before publication `unmatched` is what the optimiser left over."""
        found = shown.solution
        told = shown.unmatched if shown.leaves_published or found is None else found.unmatched
        return cls(
            round_id=shown.id,
            programme_id=shown.programme_id,
            state=shown.state.value,
            seed=shown.seed,
            rules_version=shown.rules.version,
            publish_when_solved=shown.publishes_itself,
            opened_at=shown.opened_at,
            frozen_at=shown.frozen_at,
            ended_at=shown.ended_at,
            snapshot_hash=shown.snapshot_hash,
            result_hash=found.result_hash if found else None,
            engine=found.engine if found else None,
            engine_version=found.engine_version if found else None,
            weight=found.weight if found else None,
            bound=found.bound if found else None,
            counts=RoundCounts(
                members=shown.size,
                pairs=found.pairs if found else None,
                trios=found.trios if found else None,
                proposals=shown.proposals,
                unmatched=told,
            ),
            drafts=[DraftOut.of(each) for each in shown.drafts],
            progress=_progress(progress),
            failure=shown.failure,
        )


def _progress(progress: RoundProgress | None) -> ProgressOut | None:
    if progress is None:
        return None
    share = progress.done / progress.of if progress.of else 0.0
    return ProgressOut(stage=progress.stage, done=progress.done, of=progress.of, share=share)


class EvidenceOut(_Out):
    """One item of an explanation."""

    kind: str
    code: str


class SideOut(_Out):
    """R17: what one member of a group would read: four lists of codes, never a challenge (R9)."""

    member_id: str
    gain: float | None
    shared: list[EvidenceOut]
    different: list[EvidenceOut]
    you_give: list[EvidenceOut]
    you_get: list[EvidenceOut]


class GroupOut(_Out):
    """A group of a draft as its reviewer sees it: ids, codes and numbers."""

    members: list[str]
    score: float
    is_locked: bool
    sides: list[SideOut]

    @classmethod
    def of(cls, group: Group, locked: set[tuple[str, ...]]) -> "GroupOut":
        """Show a group."""
        gains = dict(zip(group.members, group.gains, strict=False))
        return cls(
            members=list(group.members),
            score=group.weight / 1_000_000,
            is_locked=tuple(sorted(group.members)) in locked,
            sides=[_side(member, gains.get(member), lists) for member, lists in sorted(group.explanations.items())],
        )


def _side(member: str, gain: float | None, lists: Explanation) -> SideOut:
    def shown(items: tuple[tuple[str, str], ...]) -> list[EvidenceOut]:
        return [EvidenceOut(kind=kind, code=code) for kind, code in items]

    return SideOut(
        member_id=member,
        gain=gain,
        shared=shown(lists.shared),
        different=shown(lists.different),
        you_give=shown(lists.you_give),
        you_get=shown(lists.you_get),
    )


class ReviewOut(_Out):
    """One piece of a draft; `next` is the following piece, null at the end."""

    draft: int
    groups: list[GroupOut]
    unmatched: dict[str, str]
    locked: list[list[str]]
    forbidden: list[list[str]]
    touched: dict[str, str]
    next: int | None

    @classmethod
    def of(cls, solved: Round, draft: Draft, leaves: Sequence[Leaf], following: int | None) -> "ReviewOut":
        """Show some pieces, and what holds for the whole draft."""
        groups = [group for leaf in leaves for group in leaf.groups]
        unmatched = {member: reason for leaf in leaves for member, reason in leaf.unmatched.items()}
        return cls._showing(solved, draft, groups, unmatched, following)

    @classmethod
    def only(cls, solved: Round, draft: Draft, leaves: Sequence[Leaf], member_id: str) -> "ReviewOut":
        """Show what one member is in."""
        groups = [group for leaf in leaves for group in leaf.groups if member_id in group.members]
        unmatched = {member: leaf.unmatched[member] for leaf in leaves for member in [member_id] if member in leaf.unmatched}
        return cls._showing(solved, draft, groups, unmatched, None)

    @classmethod
    def _showing(
        cls, solved: Round, draft: Draft, groups: Sequence[Group], unmatched: dict[str, str], following: int | None
    ) -> "ReviewOut":
        return cls(
            draft=draft.number,
            groups=[GroupOut.of(group, {*solved.locked}) for group in groups],
            unmatched=unmatched,
            locked=[list(group) for group in solved.locked],
            forbidden=[list(pair) for pair in solved.forbidden],
            touched=draft.touched,
            next=following,
        )


def plain_report(solved: Round, draft: Draft, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return a draft's report: figures, and all that it takes to repeat it."""
    found = draft.solution
    identity = {
        "round_id": solved.id,
        "draft": draft.number,
        "seed": draft.seed,
        "rules_version": draft.rules.version,
        "snapshot_hash": solved.snapshot_hash,
        "result_hash": found.result_hash if found else "",
        "engine": found.engine if found else "none",
        "engine_version": found.engine_version if found else "0",
    }
    return {**figures, "identity": identity, "rules": draft.rules.to_mapping()}
