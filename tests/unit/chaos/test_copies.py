"""Second copies on a topic: each must follow something that befell its relay, else the run is bad."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.copies import STAYS, Copies, Struck, second_copies
from tests.chaos.faults import Fault, Kind

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
REPLICAS = {"profile": ["profile", "profile-1"], "matching": ["matching"]}
FIRST, AGAIN = 10.0, 20.0


@dataclass(frozen=True)
class Record:
    """A fact of profile as its topic holds it."""

    timestamp: int
    id: str = "a"
    topic: str = "tandem-profile-member"

    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """Return what the oracle reads."""
        return (("ce_id", self.id.encode()),)


def at(seconds: float) -> datetime:
    """Return a moment of the run."""
    return BEGIN + timedelta(seconds=seconds)


def struck(kind: Kind, target: str, began: float, ended: float | None) -> Struck:
    """Return a fault that befell."""
    return Struck(Fault(kind, target, 1.0), at(began), None if ended is None else at(ended))


def found(faults: Sequence[Struck], *ids: str) -> Copies:
    """Account for a record that came at FIRST and at AGAIN."""
    records = [Record(int(at(seconds).timestamp() * 1000), name) for seconds, name in zip((FIRST, AGAIN), ids or ("a", "a"), strict=True)]
    return second_copies(records, dict.fromkeys("ab", "profile"), REPLICAS, faults)


class TestSecondCopies:
    """N2: a copy is a relay that forgot; it forgets only when something befell it."""

    def test_a_record_that_came_once_needs_no_fault(self) -> None:
        """Two facts, one copy each."""
        assert found([], "a", "b") == Copies()

    @pytest.mark.parametrize(
        ("kind", "target"),
        [
            (Kind.KILL_SERVICE, "profile-1"),
            (Kind.HALF_OPEN_DATABASE, "profile"),
            (Kind.STOP_BROKER, "leader"),
            (Kind.CUT_KAFKA, "broker-2"),
            (Kind.KILL_DATABASE, "database"),
            (Kind.ROLLING_RESTART, "everything"),
        ],
    )
    def test_what_befell_its_process_a_broker_or_the_database_accounts_for_it(self, kind: Kind, target: str) -> None:
        """The copy is counted under the fault."""
        assert found([struck(kind, target, 12.0, 14.0)]) == Copies(after=Counter({str(kind): 1}))

    @pytest.mark.parametrize(
        ("kind", "target"), [(Kind.KILL_SERVICE, "matching"), (Kind.CUT_DATABASE, "matching"), (Kind.DISK_FULL, "profile")]
    )
    def test_what_befell_another_or_no_relay_does_not(self, kind: Kind, target: str) -> None:
        """Another service's process, or a disk that the relay does not use: an alarm."""
        assert len(found([struck(kind, target, 12.0, 14.0)]).alarms) == 1

    def test_it_must_have_been_there_between_the_two(self) -> None:
        """Neither long over before the first, nor begun after the second; one that lasts counts."""
        stays = STAYS.total_seconds()
        assert found([struck(Kind.KILL_DATABASE, "database", 1.0, FIRST - stays - 0.1)]).alarms
        assert found([struck(Kind.KILL_DATABASE, "database", AGAIN + 0.1, 30.0)]).alarms
        assert not found([struck(Kind.KILL_DATABASE, "database", 1.0, FIRST - stays)]).alarms
        assert not found([struck(Kind.STOP_SERVICE, "profile", 1.0, None)]).alarms
