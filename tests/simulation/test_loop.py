"""The simulated loop keeps asyncio's promises, has its own time, and cuts power like a plug."""

import asyncio
import contextlib

import pytest

from shared.kernel.randomness import seeded
from tests.simulation.loop import Deadlock, SimulatedLoop, TooManySteps, new_loop


def loop(seed: str = "1") -> SimulatedLoop:
    """Return a fresh loop."""
    return new_loop(seeded(seed))


class TestTime:
    """Time is virtual and jumps."""

    def test_a_year_passes_in_no_time(self) -> None:
        """Simulation section 1: nothing ready means jump to the next timer."""
        it = loop()
        it.run(asyncio.sleep(31_536_000), within=1e9)
        assert it.time() == 31_536_000

    def test_timeouts_fire(self) -> None:
        """`asyncio.timeout` works on it."""

        async def slow() -> str:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await asyncio.sleep(10)
            return "late"

        assert loop().run(slow(), within=100) == "late"

    def test_waiting_for_nothing_is_a_deadlock(self) -> None:
        """Simulation section 1: nothing due either raises."""

        async def forever() -> None:
            await asyncio.get_running_loop().create_future()

        with pytest.raises(Deadlock):
            loop().run(forever(), within=100)

    def test_an_endless_run_is_ended(self) -> None:
        """A run has a limit of virtual time."""

        async def ticking() -> None:
            for _ in range(1000):
                await asyncio.sleep(1)

        with pytest.raises(TooManySteps):
            loop().run(ticking(), within=100)


class TestProcesses:
    """Processes interleave by the seed; a crash runs nothing."""

    @staticmethod
    def interleaving(seed: str) -> list[str]:
        """Return who ran when, for three processes that each take five steps."""
        it, order = loop(seed), []

        async def walk(name: str) -> None:
            for step in range(5):
                order.append(f"{name}{step}")
                await asyncio.sleep(0)

        async def all_of_them() -> None:
            await asyncio.gather(*(asyncio.shield(task) for task in tasks))

        tasks = [it.start(it.new_process(name), walk(name), name) for name in "abc"]
        it.run(all_of_them(), within=10)
        return order

    def test_the_same_seed_gives_the_same_order_and_another_seed_another(self) -> None:
        """One seeded source."""
        assert self.interleaving("7") == self.interleaving("7")
        assert len({tuple(self.interleaving(str(seed))) for seed in range(8)}) > 1

    def test_order_within_a_process_is_kept(self) -> None:
        """Asyncio promises the order of calls within a loop."""
        order = self.interleaving("3")
        assert [step for step in order if step.startswith("a")] == [f"a{n}" for n in range(5)]

    def test_a_crash_runs_neither_except_nor_finally(self) -> None:
        """A power cut has no effects: no lease released, no abort sent."""
        it, ran = loop(), []
        victim = it.new_process("victim")

        async def work() -> None:
            try:
                await asyncio.sleep(100)
            except BaseException:
                ran.append("except")
                raise
            finally:
                ran.append("finally")

        async def murder() -> None:
            it.start(victim, work(), "work")
            await asyncio.sleep(1)
            it.kill(victim)
            await asyncio.sleep(1000)

        it.run(murder(), within=10_000)
        assert ran == []
        for task in it.graveyard:
            task.get_coro().close()

    def test_a_paused_process_stands_still_and_goes_on(self) -> None:
        """SIGSTOP: queue and due timers wait."""
        it, seen = loop(), []
        sleeper = it.new_process("sleeper")

        async def tick() -> None:
            for _ in range(3):
                await asyncio.sleep(1)
                seen.append(it.time())

        async def stop_and_go() -> None:
            it.start(sleeper, tick(), "tick")
            await asyncio.sleep(1.5)
            sleeper.paused = True
            await asyncio.sleep(10)
            sleeper.paused = False
            await asyncio.sleep(10)

        it.run(stop_and_go(), within=100)
        assert seen == [1, 11.5, 12.5]

    def test_threads_sockets_and_executors_are_refused(self) -> None:
        """Whatever was not written raises: nothing real can leak in."""
        with pytest.raises(NotImplementedError):
            loop().run_in_executor(None, print)
