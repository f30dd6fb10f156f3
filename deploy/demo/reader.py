"""A plain consumer as another system would write it: it knows the topics and the envelope, nothing of our code's inside."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer

from shared.contracts.topics import TOPICS, Kind

Fact = dict[str, Any]
FACT_TOPICS = tuple(topic.name for topic in TOPICS if topic.kind is not Kind.STATE)


def as_fact(record: Any) -> Fact:
    """Return a record as one JSON object: where it stands, its attributes without `ce_`, its data."""
    headers = {name.lower(): (value or b"").decode() for name, value in record.headers}
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key.decode() if record.key is not None else None,
        "attributes": {name.removeprefix("ce_"): value for name, value in headers.items() if name.startswith("ce_")},
        "data": json.loads(record.value) if record.value is not None else None,
    }


@dataclass(slots=True)
class FactReader:
    """Reads every fact topic from its beginning, keeps what it read and tells `heard` of each fact."""

    bootstrap: str
    heard: Callable[[Fact], None]
    facts: list[Fact] = field(default_factory=list)

    async def run(self) -> None:
        """Read until cancelled."""
        consumer = AIOKafkaConsumer(
            *FACT_TOPICS, bootstrap_servers=self.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False, group_id=None
        )
        await consumer.start()
        try:
            async for record in consumer:
                fact = as_fact(record)
                self.facts.append(fact)
                self.heard(fact)
        finally:
            await consumer.stop()

    def write(self, path: Path) -> None:
        """Write all facts as NDJSON, by topic, partition and offset."""
        ordered = sorted(self.facts, key=lambda fact: (fact["topic"], fact["partition"], fact["offset"]))
        path.write_text("".join(json.dumps(fact, ensure_ascii=False) + "\n" for fact in ordered), encoding="utf-8")

    def count(self, *types: str) -> int:
        """Return how many facts of `types` (without `tandem.` and version) were read; a second copy of a record is no second fact."""
        return len({fact["attributes"]["id"] for fact in self.facts if short_type(fact) in types})


def short_type(fact: Mapping[str, Any]) -> str:
    """Return `matching.pairing.formed` for `tandem.matching.pairing.formed.v1`."""
    return str(fact["attributes"]["type"]).removeprefix("tandem.").rsplit(".", 1)[0]


def doubled(facts: list[Fact]) -> int:
    """Return how many facts stand on a topic more than once (by id)."""
    return sum(count - 1 for count in Counter(fact["attributes"]["id"] for fact in facts).values())


def lost(facts: list[Fact]) -> int:
    """Return how many sequence numbers are missing: each subject counts its facts 1, 2, 3 … on each topic (N1)."""
    seen: dict[tuple[str, str], set[int]] = defaultdict(set)
    for fact in (fact for fact in facts if not fact["topic"].endswith("-dead-letter")):
        seen[fact["topic"], fact["attributes"]["subject"]].add(int(fact["attributes"]["sequence"]))
    return sum(max(numbers) - len(numbers) for numbers in seen.values())
