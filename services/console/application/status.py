"""How the four services are: ready or not, consumer lag, outbox, dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.console.application.ports import OPERATOR, SERVICES, Api
from services.console.domain.endings import ConsoleTrouble, Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """One service. `trouble` says why it cannot be asked; then the figures are unknown."""

    service: str
    url: str
    trouble: str | None = None
    figures: dict[str, Any] | None = None

    @property
    def state(self) -> str:
        """Return `ready`, or what is wrong in a few words."""
        return "ready" if self.trouble is None else self.trouble

    def figure(self, *path: str) -> Any:
        """Return a figure by its path, None when it is unknown."""
        value: Any = self.figures or {}
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    @property
    def lag(self) -> int | None:
        """Return how many records its consumers have not handled yet, over all topics."""
        consumers = self.figure("consumers")
        if consumers is None or any(one.get("lag") is None for one in consumers):
            return None
        return sum(int(one["lag"]) for one in consumers)

    def as_plain(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {"service": self.service, "url": self.url, "state": self.state, "lag": self.lag} | (self.figures or {})


async def status(api: Api, services: Sequence[str] = SERVICES) -> list[ServiceStatus]:
    """Ask every service; one that is away is a row, not an error."""
    return [await _ask(service, api) for service in services]


async def _ask(service: str, api: Api) -> ServiceStatus:
    url, trouble, figures = api.url(service), None, None
    try:
        figures = await api.call("GET", service, "/ops/status", role=OPERATOR)
        await api.call("GET", service, "/ready", role=OPERATOR)
    except ConsoleTrouble as fault:
        trouble = str(fault)
    return ServiceStatus(service=service, url=url, trouble=trouble, figures=figures)


def exit_code_of(found: list[ServiceStatus]) -> Exit:
    """Return 0 when all are ready."""
    return Exit.DONE if all(one.trouble is None for one in found) else Exit.FAILED
