"""One decorator for the hot loops: compiled by numba where it is there, the same functions interpreted where not.

Both ways give the same bytes (integers, and IEEE operations in one written order, no fast-math), so the fallback is
the engine itself, only slower. The compiler's cache lies in a folder named after the kernels' sources: a changed
kernel never meets stale machine code, and a read-only image can bring the folder along (`TANDEM_ENGINE_CACHE`).
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
KERNELS = (
    *("compiled.py", "shapes.py", "score.py", "row.py", "pairwise.py", "reach.py", "listed.py", "scan.py"),
    *("candidates.py", "circles.py", "auction.py", "rounding.py", "polish.py", "gathering.py"),
)
INTERPRETED = "TANDEM_ENGINE_INTERPRETED"
CACHE = "TANDEM_ENGINE_CACHE"


def kernel_digest() -> str:
    """Return a name for the sources of all compiled functions together."""
    here = Path(__file__).parent
    return hashlib.sha256(b"".join((here / name).read_bytes() for name in KERNELS)).hexdigest()[:16]


def cache_folder() -> Path:
    """Return a writable folder for machine code: the given one, or a copy of it where it is read-only."""
    base = Path(os.environ.get(CACHE) or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tandem-engine")
    folder = base / kernel_digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        copy = Path(tempfile.gettempdir()) / f"tandem-engine-{os.getuid()}" / kernel_digest()
        copy.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.is_dir():
            shutil.copytree(folder, copy, dirs_exist_ok=True)
        return copy


def forget_older(days: int = 7) -> None:
    """Remove machine code of kernels that were changed since; what was used lately stays, somebody may be running it."""
    now = cache_folder().stat().st_mtime
    for entry in cache_folder().parent.iterdir():
        if entry.is_dir() and now - entry.stat().st_mtime > days * 86_400:
            shutil.rmtree(entry, ignore_errors=True)


@contextmanager
def compiling_alone() -> Iterator[None]:
    """Wait while another process compiles the same kernels: it leaves its machine code to us."""
    with (cache_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compiler() -> Any:
    """Return numba with its cache in place, or None where it is missing or switched off."""
    if os.environ.get(INTERPRETED) or find_spec("numba") is None:
        return None
    numba: Any = import_module("numba")
    if numba.config.DISABLE_JIT:
        return None
    numba.config.CACHE_DIR = str(cache_folder())
    return numba


_numba = _compiler()
IS_COMPILED = _numba is not None


def compiled(function: F) -> F:
    """Compile `function` without fast-math; releases the interpreter while it runs, so that two can run at once."""
    if _numba is None:
        return function
    return cast("F", _numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def uncounted(options: type) -> dict[str, bool]:
    """Return how to ask for code that counts no references: not at all where the compiler's options do not know the word.

    The word is none of numba's public ones. Without it everything runs, and the gates take ten times as long.
    """
    return {"_nrt": False} if hasattr(options, "_nrt") else {}


def lean(function: F) -> F:
    """Compile `function`, which allocates nothing, without counting references.

    The compiler counts those of every array in a tuple whenever the tuple is passed on: for a pool's sixty arrays that
    took ten times as long as the work. An allocation in such a function does not compile.
    """
    if _numba is None:
        return function
    options = uncounted(import_module("numba.core.cpu").CPUTargetOptions)
    return cast("F", _numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function))


def inlined(function: F) -> F:
    """Compile `function` for use inside other compiled functions."""
    if _numba is None:
        return function
    return cast("F", _numba.njit(inline="always", error_model="numpy")(function))
