"""Sending to Kafka: idempotent, all replicas, one producer that can be closed and built anew (traps 6 and 14)."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
    UnknownProducerId,
)

from shared.contracts.topics import TOPICS
from shared.messaging.settings import KafkaSettings
from shared.observability import log_events
from shared.observability.logging import get_log
from shared.persistence.database import Document

FATAL = (
    OutOfOrderSequenceNumber,
    ProducerFenced,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    UnknownProducerId,
    MessageSizeTooLargeError,
)
STOP_SECONDS = 3.0
FRAMING = 1_024


class SendFailed(Exception):
    """A record was not acknowledged; `fatal`: this producer will not get over it."""

    def __init__(self, code: str, *, fatal: bool = False) -> None:
        """Keep a code (the error's name), never its text."""
        super().__init__(code)
        self.code = code
        self.fatal = fatal


class Sender(Protocol):
    """What the relay needs of a broker."""

    async def open(self) -> None:
        """Be ready to send, or raise `SendFailed`."""
        ...

    async def send(self, rows: Sequence[Document]) -> list[SendFailed | None]:
        """Send records of different keys at once; return one answer each, None = acknowledged."""
        ...

    async def rebuild(self) -> None:
        """Throw the connection away; the next `open` makes a new one."""
        ...

    async def close(self) -> None:
        """End; never takes longer than a few seconds."""
        ...


class KafkaSender:
    """The relay's own producer."""

    def __init__(self, settings: KafkaSettings, client_id: str) -> None:
        """Connect at the first `open`."""
        self._settings = settings
        self._names = {topic.name: settings.name_of(topic) for topic in TOPICS}
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._log = get_log()

    async def open(self) -> None:
        """Start the producer if it does not run."""
        if self._producer is not None:
            return
        producer = AIOKafkaProducer(
            **self._settings.client_options(),
            client_id=self._client_id,
            acks="all",
            enable_idempotence=self._settings.enable_idempotence,
            linger_ms=0,
            max_request_size=max(topic.max_message_bytes for topic in TOPICS) - FRAMING,
        )
        try:
            await producer.start()
        except KafkaError as fault:
            await self._stop(producer)
            raise SendFailed(type(fault).__name__) from None
        except BaseException:
            await self._stop(producer)
            raise
        self._producer = producer

    async def send(self, rows: Sequence[Document]) -> list[SendFailed | None]:
        """Hand all records over, then wait for all acknowledgements."""
        answers: list[SendFailed | asyncio.Future[Any]] = [await self._hand_over(row) for row in rows]
        waiting = [answer for answer in answers if isinstance(answer, asyncio.Future)]
        if waiting:
            await asyncio.wait(waiting)
        return [_answer(answer) for answer in answers]

    async def _hand_over(self, row: Document) -> "SendFailed | asyncio.Future[Any]":
        if self._producer is None:
            return SendFailed("NotOpen")
        try:
            sent: asyncio.Future[Any] = await self._producer.send(
                self._names[row["topic"]],
                value=row["value"],
                key=row["key"].encode(),
                headers=[(name, bytes(value)) for name, value in row["headers"]],
            )
        except KafkaError as fault:
            return _failed(fault)
        return sent

    async def rebuild(self) -> None:
        """Close the producer; the outbox keeps every row that was not acknowledged."""
        self._log.warning(log_events.OUTBOX_PRODUCER_REBUILT)
        await self.close()

    async def close(self) -> None:
        """Stop the producer, at most three seconds: an idempotent one would wait for its broker for ever."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await self._stop(producer)

    async def _stop(self, producer: AIOKafkaProducer) -> None:
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await producer.stop()


def _answer(answer: "SendFailed | asyncio.Future[Any]") -> SendFailed | None:
    if isinstance(answer, SendFailed):
        return answer
    fault = answer.exception()
    return None if fault is None else _failed(fault)


def _failed(fault: BaseException) -> SendFailed:
    return SendFailed(type(fault).__name__, fatal=isinstance(fault, FATAL))
