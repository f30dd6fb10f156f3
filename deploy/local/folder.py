"""Where one run keeps its data: a temporary folder that goes away at the end, or one that the user keeps."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.local.trouble import LaunchTrouble

PREFIX = "tandem-run-"
OWNER = "owner.json"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """`kafka/`, `mongo/`, `logs/`, `keys/`, `mail/`, `pids/` below one root. Only its owner may look inside (it holds a key)."""

    root: Path
    keep: bool

    @classmethod
    def temporary(cls) -> "DataFolder":
        """Make a folder that `remove` deletes."""
        return cls._prepared(Path(tempfile.mkdtemp(prefix=PREFIX)), keep=False)

    @classmethod
    def kept(cls, root: Path) -> "DataFolder":
        """Use `root`, whose data survive: the next start finds them again. `LaunchTrouble` when it cannot be written."""
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls._prepared(root.resolve(), keep=True)
        except OSError as fault:
            raise LaunchTrouble(f"{root} cannot hold the data: {fault.strerror}") from fault

    @classmethod
    def _prepared(cls, root: Path, *, keep: bool) -> "DataFolder":
        folder = cls(root, keep)
        for part in (folder.kafka, folder.mongo, folder.logs, folder.keys, folder.mail, folder.pids):
            part.mkdir(mode=0o700, exist_ok=True)
        return folder

    @property
    def kafka(self) -> Path:
        """Return the brokers' home."""
        return self.root / "kafka"

    @property
    def mongo(self) -> Path:
        """Return the database's home."""
        return self.root / "mongo"

    @property
    def logs(self) -> Path:
        """Return the folder of all logs: `kafka.log`, `mongo.log`, `<service>.ndjson`, `<service>.out`."""
        return self.root / "logs"

    @property
    def keys(self) -> Path:
        """Return the folder of the throw-away token issuer's keys."""
        return self.root / "keys"

    @property
    def mail(self) -> Path:
        """Return the folder of the received mails."""
        return self.root / "mail"

    @property
    def pids(self) -> Path:
        """Return the folder of pid files, one per started process."""
        return self.root / "pids"

    def remove(self) -> None:
        """Delete a temporary folder with everything in it; leave a kept one alone."""
        if self.keep:
            (self.root / OWNER).unlink(missing_ok=True)
            shutil.rmtree(self.pids, ignore_errors=True)
        else:
            shutil.rmtree(self.root, ignore_errors=True)


def cache_folder() -> Path:
    """Return the folder for what is fetched once: `${XDG_CACHE_HOME:-~/.cache}/tandem`."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "tandem"
