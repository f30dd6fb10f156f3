"""Who hears of a piece of news (N16: one message per event and member; nobody hears an echo of their own act)."""

from services.notification.domain.kinds import Kind
from services.notification.domain.matter import News
from services.notification.domain.replicas import PairingSeen

TOLD_BY_OTHERS = (Kind.PROPOSAL, Kind.PROPOSAL_DECLINED, Kind.SESSION_TIME_PROPOSED)
"""Whoever did it knows it: who asks has said yes, who declines has said no, who proposes a time knows the time."""


def audience(news: News, pairing: PairingSeen | None) -> tuple[str, ...]:
    """Return who is to be told, in the order of the event.

    A signature asks those who have not signed the same content yet; when nobody is left, the activation says the rest.
    """
    members = news.matter.members
    if news.kind in TOLD_BY_OTHERS:
        return tuple(member for member in members if member != news.matter.actor_id)
    if news.kind is Kind.CHARTER_TO_SIGN:
        signed = pairing.signed if pairing is not None else (news.matter.actor_id,)
        return tuple(member for member in members if member not in signed)
    return members
