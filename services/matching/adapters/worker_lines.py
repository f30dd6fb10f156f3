"""What the service and the worker process of a round say to each other, line by line (N4)."""

from dataclasses import dataclass

from services.matching.application.solver import SolveOrder

END_MARK = "end\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The first line: what to do. Slices of members, an end mark, pieces of the draft built on and another end mark follow."""

    order: SolveOrder
    threads: int = 1
    compares: bool = False
    """N7: whether only the comparison with the draft built on is asked for."""
    previews: bool = False
    """Whether only a look at the pool is asked for; nothing is solved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How far the work is."""

    stage: str
    share: float
