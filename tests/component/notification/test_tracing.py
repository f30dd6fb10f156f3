"""Telemetry of the last step: an attempt at a mail is a span below the event that asked for it (N17)."""

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from deploy.local.mail import MailSink
from shared.messaging.outbox import COLLECTION as OUTBOX
from shared.persistence.database import Database
from tests.component.notification import facts
from tests.component.notification.office import ADA, HandClock, open_office
from tests.support.spans import tracing_into


class TestAttempts:
    """From the request to the mail: the tree does not end at the queue."""

    async def test_each_attempt_is_a_span_and_its_fact_is_of_the_same_trace(
        self, mail_sink: MailSink, database: Database, wall: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """N17: refused once, then taken: two spans, the first with the server's code; ids and codes only."""
        exporter = InMemorySpanExporter()
        monkeypatch.setenv("TANDEM_SMTP__PORT", str(mail_sink.port))
        mail_sink.refuse("ada@corp.example", "451 4.7.1 try again later")
        tracing = tracing_into(exporter)
        async with open_office(smtp_port=mail_sink.port, database=database, wall=wall, tracing=tracing) as office:
            await office.know_everybody()
            exporter.clear()
            (asked,) = await office.hear(facts.unmatched(ADA, "paused"))
            (work,) = exporter.get_finished_spans()
            for _ in range(2):
                await office.dispatch()
                office.pass_wall(60)
            attempts = [span for span in exporter.get_finished_spans() if span.name == "delivery.attempt"]
            rows = await database.collection(OUTBOX).find({})
        assert [(span.status.status_code, span.status.description) for span in attempts] == [
            (StatusCode.ERROR, "smtp-451"),
            (StatusCode.UNSET, None),
        ]
        for span in attempts:
            assert span.parent is not None
            assert (span.context.trace_id, span.parent.span_id) == (work.context.trace_id, work.context.span_id)
            assert dict(span.attributes or {}) == {"tandem.correlation_id": "c-1", "tandem.causation_id": asked}
        traces = {dict(row["headers"])["traceparent"].decode().split("-")[1] for row in rows}
        assert traces == {f"{work.context.trace_id:032x}"}
