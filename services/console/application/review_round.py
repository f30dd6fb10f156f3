"""What an admin does with a solved round before anybody hears of it: look, correct, compare, solve again (N4, N7)."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.console.application.apply_programme import read_table
from services.console.application.paths import part
from services.console.application.ports import HR_ADMIN, Api, Told, tell_nobody
from services.console.application.run_round import watch_round
from services.console.domain.endings import ConsoleTrouble

SHARES = 100


@dataclass(slots=True, kw_only=True)
class WhatIf:
    """What came of a comparison: who meets whom by `kept`, `new` and `gone`, and the figures of both sides."""

    comparison: dict[str, Any]
    changes: list[dict[str, Any]] = field(default_factory=list)


def rules_of(file: Path | None) -> dict[str, Any] | None:
    """Return the rules of a file: a rule set, or a programme's document with `rules` in it.

    Raises:
        Unusable: when the file cannot be read.

    """
    if file is None:
        return None
    content = read_table(file)
    rules: dict[str, Any] = content.get("rules", content)
    return rules


def draft_body(rules: Path | None, seed: int | None, expected: str | None = None) -> dict[str, Any]:
    """Return what asks for another draft; what is not said stays as it was."""
    said = {"rules": rules_of(rules), "seed": seed, "expected": expected}
    return {name: value for name, value in said.items() if value is not None}


async def what_if(round_id: str, body: dict[str, Any], api: Api, told: Told = tell_nobody) -> WhatIf:
    """Compare the draft at hand with what other rules would give; nothing is written.

    Raises:
        ConsoleTrouble: when the optimiser gave no answer.

    """
    changes: list[dict[str, Any]] = []
    async for line in api.lines("POST", "matching", f"{_path(round_id)}/what-if", role=HR_ADMIN, body=body):
        answer = json.loads(line)
        if "failed" in answer:
            raise ConsoleTrouble(f"The comparison failed: {answer['failed']}")
        if "comparison" in answer:
            return WhatIf(comparison=answer["comparison"], changes=changes)
        if "change" in answer:
            changes.append(answer["change"])
        else:
            told(answer["stage"], int(SHARES * answer["share"]), SHARES)
    raise ConsoleTrouble("The comparison broke off; is matching still there?")


async def solve_again(round_id: str, body: dict[str, Any], api: Api, told: Told = tell_nobody) -> dict[str, Any]:
    """Have another draft solved and follow it.

    Raises:
        ConsoleTrouble: when it was not taken; the draft before stays.

    """
    await api.call("POST", "matching", f"{_path(round_id)}/solve", role=HR_ADMIN, body=body)
    return await _followed(round_id, api, told)


async def repair(round_id: str, api: Api, told: Told = tell_nobody) -> dict[str, Any]:
    """Have those solved again whom something happened to since the freeze."""
    await api.call("POST", "matching", f"{_path(round_id)}/repair", role=HR_ADMIN)
    return await _followed(round_id, api, told)


async def _followed(round_id: str, api: Api, told: Told) -> dict[str, Any]:
    found = await watch_round(round_id, api, told)
    if found.get("failure"):
        raise ConsoleTrouble(f"The draft was not taken: {found['failure']}. The one before stays.")
    return found


async def wish(round_id: str, kind: str, members: Sequence[str], api: Api) -> dict[str, Any]:
    """Lock, unlock, forbid or allow a group for the next draft."""
    body = {kind: [list(members)]}
    answer: dict[str, Any] = await api.call("POST", "matching", f"{_path(round_id)}/review", role=HR_ADMIN, body=body)
    return answer


async def pieces(round_id: str, api: Api, *, draft: int | None = None, member: str | None = None) -> AsyncIterator[dict[str, Any]]:
    """Yield a draft piece by piece."""
    said = {"draft": draft, "member_id": member}
    following: int | None = 0
    while following is not None:
        query = {name: value for name, value in {**said, "piece": following}.items() if value is not None}
        piece: dict[str, Any] = await api.call("GET", "matching", f"{_path(round_id)}/review", role=HR_ADMIN, query=query)
        yield piece
        following = piece["next"]


async def report(round_id: str, api: Api, draft: int | None = None) -> dict[str, Any]:
    """Return the figures of a draft."""
    query = {} if draft is None else {"draft": draft}
    answer: dict[str, Any] = await api.call("GET", "matching", f"{_path(round_id)}/report", role=HR_ADMIN, query=query)
    return answer


async def report_page(round_id: str, api: Api, draft: int | None = None) -> str:
    """Return the same as a page that needs nothing else."""
    of = "" if draft is None else f"?draft={draft}"
    return "\n".join([line async for line in api.lines("GET", "matching", f"{_path(round_id)}/report.html{of}", role=HR_ADMIN)]) + "\n"


def _path(round_id: str) -> str:
    return f"/rounds/{part(round_id)}"
