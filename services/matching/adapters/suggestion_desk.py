"""Suggestions of each programme in a process of its own, kept up to date and exchanged for a new one without a pause (R3, R15-R17).

Whoever asks first has the index built. From then on the cards that changed are laid over it twice a second; when they are
many, or the rules are new, another process builds a new index while the old one answers, and takes its place when it is ready.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from pydantic import TypeAdapter

from services.matching.adapters.library import MongoLibrary
from services.matching.adapters.worker_lines import END_MARK, Job
from services.matching.application.ports import UnitOfWork
from services.matching.application.preview_programme import Tried, members_in
from services.matching.application.suggesting import Why, begin_index
from services.matching.domain.card import LEFT
from services.matching.domain.programme import Programme
from services.matching.domain.refusals import SuggestionsNotReady
from services.matching.domain.snapshot import FrozenMember
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.kernel.errors import OutcomeUnknown
from shared.kernel.tasks import Tasks
from shared.persistence.errors import DatabaseFault

WORKER = "services.matching.adapters.suggestion_worker"
FOLLOW_SECONDS, SLACK_SECONDS, IDLE_SECONDS = 0.5, 60.0, 900.0
OVERLAY_MAX = 500
LINE_BYTES_MAX = 64 * 1024 * 1024
MICRO = 1_000_000
Transact = Callable[[str, Cause, Callable[[UnitOfWork], Awaitable[Any]]], Awaitable[Any]]
Members = AsyncIterator[Sequence[FrozenMember]]
_JOB: TypeAdapter[Job] = TypeAdapter(Job)
_MEMBERS: TypeAdapter[list[FrozenMember]] = TypeAdapter(list[FrozenMember])


class IndexLost(Exception):
    """The process that held an index is gone; another one is built."""


class Running(Protocol):
    """One index that answers questions, one at a time."""

    async def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer, or raise `IndexLost`."""
        ...

    async def close(self) -> None:
        """Let it go."""
        ...


class IndexProcess:
    """An index in a worker process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, job: Job, members: Members) -> "IndexProcess":
        """Start a worker, give it everybody, and wait until it can answer."""
        pipe = asyncio.subprocess.PIPE
        nothing = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", WORKER, stdin=pipe, stdout=pipe, stderr=nothing, limit=LINE_BYTES_MAX
        )
        running = cls(process)
        try:
            await running._send(_JOB.dump_json(job) + b"\n")
            async for part in members:
                await running._send(_MEMBERS.dump_json(list(part)) + b"\n")
            await running._send(END_MARK.encode())
            await running._next()
        except BaseException:
            await running.close()
            raise
        return running

    async def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one question."""
        async with self._turn:
            await self._send(json.dumps(question).encode() + b"\n")
            return await self._next()

    async def close(self) -> None:
        """End the process."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()

    async def _send(self, line: bytes) -> None:
        if self._process.stdin is None:
            raise IndexLost
        try:
            self._process.stdin.write(line)
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise IndexLost from None

    async def _next(self) -> dict[str, Any]:
        line = b"" if self._process.stdout is None else await self._process.stdout.readline()
        if not line:
            raise IndexLost
        answer: dict[str, Any] = json.loads(line)
        return answer


Start = Callable[[Job, Members], Awaitable[Running]]


@dataclass(slots=True)
class _Open:
    """What is known of one programme's index."""

    rules_version: int = 0
    running: Running | None = None
    building: asyncio.Task[None] | None = None
    asked_at: float = 0.0
    newest: datetime | None = None
    sent: dict[str, int] = field(default_factory=dict)
    """The sequence of each card that lies over the index."""


class SuggestionDesk:
    """Fulfils `application.suggesting.Suggestions`."""

    def __init__(self, transact: Transact, library: MongoLibrary, *, clock: Clock, tasks: Tasks, start: Start = IndexProcess.start) -> None:
        """`start` opens an index; a test may keep it in its own process."""
        self._transact = transact
        self._library = library
        self._clock = clock
        self._tasks = tasks
        self.start = start
        self._open: dict[str, _Open] = {}
        self._is_asked = asyncio.Event()

    async def suggest(
        self, programme: Programme, member_id: str, count: int, without: Sequence[str], *, offers: bool
    ) -> list[tuple[str, float]]:
        """Return (member, score), best first."""
        answer = await self._ask(programme, {"member": member_id, "count": count, "without": list(without), "offers": offers})
        return [(other, weight / MICRO) for other, weight in answer["suggested"]]

    async def why_not(self, programme: Programme, member_id: str, other_id: str, *, offers: bool) -> Why:
        """Tell what stands between two members."""
        why = (await self._ask(programme, {"member": member_id, "other": other_id, "offers": offers}))["why"]
        return Why(code=why["code"], score=why["weight"] / MICRO, you_gain=why["you_gain"], they_gain=why["they_gain"])

    async def _ask(self, programme: Programme, question: dict[str, Any]) -> dict[str, Any]:
        known = self._open.setdefault(programme.id, _Open())
        self._is_asked.set()
        known.asked_at = asyncio.get_running_loop().time()
        if known.running is None or known.rules_version != programme.rules_version:
            self._build(programme.id, known)
        if known.running is None:
            raise SuggestionsNotReady
        try:
            return await known.running.ask(question)
        except IndexLost:
            known.running = None
            raise SuggestionsNotReady from None

    def _build(self, programme_id: str, known: _Open) -> None:
        if known.building is None or known.building.done():
            known.building = self._tasks.spawn("suggestions.build", self._built(programme_id, known))

    async def _built(self, programme_id: str, known: _Open) -> None:
        """Build a new index beside the old one and put it in its place."""
        cause = Cause(correlation_id="suggestions")
        try:
            tried: Tried = await self._transact("suggestions.begin", cause, partial(begin_index, programme_id))
            running = await self.start(Job(order=tried.order), self._members(tried, cause))
        except (DatabaseFault, OutcomeUnknown, IndexLost):
            return  # the next question starts it anew
        old, known.running = known.running, running
        known.rules_version, known.newest, known.sent = tried.programme.rules_version, tried.order.frozen_at, {}
        if old is not None:
            await old.close()

    async def _members(self, tried: Tried, cause: Cause) -> Members:
        for window in tried.windows:
            yield await self._transact("suggestions.members", cause, partial(members_in, tried, window))

    async def run(self) -> None:
        """Follow what changes until cancelled; an index that nobody asked for a while is let go."""
        try:
            while True:
                if not self._open:
                    self._is_asked.clear()
                await self._is_asked.wait()
                await asyncio.sleep(FOLLOW_SECONDS)
                with suppress(DatabaseFault, OutcomeUnknown):
                    await self.follow()
        finally:
            for known in self._open.values():
                if known.running is not None:
                    await known.running.close()

    async def follow(self) -> None:
        """Lay the cards that changed over each index."""
        now = asyncio.get_running_loop().time()
        for programme_id, known in list(self._open.items()):
            if known.running is None:
                continue
            if now - known.asked_at > IDLE_SECONDS:
                del self._open[programme_id]
                await known.running.close()
                continue
            try:
                await self._lay_over(programme_id, known, known.running)
            except IndexLost:
                known.running = None
            if len(known.sent) > OVERLAY_MAX:
                self._build(programme_id, known)

    async def _lay_over(self, programme_id: str, known: _Open, running: Running) -> None:
        """Send the cards since the newest one seen, and some before it: records of several partitions come in no common order."""
        slack = timedelta(seconds=SLACK_SECONDS / self._clock.real_seconds(timedelta(seconds=1)))
        since = (known.newest or self._clock.now()) - slack
        found = [each for each in await self._library.cards_since(since) if known.sent.get(each.card.member_id) != each.sequence]
        if not found:
            return
        here = [
            each.card for each in found if each.card.status != LEFT and any(e.programme_id == programme_id for e in each.card.enrolments)
        ]
        changed = [FrozenMember(card=card, seats=1) for card in here]
        gone = sorted({each.card.member_id for each in found} - {card.member_id for card in here})
        await running.ask({"changed": _MEMBERS.dump_python(changed, mode="json"), "gone": gone})
        known.sent |= {each.card.member_id: each.sequence for each in found}
        known.newest = max([each.at for each in found if each.at is not None], default=known.newest)
