"""Follow a pairing's life: remember how far it is, and tell its members."""

from dataclasses import dataclass, replace

from services.notification.application.ports import UnitOfWork
from services.notification.application.tell_members import TellMembers, tell_members
from services.notification.domain.kinds import Kind
from services.notification.domain.matter import News
from services.notification.domain.replicas import PairingSeen, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowPairing:
    """This happened to a pairing."""

    news: News


async def follow_pairing(command: FollowPairing, uow: UnitOfWork) -> None:
    """R14, R22: members hear of each step; who is asked to sign depends on who has signed already."""
    news = command.news
    if news.matter.pairing_id is None:
        return
    seen = await uow.replicas.pairing(news.matter.pairing_id) or PairingSeen(id=news.matter.pairing_id)
    if news.kind is Kind.CLOSED and seen.stage is Stage.PROPOSED and seen.members:
        news = replace(news, matter=replace(news.matter, only_proposed=True))
    after = seen.after(news)
    if after != seen or not seen.members:
        await uow.replicas.put_pairing(after)
    await tell_members(TellMembers(news=news), uow, pairing=after)
