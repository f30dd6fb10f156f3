"""Send a people file to profile, follow the import, and enrol the people of the file when asked to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.console.application.enrol import check_programme
from services.console.application.ports import HR_ADMIN, Api, Told, tell_nobody
from services.console.application.waiting import until_final
from services.console.domain.endings import Exit, Unusable

FINAL_STATES = ("done", "refused")
WITHIN_SECONDS = 3600.0
KEYS_PER_CALL = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPeople:
    """What to send. A file enrols nobody by itself: an upload must never pull people into a round."""

    file: Path
    dry_run: bool = False
    all_or_nothing: bool = False
    encoding: str | None = None
    enrol: str | None = None


@dataclass(slots=True, kw_only=True)
class Imported:
    """What came of it: the import as profile tells it, the rows with problems, and how many were enrolled."""

    summary: dict[str, Any]
    rows: list[dict[str, Any]] = field(default_factory=list)
    enrolled: int | None = None

    @property
    def exit_code(self) -> Exit:
        """Return 0 when every row was taken, 3 when some were refused, 1 when the file as a whole was."""
        if self.summary["state"] == "refused":
            return Exit.FAILED
        return Exit.SOME_REFUSED if self.summary["counts"].get("refused") else Exit.DONE

    def as_plain(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {"import": self.summary, "rows": self.rows, "enrolled": self.enrolled}


async def import_people(command: ImportPeople, api: Api, told: Told = tell_nobody) -> Imported:
    """Send the file, wait, and read the rows that have problems.

    Raises:
        Unusable: when the file cannot be read; nothing was sent.
        ConsoleTrouble: when the programme to enrol in does not exist; nothing was sent.

    """
    _check_readable(command.file)
    if command.enrol:
        await check_programme(command.enrol, api)
    query = {
        "filename": command.file.name,
        "dry_run": str(command.dry_run).lower(),
        "all_or_nothing": str(command.all_or_nothing).lower(),
        **({"encoding": command.encoding} if command.encoding else {}),
    }
    told("sending", 0, None)
    accepted = await api.upload("profile", "/imports", role=HR_ADMIN, query=query, file=command.file)
    path = f"/imports/{accepted['import_id']}"

    async def ask() -> dict[str, Any]:
        answer: dict[str, Any] = await api.call("GET", "profile", path, role=HR_ADMIN)
        progress = answer.get("progress") or {}
        told(answer.get("stage") or answer["state"], progress.get("rows_done") or 0, progress.get("rows_total"))
        return answer

    summary = await until_final(ask, lambda one: one["state"] in FINAL_STATES, within_seconds=WITHIN_SECONDS, what="the import")
    rows = [row async for row in _rows(api, path, {"problems_only": "true"})]
    imported = Imported(summary=summary, rows=rows)
    if command.enrol and not command.dry_run and summary["state"] == "done":
        imported.enrolled = await _enrol(api, path, command.enrol)
    return imported


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as fault:
        raise Unusable(f"{file} cannot be read: {fault.strerror}") from fault


async def _rows(api: Api, path: str, query: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        page = await api.call("GET", "profile", f"{path}/rows", role=HR_ADMIN, query=query | ({"cursor": cursor} if cursor else {}))
        for row in page["items"]:
            yield row
        cursor = page.get("next")
        if not cursor:
            return


async def _enrol(api: Api, path: str, programme: str) -> int:
    """Enrol those whose row was taken, some hundreds at a time."""
    enrolled, keys = 0, []
    async for row in _rows(api, path, {}):
        if row["outcome"] not in {"refused", "withheld"}:
            keys.append(row["company_key"])
        if len(keys) >= KEYS_PER_CALL:
            enrolled += await _enrol_keys(api, programme, keys)
            keys = []
    return enrolled + (await _enrol_keys(api, programme, keys) if keys else 0)


async def _enrol_keys(api: Api, programme: str, keys: list[str]) -> int:
    body = {"programme_id": programme, "capacity": None, "company_keys": keys}
    answer = await api.call("POST", "profile", "/enrolments", role=HR_ADMIN, body=body)
    return int(answer["enrolled"])
