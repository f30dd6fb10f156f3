"""The story, stage by stage: import, programme, round, weeks of answers and sessions, a leaver, and quiet."""

import asyncio
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from deploy.demo.api import Api, Refused
from deploy.demo.crowd import Crowd
from deploy.demo.reader import Fact, FactReader
from shared.kernel.clock import Clock

HR = "hr"
PROGRAMME = Path(__file__).with_name("programme.toml")
POLL_SECONDS = 0.2
STATUS_SECONDS = 1.0
"""How often the services are asked how busy they are: counting costs them something, too."""
QUIET_LIMIT_SECONDS = 60.0
CALM_LOOKS = 2
"""How often in a row nothing may be on its way before all is called quiet."""
ROUND_LIMIT_SECONDS = 240.0
"""A cold compiler cache (see `make setup`) takes the optimiser a minute or two, once."""
SERVICES = ("profile", "matching", "scheduling", "notification")


class DemoTrouble(Exception):
    """Something the demo waited for did not come; the text says what."""


@dataclass(kw_only=True)
class Story:
    """What happens, and what is remembered of it for the summary."""

    api: Api
    client: httpx.AsyncClient
    urls: dict[str, str]
    clock: Clock
    crowd: Crowd
    reader: FactReader
    say: Callable[[str], None]
    progress: Callable[[str, float, float], None]
    rows: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    leaver: str | None = None

    async def import_people(self, people: Path) -> None:
        """Send the people file to profile and read its report, row by row."""
        headers = {"Content-Type": "application/octet-stream"}
        content = people.read_bytes()  # noqa: ASYNC240 - a file of this machine, read once, before anything runs
        begun = await self.api.upload("profile", f"/imports?filename={quote(people.name)}", HR, content, headers)
        state: dict[str, Any] = {}
        while state.get("state") not in {"done", "refused"}:
            state = await self.api.get("profile", f"/imports/{begun['import_id']}", HR)
            done = state["progress"]
            self.progress("rows", done["rows_done"], done["rows_total"] or done["rows_done"] or 1)
            await asyncio.sleep(POLL_SECONDS)
        if state["state"] == "refused":
            problems = "; ".join(f"{p['problem']} {p['remedy']}" for p in state["problems"])
            raise DemoTrouble(f"The people file was refused: {problems}")
        self.counts = state["counts"]
        self.rows = await self.api.all_pages("profile", f"/imports/{begun['import_id']}/rows", HR)
        for row in [row for row in self.rows if row["outcome"] == "refused"][:5]:
            problem = row["problems"][0]
            self.say(f"  refused: line {row['line']}, {problem['column']}: {problem['problem']} {problem['remedy']}")

    async def open_programme(self) -> str:
        """Publish the programme's rules and enrol everybody who is here."""
        programme = tomllib.loads(PROGRAMME.read_text(encoding="utf-8"))
        programme_id = str(programme.pop("programme_id"))
        await self.api.put("matching", f"/programmes/{programme_id}", HR, programme)
        enrolled = await self.api.post("profile", "/enrolments", HR, {"programme_id": programme_id})
        self.say(f"  {enrolled['enrolled']} members take part, each with the seats they asked for.")
        await self._until("matching knows all cards", self._cards_known, every=STATUS_SECONDS / 2)
        return programme_id

    async def run_round(self, programme_id: str) -> None:
        """Freeze, solve, publish: every member gets a proposal or a named reason."""
        began = await self.api.post("matching", f"/programmes/{programme_id}/rounds", HR, {"seed": 7})
        path = f"/rounds/{began['round_id']}"
        solved = await self._reached(path, "solved")
        counts = solved["counts"]
        self.say(f"  {counts['pairs']} pairs and {counts['trios']} trios out of {counts['members']} people; nobody was told yet.")
        await self.api.post("matching", f"{path}/publish", HR)
        await self._reached(path, "published")

    async def let_weeks_pass(self, until: datetime, leave_at: datetime) -> None:
        """Members act; two people register that they already work as peers; one person leaves the company."""
        started = self.clock.now()
        self.crowd.until = until
        await self._register_natural_pairing()
        while (now := self.clock.now()) < until:
            self.progress("days", (now - started) / timedelta(days=1), (until - started) / timedelta(days=1))
            if self.leaver is None and now >= leave_at:
                await self._somebody_leaves()
            await asyncio.sleep(POLL_SECONDS)

    async def _register_natural_pairing(self) -> None:
        """R10: most pairings form naturally; two people say so and both confirm. The first two who are free are taken."""
        proposed = {member for fact in self._facts("matching.pairing.proposed") for member in fact["data"]["members"]}
        free = [row["member_id"] for row in self.rows if row["member_id"] and row["member_id"] not in proposed]
        for one, other in zip(free[::2], free[1::2], strict=False):
            try:
                await self.api.post("matching", "/pairings", one, {"programme_id": "peers", "partner_id": other, "origin": "natural"})
            except Refused as refusal:
                self.crowd.refused[refusal.code] += 1
            else:
                self.say("  two colleagues who were left over register that they already meet: both must confirm.")
                return

    async def _somebody_leaves(self) -> None:
        """Let a member of an active pairing leave: the pairing closes kindly and the partner is told (N3)."""
        closed = {fact["data"]["pairing_id"] for fact in self._facts("matching.pairing.closed")}
        active = [fact["data"] for fact in self._facts("matching.pairing.activated") if fact["data"]["pairing_id"] not in closed]
        if not active:
            return
        self.leaver = active[0]["members"][-1]
        self.crowd.left = frozenset({self.leaver})
        await self.api.post("profile", f"/members/{self.leaver}/leave", HR)
        self.say("  one person leaves the company: the pairing closes kindly, its sessions are cancelled, the partner is told.")

    async def become_quiet(self) -> None:
        """Wait until nothing is on its way: the crowd at rest, outboxes empty, consumers caught up, no delivery pending.

        A slow machine may take its time; only a backlog that no longer shrinks is given up.
        """
        loop = asyncio.get_running_loop()
        least, since, calm = await self._waiting(), loop.time(), 0
        while calm < CALM_LOOKS:
            await asyncio.sleep(STATUS_SECONDS)
            waiting = await self._waiting()
            calm = 0 if waiting else calm + 1
            if waiting < least or not waiting:
                least, since = waiting, loop.time()
            elif loop.time() - since > QUIET_LIMIT_SECONDS:
                raise DemoTrouble(
                    f"{waiting} facts and mails are on their way, and for {QUIET_LIMIT_SECONDS:.0f} s they did not become fewer"
                )

    async def _waiting(self) -> int:
        """Return how much is on its way."""
        states = [await self.api.get(service, "/ops/status", HR) for service in SERVICES]
        on_their_way: int = sum(
            state["outbox"]["depth"]
            + sum(consumer["lag"] or 0 for consumer in state["consumers"])
            + state["timers"]["due"]
            + state.get("deliveries", {}).get("pending", 0)
            for state in states
        )
        return self.crowd.busy + on_their_way

    async def _cards_known(self) -> bool:
        state = await self.api.get("matching", "/ops/status", HR)
        profile = await self.api.get("profile", "/ops/status", HR)
        return profile["outbox"]["depth"] == 0 and all(consumer["lag"] == 0 for consumer in state["consumers"])

    async def _reached(self, path: str, wanted: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        async def there() -> bool:
            nonlocal found
            found = await self.api.get("matching", path, HR)
            if found["state"] == "cancelled":
                raise DemoTrouble(f"the round was cancelled: {found.get('failure')}")
            return bool(found["state"] == wanted)

        await self._until(f"the round is {wanted}", there, ROUND_LIMIT_SECONDS)
        return found

    async def _until(self, what: str, met: Callable[[], Any], within: float = 30.0, every: float = POLL_SECONDS) -> None:
        limit = asyncio.get_running_loop().time() + within
        while not await met():
            if asyncio.get_running_loop().time() > limit:
                raise DemoTrouble(f"waited {within:.0f} s in vain until {what}")
            await asyncio.sleep(every)

    def _facts(self, kind: str) -> list[Fact]:
        return [fact for fact in self.reader.facts if fact["attributes"]["type"] == f"tandem.{kind}.v1"]
