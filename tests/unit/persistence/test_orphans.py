"""Ending what killed processes left open, and nothing else."""

from typing import Any

import pytest

from shared.persistence.orphans import COLLECTION, Orphans
from tests.support.memory.database import MemoryServer, memory_database
from tests.unit.messaging.conftest import HandClock


class House:
    """One database and the processes that use it."""

    def __init__(self) -> None:
        """Start with nobody."""
        self.wall = HandClock()
        self.server = MemoryServer()
        self.ended: list[bytes] = []

    async def _end(self, sessions: list[Any]) -> None:
        self.ended += [bytes(each) for each in sessions]

    def process(self, name: str, replica: str | None = None) -> Orphans:
        """Return what a process does about orphans."""
        notes = memory_database(self.server, wall=self.wall).collection(COLLECTION)
        return Orphans(notes, self._end, wall=self.wall, process=name, replica=replica)


@pytest.fixture
def house() -> House:
    """Return an empty house."""
    return House()


class TestOrphans:
    """N2: a power cut inside a transaction must not block others for a minute."""

    async def test_the_same_replica_ends_its_former_self_at_once(self, house: House) -> None:
        """N2: killed and started again."""
        await house.process("p1", "matching-0").note(b"s1")
        await house.process("p2", "matching-0").note(b"s2")
        assert house.ended == [b"s1"]

    async def test_others_are_left_alone_while_they_are_seen(self, house: House) -> None:
        """N2: replicas live side by side."""
        first, second = house.process("p1", "matching-0"), house.process("p2", "matching-1")
        for _ in range(10):
            await first.note(b"s1")
            await second.note(b"s2")
            await second.end_dead()
            house.wall.advance(6)
        assert house.ended == []

    async def test_who_has_not_been_seen_is_ended_when_conflicts_last(self, house: House) -> None:
        """N2: the survivor of two replicas frees itself."""
        first, second = house.process("p1"), house.process("p2")
        await first.note(b"s1")
        await first.note(b"s1b")
        await second.note(b"s2")
        house.wall.advance(16)
        await second.note(b"s2")
        await second.end_dead()
        assert house.ended == [b"s1", b"s1b"]
        await second.end_dead()
        assert house.ended == [b"s1", b"s1b"]

    async def test_a_session_is_written_down_once(self, house: House) -> None:
        """N2: no write per transaction."""
        process = house.process("p1")
        for _ in range(50):
            await process.note(b"s1")
        assert len(house.server.log) == 1
