"""What the world outside does with matching: facts and calls in, facts out, and kill -9."""

import json
from dataclasses import dataclass
from typing import Any

import httpx2
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.services import Services
from deploy.local.tokens import TokenIssuer
from shared.contracts.base import Contract
from shared.contracts.envelope import Envelope, data_bytes, source_of
from shared.contracts.topics import MATCHING_DEAD_LETTER, MATCHING_PAIRING, MATCHING_ROUND
from shared.kernel.clock import WallClock
from shared.messaging.settings import KafkaSettings
from tests.component.matching.house import PROGRAMME
from tests.support.probing import until

ADMIN = "the-admin"


@dataclass(frozen=True, slots=True)
class Fact:
    """One record of a fact topic, as a plain reader sees it."""

    id: str
    name: str
    key: str
    sequence: int
    data: dict[str, Any]


class Outside:
    """Another system: knows contracts and HTTP, nothing of the code."""

    def __init__(self, settings: KafkaSettings, services: Services, issuer: TokenIssuer) -> None:
        """Speak to the run's broker under this test's own topic names."""
        self.services = services
        self._settings = settings
        self._issuer = issuer
        self._sent = 0
        self._read: list[Fact] = []

    async def __aenter__(self) -> "Outside":
        """Connect."""
        options = self._settings.client_options()
        self._producer = AIOKafkaProducer(**options, acks="all")
        names = [self._settings.name_of(topic) for topic in (MATCHING_PAIRING, MATCHING_ROUND, MATCHING_DEAD_LETTER)]
        self._consumer = AIOKafkaConsumer(*names, **options, auto_offset_reset="earliest", enable_auto_commit=False)
        self._client = httpx2.AsyncClient(base_url=self.services.urls["matching"], timeout=30)
        await self._producer.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._consumer.stop()
        await self._producer.stop()
        await self._client.aclose()

    async def says(self, *facts: Contract) -> None:
        """Send facts of other services."""
        for fact in facts:
            self._sent += 1
            envelope = Envelope(
                id=f"event-{self._sent}",
                type=fact.TYPE,
                source=source_of(fact.TOPIC.owner),
                subject=fact.key,
                time=WallClock().now(),
                sequence=self._sent,
                correlation_id="c-1",
            )
            name = self._settings.name_of(fact.TOPIC)
            await self._producer.send_and_wait(name, data_bytes(fact), key=fact.key.encode(), headers=envelope.headers())

    async def call(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Call the HTTP API; `the-admin` is an HR administrator, everybody else a member."""
        token = self._issuer.token(who, ["hr_admin"] if who == ADMIN else ["member"])
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client.request(method, path, json=body, headers=named | {"Authorization": f"Bearer {token}"})

    async def does(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call and return the JSON of a success."""
        answer = await self.call(who, method, path, body, **headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def knows(self, *members: str) -> None:
        """Wait until matching lets each of them begin a pairing with a stranger, that is until their cards have arrived."""
        body = {"programme_id": PROGRAMME, "partner_id": "nobody", "origin": "asked"}

        waiting = list(members)

        async def known() -> bool:
            while waiting:
                answer = await self.call(waiting[-1], "POST", "/pairings", body)
                if answer.json().get("code") != "partner-not-available":
                    return False
                waiting.pop()
            return True

        await until(known, within=60, saying="all cards have arrived", every=0.2)

    async def facts(self, *, until_seen: str | None = None, within: float = 60, count: int = 1) -> list[Fact]:
        """Return what was told so far, each event once in the order of the log; wait until `count` facts of a name were seen."""

        async def enough() -> bool:
            for records in (await self._consumer.getmany(timeout_ms=200)).values():
                self._read += [_fact(record) for record in records]
            found = {fact.id for fact in self._read if until_seen in {None, fact.name}}
            return until_seen is None or len(found) >= count

        await until(enough, within=within, saying=f"{count} x {until_seen}")
        return list({fact.id: fact for fact in reversed(self._read)}.values())[::-1]

    async def kill(self) -> None:
        """End the service with -9 and start it again."""
        self.services.kill("matching")
        await self.services.restart("matching")


def _fact(record: Any) -> Fact:
    headers = {name: value.decode() for name, value in record.headers}
    name = headers["ce_type"].removeprefix("tandem.matching.").removesuffix(".v1")
    return Fact(headers["ce_id"], name, record.key.decode(), int(headers["ce_sequence"]), json.loads(record.value))


def gaps(facts: list[Fact]) -> dict[str, list[int]]:
    """Return the aggregates whose facts do not count 1, 2, 3 … in the order of the log."""
    counted: dict[str, list[int]] = {}
    for fact in facts:
        counted.setdefault(fact.key, []).append(fact.sequence)
    return {key: sequences for key, sequences in counted.items() if sequences != list(range(1, len(sequences) + 1))}
