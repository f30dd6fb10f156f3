"""Bring a programme to the state that a file describes; the same file twice changes nothing."""

import json
import tomllib
from pathlib import Path
from typing import Any

from services.console.application.paths import part
from services.console.application.ports import HR_ADMIN, Api
from services.console.domain.endings import Unusable

ID_FIELDS = ("programme_id", "id")


def read_table(file: Path) -> dict[str, Any]:
    """Return what a TOML or JSON file holds.

    Raises:
        Unusable: when the file is not readable, not TOML or JSON, or no table.

    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        content = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as fault:
        raise Unusable(f"{file} cannot be read: {fault.strerror}") from fault
    except ValueError as fault:  # not UTF-8, not JSON, not TOML: all are ValueErrors with line and column
        raise Unusable(f"{file} is not valid {'JSON' if file.suffix.lower() == '.json' else 'TOML'}: {fault}") from fault
    if not isinstance(content, dict):
        raise Unusable(f"{file} must hold one table of settings")
    return content


def read_programme(file: Path) -> tuple[str, dict[str, Any]]:
    """Return the programme's id (`programme_id` in the file, else the file's name) and its content."""
    content = read_table(file)
    found = next((content.pop(name) for name in ID_FIELDS if name in content), file.stem)
    return str(found), content


async def apply_programme(file: Path, api: Api) -> dict[str, Any]:
    """Send the programme to matching and return it as stored."""
    programme_id, content = read_programme(file)
    answer: dict[str, Any] = await api.call("PUT", "matching", f"/programmes/{part(programme_id)}", role=HR_ADMIN, body=content)
    return {"programme_id": programme_id} | (answer or {})
