"""Open a round, follow it until it is solved, publish it, follow it until everybody has their proposal."""

from dataclasses import dataclass
from typing import Any

from services.console.application.paths import part
from services.console.application.ports import HR_ADMIN, Api, Told, tell_nobody
from services.console.application.settling import settled
from services.console.application.waiting import until_final
from services.console.domain.endings import ConsoleTrouble

STAGES = ("opened", "frozen", "solved", "publishing", "published")
WAITING = ("solved", "published")
"""States that last until somebody says something, or for ever."""
WITHIN_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRound:
    """Which programme; `publish=False` stops at the solved draft, which nobody has heard of yet."""

    programme: str
    seed: int | None = None
    publish: bool = True


async def run_round(command: RunRound, api: Api, told: Told = tell_nobody) -> dict[str, Any]:
    """Run the round and return it as matching tells it (`state`, `counts`, …).

    Raises:
        ConsoleTrouble: when nobody is enrolled, when the round failed or was cancelled meanwhile.

    """
    body = {} if command.seed is None else {"seed": command.seed}
    await settled(api, source="profile", reader="matching")
    opened = await api.call("POST", "matching", f"/programmes/{part(command.programme)}/rounds", role=HR_ADMIN, body=body)
    path = f"/rounds/{opened['round_id']}"
    solved = await _follow(api, path, ("solved", "published"), told)
    if _nobody(solved):
        if solved["state"] == "solved":
            await api.call("POST", "matching", f"{path}/cancel", role=HR_ADMIN)
        raise ConsoleTrouble(
            f"Nobody is enrolled in {command.programme}, so there is nobody to match. "
            f"Enrol people first: `tandem enrol {command.programme} --all`"
        )
    if not command.publish or solved["state"] == "published":
        return solved
    await api.call("POST", "matching", f"{path}/publish", role=HR_ADMIN)
    return await _follow(api, path, ("published",), told)


async def watch_round(round_id: str, api: Api, told: Told = tell_nobody) -> dict[str, Any]:
    """Follow a round until it waits for somebody or is over, and return it."""
    return await _follow(api, f"/rounds/{part(round_id)}", (*WAITING, "cancelled", "failed"), told)


async def _follow(api: Api, path: str, until: tuple[str, ...], told: Told) -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        answer: dict[str, Any] = await api.call("GET", "matching", path, role=HR_ADMIN)
        state, doing = answer["state"], answer.get("progress")
        if doing and state not in WAITING:
            told(str(doing["stage"]), int(doing["done"]), int(doing["of"]))
        else:
            told(state, STAGES.index(state) + 1 if state in STAGES else 0, len(STAGES))
        return answer

    final = (*until, "cancelled", "failed")
    answer = await until_final(ask, lambda one: one["state"] in final, within_seconds=WITHIN_SECONDS, what="the round")
    if answer["state"] not in until:
        why = f": {answer['failure']}" if answer.get("failure") else ""
        raise ConsoleTrouble(f"The round is {answer['state']}{why}")
    return answer


def _nobody(round_: dict[str, Any]) -> bool:
    counts = round_.get("counts") or {}
    return counts.get("members") == 0
