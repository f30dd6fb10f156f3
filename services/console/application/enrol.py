"""Enrol members in a programme: everyone, or those who are named by Tandem's id or company key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.console.application.members import is_member_id
from services.console.application.paths import part
from services.console.application.ports import HR_ADMIN, Api
from services.console.domain.endings import ConsoleTrouble, Exit, Refused, Unusable

NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrol:
    """Who is to take part in what. Without a capacity everyone's own wish counts."""

    programme: str
    members: Sequence[str] = ()
    everyone: bool = False
    capacity: int | None = None


@dataclass(slots=True)
class Enrolled:
    """How many are enrolled now that were not, how many were already, and which names nobody has."""

    enrolled: int = 0
    unchanged: int = 0
    unknown: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> Exit:
        """Return 3 when a name was unknown."""
        return Exit.SOME_REFUSED if self.unknown else Exit.DONE

    def as_plain(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {"enrolled": self.enrolled, "unchanged": self.unchanged, "unknown": self.unknown}


async def enrol(command: Enrol, api: Api) -> Enrolled:
    """Enrol and count.

    Raises:
        Unusable: when it is not said who is meant.
        ConsoleTrouble: when there is no such programme.

    """
    if command.everyone == bool(command.members):
        raise Unusable("Say who is meant: --all, or members by company key or Tandem's id")
    await check_programme(command.programme, api)
    result = Enrolled()
    keys = [name for name in command.members if not is_member_id(name)]
    if command.everyone or keys:
        body = {"programme_id": command.programme, "capacity": command.capacity, "company_keys": None if command.everyone else keys}
        answer = await api.call("POST", "profile", "/enrolments", role=HR_ADMIN, body=body)
        result = Enrolled(int(answer["enrolled"]), int(answer["unchanged"]), list(answer["unknown"]))
    for member_id in (name for name in command.members if is_member_id(name)):
        body = {"programme_id": command.programme, "capacity": command.capacity}
        await api.call("POST", "profile", f"/members/{member_id}/enrolments", role=HR_ADMIN, body=body)
        result.enrolled += 1
    return result


async def check_programme(programme: str, api: Api) -> None:
    """Ask matching for the programme: profile takes any name, and a misspelt one would enrol people in nothing.

    Raises:
        ConsoleTrouble: when matching has no such programme. Who cannot reach matching, or may not ask, is not stopped.

    """
    path = f"/programmes/{part(programme)}"
    try:
        await api.call("GET", "matching", path, role=HR_ADMIN)
    except Refused as refusal:
        if refusal.status == NOT_FOUND:
            raise ConsoleTrouble(f"There is no programme {programme}: create it with `tandem programme apply FILE`") from refusal
    except ConsoleTrouble:
        return
