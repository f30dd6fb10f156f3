"""Messages that a service set aside: look at them, try them again, or give them up with a reason (N2)."""

from collections.abc import Sequence
from typing import Any

from services.console.application.ports import OPERATOR, SERVICES, Api
from services.console.domain.endings import Unusable


def _known(service: str) -> str:
    if service not in SERVICES:
        raise Unusable(f"{service} is no service; there are {', '.join(SERVICES)}")
    return service


async def listed(services: Sequence[str], api: Api) -> list[dict[str, Any]]:
    """Return the open dead letters of `services` (of all when none is named), codes and places only."""
    found: list[dict[str, Any]] = []
    for service in [_known(name) for name in services] or SERVICES:
        cursor: str | None = None
        while True:
            query = {"cursor": cursor} if cursor else {}
            page = await api.call("GET", service, "/ops/dead-letters", role=OPERATOR, query=query)
            found += [{"service": service} | item for item in page["items"]]
            cursor = page.get("next")
            if not cursor:
                break
    return found


async def shown(service: str, letter: str, api: Api) -> dict[str, Any]:
    """Return all that is known of one."""
    answer: dict[str, Any] = await api.call("GET", _known(service), f"/ops/dead-letters/{letter}", role=OPERATOR)
    return answer


async def redriven(service: str, letter: str, api: Api) -> dict[str, Any]:
    """Try it again, now, and release what waits behind it when it succeeds."""
    answer = await api.call("POST", _known(service), f"/ops/dead-letters/{letter}/redrive", role=OPERATOR)
    return answer or {}


async def discarded(service: str, letter: str, reason: str, api: Api) -> dict[str, Any]:
    """Give it up; the reason is kept with it for the audit."""
    path = f"/ops/dead-letters/{letter}/discard"
    answer = await api.call("POST", _known(service), path, role=OPERATOR, body={"reason": reason})
    return answer or {}
