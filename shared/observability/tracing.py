"""OpenTelemetry as an option: one span per unit of work that took effect, from the request to the mail (N17). Off by default.

A span begins when a unit of work is bound to its transaction and ends with the commit; work that ran again or was refused leaves
none. Its context goes out as `traceparent` with the facts of that work, so the spans of all services form one tree. Batches have a
span per event, never one for all (their events belong to different traces). Steps beside a transaction (a record on its way to the
broker, a mail to its server) are spans below the work that asked for them. Ids and codes only (N9).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.kernel.cause import Cause

U = TypeVar("U")
EXPORT_SECONDS_MAX = 2
KINDS = {
    "command": SpanKind.SERVER,
    "batch": SpanKind.CONSUMER,
    "event": SpanKind.CONSUMER,
    "parked": SpanKind.CONSUMER,
    "relay": SpanKind.PRODUCER,
    "delivery": SpanKind.CLIENT,
}
"""By the first word of a span's name."""
Failed = Callable[[str], None]
Step = Callable[[str, Cause], AbstractContextManager[Failed]]
"""A span around a block, of this name and below this cause; what the block is given marks it as failed, with a code."""
PROPAGATOR = TraceContextTextMapPropagator()


class Committing(Protocol):
    """What is needed of a transaction."""

    label: str

    def after_commit(self, work: Callable[[], None]) -> None:
        """Run `work` once it is committed."""
        ...


class Tracing:
    """Makes spans with one tracer; `close` sends what is left."""

    def __init__(self, tracer: Tracer, close: Callable[[], None]) -> None:
        """`close` ends the exporter."""
        self._tracer = tracer
        self.close = close

    def traced(self, bind: Callable[[Any, Cause], U]) -> Callable[[Any, Cause], U]:
        """Return `bind` with a span around each unit of work that it makes."""

        def binding(tx: Any, cause: Cause) -> U:
            span = self._begun(tx.label, cause)
            tx.after_commit(span.end)
            return bind(tx, replace(cause, traceparent=_traceparent_of(span)))

        return binding

    @contextmanager
    def step(self, name: str, cause: Cause) -> Iterator[Failed]:
        """Make a span around a block, whatever comes of it (`Step`)."""
        span = self._begun(name, cause)

        def failed(code: str) -> None:
            span.set_status(Status(StatusCode.ERROR, code))

        try:
            yield failed
        finally:
            span.end()

    def _begun(self, label: str, cause: Cause) -> Span:
        parent = PROPAGATOR.extract({} if cause.traceparent is None else {"traceparent": cause.traceparent})
        about = {"tandem.correlation_id": cause.correlation_id, "tandem.causation_id": cause.causation_id or ""}
        return self._tracer.start_span(label, parent, KINDS.get(label.partition(".")[0], SpanKind.INTERNAL), about)


@contextmanager
def no_step(_name: str, _cause: Cause) -> Iterator[Failed]:
    """Make no span: telemetry is off (`Step`)."""
    yield lambda _code: None


def tracing_to(endpoint: str, service: str, share: float) -> Tracing:
    """Return what sends spans to an OTLP/HTTP collector.

    Raises:
        ImportError: the extra `telemetry` is not installed.

    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an option: the extra `telemetry`
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        resource=Resource.create({"service.name": f"tandem-{service}"}),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS_MAX)
    provider.add_span_processor(BatchSpanProcessor(exporter, export_timeout_millis=EXPORT_SECONDS_MAX * 1000))
    return Tracing(provider.get_tracer("tandem"), provider.shutdown)


def _traceparent_of(span: Span) -> str | None:
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier, set_span_in_context(span))
    return carrier.get("traceparent")
