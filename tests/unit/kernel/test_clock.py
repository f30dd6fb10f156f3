"""Business time: stands still, runs fast, stands still again; the same in all processes (architecture, two clocks)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.kernel.clock import ScaledClock, WallClock, to_milliseconds

START = datetime(2027, 1, 11, 8, tzinfo=UTC)
EPOCH = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Wall:
    """A wall clock that shows what a test says."""

    moment: datetime

    def now(self) -> datetime:
        """Return what was set."""
        return self.moment

    def real_seconds(self, span: timedelta) -> float:
        """One second is one second."""
        return span.total_seconds()


def at(seconds: float, until: datetime | None = None) -> datetime:
    """Return business time so many seconds after the epoch, a day a second."""
    return ScaledClock(START, EPOCH, 86_400.0, Wall(EPOCH + timedelta(seconds=seconds)), until).now()


class TestScaledClock:
    """Three values rule it, the same in all processes."""

    @pytest.mark.parametrize(("seconds", "days"), [(-30, 0), (0, 0), (1, 1), (2.5, 2.5)])
    def test_it_stands_still_until_the_epoch_and_then_runs(self, seconds: float, days: float) -> None:
        """A day a second."""
        assert at(seconds) == START + timedelta(days=days)

    def test_it_stands_still_from_until_on(self) -> None:
        """A demo's story ends, and nothing new comes due."""
        assert at(100, until=START + timedelta(days=38)) == START + timedelta(days=38)

    def test_a_wait_is_told_in_seconds_of_the_wall(self) -> None:
        """Timers wait on the loop, which knows only the wall's seconds."""
        assert ScaledClock(START, EPOCH, 86_400.0, Wall(EPOCH)).real_seconds(timedelta(days=3)) == 3


class TestMilliseconds:
    """A stored time equals the one in memory."""

    def test_times_are_cut_and_in_utc(self) -> None:
        """The database keeps milliseconds."""
        moment = datetime(2027, 1, 11, 9, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=1)))
        assert to_milliseconds(moment) == datetime(2027, 1, 11, 8, 0, 0, 123_000, tzinfo=UTC)

    def test_the_wall_is_in_utc(self) -> None:
        """Everything is UTC inside."""
        assert WallClock().now().tzinfo is UTC
