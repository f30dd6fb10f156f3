"""A whole service round: from documents in the database to proposals on Kafka, stage by stage (issue 5; R42).

`python -m tests.bench.matching.service_round [--people 10000] [--seed 1] [--json FILE]`: servers of its own (or those that the
environment names), cards and places written straight into matching's database, then one matching process runs the round.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from aiokafka import AIOKafkaConsumer

from deploy.local.processes import Processes
from deploy.local.server import Server
from deploy.local.servers import Place as Where
from deploy.local.servers import find_or_start_kafka, find_or_start_mongo
from deploy.local.services import Services
from deploy.local.tokens import TokenIssuer
from services.matching.adapters.records import MongoCardRepository
from services.matching.adapters.repositories import MongoPlaceRepository
from services.matching.adapters.shapes import Shapes
from services.matching.application.ports import KnownCard
from services.matching.domain.card import Card, Offer, Want, WorkingSpan
from services.matching.domain.place import Place
from services.matching.engine.person import Person
from shared.contracts.topics import MATCHING_PAIRING
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.messaging.settings import KafkaSettings
from shared.persistence.database import Database, Transaction
from shared.persistence.mongo import MongoSettings, connect
from tests.support.population import company

PROGRAMME = "peers"
WRITTEN_AT_ONCE = 500
LOOK_SECONDS = 0.25
WITHIN_SECONDS = 1_800.0
TICKS = os.sysconf("SC_CLK_TCK")
GOAL_PEOPLE, GOAL_SECONDS = 10_000, 30.0


@dataclass(kw_only=True)
class Measured:
    """Seconds by stage, and what the processes used."""

    people: int
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    peak_mib: dict[str, int] = field(default_factory=dict)
    proposals: int = 0
    servers: list[str] = field(default_factory=list)

    @property
    def total(self) -> float:
        """Return the whole round's time."""
        return round(sum(self.seconds.values()), 1)

    def told(self) -> dict[str, Any]:
        """Return it as JSON."""
        goal = {"goal_seconds": GOAL_SECONDS, "met": self.total <= GOAL_SECONDS} if self.people == GOAL_PEOPLE else {}
        return {**self.__dict__, "total_seconds": self.total, **goal}


def card_of(person: Person) -> Card:
    """Return a person of the made-up company as profile would publish them."""
    return Card(
        member_id=person.id,
        department=person.department,
        site=person.site,
        job_family=person.job_family,
        level=person.level,
        years=person.years,
        manager_chain=person.manager_chain,
        offers=tuple(Offer(code=code, strength=strength) for code, strength in sorted(person.offers.items())),
        wants=tuple(Want(code=code, priority=priority) for code, priority in sorted(person.wants.items())),
        goals=person.goals,
        challenges=person.challenges,
        challenges_long=person.challenges_long,
        journey=person.experience,
        timezone="UTC",
        languages=person.languages,
        working_hours=tuple(_span(start, end) for start, end in person.availability),
        communication=person.communication,
    )


def _span(start: int, end: int) -> WorkingSpan:
    day = start // 1_440
    return WorkingSpan(weekday=day, start_minute=start - 1_440 * day, end_minute=end - 1_440 * day)


async def write_documents(database: Database, people: Sequence[Person], say: Callable[[str], None]) -> None:
    """Put cards and places where the consumer would have put them."""
    shapes = Shapes()
    for start in range(0, len(people), WRITTEN_AT_ONCE):
        part = people[start : start + WRITTEN_AT_ONCE]

        async def work(tx: Transaction, part: Sequence[Person] = part) -> None:
            cards, places = MongoCardRepository(tx, shapes), MongoPlaceRepository(tx)
            for person in part:
                await cards.save(KnownCard(card=card_of(person), sequence=1))
            made = [Place.of(PROGRAMME, person.id) for person in part]
            for place, person in zip(made, part, strict=True):
                place.enrol(person.seats)
            await places.add_many(made)

        await database.transact("bench.people", work)
    say(f"{len(people)} people written")


async def measure(people: int, seed: int, say: Callable[[str], None]) -> Measured:
    """Run one round and measure it."""
    measured = Measured(people=people)
    async with AsyncExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="tandem-round-")))
        for name in ("pids", "kafka", "mongo"):
            (folder / name).mkdir()
        processes = Processes(folder / "pids")
        ends.callback(processes.end_now)
        where = Where(processes=processes, kafka=folder / "kafka", mongo=folder / "mongo", logs=folder, randomness=SystemRandomness())
        kafka, mongo = await find_or_start_kafka(where), await find_or_start_mongo(where)
        measured.servers = [f"{server.product} {server.version}" for server in (kafka, mongo)]
        issuer = TokenIssuer(folder, WallClock(), SystemRandomness())
        settings = {**kafka.settings, **mongo.settings}
        services = Services(processes, folder, settings, {"matching": dict(issuer.settings("matching"))}, names=("matching",))
        await services.start()
        await write_documents(_database(mongo), company(people, seed), say)
        pids = {"matching": services.running["matching"].pid} | {one.name: one.pid for one in (*kafka.processes, *mongo.processes)}
        before = {name: _cpu(pid) for name, pid in pids.items()}
        headers = {"Authorization": f"Bearer {issuer.token('bench', ['hr_admin'])}"}
        async with httpx2.AsyncClient(base_url=services.urls["matching"], headers=headers, timeout=60) as client:
            await _round(client, kafka, measured, say)
        measured.cpu_seconds |= {name: round(_cpu(pid) - before[name], 1) for name, pid in pids.items()}
        measured.cpu_seconds["matching"] = round(measured.cpu_seconds["matching"] - measured.cpu_seconds["worker"], 1)
        measured.peak_mib |= {name: _peak(pid) for name, pid in pids.items()}
        await services.stop()
    return measured


async def _round(client: httpx2.AsyncClient, kafka: Server, measured: Measured, say: Callable[[str], None]) -> None:
    (await client.put(f"/programmes/{PROGRAMME}", json={})).raise_for_status()
    told = {name.removeprefix("TANDEM_KAFKA__").lower(): value for name, value in kafka.settings.items() if "KAFKA__" in name}
    settings = KafkaSettings.model_validate(told)
    consumer = AIOKafkaConsumer(settings.name_of(MATCHING_PAIRING), **settings.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        seen = 0
        last = time.perf_counter()
        opened = (await client.post(f"/programmes/{PROGRAMME}/rounds", json={"seed": 1, "publish_when_solved": True})).json()
        shown, stage = opened, "freeze"
        while shown["state"] != "published" or seen < shown["counts"]["proposals"]:
            batch = await consumer.getmany(timeout_ms=int(1_000 * LOOK_SECONDS), max_records=5_000)
            seen += sum(len(records) for records in batch.values())
            shown = (await client.get(f"/rounds/{opened['round_id']}")).json()
            if shown["state"] == "cancelled":
                raise RuntimeError(f"the round was cancelled: {shown['failure']}")
            now, before = time.perf_counter(), stage
            stage = STAGE_OF[shown["state"]]
            measured.seconds[before] = round(measured.seconds.get(before, 0.0) + now - last, 2)
            last = now
            if stage != before:
                say(f"{before}: {measured.seconds[before]} s")
            if sum(measured.seconds.values()) > WITHIN_SECONDS:
                raise RuntimeError(f"not done within {WITHIN_SECONDS:.0f} s")
        measured.proposals = seen
        effort = (await client.get(f"/rounds/{opened['round_id']}/report")).json()["effort"]
        measured.cpu_seconds["worker"], measured.peak_mib["worker"] = effort["cpu_seconds"], round(effort["peak_memory_mib"])
    finally:
        await consumer.stop()


STAGE_OF: Mapping[str, str] = {"opened": "freeze", "frozen": "solve", "publishing": "publish", "published": "last proposal on Kafka"}


def _database(mongo: Server) -> Database:
    told = {name.removeprefix("TANDEM_MONGO__").lower(): value for name, value in mongo.settings.items() if "MONGO__" in name}
    return connect(MongoSettings.model_validate(told), "matching", wall=WallClock(), randomness=SystemRandomness())


def _cpu(pid: int) -> float:
    """Return CPU seconds of a process and its ended children (a worker's are told apart)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(value) for value in fields[11:15]) / TICKS


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(arguments: Sequence[str]) -> int:
    """Measure one round and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=GOAL_PEOPLE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    asked = parser.parse_args(arguments)
    measured = asyncio.run(measure(asked.people, asked.seed, _say))
    told = measured.told()
    for name, seconds in measured.seconds.items():
        sys.stdout.write(f"{name:<24} {seconds:8.1f} s\n")
    sys.stdout.write(f"{'whole round':<24} {measured.total:8.1f} s   {measured.proposals} proposals, {', '.join(measured.servers)}\n")
    for name, cpu in measured.cpu_seconds.items():
        sys.stdout.write(f"{name:<24} {cpu:8.1f} CPU s   {measured.peak_mib[name]} MiB at most\n")
    sys.stdout.write(json.dumps(told) + "\n")
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
