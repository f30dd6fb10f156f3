"""Planted breaks of the business: seats, signatures, sessions, mails, people who leave, are barred or erased."""

from dataclasses import replace
from typing import Any

from services.matching.application import count_session, follow_member
from services.matching.application.ports import UnitOfWork
from services.matching.domain.charter import Chartering, Signature
from services.matching.domain.place import Place, Tie
from services.notification.adapters.composer import MailComposer
from services.notification.adapters.post import Mail
from services.notification.domain.delivery import SENT, Outcome
from services.notification.entrypoints import dispatcher
from services.scheduling.adapters.repositories import MongoDiaries
from services.scheduling.application import queries
from services.scheduling.entrypoints import consumers as scheduling_consumers
from shared.messaging.outbox import Outbox
from tests.simulation.mutations import Mutation


async def _let_it_be(*_: Any, **__: Any) -> None:
    """Do nothing."""


def _hold_anyway(self: Place, pairing_id: str, *_: Any, **__: Any) -> None:
    """Take a seat that is not free."""
    self.holds = (*self.holds, pairing_id)


def _signed_by_one(self: Chartering, member_id: str, digest: str, at: Any, _members: Any) -> Chartering:
    """Take one signature for all."""
    signature = Signature(member_id=member_id, digest=digest, at=at)
    return replace(self, in_force=self.current, draft=None, signatures=(signature,))


async def _compose_under_new_id(self: MailComposer, *told: Any, **more: Any) -> Mail:
    """Give each try of a mail a Message-ID of its own."""
    mail = await _COMPOSE(self, *told, **more)
    return replace(mail, content=f"Message-ID: <{self.clock.now().isoformat()}@tandem.example>".encode())


async def _fail(*_: Any) -> Any:
    """Have a bug."""
    raise ZeroDivisionError


async def _count_twice(command: count_session.CountSession, uow: UnitOfWork) -> None:
    """Count a session twice."""
    for _ in range(2):
        await _COUNT(command, uow)


async def _pretend(*_: Any) -> Outcome:
    """Say that a mail is sent, and send none."""
    return SENT


_COMPOSE, _COUNT = MailComposer.compose, count_session.count_session

BUSINESS = (
    Mutation("one-signature-for-all", "active-pairings-are-signed-by-all", Chartering, "signed", _signed_by_one),
    Mutation("seats-not-counted", "nobody-is-over-capacity", Place, "hold", _hold_anyway, lasts=36.0),
    Mutation("time-not-reserved", "nobody-is-booked-twice", MongoDiaries, "take", _let_it_be, lasts=36.0),
    Mutation("bars-forgotten", "nobody-is-paired-with-whom-they-barred", Tie, "is_barred", property(lambda _: False), lasts=36.0, seed=2),
    Mutation("message-ids-made-anew", "mails-are-of-one-delivery-each", MailComposer, "compose", _compose_under_new_id),
    Mutation("a-route-that-fails", "nothing-strange-was-answered", queries, "sessions_of_member", _fail),
    Mutation("leavers-stay", "leavers-have-no-open-pairing", follow_member, "follow_leaver", _let_it_be, lasts=36.0, seed=12),
    Mutation("schedules-stay-open", "schedules-follow-pairings", scheduling_consumers, "close_pairing", _let_it_be, lasts=36.0),
    Mutation("counted-twice", "sessions-are-counted-once", count_session, "count_session", _count_twice, lasts=36.0),
    Mutation("cards-not-kept", "replicas-equal-their-source", scheduling_consumers, "keep_card", _let_it_be, lasts=8.0),
    Mutation("mails-never-sent", "mails-are-sent-once", dispatcher, "send_delivery", _pretend),
    Mutation("no-tombstones", "the-erased-are-gone", Outbox, "tombstone", _let_it_be, lasts=36.0),
)
