"""The company's list of skills: read it, add to it, merge two of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.console.application.paths import part
from services.console.application.ports import HR_ADMIN, Api

PATH = "/skills/list"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSkill:
    """A skill for the list."""

    code: str
    en: str
    de: str | None = None
    also: Sequence[str] = field(default_factory=list)
    broader: str | None = None


async def read_skills(api: Api) -> dict[str, Any]:
    """Return the list: groups and skills."""
    found: dict[str, Any] = await api.call("GET", "profile", PATH, role=HR_ADMIN)
    return found


async def read_free_tags(api: Api) -> list[dict[str, Any]]:
    """Return what members wrote that is not on the list."""
    found: list[dict[str, Any]] = await api.call("GET", "profile", "/skills/free", role=HR_ADMIN)
    return found


def matching_skills(listed: Mapping[str, Any], words: str | None, source: str | None) -> Iterator[dict[str, Any]]:
    """Yield the skills in which each of the words is a whole word (of code, names or spellings), from one source or all."""
    wanted = {*(words or "").casefold().split()}
    for skill in listed["skills"]:
        said = " ".join([skill["code"], *skill["labels"].values(), *skill["also"]]).casefold().replace("-", " ")
        if wanted <= {*said.split()} and source in {None, skill["source"]}:
            yield skill


async def add_skill(command: AddSkill, api: Api) -> dict[str, Any]:
    """Put a skill on the list; the same again changes nothing."""
    body = {"en": command.en, "de": command.de, "also": list(command.also), "broader": command.broader}
    sent = {name: value for name, value in body.items() if value}
    found: dict[str, Any] = await api.call("PUT", "profile", f"{PATH}/{part(command.code)}", role=HR_ADMIN, body=sent)
    return found


async def merge_skills(code: str, into: str, api: Api) -> dict[str, Any]:
    """Let every spelling of `code` mean `into`; the same again reaches who was missed."""
    found: dict[str, Any] = await api.call("POST", "profile", f"{PATH}/{part(code)}/merge", role=HR_ADMIN, body={"into": into})
    return found
