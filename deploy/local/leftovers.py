"""Servers outlive a launcher that was killed with -9. The next start finds them by their pid files and ends only those."""

import json
import os
import tempfile
from pathlib import Path

import psutil

from deploy.local.folder import OWNER, PREFIX, DataFolder
from deploy.local.processes import SAME_START_SECONDS, end_leftovers, write_pid_file
from deploy.local.trouble import LaunchTrouble


def claim(folder: DataFolder) -> list[str]:
    """Make this process the owner of `folder` and end what a killed owner left in it. Returns what was ended.

    Raises:
        LaunchTrouble: when a living launcher uses the folder: two servers over the same data would harm them.

    """
    owner = folder.root / OWNER
    if (pid := _living(owner)) is not None and pid != os.getpid():
        raise LaunchTrouble(f"{folder.root} is in use by process {pid}; stop that one first, or take another folder.")
    ended = end_leftovers(folder.pids)
    write_pid_file(owner, os.getpid())
    return ended


def sweep_temporary_runs() -> list[str]:
    """End and delete temporary runs whose launcher is gone; runs of other users or living launchers stay untouched."""
    ended: list[str] = []
    for root in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        owner = root / OWNER
        if not owner.exists() or root.stat().st_uid != os.getuid() or _living(owner) is not None:
            continue
        ended += end_leftovers(root / "pids")
        DataFolder(root, keep=False).remove()
    return ended


def _living(owner: Path) -> int | None:
    """Return the launcher's process id when that very process is alive."""
    try:
        noted = json.loads(owner.read_text())
        process = psutil.Process(int(noted["pid"]))
        same = abs(process.create_time() - noted["started_at"]) < SAME_START_SECONDS and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return process.pid if same else None
