"""Subscribers with every setting of the message path said openly; none of them is FastStream's or aiokafka's default."""

import dataclasses
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiokafka import ConsumerRebalanceListener
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaRouter

from shared.contracts.topics import Topic
from shared.messaging.settings import KafkaSettings

BATCH_TIMEOUT_MS = 20
FETCH_WAIT_MS = 1_000
"""How long the broker may keep a fetch open on a quiet topic: a record ends it at once, so a longer wait costs only after a NACK."""
Subscribing = Callable[[Callable[[Any], Awaitable[None]]], Any]


async def unread(raw: Any, default: Callable[[Any], Awaitable[Any]]) -> Any:
    """Have the library frame a batch without reading it: one header that it cannot decode would lose the whole (trap 2).

    `decoding` reads headers once, record by record. It is also most of what the library's parser costs.
    """
    many = isinstance(raw, (tuple, list))
    first = dataclasses.replace(raw[0] if many else raw, headers=())
    message = await default((first,) if many else first)
    message.raw_message = raw
    return message


async def as_records(message: Any) -> list[Any]:
    """Give the handler aiokafka's records, values and headers untouched."""
    raw = message.raw_message
    return list(raw) if isinstance(raw, (tuple, list)) else [raw]


def kafka_router() -> KafkaRouter:
    """Return a router that commits offsets only after the work, whatever fails (trap 1: a policy on the broker is ignored)."""
    return KafkaRouter(ack_policy=AckPolicy.NACK_ON_ERROR, parser=unread, decoder=as_records)


class BatchInHand(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is untyped
    """Lets a rebalance wait for the batch in hand and its commit, so that the next owner does not do it again."""

    def __init__(self, longest_seconds: float) -> None:
        """Wait at most `longest_seconds`, below the rebalance time-out."""
        self._longest = longest_seconds
        self.subscriber: Any = None

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:  # noqa: ARG002 - aiokafka's signature
        """Wait until the batch in hand is committed."""
        wait_release = getattr(self.subscriber.lock, "wait_release", None)
        if wait_release is not None:
            await wait_release(self._longest)

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Nothing to do: positions come from the committed offsets."""


def subscribe(router: KafkaRouter, topic: Topic, service: str, settings: KafkaSettings) -> Subscribing:
    """Return a decorator for the one subscriber of `topic` in this service; the function gets raw records.

    Each topic has a group of its own: in one group for all, every subscriber that joins, leaves or dies stops the others (aiokafka
    rebalances eagerly), and they can only join one after another.
    """
    listener = BatchInHand(settings.rebalance_timeout_ms / 2000)
    subscriber = router.subscriber(
        settings.name_of(topic),
        group_id=settings.group_of(service, topic),
        group_instance_id=f"{settings.group_instance_id}-{topic.name}" if settings.group_instance_id else None,
        batch=True,
        max_records=settings.batch_max_records,
        batch_timeout_ms=BATCH_TIMEOUT_MS,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        auto_offset_reset="earliest",
        no_reply=True,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.heartbeat_interval_ms,
        max_poll_interval_ms=settings.max_poll_interval_ms,
        rebalance_timeout_ms=settings.rebalance_timeout_ms,
        listener=listener,
        include_in_schema=False,
    )
    listener.subscriber = subscriber
    return subscriber


class WrongAckPolicy(Exception):
    """A subscriber would commit offsets before the work is done, or in spite of its failure. The service refuses to start."""


def check_ack_policies(broker: KafkaBroker) -> None:
    """Refuse to start when any subscriber could lose messages (trap 1)."""
    wrong = [str(subscriber) for subscriber in broker.subscribers if subscriber.ack_policy is not AckPolicy.NACK_ON_ERROR]
    if wrong:
        raise WrongAckPolicy(f"{len(wrong)} subscriber(s) without NACK_ON_ERROR: make them with shared.messaging.router.subscribe")
