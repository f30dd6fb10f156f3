"""What becomes of pairings when a member leaves, moves or is erased (N3, N18, R49, R53)."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.matching.application.ending import save_ended
from services.matching.application.ports import KnownCard, UnitOfWork
from services.matching.application.review_pairing import start_review
from services.matching.application.update_card import close_conflicts, close_places
from services.matching.domain.card import LEFT, Card
from services.matching.domain.life import CloseReason

MOVES = ("manager_id", "department", "site", "level", "job_family")
"""Changes after which members are asked whether to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLeft:
    """A member left the company at an instant."""

    member_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberMoved:
    """A member's place in the organisation changed; `manager_id` is the new direct manager, if there is one."""

    member_id: str
    changed: tuple[str, ...]
    manager_id: str | None
    at: datetime


async def follow_leaver(command: MemberLeft, uow: UnitOfWork) -> None:
    """Close a leaver's pairings kindly, withdraw their proposals, give all seats back. Twice is as good as once."""
    known = await uow.cards.find(command.member_id)
    card = known.card if known is not None else Card(member_id=command.member_id)
    left = KnownCard(
        card=replace(card, status=LEFT),
        sequence=known.sequence if known else 0,
        at=known.at if known else None,
        left_at=command.at,
    )
    await uow.cards.save(left)
    await close_places(card, uow)
    for pairing in await uow.pairings.live_of(command.member_id):
        pairing.close_for(CloseReason.MEMBER_LEFT, uow.clock.now())
        await save_ended(pairing, uow)


async def follow_mover(command: MemberMoved, uow: UnitOfWork) -> None:
    """Re-check the reporting line at once; without conflict ask all members of active pairings whether to go on."""
    known = await uow.cards.find(command.member_id)
    if known is not None:
        older = known.at is None or known.at < command.at  # the card with the whole new chain is still on its way
        chain = (command.manager_id,) if older and command.manager_id is not None else known.card.manager_chain
        await close_conflicts(replace(known.card, manager_chain=chain), uow)
    if any(change in MOVES for change in command.changed):
        reason = "new-manager" if command.changed == ("manager_id",) else "member-moved"
        for pairing in await uow.pairings.live_of(command.member_id):
            await start_review(pairing, reason, uow)


async def forget_member(command: MemberLeft, uow: UnitOfWork) -> None:
    """N18: close what is open and delete the words and codes of an erased member wherever matching keeps them."""
    await follow_leaver(command, uow)
    pairings = await uow.pairings.all_of(command.member_id)
    for pairing in pairings:
        pairing.forget(command.member_id)
        await uow.pairings.save(pairing)
    await uow.explanations.remove([pairing.id for pairing in pairings])
    await uow.snapshots.forget(command.member_id)
    await uow.cards.remove(command.member_id)
