"""Messages that a service set aside: look at them, try them again, or give them up with a reason (N2)."""

from collections.abc import Sequence
from typing import Any

from services.console.application.paths import part
from services.console.application.ports import OPERATOR, SERVICES, Api
from services.console.domain.endings import ConsoleTrouble, Unusable

LISTED_MAX = 1000


def _known(service: str) -> str:
    if service not in SERVICES:
        raise Unusable(f"{service} is no service; there are {', '.join(SERVICES)}")
    return service


async def listed(services: Sequence[str], state: str, api: Api) -> list[dict[str, Any]]:
    """Return the dead letters of `services` (of all when none is named) in this state, oldest first; codes and places only."""
    found: list[dict[str, Any]] = []
    query = {"state": state, "limit": LISTED_MAX}
    for service in [_known(name) for name in services] or SERVICES:
        page = await api.call("GET", service, "/ops/dead-letters", role=OPERATOR, query=query)
        found += [{"service": service} | item for item in page["items"]]
    return found


async def shown(service: str, letter: str, api: Api) -> dict[str, Any]:
    """Return all that is known of one."""
    answer: dict[str, Any] = await api.call("GET", _known(service), f"/ops/dead-letters/{part(letter)}", role=OPERATOR)
    return answer


async def redriven(service: str, letter: str, api: Api) -> dict[str, Any]:
    """Try it again, now, and release what waits behind it when it succeeds.

    Raises:
        ConsoleTrouble: when it failed again; it stays where it is.

    """
    answer: dict[str, Any] = await api.call("POST", _known(service), f"/ops/dead-letters/{part(letter)}/redrive", role=OPERATOR)
    if answer["outcome"] == "failed":
        raise ConsoleTrouble(f"{letter} failed again ({answer.get('code')}); it stays set aside")
    return answer


async def discarded(service: str, letter: str, reason: str, api: Api) -> dict[str, Any]:
    """Give it up; the reason is kept with it for the audit."""
    path = f"/ops/dead-letters/{part(letter)}/discard"
    await api.call("POST", _known(service), path, role=OPERATOR, body={"reason": reason})
    return {"event_id": letter, "outcome": "discarded"}
