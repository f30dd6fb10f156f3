"""From a Kafka record to something that can be done, outside any transaction. Never raises: what cannot be read is an item too."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from shared.contracts.envelope import BadEnvelope, Envelope
from shared.contracts.topics import Topic
from shared.kernel.cause import Cause
from shared.messaging.received import Received, Route
from shared.persistence.database import Document

U = TypeVar("U")

UNREADABLE_ENVELOPE = "unreadable-envelope"
UNREADABLE_DATA = "unreadable-data"
UNKNOWN_MAJOR = "unknown-major"
ID_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
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
        return None if self.key is None else self.key.decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Generic[U]):
    """One record to be dealt with: `work` does it, or `code` says why it cannot be read.

    Records of one `lane` (topic and key) are done in order. `event_id` is the position on the topic when the envelope is unreadable.
    """

    message: Message
    event_id: str
    type: str
    lane: str
    key: str
    cause: Cause
    work: Callable[[U], Awaitable[None]] | None
    code: str | None = None


def decode(message: Message, route: Route[U]) -> Item[U] | None:
    """Return what to do with a record; None when its type is none of ours."""
    envelope = _envelope_of(message)
    if envelope is None:
        return _without_envelope(message, route)
    if message.value is None:
        return None if route.tombstone is None else _tombstone(message, envelope, route)
    found = route.handler_of(envelope.type)
    if found is None:
        return _item(message, envelope, None, UNKNOWN_MAJOR) if route.is_unknown_major(envelope.type) else None
    contract, handler = found
    try:
        data = contract.model_validate_json(message.value)
    except (ValidationError, ValueError):
        return _item(message, envelope, None, UNREADABLE_DATA)
    received = Received(data, envelope)
    return _item(message, envelope, lambda uow: handler(received, uow))


def _envelope_of(message: Message) -> Envelope | None:
    try:
        envelope = Envelope.read(message.headers)
    except BadEnvelope:
        return None
    return envelope if len(envelope.id) <= ID_LENGTH_MAX else None


def _tombstone(message: Message, envelope: Envelope, route: Route[U]) -> Item[U]:
    tombstone, key = route.tombstone, message.key_text or envelope.subject
    assert tombstone is not None  # noqa: S101 - checked by the caller, said again for the type checker
    return _item(message, envelope, lambda uow: tombstone(key, uow))


def _item(message: Message, envelope: Envelope, work: Callable[[U], Awaitable[None]] | None, code: str | None = None) -> Item[U]:
    key = message.key_text or envelope.subject
    cause = Cause(correlation_id=envelope.correlation_id, causation_id=envelope.id, traceparent=envelope.traceparent)
    return Item(
        message=message,
        event_id=envelope.id,
        type=envelope.type,
        lane=f"{message.topic}/{key}",
        key=key,
        cause=cause,
        work=work,
        code=code,
    )


def _without_envelope(message: Message, route: Route[U]) -> Item[U]:
    position = f"{message.topic}/{message.partition}/{message.offset}"
    key = message.key_text or position
    work: Callable[[U], Awaitable[None]] | None = None
    if message.value is None and message.key is not None and (tombstone := route.tombstone) is not None:
        work = lambda uow: tombstone(key, uow)  # noqa: E731 - a tombstone needs nothing but its key
    return Item(
        message=message,
        event_id=position,
        type="",
        lane=f"{message.topic}/{key}",
        key=key,
        cause=Cause(correlation_id=position),
        work=work,
        code=None if work else UNREADABLE_ENVELOPE,
    )
