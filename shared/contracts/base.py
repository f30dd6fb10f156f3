"""What every contract is: a frozen model with a type, a topic and a key. Unknown fields are ignored on read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from shared.contracts.topics import Topic


def _as_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def instant_text(moment: datetime) -> str:
    """Return `moment` as RFC 3339 in UTC with milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[
    AwareDatetime,
    AfterValidator(_as_utc),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "RFC 3339 in UTC with Z"}),
]
"""A point in time on the wire: RFC 3339, UTC, `Z`."""


PRIVATE = "private"
"""Marks a field that names or addresses a person: `Annotated[str, PRIVATE]`. State topics only; never shown to an operator (N9, N18)."""


class Part(BaseModel):
    """A value inside a contract."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Contract(Part):
    """The data of one event type. The class says its type, its topic and which services read it."""

    TYPE: ClassVar[str]
    TOPIC: ClassVar[Topic]
    CONSUMERS: ClassVar[tuple[str, ...]] = ()
    """Our own services that react to it; other systems may read every fact."""
    EXAMPLE: ClassVar[Mapping[str, Any]]

    @property
    def key(self) -> str:
        """Return the Kafka key: the id of the aggregate that the fact is about. It is also `ce_subject`."""
        key: str = getattr(self, self.TOPIC.key)
        return key
