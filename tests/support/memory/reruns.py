"""A database that makes every transaction run twice: what a unit of work does outside its transaction shows (simulation rule 8)."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from shared.kernel.clock import Clock
from shared.persistence.database import Database
from shared.persistence.errors import TransientFault
from tests.support.memory.database import direct, memory_database


class EverySecondCommit:
    """Loses every other commit of each label to a conflict, the first one included."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.asked: Counter[str] = Counter()

    async def hop(self, point: str, effect: Callable[[], Any]) -> Any:
        """Reach the server, or not."""
        if point.startswith("commit:"):
            self.asked[point] += 1
            if self.asked[point] % 2:
                raise TransientFault("112")
        return await direct(point, effect)


def rerunning_database(*, wall: Clock | None = None) -> Database:
    """Return a database in memory whose transactions all run at least twice."""
    return memory_database(wall=wall, hop=EverySecondCommit().hop)
