"""Look at what a programme's rules do to the people who are enrolled; nothing is written."""

from pathlib import Path
from typing import Any

from services.console.application.apply_programme import read_programme
from services.console.application.paths import part
from services.console.application.ports import HR_ADMIN, Api


def _read(target: str) -> tuple[str, dict[str, Any] | None]:
    """Return the programme's id and, when a file is meant, its content."""
    file = Path(target)
    return read_programme(file) if file.is_file() or file.suffix.lower() in {".toml", ".json"} else (target, None)


async def preview_programme(target: str, seed: int, api: Api) -> dict[str, Any]:
    """Return the preview of a file's rules, or of the rules in force when `target` is a programme's id."""
    programme_id, content = _read(target)
    path = f"/programmes/{part(programme_id)}/preview"
    found: dict[str, Any] = await api.call("POST", "matching", path, role=HR_ADMIN, query={"seed": seed}, body=content)
    return found
