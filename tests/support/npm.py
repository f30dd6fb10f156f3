"""Node programs in tests: installed from their lock file, or skipped with the reason."""

import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.servers import SKIP_WORDS

INSTALL_SECONDS_MAX = 180


def installed(folder: Path) -> Path:
    """Return `folder` once its packages are there as its lock file says; skip where node, npm or their packages cannot be had."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{SKIP_WORDS} node: {tool} is not on the PATH")
    there = folder / "node_modules" / ".package-lock.json"
    with FileLock(folder / ".installing.lock", timeout=INSTALL_SECONDS_MAX + 20):
        if not there.exists() or there.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{SKIP_WORDS} node: npm found no registry within {INSTALL_SECONDS_MAX} s")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"{SKIP_WORDS} node: npm cannot install {folder.name}: {last}")
