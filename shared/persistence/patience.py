"""Waiting that grows: for a server that is away, with jitter, so that many processes do not march in step."""

from shared.kernel.randomness import Randomness, jittered


class Patience:
    """Waits of 0.1 s, doubling up to a limit; starts anew after a success."""

    def __init__(self, randomness: Randomness, *, first: float = 0.1, longest: float = 10.0) -> None:
        """Wait `first` seconds at the beginning and never more than `longest`."""
        self._randomness = randomness
        self._first = first
        self._longest = longest
        self._failures = 0

    def next_wait(self) -> float:
        """Return the seconds to wait after one more failure."""
        self._failures += 1
        return jittered(min(self._longest, self._first * 2 ** min(self._failures - 1, 20)), self._randomness)

    def succeeded(self) -> None:
        """Forget the failures."""
        self._failures = 0
