"""A whole service round: from documents in the database to proposals on Kafka, stage by stage (issue 5; R42).

`python -m tests.bench.matching.service_round [--people 10000] [--seed 1] [--suggestions N] [--json FILE]`: servers of its own (or those
that the environment names), cards and places written straight into matching's database, then one matching process runs the round.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
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
from services.matching.adapters.records import CARDS, card_document
from services.matching.adapters.repositories import MongoPlaceRepository
from services.matching.adapters.round_engine import WARMING, WORKER
from services.matching.adapters.shapes import Shapes
from services.matching.adapters.suggestion_desk import WORKER as SUGGESTIONS
from services.matching.application.ports import KnownCard
from services.matching.domain.card import Card, Offer, Want, WorkingSpan
from services.matching.domain.place import Place
from services.matching.engine.person import Person
from shared.contracts.topics import MATCHING_PAIRING, PROFILE_CARD, PROFILE_MEMBER, PROFILE_SKILL_LIST, SCHEDULING_SESSION
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.messaging.settings import KafkaSettings
from shared.persistence.database import Database, Transaction
from shared.persistence.mongo import MongoSettings, connect
from tests.bench.matching.alive import Alive, members_of_groups
from tests.bench.matching.http_suggestions import asked
from tests.support.population import company

PROGRAMME = "peers"
WORKERS = {"worker": WORKER, "index": SUGGESTIONS}
READ = (PROFILE_CARD, PROFILE_MEMBER, PROFILE_SKILL_LIST, SCHEDULING_SESSION)
WRITTEN_AT_ONCE = 500
LOOK_SECONDS, TELL_SECONDS = 0.25, 30.0
WITHIN_SECONDS = 3_600.0
TICKS, PAGE_BYTES = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
GOAL_PEOPLE, GOAL_SECONDS = 10_000, 30.0


@dataclass(kw_only=True)
class Measured:
    """Of each stage: wall seconds, and each process's CPU seconds and largest resident memory."""

    people: int
    proposals: int = 0
    servers: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, dict[str, float]] = field(default_factory=dict)
    resident_mib: dict[str, dict[str, int]] = field(default_factory=dict)
    alive: dict[str, Any] = field(default_factory=dict)
    """N4: how the service answered meanwhile, and whether any consumer lost its place in its group."""
    suggestions: dict[str, Any] = field(default_factory=dict)

    def add(self, stage: str, seconds: float, used: Mapping[str, "Used"], before: Mapping[str, "Used"]) -> None:
        """Count one look at the processes for a stage."""
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + seconds, 2)
        cpu, resident = self.cpu_seconds.setdefault(stage, {}), self.resident_mib.setdefault(stage, {})
        for name, now in used.items():
            cpu[name] = round(cpu.get(name, 0.0) + now.cpu - (before[name].cpu if name in before else 0.0), 2)
            resident[name] = max(resident.get(name, 0), now.mib)

    @property
    def total(self) -> float:
        """Return the whole round's time."""
        return round(sum(self.seconds.values()), 1)

    def cpu_of(self, process: str) -> float:
        """Return what a process used in the whole round."""
        return round(sum(each.get(process, 0.0) for each in self.cpu_seconds.values()), 1)

    def told(self) -> dict[str, Any]:
        """Return it as JSON."""
        goal = {"goal_seconds": GOAL_SECONDS, "met": self.total <= GOAL_SECONDS} if self.people == GOAL_PEOPLE else {}
        return {**self.__dict__, "total_seconds": self.total, **goal}

    def lines(self) -> list[str]:
        """Return it as a table."""
        names = list(dict.fromkeys(name for each in self.cpu_seconds.values() for name in each))
        found = [f"{'':<24} {'wall s':>8}" + "".join(f"{name:>18}" for name in names) + "   (CPU s, MiB)"]
        for stage, seconds in self.seconds.items():
            cpu, mib = self.cpu_seconds[stage], self.resident_mib[stage]
            found.append(f"{stage:<24} {seconds:8.1f}" + "".join(f"{cpu.get(name, 0):10.1f} {mib.get(name, 0):7d}" for name in names))
        found.append(f"{'whole round':<24} {self.total:8.1f}" + "".join(f"{self.cpu_of(name):10.1f} {'':7}" for name in names))
        found += [f"meanwhile: {self.alive}", f"suggestions: {self.suggestions}"]
        return [*found, f"{self.people} people, {self.proposals} proposals, {', '.join(self.servers)}"]


@dataclass(frozen=True, slots=True)
class Used:
    """CPU seconds of one process so far, without its children, and its resident memory."""

    cpu: float
    mib: int

    @classmethod
    def by(cls, pid: int) -> "Used":
        """Ask the kernel."""
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return cls(sum(int(value) for value in fields[11:13]) / TICKS, int(fields[21]) * PAGE_BYTES // 1024**2)


def used_by(pids: Mapping[str, int]) -> dict[str, Used]:
    """Look at the processes, and at matching's workers where there are any."""
    found = {name: Used.by(pid) for name, pid in pids.items()}
    for child in Path(f"/proc/{pids['matching']}/task/{pids['matching']}/children").read_text(encoding="utf-8").split():
        with suppress(OSError):
            started = Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8")
            for name, module in WORKERS.items():
                if module in started:
                    found[name] = Used.by(int(child))
    return found


def cpu_used_by(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the CPU seconds of each so far."""
    return {name: used.cpu for name, used in used_by(pids).items()}


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
            await tx.collection(CARDS).insert_many(
                [card_document(KnownCard(card=card_of(person), sequence=1), shapes.card) for person in part]
            )
            made = [Place.of(PROGRAMME, person.id) for person in part]
            for place, person in zip(made, part, strict=True):
                place.enrol(person.seats)
            await MongoPlaceRepository(tx).add_many(made)

        await database.transact("bench.people", work)
    say(f"{len(people)} people written")


async def measure(people: int, seed: int, asks: int, say: Callable[[str], None]) -> Measured:
    """Ask for so many lists of suggestions, then run one round, and measure both."""
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
        await _warmed()
        issuer = TokenIssuer(folder, WallClock(), SystemRandomness())
        settings = {**kafka.settings, **mongo.settings}
        services = Services(processes, folder, settings, {"matching": dict(issuer.settings("matching"))}, names=("matching",))
        await services.start()
        crowd = company(people, seed)
        await write_documents(_database(mongo), crowd, say)
        pids = {"matching": services.running["matching"].pid} | {one.name: one.pid for one in (*kafka.processes, *mongo.processes)}
        headers = {"Authorization": f"Bearer {issuer.token('bench', ['hr_admin'])}"}
        async with httpx2.AsyncClient(base_url=services.urls["matching"], headers=headers, timeout=60) as client:
            if asks:
                (await client.put(f"/programmes/{PROGRAMME}", json={})).raise_for_status()
                tokens = [issuer.token(person.id, ["member"]) for person in crowd[:: max(1, people // asks)][:asks]]
                measured.suggestions = await asked(client, PROGRAMME, tokens, partial(cpu_used_by, pids))
                say(f"suggestions: {measured.suggestions}")
            del crowd
            await _round(client, kafka, measured, pids, say)
        await services.stop()
    return measured


async def _warmed() -> None:
    """Have the engine's machine code made: a cold cache is not what is measured."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", WARMING)
    await process.wait()


async def _round(
    client: httpx2.AsyncClient, kafka: Server, measured: Measured, pids: Mapping[str, int], say: Callable[[str], None]
) -> None:
    path = f"/programmes/{PROGRAMME}"
    (await client.put(path, json={})).raise_for_status()
    told = {name.removeprefix("TANDEM_KAFKA__").lower(): value for name, value in kafka.settings.items() if "KAFKA__" in name}
    settings = KafkaSettings.model_validate(told)
    consumer = AIOKafkaConsumer(settings.name_of(MATCHING_PAIRING), **settings.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    members, alive = await members_of_groups(settings, "matching", READ), Alive(client, path)
    asking = asyncio.get_running_loop().create_task(alive.ask())
    try:
        last, before = time.perf_counter(), used_by(pids)
        shown = (await client.post(f"/programmes/{PROGRAMME}/rounds", json={"seed": 1, "publish_when_solved": True})).json()
        stage = "freeze"
        while shown["state"] != "published" or measured.proposals < shown["counts"]["proposals"]:
            batch = await consumer.getmany(timeout_ms=int(1_000 * LOOK_SECONDS), max_records=5_000)
            measured.proposals += sum(len(records) for records in batch.values())
            now = time.perf_counter()
            if now - last < LOOK_SECONDS:
                continue
            used = used_by(pids)
            measured.add(stage, now - last, used, before)
            if int(now / TELL_SECONDS) > int(last / TELL_SECONDS):
                now_mib = {name: each.mib for name, each in used.items()}
                say(f"{stage}: {measured.seconds[stage]} s, {measured.proposals} proposals, {now_mib} MiB")
            last, before = now, used
            shown = (await client.get(f"/rounds/{shown['round_id']}")).json()
            alive.saw(shown["progress"])
            if shown["state"] == "cancelled" or measured.total > WITHIN_SECONDS:
                raise RuntimeError(f"{shown['state']}, not done within {measured.total} s: {shown['failure']}")
            if STAGE_OF[shown["state"]] != stage:
                say(f"{stage}: {measured.seconds[stage]} s, {measured.resident_mib[stage]} MiB")
                stage = STAGE_OF[shown["state"]]
        stayed = members == await members_of_groups(settings, "matching", READ)
        measured.alive = alive.told() | {"consumers_stayed": stayed and all(members.values())}
    finally:
        asking.cancel()
        await consumer.stop()


STAGE_OF: Mapping[str, str] = {"opened": "freeze", "frozen": "solve", "publishing": "publish", "published": "last proposal on Kafka"}


def _database(mongo: Server) -> Database:
    told = {name.removeprefix("TANDEM_MONGO__").lower(): value for name, value in mongo.settings.items() if "MONGO__" in name}
    return connect(MongoSettings.model_validate(told), "matching", wall=WallClock(), randomness=SystemRandomness())


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(arguments: Sequence[str]) -> int:
    """Measure one round and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=GOAL_PEOPLE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    parser.add_argument("--suggestions", type=int, default=0, metavar="N", help="first ask for N lists of suggestions over HTTP")
    given = parser.parse_args(arguments)
    measured = asyncio.run(measure(given.people, given.seed, given.suggestions, _say))
    told = measured.told()
    sys.stdout.write("\n".join([*measured.lines(), json.dumps(told)]) + "\n")
    if given.json:
        given.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
