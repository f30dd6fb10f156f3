"""One record of each type as it stands on its topic, byte for byte the same at each call: for examples and golden messages (N1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.contracts.base import Contract
from shared.contracts.envelope import Envelope, data_bytes, source_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Key, headers and value as text."""

    topic: str
    key: str
    headers: Mapping[str, str]
    value: str

    def as_plain(self) -> dict[str, Any]:
        """Return what is frozen in a golden message."""
        return {"topic": self.topic, "key": self.key, "headers": dict(self.headers), "value": self.value}


def sample(contract: type[Contract]) -> Sample:
    """Return the record of the contract's example."""
    data = contract.model_validate(contract.EXAMPLE)
    envelope = Envelope(
        id="e7b1c0de-0000-4000-8000-000000000001",
        type=contract.TYPE,
        source=source_of(contract.TOPIC.owner),
        subject=data.key,
        time=datetime(2027, 1, 11, 9, 0, tzinfo=UTC),
        sequence=1,
        correlation_id="c0441e1a-0000-4000-8000-000000000001",
    )
    headers = {name: value.decode() for name, value in envelope.headers()}
    return Sample(topic=contract.TOPIC.name, key=data.key, headers=headers, value=data_bytes(data).decode())
