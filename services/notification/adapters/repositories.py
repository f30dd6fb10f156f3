"""Recipients, deliveries and replicas in the service's database, inside one transaction.

What a batch of events queues or learns is kept in the transaction and written by one call each, right before its commit.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from services.notification.adapters.causes import Causes
from services.notification.adapters.records import DELIVERIES, PAIRINGS, RECIPIENTS, SESSIONS, Records
from services.notification.domain.delivery import Delivery, State
from services.notification.domain.recipient import Recipient
from services.notification.domain.replicas import PairingSeen, SessionSeen
from shared.persistence.aggregates import AggregateStore
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell
from shared.persistence.kept import kept_documents

T = TypeVar("T")


def _flushed(tx: Transaction, kept: T, write: Callable[[], Awaitable[None]]) -> T:
    """Let `write` run right before the commit; return where it finds what to write."""
    tx.before_commit(write)
    return kept


class MongoRecipients:
    """Members; their facts go to the outbox with them."""

    def __init__(self, tx: Transaction, store: AggregateStore[Recipient]) -> None:
        """`store` is bound to the transaction."""
        self._store = store
        self._new: dict[str, Recipient] = tx.once(f"new:{RECIPIENTS}", lambda: _flushed(tx, {}, self._add))

    async def of(self, member_id: str) -> Recipient:
        """Return the recipient; one never heard of is new and empty."""
        return self._new.get(member_id) or await self._store.find(member_id) or Recipient(id=member_id)

    async def of_all(self, member_ids: Sequence[str]) -> dict[str, Recipient]:
        """Return several recipients by id."""
        stored = {recipient.id: recipient for recipient in await self._store.find_many(member_ids)}
        return {member: self._new.get(member) or stored.get(member) or Recipient(id=member) for member in dict.fromkeys(member_ids)}

    async def save(self, *recipients: Recipient) -> None:
        """Store them; a revision of 0 was never stored."""
        known = [recipient for recipient in recipients if recipient.revision]
        fresh = [recipient for recipient in recipients if not recipient.revision]
        self._new.update((recipient.id, recipient) for recipient in fresh if recipient.version == 0)
        await self._store.add_many([recipient for recipient in fresh if recipient.version])
        await self._store.save_many(known)

    async def _add(self) -> None:
        """Insert what is new and has nothing to tell: contacts of an import come by the thousand."""
        await self._store.add_many([recipient for recipient in self._new.values() if not recipient.revision])


class MongoDeliveries:
    """Deliveries; consumers only insert, so they never meet the dispatcher in a conflict."""

    def __init__(self, tx: Transaction, records: Records, bell: Doorbell, causes: Causes) -> None:
        """`bell` wakes the dispatcher after the commit; `causes` learns why a delivery's facts happen."""
        self._records, self._causes = records, causes
        self._rows = tx.collection(DELIVERIES)
        self._tx, self._bell = tx, bell
        self._new: dict[str, Delivery] = tx.once(f"new:{DELIVERIES}", lambda: _flushed(tx, {}, self._insert))

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """N2: the id is derived from the event, so a repeat inserts nothing."""
        for delivery in deliveries:
            delivery.traceparent = self._causes.of_all.traceparent
            self._new.setdefault(delivery.id, delivery)

    async def _insert(self) -> None:
        if self._new:
            await self._rows.upsert_missing([self._records.document(delivery) for delivery in self._new.values()])
            self._tx.after_commit(self._bell.ring)

    async def claimed(self, delivery_ids: Sequence[str], claim: str) -> dict[str, Delivery]:
        """Return those pending deliveries that `claim` still holds; their facts will carry their own correlation (N17)."""
        found = await self._rows.find({"_id": {"$in": list(delivery_ids)}, "claim": claim})
        deliveries = {each["_id"]: self._records.delivery(each) for each in found}
        for delivery in deliveries.values():
            self._causes.learn(delivery.id, delivery.member_id, delivery.cause)
        return deliveries

    async def save(self, *deliveries: Delivery) -> None:
        """Store the outcomes; the claims end with it, and what is settled leaves the queue."""
        await self._rows.replace_many([({"_id": delivery.id}, self._records.document(delivery)) for delivery in deliveries])

    async def forget(self, member_id: str) -> None:
        """N18: an erased member has no inbox and no history."""
        settled = [state.value for state in State if state is not State.PENDING]
        await self._rows.delete_many({"member_id": member_id, "state": {"$in": settled}})


class MongoReplicas:
    """What events told of pairings and sessions."""

    def __init__(self, tx: Transaction, records: Records) -> None:
        """Bind to the transaction."""
        self._records = records
        self._pairings, self._sessions = kept_documents(tx, PAIRINGS), tx.collection(SESSIONS)
        self._new_sessions: dict[str, SessionSeen] = tx.once(f"new:{SESSIONS}", lambda: _flushed(tx, {}, self._put_sessions))

    async def pairing(self, pairing_id: str) -> PairingSeen | None:
        """Return a pairing, if it was heard of."""
        document = await self._pairings.get(pairing_id)
        return None if document is None else self._records.pairing(document)

    async def session(self, session_id: str) -> SessionSeen | None:
        """Return a session, if it was heard of."""
        if session_id in self._new_sessions:
            return self._new_sessions[session_id]
        document = await self._sessions.find_one({"_id": session_id})
        return None if document is None else self._records.session(document)

    async def put_pairing(self, pairing: PairingSeen) -> None:
        """Store what is known now."""
        self._pairings.put(self._records.pairing_document(pairing))

    async def put_session(self, session: SessionSeen) -> None:
        """Store what is known now."""
        self._new_sessions[session.id] = session

    async def _put_sessions(self) -> None:
        replaced = [({"_id": each.id}, self._records.session_document(each)) for each in self._new_sessions.values()]
        await self._sessions.replace_many(replaced, upsert=True)
