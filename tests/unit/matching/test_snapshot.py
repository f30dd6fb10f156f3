"""Frozen members, outcomes in pieces, explanations, and the engine's words (N7, R17)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.adapters.outgoing import CONTRACT_OF
from services.matching.adapters.packing import person_of, weekly_availability
from services.matching.application.freeze_round import slices_of
from services.matching.domain import events
from services.matching.domain.card import Card, Offer, Want, WorkingSpan
from services.matching.domain.explaining import explain
from services.matching.domain.place import BUCKETS
from services.matching.domain.snapshot import FrozenMember, Group, leaves_of
from shared.kernel.aggregate import DomainEvent
from tests.unit.matching.builders import NOW

ADA = Card(
    member_id="ada",
    department="finance",
    site="berlin",
    offers=(Offer(code="python"), Offer(code="sql")),
    wants=(Want(code="negotiation"), Want(code="go", when="later")),
    goals=("lead-a-team",),
    challenges=("new-in-role",),
    languages=("de", "en"),
)
BEN = Card(
    member_id="ben",
    department="sales",
    site="berlin",
    offers=(Offer(code="negotiation"), Offer(code="go")),
    wants=(Want(code="python"),),
    goals=("lead-a-team",),
    challenges=("new-in-role",),
    languages=("en",),
)


class TestExplaining:
    """R17, N6: only what really matches, never a challenge (R9), wants of now (N10)."""

    def test_each_side_has_its_view(self) -> None:
        """R17: shared, different, you give, you get."""
        mine, theirs = explain(ADA, [BEN]), explain(BEN, [ADA])
        assert mine.you_give == theirs.you_get == (("skill", "python"),)
        assert mine.you_get == theirs.you_give == (("skill", "negotiation"),)
        assert mine.shared == (("goal", "lead-a-team"), ("language", "en"), ("site", "berlin"))
        assert mine.different == (("department", "sales"),)

    def test_challenges_and_later_gaps_are_not_listed(self) -> None:
        """R9, N10."""
        said = str([explain(ADA, [BEN]), explain(BEN, [ADA])])
        assert "new-in-role" not in said
        assert "'go'" not in said

    def test_with_two_partners_nothing_is_said_twice(self) -> None:
        """N6: shared and different are disjoint, items are listed once."""
        lists = explain(ADA, [BEN, Card(member_id="cat", department="finance", goals=("lead-a-team",))])
        assert lists.shared.count(("goal", "lead-a-team")) == 1
        assert not set(lists.shared) & set(lists.different)


class TestLeaves:
    """N4: everything comes out once, in pieces of bounded size."""

    @given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 9))
    def test_nothing_is_lost_or_doubled(self, groups: int, unmatched: int, size: int) -> None:
        """N2: whatever the sizes."""
        made = [Group(members=(f"a{n % 7}", f"b{n}"), weight=n) for n in range(groups)]
        alone = {f"u{n}": "paused" for n in range(unmatched)}
        leaves = list(leaves_of(made, alone, groups_max=size, unmatched_max=size))
        assert [leaf.number for leaf in leaves] == list(range(len(leaves)))
        assert [group.members for leaf in leaves for group in leaf.groups] == [group.members for group in made]
        assert {name: why for leaf in leaves for name, why in leaf.unmatched.items()} == alone
        last = [member for leaf in leaves for group in leaf.groups for member in group.last_for]
        assert sorted(last) == sorted({member for group in made for member in group.members})


class TestSlices:
    """A pool is read in windows that cover it exactly."""

    @pytest.mark.parametrize("members", [0, 1, 299, 300, 10_000, 100_000, 10_000_000])
    def test_windows_cover_all_buckets_once(self, members: int) -> None:
        """R42: from ten people to millions."""
        slices = slices_of("r", members)
        covered = [bucket for each in slices for bucket in range(each.first_bucket, each.end_bucket)]
        assert covered == list(range(BUCKETS))


class TestPacking:
    """What the optimiser may know: codes and numbers."""

    def test_later_wants_stay_out(self) -> None:
        """N10: matching uses *now*."""
        assert dict(person_of(FrozenMember(card=ADA, seats=1, left_out=2), NOW).wants) == {"negotiation": None}
        assert person_of(FrozenMember(card=ADA, seats=1, left_out=2), NOW).left_out

    @pytest.mark.parametrize(
        ("zone", "span", "spans"),
        [
            ("UTC", (0, 540, 600), [(540, 600)]),
            ("Europe/Berlin", (0, 540, 600), [(480, 540)]),
            ("Asia/Tokyo", (0, 480, 600), [(10_020, 10_080), (0, 60)]),
            ("America/New_York", (6, 1_200, 1_260), [(60, 120)]),
            (None, (1, 0, 60), [(1_440, 1_500)]),
            ("Nowhere/Land", (1, 0, 60), [(1_440, 1_500)]),
        ],
    )
    def test_working_hours_in_universal_time(self, zone: str | None, span: tuple[int, int, int], spans: list[tuple[int, int]]) -> None:
        """N16: cut where a span crosses the end of the week."""
        hours = (WorkingSpan(weekday=span[0], start_minute=span[1], end_minute=span[2]),)
        assert sorted(weekly_availability(hours, zone, NOW)) == sorted(spans)

    def test_summer_time_is_that_of_the_freeze(self) -> None:
        """Trap: overlap stored across a clock change; N7: a repeat a month later gives the same."""
        hours = (WorkingSpan(weekday=0, start_minute=540, end_minute=600),)
        assert list(weekly_availability(hours, "Europe/Berlin", datetime(2027, 7, 5, tzinfo=UTC))) == [(420, 480)]


class TestOutgoing:
    """N9: the only door."""

    def test_every_event_has_its_contract(self) -> None:
        """N1: a fact that is recorded is told."""
        groups = {events.OfRound, events.OfPairing, events.BegunPairing}
        told = {each for each in vars(events).values() if isinstance(each, type) and issubclass(each, DomainEvent)}
        assert told - groups - {DomainEvent} == set(CONTRACT_OF)
