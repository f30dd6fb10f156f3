"""What a handler's exception means, and when failures are so many that the fault must be ours."""

from collections import deque
from dataclasses import dataclass

from shared.kernel.errors import NotYet, OutcomeUnknown, Refusal, StaleVersion
from shared.persistence.errors import CommitUnknown, DatabaseAway, TransientFault

AWAY = (DatabaseAway, TransientFault, CommitUnknown, OutcomeUnknown, StaleVersion)
"""Nothing can work now: waited for, never skipped, never counted as the event's fault."""

BUG_TRIES, NOT_YET_TRIES = 5, 8
HALT_SAMPLE_MIN, HALT_MEMORY = 20, 40


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why one event failed. `waits`: a prerequisite is missing and may come; else it is dead after its tries."""

    code: str
    waits: bool = False
    bug: Exception | None = None


class Unreadable(Exception):
    """A record cannot be read; `code` says why."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


def trouble_of(fault: Exception) -> Trouble:
    """Say what an exception of a handler means."""
    if isinstance(fault, NotYet):
        return Trouble(fault.code, waits=True)
    if isinstance(fault, (Refusal, Unreadable)):
        return Trouble(fault.code)
    return Trouble(f"bug:{type(fault).__name__}", bug=fault)


class ConsumerHalted(Exception):
    """More than half of 20 or more events fail: the fault is ours. Nothing is buried, nothing more is taken."""


class FailureWatch:
    """Remembers how recent events fared; judges before anything is buried."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=HALT_MEMORY)

    def too_many(self, failed: int, total: int) -> bool:
        """Return whether so many failures, with what is remembered when the batch is small, mean that the fault is ours."""
        if failed == 0:
            return False
        if total >= HALT_SAMPLE_MIN:
            return failed * 2 > total
        sample = [*self._recent, *([True] * failed), *([False] * (total - failed))][-HALT_MEMORY:]
        return len(sample) >= HALT_SAMPLE_MIN and sum(sample) * 2 > len(sample)

    def note(self, failed: int, total: int) -> None:
        """Remember how a batch fared."""
        self._recent.extend([True] * failed + [False] * (total - failed))
