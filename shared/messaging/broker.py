"""The link to Kafka: topics made, one subscriber per route, connected with back-off, never in the way of HTTP."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker, KafkaRouter
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.contracts.topics import Topic
from shared.kernel.randomness import Randomness
from shared.messaging.administration import Administration
from shared.messaging.consuming import Consumer
from shared.messaging.library_lines import FastStreamLines
from shared.messaging.router import check_ack_policies, kafka_router, subscribe
from shared.messaging.settings import KafkaSettings
from shared.observability import log_events
from shared.observability.health import NotReady
from shared.observability.logging import get_log
from shared.persistence.patience import Patience

POLL_SECONDS = 1.0
STOP_SECONDS = 2.0


class PatientConsumer(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka is untyped
    """Waits a second for records instead of asking many times a second: quiet topics cost next to nothing and answer at once."""

    async def getmany(self, *partitions: Any, timeout_ms: int = 0, max_records: int | None = None) -> Any:
        """Return what is there, or wait for it; a longer wait than asked for delays nothing, records end it."""
        patient_ms = max(timeout_ms, int(POLL_SECONDS * 1000))
        return await super().getmany(*partitions, timeout_ms=patient_ms, max_records=max_records)


class PatientBroker(KafkaBroker):
    """FastStream's broker with patient consumers, and without a producer or admin client of its own."""

    async def start(self) -> None:
        """Start all subscribers at once, each in its own group; raise the first failure when all have answered."""
        await self.connect()
        answers = await asyncio.gather(*(subscriber.start() for subscriber in self.subscribers), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        self.running = True

    async def _connect(self) -> Any:
        connection = await super()._connect()
        settings = self.config.broker_config
        builder = settings.builder
        if isinstance(builder, partial):
            settings.builder = partial(PatientConsumer, *builder.args, **builder.keywords)
        return connection


def kafka_broker(settings: KafkaSettings, router: KafkaRouter, client_id: str) -> KafkaBroker:
    """Return the broker of one service; refuses routers whose subscribers could lose messages."""
    broker = PatientBroker(
        settings.bootstrap_servers.split(","),
        client_id=client_id,
        security=_security(settings),
        consumer_only=True,
        allow_auto_create_topics=False,
        graceful_timeout=settings.graceful_timeout_seconds,
        logger=FastStreamLines(),
        log_level=logging.DEBUG,
        apply_types=False,
    )
    broker.include_router(router)
    check_ack_policies(broker)
    return broker


def consumer_router(consumer: Consumer[Any], settings: KafkaSettings) -> KafkaRouter:
    """Return a router with one subscriber for each route of `consumer`."""
    router = kafka_router()
    for topic in consumer.topics:
        subscriber: Any = subscribe(router, topic, consumer.service, settings)
        subscriber(_feeding(consumer, topic, subscriber))
    return router


def _feeding(consumer: Consumer[Any], topic: Topic, subscriber: Any) -> Any:
    async def on_records(records: Any) -> None:
        await consumer.apply(topic, records, lag=lag_behind(subscriber.consumer, records))

    on_records.__name__ = f"on_{topic.name.replace('-', '_')}"
    return on_records


def lag_behind(reader: Any, records: Sequence[Any]) -> int | None:
    """Return how many records wait behind a batch, as far as its partitions' last fetch told."""
    if reader is None:
        return None
    last = {record.partition: record for record in records}
    parts = {TopicPartition(record.topic, partition): record.offset for partition, record in last.items()}
    assigned = reader.assignment()
    behind: int = sum(max(0, (reader.highwater(part) or 0) - offset - 1) for part, offset in parts.items() if part in assigned)
    return behind


class BrokerLink:
    """Makes topics, starts consumers, tells whether the broker answers. A broker that is away is waited for, for ever."""

    def __init__(self, consumer: Consumer[Any], settings: KafkaSettings, *, randomness: Randomness) -> None:
        """Nothing is contacted before `run`."""
        self._consumer = consumer
        self._settings = settings
        self._randomness = randomness
        self.administration = Administration(settings, client_id=f"tandem-{consumer.service}")
        self._broker: KafkaBroker | None = None
        self._log = get_log()

    async def run(self) -> None:
        """Connect with back-off and return when all consumers run; they look after themselves from then on."""
        await self._patiently("topics", self.administration.ensure_topics)
        if self._consumer.topics:
            await self._patiently("consumers", self._start)

    async def ready(self) -> None:
        """Return when the broker answers and the consumers run and have not halted."""
        if self._consumer.halted:
            raise NotReady("consumer-halted")
        if self._broker is None and self._consumer.topics:
            raise NotReady("consumers-not-connected")
        try:
            await self.administration.ping()
        except (KafkaError, OSError, TimeoutError):
            raise NotReady("broker-away") from None

    async def lag(self) -> dict[str, int]:
        """Return how many records wait per topic."""
        return await self.administration.lag(self._consumer.service, self._consumer.topics)

    async def stop(self) -> None:
        """Finish and commit the batch in hand, then leave the group; ends in bounded time with a broker that is away too."""
        self._consumer.stop_waiting()
        broker, self._broker = self._broker, None
        with suppress(TimeoutError, KafkaError, OSError):
            async with asyncio.timeout(self._settings.graceful_timeout_seconds + STOP_SECONDS):
                if broker is not None:
                    await broker.stop()
                await self.administration.close()

    async def _start(self) -> None:
        broker = kafka_broker(self._settings, consumer_router(self._consumer, self._settings), client_id=f"tandem-{self._consumer.service}")
        try:
            await broker.start()
        except BaseException:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await broker.stop()
            raise
        self._broker = broker

    async def _patiently(self, part: str, work: Any) -> None:
        patience = Patience(self._randomness)
        while True:
            try:
                await work()
            except (KafkaError, OSError, TimeoutError) as fault:
                self._log.warning(log_events.PART_WAITING, part=part, code=type(fault).__name__)
                await asyncio.sleep(patience.next_wait())
            else:
                return


def _security(settings: KafkaSettings) -> BaseSecurity | None:
    if settings.security_protocol == "PLAINTEXT":
        return None
    context = settings.client_options().get("ssl_context")
    if not settings.security_protocol.startswith("SASL"):
        return BaseSecurity(ssl_context=context)
    kinds: dict[str, type[SASLPlaintext | SASLScram256 | SASLScram512]] = {
        "PLAIN": SASLPlaintext,
        "SCRAM-SHA-256": SASLScram256,
        "SCRAM-SHA-512": SASLScram512,
    }
    password = settings.sasl_password.get_secret_value() if settings.sasl_password else ""
    kind = kinds[settings.sasl_mechanism]
    return kind(settings.sasl_username or "", password, ssl_context=context, use_ssl=settings.security_protocol == "SASL_SSL")
