"""CloudEvents 1.0 in Kafka's binary mode: the attributes of a fact as `ce_` headers (architecture section 4)."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from shared.contracts.base import Contract, instant_text
from shared.kernel.values import value


class BadEnvelope(ValueError):
    """A required header is missing or unreadable; names the header, never its value."""


@value
class Envelope:
    """Who says what about whom, when, in which order and why. `sequence` counts the facts of `subject`."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    sequence: int
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None

    def headers(self) -> list[tuple[str, bytes]]:
        """Return the Kafka headers, in a fixed order."""
        values = {
            "ce_specversion": "1.0",
            "ce_id": self.id,
            "ce_type": self.type,
            "ce_source": self.source,
            "ce_subject": self.subject,
            "ce_time": instant_text(self.time),
            "ce_dataschema": schema_uri(self.type),
            "ce_partitionkey": self.subject,
            "ce_sequence": str(self.sequence),
            "ce_correlationid": self.correlation_id,
            "ce_causationid": self.causation_id,
            "traceparent": self.traceparent,
            "content-type": "application/json",
        }
        return [(name, value.encode()) for name, value in values.items() if value is not None]

    @classmethod
    def read(cls, headers: Collection[tuple[str, bytes | None]]) -> "Envelope":
        """Read the headers of a record.

        Raises:
            BadEnvelope: when a required header is missing or not readable.

        """
        try:
            found = {name: value.decode() for name, value in headers if value}
        except UnicodeDecodeError:
            found = _readable(headers)
        if "ce_id" not in found:  # written by somebody else, in other letters
            found = {name.lower(): text for name, text in found.items()}
        try:
            return cls(
                id=found["ce_id"],
                type=found["ce_type"],
                source=found["ce_source"],
                subject=found["ce_subject"],
                time=_moment(found["ce_time"]),
                sequence=int(found["ce_sequence"]),
                correlation_id=found.get("ce_correlationid") or found["ce_id"],
                causation_id=found.get("ce_causationid"),
                traceparent=found.get("traceparent"),
            )
        except KeyError as missing:
            raise BadEnvelope(missing.args[0]) from None
        except BadEnvelope:
            raise
        except ValueError:
            raise BadEnvelope("ce_time or ce_sequence") from None


def _readable(headers: Collection[tuple[str, bytes | None]]) -> dict[str, str]:
    """Return the headers that are text: one that is not may be none of ours."""
    found = {}
    for name, content in headers:
        with suppress(UnicodeDecodeError):
            found[name] = (content or b"").decode()
    return {name: text for name, text in found.items() if text}


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise BadEnvelope("ce_time")
    return moment


def schema_uri(event_type: str) -> str:
    """Return the stable name of a type's JSON Schema (`shared/contracts/schemas/<type>.json`)."""
    return f"urn:tandem:schema:{event_type}"


def source_of(service: str) -> str:
    """Return the CloudEvents source of a service."""
    return f"/tandem/{service}"


def data_bytes(data: Contract) -> bytes:
    """Return the value of the Kafka record."""
    return data.model_dump_json().encode()
