"""A deployment that exists in memory only: answers are given per route, calls are remembered."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from services.console.adapters.log_files import lines_of
from services.console.application.ports import Api, LinesOf
from services.console.domain.endings import ConsoleTrouble, Refused
from services.console.domain.facts import Fact


@dataclass(slots=True)
class InMemoryApi:
    """`answers` maps "METHOD service path" to one answer, or to a list that is used up one by one (the last stays)."""

    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, Any, Any]] = field(default_factory=list)

    async def call(
        self, method: str, service: str, path: str, *, role: str, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Any:
        """Give the route's next answer."""
        name = f"{method} {service} {path}"
        self.calls.append((name, dict(query or {}), body))
        if name not in self.answers:
            raise Refused(service, 404, "not-found", "There is no such thing here.")
        answer = self.answers[name]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def upload(self, service: str, path: str, *, role: str, query: Mapping[str, Any], file: Path) -> Any:
        """Take the file as a POST."""
        return await self.call("POST", service, path, role=role, query=query, body=file)

    async def lines(self, method: str, service: str, path: str, *, role: str, body: Any = None) -> AsyncIterator[str]:
        """Give the lines of the route's next answer."""
        for line in str(await self.call(method, service, path, role=role, body=body)).splitlines():
            yield line

    def url(self, service: str) -> str:
        """Return a made-up place."""
        return f"http://{service}.example"

    def names(self) -> list[str]:
        """Return the routes that were called, in order."""
        return [name for name, _, _ in self.calls]


@dataclass(slots=True)
class InMemoryFacts:
    """Facts that lie ready."""

    facts: list[Fact] = field(default_factory=list)

    async def tail(self, *, from_beginning: bool, until_end: bool) -> AsyncIterator[Fact]:
        """Yield them."""
        for fact in self.facts:
            yield fact


@dataclass(slots=True)
class InMemoryConnections:
    """What a command may connect to in a test."""

    to: InMemoryApi = field(default_factory=InMemoryApi)
    read: InMemoryFacts = field(default_factory=InMemoryFacts)
    minted: list[tuple[str, list[str], list[str], float]] = field(default_factory=list)

    def api(self) -> AbstractAsyncContextManager[Api]:
        """Return the API."""
        return nullcontext(self.to)

    def facts(self) -> InMemoryFacts:
        """Return the facts."""
        return self.read

    def log_lines(self, folder: Path | None) -> LinesOf:
        """Return the reader of this folder, or of none."""
        return partial(lines_of, folder)

    def mint(self, subject: str, roles: Sequence[str], programmes: Sequence[str], hours: float) -> str:
        """Return a readable token."""
        if subject == "nobody":
            raise ConsoleTrouble("There is no local issuer here")
        self.minted.append((subject, list(roles), list(programmes), hours))
        return f"token-of-{subject}"
