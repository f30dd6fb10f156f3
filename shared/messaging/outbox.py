"""The outbox: facts leave in the transaction that made them true, and only through it (N2, architecture section 3)."""

from datetime import datetime, timedelta

from shared.contracts import envelope as envelopes
from shared.contracts.base import Contract
from shared.contracts.topics import Topic
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness, new_id
from shared.persistence.database import Document, Transaction
from shared.persistence.doorbell import Doorbell
from shared.persistence.indexes import Index

COLLECTION = "outbox"
INDEXES = (Index(collection=COLLECTION, keys=(("at", 1),)),)
ENVELOPE_OVERHEAD = 2_048
"""Room for headers and framing below the topic's `max.message.bytes`."""
STEP = timedelta(milliseconds=1)


class TooLargeForTopic(Exception):
    """A fact is larger than its topic takes; refused before the commit, so that the broker never has to (trap 6)."""

    def __init__(self, topic: str, size: int, limit: int) -> None:
        """Say sizes, never content."""
        super().__init__(f"{topic}: {size} bytes, at most {limit}")


def tombstone_type(topic: Topic) -> str:
    """Return the event type of a tombstone on a state topic."""
    return f"{topic.name.replace('-', '.', 2)}.tombstone.v1"


class _Rows:
    """The outbox rows of one transaction, written by one insert right before its commit."""

    def __init__(self, tx: Transaction, doorbell: Doorbell) -> None:
        self._tx = tx
        self._rows: list[Document] = []
        self._last_at: dict[tuple[str, str], datetime] = {}
        tx.before_commit(self._write)
        tx.after_commit(doorbell.ring)

    def put(self, topic: Topic, envelope: envelopes.Envelope, value: bytes | None, at: datetime) -> None:
        """Keep one row; rows of one key never go back in time."""
        lane = (topic.name, envelope.subject)
        at = max(at, self._last_at.get(lane, at))
        self._last_at[lane] = at
        self._rows.append(
            {
                "_id": envelope.id,
                "topic": topic.name,
                "key": envelope.subject,
                "version": envelope.sequence,
                "index": len(self._rows),
                "at": at,
                "headers": [[name, content] for name, content in envelope.headers()],
                "value": value,
                "correlation_id": envelope.correlation_id,
            }
        )

    async def _write(self) -> None:
        await self._tx.collection(COLLECTION).insert_many(self._rows)


class Outbox:
    """Takes facts along in one transaction, for one cause; the relay publishes them after the commit."""

    def __init__(self, tx: Transaction, *, service: str, cause: Cause, clock: Clock, randomness: Randomness, doorbell: Doorbell) -> None:
        """`clock` is business time (the fact's `time`); the order of rows is kept in technical time."""
        self._tx = tx
        self._service = service
        self._cause = cause
        self._clock = clock
        self._randomness = randomness
        self._doorbell = doorbell

    def moment_after(self, earlier: datetime | None) -> datetime:
        """Return now, or the next instant after `earlier` when a host's clock lags: order per key hangs on no clock."""
        now = self._tx.wall.now()
        return now if earlier is None or now > earlier else earlier + STEP

    async def add(self, data: Contract, *, sequence: int, at: datetime | None = None) -> str:
        """Take one fact along; `sequence` is the aggregate's version with it. Return the event id."""
        envelope = self._envelope(data.TYPE, data.key, sequence)
        self._put(data.TOPIC, envelope, envelopes.data_bytes(data), at)
        return envelope.id

    async def tombstone(self, topic: Topic, key: str, *, sequence: int, at: datetime | None = None) -> None:
        """Take a null value along: the erasure of a member's state record (N18)."""
        self._put(topic, self._envelope(tombstone_type(topic), key, sequence), None, at)

    def _put(self, topic: Topic, envelope: envelopes.Envelope, value: bytes | None, at: datetime | None) -> None:
        limit = topic.max_message_bytes - ENVELOPE_OVERHEAD
        if value is not None and len(value) > limit:
            raise TooLargeForTopic(topic.name, len(value), limit)
        rows = self._tx.once("outbox", lambda: _Rows(self._tx, self._doorbell))
        rows.put(topic, envelope, value, at or self.moment_after(None))

    def _envelope(self, type_: str, key: str, sequence: int) -> envelopes.Envelope:
        return envelopes.Envelope(
            id=new_id(self._randomness),
            type=type_,
            source=envelopes.source_of(self._service),
            subject=key,
            time=self._clock.now(),
            sequence=sequence,
            correlation_id=self._cause.correlation_id,
            causation_id=self._cause.causation_id,
            traceparent=self._cause.traceparent,
        )
