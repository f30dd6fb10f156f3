"""Messages of every version ever written, frozen byte for byte: written as then, read as then, handled as then (N1)."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.matching import main as matching
from services.matching.settings import MatchingSettings
from services.notification import main as notification
from services.notification.settings import NotificationSettings
from services.scheduling import main as scheduling
from services.scheduling.settings import SchedulingSettings
from shared.contracts import catalogue, publishing
from shared.contracts.base import Contract
from shared.contracts.samples import sample
from shared.contracts.topics import BY_NAME
from shared.messaging.decoding import Message
from tests.support.apps import App, running_app

BUILDS: dict[str, tuple[Any, Any]] = {
    "matching": (matching.build, MatchingSettings),
    "scheduling": (scheduling.build, SchedulingSettings),
    "notification": (notification.build, NotificationSettings),
}
FROZEN = sorted((publishing.ROOM / "golden").glob("*.json"))
each_contract = pytest.mark.parametrize("contract", catalogue.CONTRACTS, ids=lambda contract: contract.TYPE)
each_frozen = pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.stem)


def message_in(path: Path) -> Message:
    """Return a frozen message as it stood on its topic."""
    frozen = json.loads(path.read_text("utf-8"))
    return Message(
        topic=frozen["topic"],
        partition=0,
        offset=FROZEN.index(path),
        timestamp=datetime(2027, 1, 11, 9, 0, tzinfo=UTC),
        key=frozen["key"].encode(),
        headers=tuple((name, value.encode()) for name, value in frozen["headers"].items()),
        value=frozen["value"].encode(),
    )


def contract_of(path: Path) -> type[Contract]:
    """Return the contract of a frozen message."""
    return catalogue.BY_TYPE[path.stem.rpartition(".")[0]]


class TestWritten:
    """A change of a single byte is seen."""

    @each_contract
    def test_todays_message_is_the_newest_frozen_one(self, contract: type[Contract]) -> None:
        """N1: a compatible addition is frozen beside (`python -m shared.contracts.publishing release`), never in its place."""
        frozen = publishing.goldens(contract)
        assert frozen, "run `python -m shared.contracts.publishing release`"
        assert frozen[-1].read_text("utf-8") == publishing.as_json(sample(contract).as_plain())
        assert [path.name.split(".")[-2] for path in frozen] == [str(number + 1) for number in range(len(frozen))]


class TestRead:
    """What was written once is understood for ever."""

    @each_frozen
    def test_every_frozen_message_is_read_by_todays_contract(self, path: Path) -> None:
        """N1: all that it said then is still there."""
        said = json.loads(json.loads(path.read_text("utf-8"))["value"])
        read = contract_of(path).model_validate(said).model_dump(mode="json")
        assert {name: read[name] for name in said} == said


@pytest_asyncio.fixture(params=sorted(BUILDS))
async def service(request: pytest.FixtureRequest) -> AsyncIterator[App[Any]]:
    """Return a service as it ships, over an empty database."""
    build, settings = BUILDS[request.param]
    async with running_app(request.param, build, settings()) as app:
        yield app


class TestHandled:
    """N1, N2: today's consumers take the messages of every version."""

    async def test_none_is_unreadable_or_breaks_a_handler(self, service: App[Any]) -> None:
        """N2: a rule may refuse or wait for a fact that does not exist here, but nothing fails for its form."""
        consumer, name = service.service.consumer, service.foundation.service
        handled = [path for path in FROZEN if name in contract_of(path).CONSUMERS]
        assert handled
        for path in handled:
            message = message_in(path)
            await consumer.apply(BY_NAME[message.topic], [_record(message)])
        letters = await service.database.collection("dead_letters").find({})
        codes = [row["code"] for row in letters]
        assert [code for code in codes if code.startswith(("unreadable", "unknown", "bug"))] == []


def _record(message: Message) -> Any:
    from aiokafka import ConsumerRecord  # noqa: PLC0415

    return ConsumerRecord(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp=int(message.timestamp.timestamp() * 1000),
        timestamp_type=0,
        key=message.key,
        value=message.value,
        checksum=None,
        serialized_key_size=len(message.key or b""),
        serialized_value_size=len(message.value or b""),
        headers=tuple((name, str(offset_id(message)).encode() if name == "ce_id" else value) for name, value in message.headers),
    )


def offset_id(message: Message) -> str:
    """Return an event id that no other frozen message has."""
    return f"golden-{message.offset}"
