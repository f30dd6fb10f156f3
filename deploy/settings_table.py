"""Every setting of every service as one table, from the code: `python -m deploy.settings_table` writes deploy/env/settings.md."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from services.matching.settings import MatchingSettings
from services.notification.settings import NotificationSettings, SmtpSettings
from services.profile.settings import ProfileSettings
from services.scheduling.settings import SchedulingSettings
from shared.settings import SharedSettings, prefix_of

FILE = Path(__file__).parent / "env" / "settings.md"
GROUPS: tuple[tuple[str, type[BaseSettings]], ...] = (
    ("All services", SharedSettings),
    ("profile", ProfileSettings),
    ("matching", MatchingSettings),
    ("scheduling", SchedulingSettings),
    ("notification", NotificationSettings),
    ("notification: the mail server", SmtpSettings),
)
HEAD = """# Settings

Written by `python -m deploy.settings_table`; a test compares it with the code.

Settings come from the environment. A secret may lie in a file instead, named as the whole variable in lower case, in the folder
that `TANDEM_SECRETS_DIR` names (`/run/secrets` by default). A name that nothing reads stops the start, with the nearest known
one ("did you mean").
Lists and mappings are JSON, spans of time ISO 8601 (`P1D`, `PT90S`).
"""


def table() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for title, kind in GROUPS:
        rows = [f"| `{name}` | {default} | {meaning} |" for name, default, meaning in _rows(kind)]
        parts.append("\n".join([f"## {title}\n", "| variable | default | meaning |", "|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _rows(kind: type[BaseSettings]) -> Iterator[tuple[str, str, str]]:
    for name, field in kind.model_fields.items():
        block = field.annotation
        if isinstance(block, type) and issubclass(block, BaseModel):
            for inner, detail in block.model_fields.items():
                yield _row(f"{prefix_of(kind)}{name}__{inner}", detail)
        else:
            yield _row(f"{prefix_of(kind)}{name}", field)


def _row(name: str, field: FieldInfo) -> tuple[str, str, str]:
    return name.upper(), _default(field), (field.description or "").replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=False)
    if field.is_required():
        return "**required**"
    if value is None or field.default_factory is not None:
        return ""
    dumped = _Plain(value=value).model_dump(mode="json")["value"]
    return f"`{dumped}`"


class _Plain(BaseModel):
    value: Any


if __name__ == "__main__":
    FILE.write_text(table(), encoding="utf-8")
