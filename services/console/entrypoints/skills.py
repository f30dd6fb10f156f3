"""`tandem skills`: the company's list of skills."""

from typing import Annotated, Any, Literal

import typer

from services.console.application.ports import Connections
from services.console.application.skills import AddSkill, add_skill, matching_skills, merge_skills, read_free_tags, read_skills
from services.console.entrypoints.output import Json, connections, print_json, print_line, print_table, run

skills = typer.Typer(no_args_is_help=True, help="The company's list of skills.", rich_markup_mode=None, add_completion=False)
SOURCES = Literal["company", "added", "esco"]


@skills.callback()
def _group() -> None:
    """Read and change the company's list of skills."""


@skills.command(name="list")
def list_(
    context: typer.Context,
    words: Annotated[str | None, typer.Argument(help="Only skills in whose code, names or spellings these whole words are.")] = None,
    free: Annotated[bool, typer.Option("--free", help="What members wrote that is not on the list, to be added or merged.")] = False,
    source: Annotated[SOURCES | None, typer.Option("--source", help="Only the company's own, the added ones, or those of ESCO.")] = None,
    as_json: Json = False,
) -> None:
    """List skills with what each is a part of and which spellings mean it.

    Example: tandem skills list databases
    """
    if free:
        _tell_free(run(_read_free(connections(context))), as_json=as_json)
        return
    listed = run(_read(connections(context)))
    found = list(matching_skills(listed, words, source))
    if as_json:
        print_json({"groups": listed["groups"], "skills": found})
        return
    rows = [[each["code"], each["labels"]["en"], each["broader"], each["source"], "; ".join(each["also"])] for each in found]
    print_table(f"{len(rows)} skills", ["code", "name", "part of", "source", "also written"], rows)


@skills.command()
def add(  # noqa: PLR0917 - options of a command
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="The code: a-z, 0-9 and hyphens; it never changes.")],
    en: Annotated[str, typer.Option("--en", help="The name in English.")],
    de: Annotated[str | None, typer.Option("--de", help="The name in German.")] = None,
    also: Annotated[list[str] | None, typer.Option("--also", help="Another spelling; may be given several times.")] = None,
    broader: Annotated[str | None, typer.Option("--broader", help="The skill or group that it is a part of.")] = None,
    as_json: Json = False,
) -> None:
    """Put a skill on the list; members who wrote one of its spellings get its code. The same again changes nothing.

    Example: tandem skills add simulink --en Simulink --also "Matlab Simulink" --broader matlab
    """
    command = AddSkill(code=code, en=en, de=de, also=also or [], broader=broader)
    _tell(run(_add(connections(context), command)), f"{code} is on the list", as_json=as_json)


@skills.command()
def merge(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="A skill of the list, or a free tag that members use.")],
    into: Annotated[str, typer.Argument(help="The skill of the list that it is to mean.")],
    as_json: Json = False,
) -> None:
    """Let every spelling of a skill mean another one; members' codes follow. Cut off, the same command goes on.

    Example: tandem skills merge mathlab matlab
    """
    _tell(run(_merge(connections(context), code, into)), f"{code} means {into}", as_json=as_json)


def _tell_free(tags: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(tags)
        return
    rows = [[each["code"], each["members"], "; ".join(each["nearest"])] for each in tags]
    print_table(f"{len(rows)} tags that are not on the list", ["code", "members", "written much like"], rows)


def _tell(done: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    print_line(f"{sentence}{'' if done['changed'] else ' already'}; {done['members']} members followed")


async def _read(to: Connections) -> dict[str, Any]:
    async with to.api() as api:
        return await read_skills(api)


async def _read_free(to: Connections) -> list[dict[str, Any]]:
    async with to.api() as api:
        return await read_free_tags(api)


async def _add(to: Connections, command: AddSkill) -> dict[str, Any]:
    async with to.api() as api:
        return await add_skill(command, api)


async def _merge(to: Connections, code: str, into: str) -> dict[str, Any]:
    async with to.api() as api:
        return await merge_skills(code, into, api)
