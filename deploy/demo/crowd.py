"""The scripted crowd: members who read what happens and act through the HTTP API with their own tokens."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from deploy.demo.api import Api, Refused
from shared.kernel.clock import Clock
from shared.kernel.randomness import seeded
from shared.kernel.tasks import Tasks

Fact = Mapping[str, Any]
"""One fact as a reader sees it: `attributes` (without `ce_`) and `data`."""
QUARTER = timedelta(minutes=15)
HANDS = 6
"""How many members act at the same moment: two cores serve a crowd, not a stampede."""


@dataclass(kw_only=True)
class Crowd:
    """Who does what is drawn from the seed and the member's id, so that the story is the same each time."""

    api: Api
    clock: Clock
    tasks: Tasks
    seed: str
    until: datetime | None = None
    """No session that ends later is waited for."""
    did: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    busy: int = 0
    """How many members are about to act."""
    moved: str | None = None
    missed: str | None = None
    left: frozenset[str] = frozenset()
    _hands: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HANDS))

    def hear(self, fact: Fact) -> None:
        """React to a fact, as people do when a mail arrives: later, and each in their own way."""
        kind = str(fact["attributes"]["type"]).removeprefix("tandem.").rsplit(".", 1)[0]
        reaction = {
            "matching.pairing.proposed": self._answer,
            "matching.pairing.formed": self._write_charter,
            "scheduling.session.booked": self._meet,
            "scheduling.session.rescheduled": self._meet,
        }.get(kind)
        if reaction is not None:
            self.tasks.spawn(f"crowd {kind}", self._react(reaction(fact["data"])))

    async def _react(self, reaction: Awaitable[None]) -> None:
        self.busy += 1
        try:
            await reaction
        finally:
            self.busy -= 1

    def chance(self, *what: str) -> float:
        """Return a number in [0, 1) that belongs to `what`."""
        return seeded(":".join((self.seed, *what))).random()

    async def _answer(self, data: Mapping[str, Any]) -> None:
        """Most accept within days, some decline kindly, some never answer."""
        moods = {member: self.chance("answer", str(sorted(data["members"])), member) for member in data["members"]}
        await asyncio.gather(*(self._answer_one(data["pairing_id"], member, mood) for member, mood in moods.items()))

    async def _answer_one(self, pairing: str, member: str, mood: float) -> None:
        await self._pass(timedelta(days=0.2 + 4 * mood))
        if mood < 0.88:  # noqa: PLR2004 - nearly nine of ten say yes
            await self._act("accepted", "matching", f"/pairings/{pairing}/accept", member)
        elif mood < 0.94:  # noqa: PLR2004 - half of the rest say no, the others never answer
            await self._act("declined", "matching", f"/pairings/{pairing}/decline", member, {"reason": "no-time"})

    async def _write_charter(self, data: Mapping[str, Any]) -> None:
        """One writes the charter, then all sign what it says; a few never come to it."""
        members, pairing = list(data["members"]), data["pairing_id"]
        mood = self.chance("charter", str(sorted(members)))
        await self._pass(timedelta(days=1 + 2 * mood))
        if mood > 0.93:  # noqa: PLR2004 - the demo shows that unsigned means not active
            return
        written = await self._try("charter written", lambda: self._put_charter(pairing, members, mood))
        for member in members if written else []:
            await self._pass(timedelta(days=self.chance("sign", pairing, member)))
            await self._act("signed", "matching", f"/pairings/{pairing}/charter/sign", member, {"digest": written["digest"]})

    async def _put_charter(self, pairing: str, members: list[str], mood: float) -> Any:
        etag = await self.api.etag("matching", f"/pairings/{pairing}/charter", members[0])
        cadence = {
            "rrule": "FREQ=WEEKLY;INTERVAL=2" if mood < 0.7 else "FREQ=WEEKLY",  # noqa: PLR2004 - most meet fortnightly
            "timezone": "Europe/Berlin",
            "length": "PT1H" if mood < 0.5 else "PT45M",  # noqa: PLR2004 - half and half
            "place_kind": "video",
            "notice_period": "P1D",
        }
        charter = {
            "purpose": "Learn from each other, one topic at a time.",
            "goals": [{"member_id": member, "text": "Practise one thing until it sticks."} for member in members],
            "ground_rules": ["What we say stays between us.", "We come prepared."],
            "boundaries": [{"topic": "salary", "stance": "off_limits"}, {"topic": "my team", "stance": "ask_first"}],
            "cadence": cadence,
            "agenda_template": "standard",
        }
        return await self.api.put("matching", f"/pairings/{pairing}/charter", members[0], charter, etag)

    async def _meet(self, data: Mapping[str, Any]) -> None:
        """Hold the session; the first one that can be moved is moved, and one is missed."""
        session, pairing, members = data["session_id"], data["pairing_id"], list(data["members"])
        starts, ends = datetime.fromisoformat(data["starts_at"]), datetime.fromisoformat(data["ends_at"])
        if self.moved is None and starts - self.clock.now() > timedelta(days=4):
            self.moved = session
            if await self._move(pairing, session, members, starts):
                return
            self.moved = None
        if self.until is not None and ends > self.until:
            return
        await self._pass(ends - self.clock.now() + timedelta(hours=1))
        path, who = f"/pairings/{pairing}/sessions/{session}", next((m for m in members if m not in self.left), members[0])
        if self.missed is None and session != self.moved:
            self.missed = session
            if await self._act("missed", "scheduling", f"{path}/missed", who):
                return
            self.missed = None
        await self._act("held", "scheduling", f"{path}/held", who)

    async def _move(self, pairing: str, session: str, members: list[str], starts: datetime) -> bool:
        """One proposes another time of day, the others accept."""
        path = f"/pairings/{pairing}/sessions/{session}"
        for shift in (timedelta(days=1), timedelta(hours=1), timedelta(days=2), timedelta(minutes=30), -timedelta(hours=1)):
            at = (starts + shift).isoformat().replace("+00:00", "Z")
            if await self._act("other time proposed", "scheduling", f"{path}/propose", members[0], {"starts_at": at}):
                for member in members[1:]:
                    await self._act("other time accepted", "scheduling", f"{path}/accept", member)
                return True
        return False

    async def _act(self, did: str, service: str, path: str, who: str, body: Any = None) -> bool:
        if who in self.left:
            return False
        return await self._try(did, lambda: self.api.post(service, path, who, body)) is not None

    async def _try(self, did: str, act: Callable[[], Awaitable[Any]]) -> Any:
        """Act, and count; a clear refusal is a normal answer in a company and is counted by its code."""
        try:
            async with self._hands:
                answer = await act()
        except Refused as refusal:
            self.refused[refusal.code] += 1
            return None
        self.did[did] += 1
        return answer or {}

    async def _pass(self, span: timedelta) -> None:
        """Let business time pass."""
        await asyncio.sleep(max(0.0, self.clock.real_seconds(span)))
