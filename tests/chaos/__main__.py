"""`make chaos [FAULTS=n] [SEED=n]`: the real suite under faults; exit code 0 when nothing was lost, doubled or out of order."""

import argparse
import asyncio
import shutil
import sys
from pathlib import Path

from deploy.local.services import SERVICES
from deploy.local.signals import Interrupted, interruptible
from deploy.local.trouble import LaunchTrouble
from shared.kernel.randomness import SystemRandomness
from tests.chaos import report
from tests.chaos.faults import TOGETHER
from tests.chaos.run import Options, run


def replicas_of(text: str) -> dict[str, int]:
    """Read how many replicas each service has: a number for all, then those that have another."""
    of_all, *others = text.split(",")
    named = {name: int(count) for name, _, count in (each.partition("=") for each in others)}
    if unknown := [name for name in named if name not in SERVICES]:
        raise ValueError(f"{unknown[0]} is no service")
    return dict.fromkeys(SERVICES, int(of_all)) | named


def options_of(arguments: list[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--replicas", type=replicas_of, default="2", help="of each service, and of some: 2,matching=3,notification=3")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no further step after so long")
    parser.add_argument("--out", type=Path, default=Path("chaos-out"))
    given = parser.parse_args(arguments)
    seed = given.seed if given.seed is not None else SystemRandomness().getrandbits(31)
    return Options(
        seed=seed,
        faults=given.faults,
        replicas=given.replicas,
        out=given.out,
        together=TOGETHER,
        seconds_max=given.minutes * 60,
    )


async def _run(options: Options) -> int:
    least = min(options.replicas.values())
    more = "".join(f",{name}={count}" for name, count in options.replicas.items() if count > least)
    repeat = f"make chaos FAULTS={options.faults} SEED={options.seed} REPLICAS={least}{more}"
    say = _Progress()
    say(f"chaos: {repeat}")
    for name in ("logs", "mail"):
        shutil.rmtree(options.out / name, ignore_errors=True)
    outcome = await run(options, say)
    plain = report.as_plain(options, outcome)
    report.write(plain, options.out / "report.json")
    for line in report.lines(plain, repeat):
        say(line)
    say(f"report: {options.out}/report.json, logs beside it")
    return 0 if outcome.good else 1


class _Progress:
    """Says each line with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began = asyncio.get_running_loop().time()

    def __call__(self, line: str) -> None:
        sys.stdout.write(f"{asyncio.get_running_loop().time() - self._began:6.0f} s  {line}\n")
        sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run; Ctrl-C ends everything that was started."""
    try:
        return asyncio.run(interruptible(_run(options_of(arguments))))
    except Interrupted as interrupted:
        return interrupted.exit_code
    except LaunchTrouble as trouble:
        sys.stderr.write(f"{trouble}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
