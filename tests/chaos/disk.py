"""A disk of one megabyte for temporary files, where this machine lets us mount one (as root), and ways to fill a disk."""

import resource
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import ENOSPC
from pathlib import Path

FILLER, PAGE_BYTES = "filler", 4096


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """Mount a tmpfs at `folder` while the block runs; without the rights for that there is none."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if not _done("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)):
        folder.rmdir()
        yield None
        return
    try:
        yield folder
    finally:
        _done("umount", "-l", str(folder))
        with suppress(OSError):
            folder.rmdir()


def _done(*command: str) -> bool:
    try:
        return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Fill the disk up to one page while the block runs: with none, Python would look for another temporary folder by itself."""
    filler = disk / FILLER
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(PAGE_BYTES)):
                pass
        except OSError as fault:
            if fault.errno != ENOSPC:
                raise
        file.truncate(file.tell() - PAGE_BYTES)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def no_file_grows(pids: Sequence[int]) -> Iterator[None]:
    """Let no file of these processes grow while the block runs, logs and temporary files alike: needs no rights."""
    before = resource.prlimit(pids[0], resource.RLIMIT_FSIZE)
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def noise() -> str:
    """Return text that no workbook packs into a page."""
    return secrets.token_hex(3 * PAGE_BYTES)
