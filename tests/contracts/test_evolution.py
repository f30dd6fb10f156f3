"""Tomorrow's messages meet today's consumers: unknown fields and attributes are read past, a new major version waits (N1, N2)."""

import json
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts import catalogue, profile, topics
from shared.contracts.base import Contract
from shared.contracts.samples import sample
from shared.kernel.randomness import seeded
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.settings import KafkaSettings
from tests.support.memory.database import MemoryServer, memory_database
from tests.support.path import Node, noted

NAMES = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=12).map(lambda name: f"new_{name}")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
)
HEADERS = st.lists(st.tuples(NAMES.map(lambda name: f"ce_{name.replace('_', '')}"), st.none() | st.binary(max_size=20)), max_size=4)


class MemberLeftNext(profile.MemberLeft):
    """A next major version: what an upgrade brings."""

    TYPE = "tandem.profile.member.left.v2"


def record(offset: int, sequence: int, *, type_: str, more: dict[str, Any] | None = None, headers: Any = ()) -> Any:
    """Return a leaver's record as the broker gives it."""
    made = sample(profile.MemberLeft)
    named = dict(made.headers) | {"ce_id": f"e-{offset}", "ce_type": type_, "ce_sequence": str(sequence), "ce_subject": "m"}
    value = json.dumps(json.loads(made.value) | {"member_id": "m"} | (more or {})).encode()
    return ConsumerRecord(
        topic=made.topic,
        partition=0,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=b"m",
        value=value,
        checksum=None,
        serialized_key_size=1,
        serialized_value_size=len(value),
        headers=(*((name, text.encode()) for name, text in named.items()), *headers),
    )


async def node(server: MemoryServer, *handled: type[Contract]) -> Node:
    """Return a consuming process that handles these types."""
    made = Node(
        "matching", memory_database(server), KafkaSettings(), handlers=dict.fromkeys(handled, noted), randomness=seeded("evolution")
    )
    await made.prepare()
    return made


class TestMinor:
    """N1: a compatible addition needs no upgrade of its readers."""

    @pytest.mark.parametrize("contract", catalogue.CONTRACTS, ids=lambda contract: contract.TYPE)
    @given(more=st.dictionaries(NAMES, VALUES, max_size=4))
    @settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    def test_arbitrary_unknown_fields_are_read_past(self, contract: type[Contract], more: dict[str, Any]) -> None:
        """N1: whatever is added, what was there is read the same."""
        said = json.loads(sample(contract).value)
        assert contract.model_validate_json(json.dumps(said | more)) == contract.model_validate_json(json.dumps(said))

    @given(more=st.dictionaries(NAMES, VALUES, max_size=4), headers=HEADERS)
    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    async def test_the_consumer_applies_them(self, more: dict[str, Any], headers: list[tuple[str, bytes | None]]) -> None:
        """N2: unknown fields and attributes, readable or not, make no dead letter."""
        consuming = await node(MemoryServer(), profile.MemberLeft)
        await consuming.consumer.apply(topics.PROFILE_MEMBER, [record(0, 1, type_=profile.MemberLeft.TYPE, more=more, headers=headers)])
        assert await consuming.effects() == {"m": [1]}


class TestMajor:
    """N1, N2: what today's service cannot know waits until it is upgraded."""

    async def test_a_future_major_is_set_aside_and_redriven_after_the_upgrade(self) -> None:
        """N2: with everything of its key that came behind, in order, once."""
        server = MemoryServer()
        today = await node(server, profile.MemberLeft)
        types = (profile.MemberLeft.TYPE, MemberLeftNext.TYPE, profile.MemberLeft.TYPE)
        await today.consumer.apply(topics.PROFILE_MEMBER, [record(n, n + 1, type_=type_) for n, type_ in enumerate(types)])
        (letter,) = await DeadLetters(today.consumer).list()
        assert (letter["code"], letter["held"], await today.effects()) == ("unknown-major", 1, {"m": [1]})
        assert (await DeadLetters(today.consumer).redrive("e-1", by="op"))["code"] == "unknown-major"

        upgraded = await node(server, profile.MemberLeft, MemberLeftNext)
        assert (await DeadLetters(upgraded.consumer).redrive("e-1", by="op"))["outcome"] == "redriven"
        await upgraded.parked.run_due()
        assert await upgraded.effects() == {"m": [1, 2, 3]}
