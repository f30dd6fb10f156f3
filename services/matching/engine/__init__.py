"""The matching engine: pure functions from a frozen snapshot to a solved, explained and certified round (N4-N7).

Arrays and frozen values in, frozen values out; no broker, no database, no clock, no global state. Heavy: call it in
a worker process, never in an event loop. `README.md` beside this file is the model's specification.
"""

from collections.abc import Callable, Sequence

from services.matching.domain.rules import RuleSet
from services.matching.engine.person import Person
from services.matching.engine.result import Certificate, Evidence, Explanation, Match, Quantiles, Result, Settled

__all__ = ["Certificate", "Evidence", "Explanation", "Match", "Person", "Quantiles", "Result", "Settled", "solve"]


def solve(
    people: Sequence[Person],
    rules: RuleSet,
    seed: int,
    *,
    threads: int = 1,
    progress: Callable[[str, float], None] | None = None,
    settled: Settled | None = None,
) -> Result:
    """Solve a round. `progress` hears (stage, share done). The order of `people` and `threads` change no byte (N7).

    `settled` holds what is not to be decided: groups that stay and members kept apart; the rest is solved around them.
    """
    from services.matching.engine.round import run  # noqa: PLC0415 - numpy and the compiled kernels are loaded only to solve

    return run(people, rules, seed, threads=threads, progress=progress, settled=settled)
