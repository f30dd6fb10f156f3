"""Recipients, deliveries and replicas in the service's database, inside one transaction."""

from collections.abc import Sequence

from services.notification.adapters.records import DELIVERIES, PAIRINGS, SESSIONS, Records
from services.notification.domain.delivery import Delivery, State
from services.notification.domain.recipient import Recipient
from services.notification.domain.replicas import PairingSeen, SessionSeen
from shared.persistence.aggregates import AggregateStore
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell


class MongoRecipients:
    """Members; their facts go to the outbox with them."""

    def __init__(self, store: AggregateStore[Recipient]) -> None:
        """`store` is bound to the transaction."""
        self._store = store

    async def of(self, member_id: str) -> Recipient:
        """Return the recipient; one never heard of is new and empty."""
        return await self._store.find(member_id) or Recipient(id=member_id)

    async def save(self, recipient: Recipient) -> None:
        """Add or save: a revision of 0 was never stored."""
        if recipient.revision == 0:
            await self._store.add(recipient)
        else:
            await self._store.save(recipient)


class MongoDeliveries:
    """Deliveries; consumers only insert, so they never meet the dispatcher in a conflict."""

    def __init__(self, tx: Transaction, records: Records, bell: Doorbell) -> None:
        """`bell` wakes the dispatcher after the commit."""
        self._tx, self._records, self._bell = tx, records, bell
        self._rows = tx.collection(DELIVERIES)

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """N2: the id is derived from the event, so a repeat inserts nothing."""
        if deliveries:
            await self._rows.upsert_missing([self._records.document(delivery) for delivery in deliveries])
            self._tx.after_commit(self._bell.ring)

    async def claimed(self, delivery_id: str, claim: str) -> Delivery | None:
        """Return a pending delivery if `claim` still holds it."""
        document = await self._rows.find_one({"_id": delivery_id, "claim": claim})
        return None if document is None else self._records.delivery(document)

    async def save(self, delivery: Delivery) -> None:
        """Store the outcome; the claim ends with it, and what is settled leaves the queue."""
        await self._rows.replace_one({"_id": delivery.id}, self._records.document(delivery))

    async def forget(self, member_id: str) -> None:
        """N18: an erased member has no inbox and no history."""
        settled = [state.value for state in State if state is not State.PENDING]
        await self._rows.delete_many({"member_id": member_id, "state": {"$in": settled}})


class MongoReplicas:
    """What events told of pairings and sessions."""

    def __init__(self, tx: Transaction, records: Records) -> None:
        """Bind to the transaction."""
        self._records = records
        self._pairings, self._sessions = tx.collection(PAIRINGS), tx.collection(SESSIONS)

    async def pairing(self, pairing_id: str) -> PairingSeen | None:
        """Return a pairing, if it was heard of."""
        document = await self._pairings.find_one({"_id": pairing_id})
        return None if document is None else self._records.pairing(document)

    async def session(self, session_id: str) -> SessionSeen | None:
        """Return a session, if it was heard of."""
        document = await self._sessions.find_one({"_id": session_id})
        return None if document is None else self._records.session(document)

    async def put_pairing(self, pairing: PairingSeen) -> None:
        """Store what is known now."""
        await self._pairings.replace_one({"_id": pairing.id}, self._records.pairing_document(pairing), upsert=True)

    async def put_session(self, session: SessionSeen) -> None:
        """Store what is known now."""
        await self._sessions.replace_one({"_id": session.id}, self._records.session_document(session), upsert=True)
