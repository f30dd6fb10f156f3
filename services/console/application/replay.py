"""Have a service build its replicas anew, or hold them against their topics; follow it, and stop it when nobody waits any more (N2)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.console.application.paths import part
from services.console.application.ports import OPERATOR, SERVICES, Api, Told, tell_nobody
from services.console.domain.endings import ConsoleTrouble, Exit, Refused, Unusable

ASKED_EVERY_SECONDS = 0.5
BEGINNING = "beginning"
UNEQUAL = ("different", "missing", "failed", "held", "busy")
"""Verdicts after which a replica is not known to be as the facts say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Which service, which topics (all that it remembers when none is named), from when on; `repair=False` only looks."""

    service: str
    topics: tuple[str, ...] = ()
    begin: str = BEGINNING
    repair: bool = True

    def wish(self) -> dict[str, Any]:
        """Return the request's body.

        Raises:
            Unusable: when the moment is none.

        """
        return {"topics": list(self.topics), "since": _moment(self.begin), "repair": self.repair}


@dataclass(slots=True)
class Replayed:
    """What came of it, per collection and verdict."""

    service: str
    replay_id: str = ""
    read: int = 0
    verdicts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    examples: list[list[str]] = field(default_factory=list)

    @property
    def unequal(self) -> int:
        """Return how many keys are not known to be as the facts say."""
        return sum(counts.get(verdict, 0) for counts in self.verdicts.values() for verdict in UNEQUAL)

    @property
    def exit_code(self) -> Exit:
        """Return 3 when some keys could not be put right."""
        return Exit.SOME_REFUSED if self.unequal else Exit.DONE

    def as_plain(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "service": self.service,
            "replay_id": self.replay_id,
            "read": self.read,
            "verdicts": self.verdicts,
            "examples": self.examples,
        }


async def replay(command: Replay, api: Api, told: Told = tell_nobody) -> Replayed:
    """Replay to the end. When the caller is interrupted the service stops, and the same command goes on where it was.

    Raises:
        ConsoleTrouble: somebody else stopped it.

    """
    if command.service not in SERVICES:
        raise Unusable(f"{command.service} is no service; there are {', '.join(SERVICES)}")
    row = await api.call("POST", command.service, "/ops/replays", role=OPERATOR, body=command.wish())
    path = f"/ops/replays/{part(row['replay_id'])}"
    try:
        while row["state"] in {"reading", "comparing", "cleaning"}:
            _tell(told, row)
            await asyncio.sleep(ASKED_EVERY_SECONDS)
            row = await api.call("GET", command.service, path, role=OPERATOR)
    except asyncio.CancelledError:
        await api.call("POST", command.service, f"{path}/stop", role=OPERATOR, body={})
        raise
    if row["state"] != "done":
        raise ConsoleTrouble(f"The replay of {command.service} was stopped by somebody; the same command goes on with it")
    return Replayed(command.service, row["replay_id"], row["read"], row["verdicts"], [list(one) for one in row["examples"]])


async def discard(service: str, api: Api) -> str:
    """Drop an unfinished replay with all that was built beside; return its id.

    Raises:
        ConsoleTrouble: there is none.

    """
    if service not in SERVICES:
        raise Unusable(f"{service} is no service; there are {', '.join(SERVICES)}")
    found = await api.call("GET", service, "/ops/replays", role=OPERATOR)
    if not found["items"]:
        raise ConsoleTrouble(f"{service} has no unfinished replay")
    replay_id = str(found["items"][0]["replay_id"])
    await api.call("POST", service, f"/ops/replays/{part(replay_id)}/stop", role=OPERATOR, body={"discard": True})
    return replay_id


def nothing_to_replay(refusal: Refused) -> bool:
    """Say whether a service has refused because it remembers nothing of others."""
    return refusal.code == "nothing-to-replay"


def _moment(text: str) -> str | None:
    if text == BEGINNING:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unusable(f'"{text}" is no moment: say beginning, or 2027-01-31, or 2027-01-31T09:00:00+01:00') from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _tell(told: Told, row: Mapping[str, Any]) -> None:
    if row["state"] == "comparing":
        told("comparing", row["window"], row["windows"] or None)
    else:
        told("reading", row["read"], row["total"])
