"""Messages that a service set aside: look at them, try them again, or give them up with a reason (N2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.console.application.paths import part
from services.console.application.ports import OPERATOR, SERVICES, Api, Told, tell_nobody
from services.console.domain.endings import ConsoleTrouble, Exit, Refused, Unusable

LISTED_MAX = 1000


class AgainFailed(ConsoleTrouble):
    """A redriven dead letter failed as before, or otherwise; `code` says how."""

    def __init__(self, letter: str, code: str) -> None:
        """Say which one."""
        super().__init__(f"{letter} failed again ({code}); it stays set aside")
        self.code = code


def _known(service: str) -> str:
    if service not in SERVICES:
        raise Unusable(f"{service} is no service; there are {', '.join(SERVICES)}")
    return service


@dataclass(slots=True)
class RedrivenAll:
    """What came of each; `failed` says per id why it stays set aside."""

    redriven: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> Exit:
        """Return 3 when some failed again."""
        return Exit.SOME_REFUSED if self.failed else Exit.DONE

    def as_plain(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {"redriven": self.redriven, "failed": self.failed}


async def listed(services: Sequence[str], state: str, code: str | None, api: Api) -> list[dict[str, Any]]:
    """Return the dead letters of `services` (all when none is named) in this state and of this cause, oldest first."""
    found: list[dict[str, Any]] = []
    for service in [_known(name) for name in services] or SERVICES:
        found += [{"service": service} | item for item in await _page(service, state, code, api)]
    return found


async def _page(service: str, state: str, code: str | None, api: Api) -> list[dict[str, Any]]:
    query = {"state": state, "limit": LISTED_MAX} | ({} if code is None else {"code": code})
    page = await api.call("GET", _known(service), "/ops/dead-letters", role=OPERATOR, query=query)
    items: list[dict[str, Any]] = page["items"]
    return items


async def shown(service: str, letter: str, api: Api, *, payload: bool = False) -> dict[str, Any]:
    """Return all that is known of one; with `payload` also what it said, which its service redacts and notes in the audit."""
    path = f"/ops/dead-letters/{part(letter)}"
    said = await api.call("GET", _known(service), f"{path}/payload", role=OPERATOR) if payload else {}
    answer: dict[str, Any] = await api.call("GET", _known(service), path, role=OPERATOR)
    return answer | ({"data": said["data"]} if payload else {})


async def redriven(service: str, letter: str, api: Api) -> dict[str, Any]:
    """Try it again, now, and release what waits behind it when it succeeds.

    Raises:
        AgainFailed: it stays where it is.

    """
    answer: dict[str, Any] = await api.call("POST", _known(service), f"/ops/dead-letters/{part(letter)}/redrive", role=OPERATOR)
    if answer["outcome"] == "failed":
        raise AgainFailed(letter, str(answer.get("code")))
    return answer


async def redriven_all(service: str, code: str | None, api: Api, told: Told = tell_nobody) -> RedrivenAll:
    """Try every open one of a service again (of one cause when it is named), oldest first, each once."""
    result = RedrivenAll()
    while waiting := [one["event_id"] for one in await _page(service, "open", code, api) if one["event_id"] not in result.failed]:
        for letter in waiting:
            try:
                await redriven(service, letter, api)
            except AgainFailed as failed:
                result.failed[letter] = failed.code
            except Refused as refusal:
                result.failed[letter] = refusal.code
            else:
                result.redriven.append(letter)
            told("redriven", len(result.redriven) + len(result.failed), None)
    return result


async def discarded(service: str, letter: str, reason: str, api: Api) -> dict[str, Any]:
    """Give it up; the reason is kept with it for the audit."""
    path = f"/ops/dead-letters/{part(letter)}/discard"
    await api.call("POST", _known(service), path, role=OPERATOR, body={"reason": reason})
    return {"event_id": letter, "outcome": "discarded"}
