"""Subscribers that cannot lose messages: settings said openly, headers that nobody can read survived."""

from typing import Any

import pytest
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaRouter
from pydantic import SecretStr

from shared.contracts import topics
from shared.messaging.broker import consumer_router, kafka_broker
from shared.messaging.router import WrongAckPolicy, as_records, check_ack_policies, unread
from shared.messaging.settings import KafkaSettings
from tests.support.memory.broker import MemoryBroker
from tests.support.path import Node

SETTINGS = KafkaSettings(topic_prefix="p-", group_instance_id="matching-0")


class TestSubscribers:
    """What the broker is made of."""

    async def test_one_subscriber_per_route_commits_after_the_work(self, matching: Node) -> None:
        """N2: every setting of the message path, none a default."""
        matching.consumer.route(topics.PROFILE_CARD, {})
        broker = kafka_broker(SETTINGS, consumer_router(matching.consumer, SETTINGS), "test")
        subscribers: list[Any] = list(broker.subscribers)
        assert sorted(each.topic_names[0] for each in subscribers) == ["p-tandem-profile-card", "p-tandem-profile-member"]
        for each in subscribers:
            topic = each.topic_names[0].removeprefix("p-")
            assert (each.ack_policy, each.group_id, each.max_records) == (AckPolicy.NACK_ON_ERROR, f"p-matching.{topic}", 200)
            options = each._connection_args
            assert (options["auto_offset_reset"], options["enable_auto_commit"]) == ("earliest", False)
            assert options["fetch_max_wait_ms"] == 1_000
            assert (options["session_timeout_ms"], options["heartbeat_interval_ms"]) == (15_000, 1_000)
        assert len({each._connection_args["group_instance_id"] for each in subscribers}) == 2

    def test_a_subscriber_with_another_policy_is_refused_at_start(self) -> None:
        """N2: a policy on the broker does not reach a router's subscribers (trap 1)."""
        router = KafkaRouter()

        @router.subscriber("t", group_id="g")
        async def on_record(record: Any) -> None:
            """Do nothing."""

        broker = KafkaBroker(ack_policy=AckPolicy.NACK_ON_ERROR)
        broker.include_router(router)
        with pytest.raises(WrongAckPolicy):
            check_ack_policies(broker)


class TestHeaders:
    """Headers as they come."""

    @pytest.mark.parametrize("many", [True, False])
    async def test_the_library_never_reads_them(self, many: bool) -> None:
        """N2: one header that does not decode must not lose the batch (trap 2); the records go on untouched."""
        broker = MemoryBroker()
        records = tuple(broker.append("t", b"k", b"v", [("a", None), ("b", b"\xff")]) for _ in range(2))
        raw = records if many else records[0]

        class Message:
            """What FastStream makes of a batch."""

            def __init__(self, given: Any) -> None:
                """Read the headers, as FastStream does."""
                self.headers = [{n: v.decode() for n, v in each.headers} for each in (given if many else [given])]
                self.raw_message = given

        async def parse(given: Any) -> Message:
            return Message(given)

        assert (await unread(raw, parse)).raw_message is raw

    async def test_handlers_get_raw_records(self) -> None:
        """N2: values and headers untouched, a list on the wire and in tests."""
        record = MemoryBroker().append("t", b"k", b"v", [("a", None)])

        class Message:
            """What FastStream hands over."""

            raw_message: Any = (record,)

        assert await as_records(Message()) == [record]
        Message.raw_message = record
        assert await as_records(Message()) == [record]


class TestSecurity:
    """Brokers that want a login."""

    @pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
    def test_login_reaches_consumers_and_relay_alike(self, mechanism: Any) -> None:
        """N2: mechanism and login are settings; a password shows nowhere."""
        settings = KafkaSettings(
            security_protocol="SASL_PLAINTEXT", sasl_mechanism=mechanism, sasl_username="tandem", sasl_password=SecretStr("hidden")
        )
        broker = kafka_broker(settings, KafkaRouter(ack_policy=AckPolicy.NACK_ON_ERROR), "test")
        assert settings.client_options()["sasl_mechanism"] == mechanism
        assert broker._connection_kwargs["sasl_mechanism"] == mechanism
        assert broker._connection_kwargs["sasl_plain_password"] == settings.client_options()["sasl_plain_password"] == "hidden"
        assert "hidden" not in repr(settings)
