"""Where a running stack tells other commands how to reach it: `.tandem/stack.json`, or the file that `TANDEM_STACK` names."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "TANDEM_STACK"
USUAL = Path(".tandem/stack.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFile:
    """What a client needs: URLs, Kafka's settings, the issuer's key folder, and where mails, logs and pid files lie."""

    urls: Mapping[str, str]
    kafka: Mapping[str, str]
    keys: str
    mail: str
    logs: str
    pids: str
    launcher: int

    def write(self, path: Path) -> None:
        """Write it for the owner's eyes only: it leads to a signing key."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(self), file, indent=2)
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> "StackFile | None":
        """Return what stands in the file, or None when there is none or it is not ours."""
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return None


def stack_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the file is looked for."""
    return Path(environment.get(NAME) or USUAL)


def remove_own(path: Path, launcher: int) -> None:
    """Delete the file when it is still this launcher's."""
    found = StackFile.read(path)
    if found is not None and found.launcher == launcher:
        path.unlink(missing_ok=True)
