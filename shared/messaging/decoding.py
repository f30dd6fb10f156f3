"""From a Kafka record to something that can be done, outside any transaction. Never raises: what cannot be read is an item too."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import ValidationError

from shared.contracts.envelope import BadEnvelope, Envelope
from shared.contracts.topics import Topic
from shared.kernel.cause import Cause
from shared.kernel.values import value
from shared.messaging.received import Received, Route
from shared.persistence.database import Document

U = TypeVar("U")

UNREADABLE_ENVELOPE = "unreadable-envelope"
UNREADABLE_DATA = "unreadable-data"
UNKNOWN_MAJOR = "unknown-major"
ID_LENGTH_MAX = 200


class Record(Protocol):
    """What decoding reads of a record, as aiokafka gives it and as `Message` keeps it."""

    @property
    def partition(self) -> int:
        """Return its partition."""
        ...

    @property
    def offset(self) -> int:
        """Return its place there."""
        ...

    @property
    def key(self) -> bytes | None:
        """Return its key."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Return its headers."""
        ...

    @property
    def value(self) -> bytes | None:
        """Return its value; None is a tombstone."""
        ...


@value
class Message:
    """A record as it stood on its topic, byte for byte; the same whether it comes from Kafka or from a stored row."""

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None

    @classmethod
    def of(cls, record: Any, topic: Topic) -> "Message":
        """Take an aiokafka record over."""
        moment = datetime.fromtimestamp(max(0, record.timestamp) / 1000, UTC)
        return cls(
            topic=topic.name,
            partition=record.partition,
            offset=record.offset,
            timestamp=moment,
            key=record.key,
            headers=tuple(record.headers),
            value=record.value,
        )

    def stored(self) -> Document:
        """Return the row that keeps this record."""
        return {
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "timestamp": self.timestamp,
            "key": self.key,
            "headers": [[name, value] for name, value in self.headers],
            "value": self.value,
        }

    @classmethod
    def from_row(cls, row: Document) -> "Message":
        """Return the record that a row keeps."""
        headers = tuple((name, value) for name, value in row["headers"])
        fields = {name: row[name] for name in ("topic", "partition", "offset", "timestamp", "key", "value")}
        return cls(headers=headers, **fields)

    @property
    def key_text(self) -> str | None:
        """Return the key as text; what is not UTF-8 is escaped, so that distinct keys stay distinct."""
        return _key_text(self)


@value
class Item(Generic[U]):
    """One record to be dealt with: `work` does it, or `code` says why it cannot be read.

    Records of one `lane` (topic and key) are done in order. `event_id` is the position on the topic when the envelope is unreadable.
    """

    topic: Topic
    record: Record
    event_id: str
    type: str
    lane: str
    key: str
    cause: Cause
    work: Callable[[U], Awaitable[None]] | None
    code: str | None = None

    @property
    def message(self) -> Message:
        """Return the record to be kept; few are, so it is not made before."""
        return self.record if isinstance(self.record, Message) else Message.of(self.record, self.topic)


def decode(record: Record, route: Route[U]) -> Item[U] | None:
    """Return what to do with a record; None when its type is none of ours."""
    try:
        envelope = Envelope.read(record.headers)
    except BadEnvelope:
        return _without_envelope(record, route)
    if len(envelope.id) > ID_LENGTH_MAX:
        return _without_envelope(record, route)
    if record.value is None:
        return None if route.tombstone is None else _tombstone(record, envelope, route)
    found = route.handler_of(envelope.type)
    if found is None:
        return _item(record, envelope, route, None, UNKNOWN_MAJOR) if route.is_unknown_major(envelope.type) else None
    contract, handler = found
    try:
        data = contract.model_validate_json(record.value)
    except (ValidationError, ValueError):
        return _item(record, envelope, route, None, UNREADABLE_DATA)
    received = Received(data=data, envelope=envelope)
    return _item(record, envelope, route, lambda uow: handler(received, uow))


def _key_text(record: Record) -> str | None:
    return None if record.key is None else record.key.decode("utf-8", "backslashreplace")


def _tombstone(record: Record, envelope: Envelope, route: Route[U]) -> Item[U]:
    tombstone, key = route.tombstone, _key_text(record) or envelope.subject
    assert tombstone is not None  # noqa: S101 - checked by the caller, said again for the type checker
    return _item(record, envelope, route, lambda uow: tombstone(key, uow))


def _item(
    record: Record, envelope: Envelope, route: Route[U], work: Callable[[U], Awaitable[None]] | None, code: str | None = None
) -> Item[U]:
    key = _key_text(record) or envelope.subject
    return Item(
        topic=route.topic,
        record=record,
        event_id=envelope.id,
        type=envelope.type,
        lane=f"{route.topic.name}/{key}",
        key=key,
        cause=Cause(correlation_id=envelope.correlation_id, causation_id=envelope.id, traceparent=envelope.traceparent),
        work=work,
        code=code,
    )


def _without_envelope(record: Record, route: Route[U]) -> Item[U]:
    position = f"{route.topic.name}/{record.partition}/{record.offset}"
    key = _key_text(record) or position
    work: Callable[[U], Awaitable[None]] | None = None
    if record.value is None and record.key is not None and (tombstone := route.tombstone) is not None:
        work = lambda uow: tombstone(key, uow)  # noqa: E731 - a tombstone needs nothing but its key
    return Item(
        topic=route.topic,
        record=record,
        event_id=position,
        type="",
        lane=f"{route.topic.name}/{key}",
        key=key,
        cause=Cause(correlation_id=position),
        work=work,
        code=None if work else UNREADABLE_ENVELOPE,
    )
