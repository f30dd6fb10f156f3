"""OpenTelemetry: off by default; switched on, the spans of all services form one tree, of ids and codes only (N9, N17)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from services.scheduling.main import NAME, build
from services.scheduling.settings import SchedulingSettings
from shared.contracts.topics import MATCHING_PAIRING, PROFILE_CARD
from shared.foundation import Foundation
from shared.http.settings import AuthSettings
from shared.kernel.cause import Cause
from shared.kernel.clock import WallClock
from shared.kernel.randomness import seeded
from shared.messaging.outbox import COLLECTION as OUTBOX
from shared.messaging.sending import SendFailed
from shared.observability.tracing import Tracing, tracing_to
from shared.persistence.database import Document
from shared.settings import BadSettings, SharedSettings, TelemetrySettings
from tests.component.scheduling.house import ADA, BEN, activated, card, record_of
from tests.support.memory.database import memory_database
from tests.support.principals import TrustingAuthenticator
from tests.support.probing import until
from tests.support.spans import tracing_into

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SHARED = SharedSettings(auth=AuthSettings(issuer="https://issuer.test", jwks="unused.json"))


@asynccontextmanager
async def scheduling(tracing: Tracing | None) -> AsyncIterator[Foundation[SchedulingSettings]]:
    """Let scheduling hear of two cards and, with a `traceparent`, of a pairing that became active."""
    foundation = Foundation(
        NAME,
        SHARED,
        SchedulingSettings(),
        wall=WallClock(),
        randomness=seeded("tracing"),
        database=memory_database(),
        authenticator=TrustingAuthenticator(),
        tracing=tracing,
    )
    consumer = build(foundation).consumer
    now = foundation.wall.now()
    cards = [record_of(card(each, "UTC", begin=0, end=1440), event_id=f"card-{each}", sequence=1, at=now) for each in (ADA, BEN)]
    await consumer.apply(PROFILE_CARD, cards)
    record = record_of(activated(), event_id="activated", sequence=1, at=now)
    traced = replace(record, headers=(*record.headers, ("traceparent", f"00-{TRACE}-{PARENT}-01".encode())))
    await consumer.apply(MATCHING_PAIRING, [traced])
    yield foundation
    await foundation.close()


async def told(foundation: Foundation[Any]) -> list[str]:
    """Return the `traceparent` of each fact in the outbox."""
    rows = await foundation.database.collection(OUTBOX).find({})
    return [dict(row["headers"])["traceparent"].decode() for row in rows]


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Return where spans go."""
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Tracing:
    """Return tracing into this test."""
    return tracing_into(exporter)


class TestTracing:
    """N17: the context of a request travels with facts."""

    async def test_off_by_default_the_callers_context_goes_on_unchanged(self) -> None:
        """N17: without a collector nothing is made, and nothing of others is lost."""
        async with scheduling(None) as foundation:
            assert set(await told(foundation)) == {f"00-{TRACE}-{PARENT}-01"}

    async def test_an_events_work_is_a_span_between_its_cause_and_its_facts(self, tracing: Tracing, exporter: InMemorySpanExporter) -> None:
        """N17: one span per event, child of what led to it, parent of what it leads to; ids and codes only."""
        async with scheduling(tracing) as foundation:
            spans: list[ReadableSpan] = list(exporter.get_finished_spans())
            (own,) = [span for span in spans if span.parent is not None]
            assert len(spans) == 3, "two cards, one pairing"
            assert (f"{own.context.trace_id:032x}", f"{own.parent.span_id:016x}") == (TRACE, PARENT)  # type: ignore[union-attr]
            assert set(await told(foundation)) == {f"00-{TRACE}-{own.context.span_id:016x}-01"}
            assert dict(own.attributes or {}) == {"tandem.correlation_id": "c-1", "tandem.causation_id": "activated"}
            assert own.name == "batch.tandem-matching-pairing"

    async def test_work_that_took_no_effect_leaves_no_span(self, tracing: Tracing, exporter: InMemorySpanExporter) -> None:
        """N2: a transaction that is given up tells nothing, here neither."""
        async with scheduling(tracing) as foundation:
            before = len(exporter.get_finished_spans())

            async def gives_up(tx: Any) -> None:
                tracing.traced(lambda _tx, cause: cause)(tx, Cause(correlation_id="c"))
                raise KeyError

            with pytest.raises(KeyError):
                await foundation.database.transact("command.nothing", gives_up)
            assert len(exporter.get_finished_spans()) == before


class BrokerThatRefuses:
    """A broker that takes all but one key."""

    def __init__(self, key: str) -> None:
        self.key = key

    async def open(self) -> None:
        """Be there."""

    async def send(self, rows: Sequence[Document]) -> list[SendFailed | None]:
        """Answer."""
        return [SendFailed("KafkaTimeoutError") if row["key"] == self.key else None for row in rows]

    async def rebuild(self) -> None:
        """Be there."""

    async def close(self) -> None:
        """Be there."""


class TestRelay:
    """N17: the way to the broker is a span, too."""

    async def test_each_record_is_a_span_below_the_work_that_committed_it(self, tracing: Tracing, exporter: InMemorySpanExporter) -> None:
        """N17: one span a record until the broker answers, its refusal as a code; the record is not touched."""
        async with scheduling(tracing) as foundation:
            fact = (await foundation.database.collection(OUTBOX).find({"topic": "tandem-scheduling-session"}))[0]
            work = next(span for span in exporter.get_finished_spans() if span.parent is not None)
            exporter.clear()
            sender = foundation.traced_sender(BrokerThatRefuses("other"))
            answers = await sender.send([fact, fact | {"_id": "f-2", "key": "other"}])
            sent, refused = sorted(exporter.get_finished_spans(), key=lambda span: span.status.description or "")
            assert [None if each is None else each.code for each in answers] == [None, "KafkaTimeoutError"]
            assert {sent.name, refused.name} == {"relay.tandem-scheduling-session"}
            assert sent.parent is not None
            assert (sent.context.trace_id, sent.parent.span_id) == (work.context.trace_id, work.context.span_id)
            assert dict(sent.attributes or {}) == {"tandem.correlation_id": "c-1", "tandem.causation_id": fact["_id"]}
            assert (refused.status.status_code, refused.status.description) == (StatusCode.ERROR, "KafkaTimeoutError")

    async def test_off_there_is_nothing_between_relay_and_broker(self) -> None:
        """N17: what is off costs nothing."""
        broker = BrokerThatRefuses("other")
        async with scheduling(None) as foundation:
            assert foundation.traced_sender(broker) is broker


class TestExport:
    """N17: to any OTLP collector."""

    async def test_spans_arrive_at_the_collector(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """N17: over HTTP, under the service's name."""
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        received: list[bytes] = []

        async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            received.append(await reader.readuntil(b"\r\n\r\n"))
            length = int(received[-1].lower().split(b"content-length:")[1].split(b"\r\n")[0])
            received.append(await reader.readexactly(length))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(collect, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with scheduling(tracing_to(f"http://127.0.0.1:{port}", NAME, 1.0)):
                await until(lambda: len(received) >= 2, within=20, saying="spans were exported")
        assert received[0].startswith(b"POST /v1/traces ")

    def test_a_collector_without_the_extra_is_one_readable_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """N17: the start fails with the remedy, not with a stack."""

        def missing(*_: object) -> Tracing:
            raise ImportError

        monkeypatch.setattr("shared.foundation.tracing_to", missing)
        shared = SHARED.model_copy(update={"telemetry": TelemetrySettings(endpoint="http://127.0.0.1:4318")})
        with pytest.raises(BadSettings, match=r"install tandem\[telemetry\]"):
            Foundation(NAME, shared, SchedulingSettings(), wall=WallClock(), randomness=seeded("x"), database=memory_database())
