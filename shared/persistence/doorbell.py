"""A bell inside the process: a commit rings it, a sleeper wakes at once. Bells that die with a process are made good by sweeps."""

import asyncio


class Doorbell:
    """Wakes one waiter. Rings add up to one: whoever wakes looks at everything anyway."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiter now, or let the next wait return at once."""
        self._rung.set()

    async def wait(self, within_seconds: float) -> bool:
        """Wait for a ring, at most so long; return whether it rang."""
        try:
            async with asyncio.timeout(within_seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True
