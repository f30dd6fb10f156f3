"""What `make test` runs: quick tests on both cores, then those with real servers, then end to end; one pair of servers for all.

`python -m tests.run [part …] [-- pytest arguments]`; the exit code is 0 when every part passed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.run_folder import RUN_NAME, RunFolder
from tests.support.servers import SKIPS_FILE, STOP_WITHIN_SECONDS

ROOT = Path(__file__).parents[1]
BUDGET_SECONDS = 600
NO_TESTS = 5
TWO_WORKERS = ("-n", "2", "--dist", "loadfile")


@dataclass(frozen=True, slots=True)
class Part:
    """Some test folders and how they are run."""

    name: str
    folders: tuple[str, ...]
    options: tuple[str, ...]
    by_default: bool = True

    def there(self) -> list[str]:
        """Return its folders that exist."""
        return [folder for folder in self.folders if (ROOT / folder).is_dir()]


PARTS = (
    Part("quick", ("tests/architecture", "tests/contracts", "tests/unit", "tests/component"), TWO_WORKERS),
    Part("simulation", ("tests/simulation",), TWO_WORKERS),  # processes of its own: what a simulated power cut leaves is ended with them
    Part("servers", ("tests/conformance", "tests/integration"), TWO_WORKERS),
    Part("end-to-end", ("tests/e2e",), ()),
    Part("chaos", ("tests/chaos",), (), by_default=False),  # three brokers for a minute and more: `.ci/run` asks for it
)


def run_part(part: Part, more: list[str], environment: dict[str, str]) -> int:
    """Run one part; a part without tests has passed."""
    folders = part.there()
    if not folders:
        return 0
    sys.stdout.write(f"\n=== {part.name}: {' '.join(folders)}\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", "-q", *part.options, *more, *folders]
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    return 0 if code == NO_TESTS else code


def skips_in(path: Path) -> dict[str, int]:
    """Return how often each reason was given, over all parts."""
    found: dict[str, int] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        for reason, count in json.loads(line).items():
            found[reason] = found.get(reason, 0) + count
    return found


def report(codes: dict[str, int], seconds: dict[str, float], skips: dict[str, int]) -> None:
    """Say at the end what was skipped for want of a capability, how long each part took, and what failed."""
    lines = ["", "=== summary"]
    lines += [f"skipped {count:4d} x {reason}" for reason, count in sorted(skips.items())] or ["nothing skipped for want of a capability"]
    lines += [f"{name:12s} {'passed' if code == 0 else f'FAILED ({code})'} in {seconds[name]:.0f} s" for name, code in codes.items()]
    total = sum(seconds.values())
    lines.append(f"total        {total:.0f} s" + (f", more than the budget of {BUDGET_SECONDS} s" if total > BUDGET_SECONDS else ""))
    sys.stdout.write("\n".join(lines) + "\n")


def main(arguments: list[str]) -> int:
    """Run the named parts (when none is named, all that belong to `make test`)."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    names, more = arguments[:cut], arguments[cut + 1 :]
    if unknown := [name for name in names if name not in {part.name for part in PARTS}]:
        sys.stderr.write(f"no such part: {', '.join(unknown)}; there are {', '.join(part.name for part in PARTS)}\n")
        return 2
    os.environ.setdefault(RUN_NAME, f"run-{os.getpid()}")
    run = RunFolder.of_this_run()
    run.hold()
    codes: dict[str, int] = {}
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="tandem-skips-") as folder:
        skips = Path(folder) / "skips.ndjson"
        skips.touch()
        try:
            for part in (one for one in PARTS if one.name in names or (not names and one.by_default)):
                began = time.perf_counter()
                codes[part.name] = run_part(part, more, os.environ | {SKIPS_FILE: str(skips)})
                seconds[part.name] = time.perf_counter() - began
        finally:
            run.let_go()
            psutil.wait_procs(run.keepers(), timeout=STOP_WITHIN_SECONDS)
            run.remove_if_unused()
        report(codes, seconds, skips_in(skips))
    return max(codes.values(), default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
