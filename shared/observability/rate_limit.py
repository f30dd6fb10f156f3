"""At most so many lines of a noisy library per stretch of time: a broker that is away makes aiokafka write 80 a second."""

import logging
from collections.abc import Iterable


class RateLimit(logging.Filter):
    """Lets `lines_max` records of the named loggers pass per `per_seconds`; the next one tells how many were held back.

    Time is read from the records themselves, so the filter needs no clock and can be replayed.
    """

    def __init__(self, prefixes: Iterable[str], *, lines_max: int, per_seconds: float) -> None:
        """Limit the loggers whose name begins with one of `prefixes`, together."""
        super().__init__()
        self._prefixes = tuple(prefixes)
        self._lines_max = lines_max
        self._per_seconds = per_seconds
        self._window_began = float("-inf")
        self._passed = 0
        self._held_back = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether `record` may pass."""
        if not record.name.startswith(self._prefixes):
            return True
        if not 0 <= record.created - self._window_began < self._per_seconds:
            self._window_began, self._passed = record.created, 0
        if self._passed >= self._lines_max:
            self._held_back += 1
            return False
        self._passed += 1
        if self._held_back:
            record.suppressed, self._held_back = self._held_back, 0
        return True
