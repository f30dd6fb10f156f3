"""Lines of services' log files that belong to some correlation ids (N17)."""

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from services.console.domain.endings import Unusable

OF = re.compile(r'"trace":\s*\{"id":\s*"([^"]+)"')
"""The correlation id of a line, found without reading all of it as JSON: an id has no sign that JSON would write otherwise."""


def lines_of(folder: Path | None, correlations: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the lines of all `*.ndjson` files in `folder` that carry one of these ids, file by file; none without a folder.

    Raises:
        Unusable: there is no such folder.

    """
    if folder is None:
        return
    if not folder.is_dir():
        raise Unusable(f"{folder} is no folder of log files")
    for path in sorted(folder.glob("*.ndjson")):
        with path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                found = OF.search(text)
                if found and found[1] in correlations and (line := _line(text)):
                    yield line


def _line(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
