"""Ids, jitter and choices come from a port, so that a run can be repeated from its seed."""

import random
import uuid
from typing import Protocol


class Randomness(Protocol):
    """A source of random numbers; the only one that code may use."""

    def random(self) -> float:
        """Return a number in [0, 1)."""
        ...

    def getrandbits(self, k: int, /) -> int:
        """Return `k` random bits as a whole number."""
        ...


class SystemRandomness:
    """The operating system's randomness (production)."""

    def __init__(self) -> None:
        """Open the system's source."""
        self._source = random.SystemRandom()

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return self._source.random()

    def getrandbits(self, k: int, /) -> int:
        """Return `k` random bits."""
        return self._source.getrandbits(k)


def seeded(seed: str) -> random.Random:
    """Return a repeatable source; the same text gives the same numbers on every platform."""
    return random.Random(seed)


def new_id(randomness: Randomness) -> str:
    """Return a new opaque id (UUID version 4 in text), drawn from the port."""
    return str(uuid.UUID(int=randomness.getrandbits(128), version=4))


def jittered(delay_seconds: float, randomness: Randomness) -> float:
    """Return a wait between half of `delay_seconds` and all of it, so that retries do not march in step."""
    return delay_seconds * (0.5 + 0.5 * randomness.random())
