"""What the message path says of itself: one canonical line per batch, and figures by type and outcome (N17)."""

from collections import Counter as Counted
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.contracts.topics import Topic
from shared.messaging.applying import Tally
from shared.observability import log_events
from shared.observability.logging import Log


class BatchReport:
    """The facts of one batch for its log line: offsets per partition, size, lag, age; no key, no payload."""

    def __init__(self, topic: Topic, records: Sequence[Any], began: float, now: datetime, lag: int | None) -> None:
        """Read what is needed of the records at once; they are not kept."""
        self.topic = topic.name
        self.size = len(records)
        self.lag = lag
        first = {record.partition: record.offset for record in reversed(records)}  # offsets of a partition ascend
        last = {record.partition: record.offset for record in records}
        self.offsets = {str(partition): f"{first[partition]}-{last[partition]}" for partition in sorted(first)}
        oldest = min([record.timestamp for record in records], default=0)
        self.oldest_age_ms = max(0, int((now - datetime.fromtimestamp(max(0, oldest) / 1000, UTC)).total_seconds() * 1000))
        self._began = began
        self.seconds = 0.0

    def tell(self, log: Log, outcome: str, tallies: Sequence[Tally], ended: float) -> None:
        """Write the line."""
        self.seconds = ended - self._began
        write = log.info if outcome == "done" else log.warning
        write(
            log_events.BATCH_CONSUMED,
            topic=self.topic,
            offsets=self.offsets,
            size=self.size,
            lag=self.lag,
            oldest_age_ms=self.oldest_age_ms,
            outcome=outcome,
            applied=sum(len(each.applied) for each in tallies),
            duplicate=sum(each.duplicate for each in tallies),
            parked=sum(len(each.parked) for each in tallies),
            dead=sum(len(each.dead) for each in tallies),
            ms=round(self.seconds * 1000, 1),
        )


class PathMetrics:
    """Figures of the message path in the process's registry; labels are topics, types, codes, never ids."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the figures."""
        self._events = Counter("tandem_events", "Events by type and outcome.", ["type", "outcome"], registry=registry)
        self._batches = Counter("tandem_batches", "Batches by topic and outcome.", ["topic", "outcome"], registry=registry)
        self._seconds = Histogram("tandem_batch_seconds", "Time of a batch.", ["topic"], registry=registry)
        self._age = Gauge("tandem_event_age_seconds", "Age of the oldest event of the last batch.", ["topic"], registry=registry)
        self.relayed = Counter("tandem_outbox_relayed", "Outbox rows acknowledged by the broker.", registry=registry)
        self.send_failed = Counter("tandem_outbox_send_failed", "Outbox rows not acknowledged.", ["code"], registry=registry)
        self.outbox_age = Gauge("tandem_outbox_oldest_age_seconds", "Age of the oldest outbox row at the last look.", registry=registry)

    def batch(self, report: BatchReport, outcome: str, tallies: Sequence[Tally]) -> None:
        """Count one batch."""
        self._batches.labels(report.topic, outcome).inc()
        self._seconds.labels(report.topic).observe(report.seconds)
        self._age.labels(report.topic).set(report.oldest_age_ms / 1000)
        for tally in tallies:
            for type_, count in Counted(tally.applied).items():
                self._events.labels(type_, "applied").inc(count)
            for _, type_, _ in tally.parked:
                self._events.labels(type_, "parked").inc()
            for _, type_, _ in tally.dead:
                self._events.labels(type_, "dead").inc()
            if tally.duplicate:
                self._events.labels("", "duplicate").inc(tally.duplicate)
