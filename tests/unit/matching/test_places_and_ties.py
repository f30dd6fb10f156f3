"""Seats are never overrun; the same two never meet twice by accident (C)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain import refusals
from services.matching.domain.card import Card, in_one_line, lines_within
from services.matching.domain.place import BUCKETS, Place, Tie, bucket_of, tie_id
from services.matching.domain.publication import loss_of
from tests.unit.matching.builders import ADA, BEN, NOW


def place(capacity: int = 1) -> Place:
    """Return a place that is taken part in."""
    made = Place.of("peers", ADA)
    made.enrol(capacity)
    return made


class TestSeats:
    """C: capacity."""

    @given(st.integers(0, 4), st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=30))
    def test_held_never_exceeds_capacity(self, capacity: int, acts: list[tuple[bool, int]]) -> None:
        """C: whatever comes in whatever order."""
        seats = place(capacity)
        for takes, number in acts:
            if takes:
                try:
                    seats.hold(f"p-{number}")
                except refusals.NoFreeSeat:
                    assert len(seats.holds) == capacity
            else:
                seats.release(f"p-{number}")
            assert len(seats.holds) <= capacity
            assert len(set(seats.holds)) == len(seats.holds)

    def test_a_hold_is_taken_once(self) -> None:
        """An accept of a round's proposal uses the seat that it holds already."""
        seats = place()
        seats.hold("p-1")
        seats.hold("p-1")
        assert seats.free == 0

    def test_less_capacity_ends_nothing(self) -> None:
        """Pairings go on; there is just no free seat."""
        seats = place(2)
        seats.hold("p-1")
        seats.hold("p-2")
        seats.enrol(1)
        assert (seats.free, len(seats.holds)) == (0, 2)

    def test_who_does_not_take_part_has_no_seat(self) -> None:
        """Held seats stay held."""
        seats = place(2)
        seats.hold("p-1")
        seats.withdraw()
        seats.hold("p-1")
        with pytest.raises(refusals.NotEnrolled):
            seats.hold("p-2")

    def test_waiting_is_counted_and_ends(self) -> None:
        """N4: fair to those left out."""
        seats = place()
        seats.was_left_out()
        seats.was_left_out()
        assert seats.rounds_left_out == 2
        seats.was_proposed("r-3")
        assert (seats.rounds_left_out, seats.proposed_in) == (0, "r-3")

    def test_buckets_are_stable_and_bounded(self) -> None:
        """Slices of a pool do not move between processes."""
        assert bucket_of("ada") == 781
        assert all(0 <= bucket_of(f"m-{number}") < BUCKETS for number in range(1_000))


class TestTies:
    """What lies between two members, the same from both sides."""

    def test_it_has_no_direction(self) -> None:
        """R1."""
        assert tie_id(ADA, BEN) == tie_id(BEN, ADA) == Tie.between(BEN, ADA).id

    def test_an_end_is_remembered(self) -> None:
        """C: the no-repeat window counts from it."""
        tie = Tie.between(ADA, BEN)
        tie.begin("p-1")
        tie.end("p-1", NOW)
        assert (tie.live, tie.ended_at) == ((), NOW)

    def test_each_takes_back_only_their_own_wish(self) -> None:
        """C: a do-not-pair entry of somebody else stays."""
        tie = Tie.between(ADA, BEN)
        tie.bar(ADA)
        tie.bar("admin")
        tie.bar(ADA)
        tie.unbar(ADA)
        assert (tie.is_barred, tie.barred_by) == (True, ("admin",))


class TestReportingLine:
    """R5: the whole chain upward, in either direction; two people under one manager are peers."""

    @pytest.mark.parametrize(
        ("mine", "theirs", "barred"),
        [(("boss", BEN), (), True), ((), ("x", ADA), True), (("boss",), ("boss",), False), ((), (), False)],
    )
    def test_lines(self, mine: tuple[str, ...], theirs: tuple[str, ...], barred: bool) -> None:
        """Managers who take no part still stand in the chain."""
        one, other = Card(member_id=ADA, manager_chain=mine), Card(member_id=BEN, manager_chain=theirs)
        assert in_one_line(one, other) is in_one_line(other, one) is barred
        assert lines_within([one, Card(member_id="c"), other]) is barred


class TestLoss:
    """What changed between freeze and publication has exactly one name."""

    @pytest.mark.parametrize(
        ("card", "seats", "tie", "reason"),
        [
            (Card(member_id=ADA), place(), Tie.between(ADA, BEN), None),
            (None, place(), Tie.between(ADA, BEN), "member-left"),
            (Card(member_id=ADA, status="left"), place(), Tie.between(ADA, BEN), "member-left"),
            (Card(member_id=ADA), Place.of("peers", ADA), Tie.between(ADA, BEN), "member-withdrew"),
            (Card(member_id=ADA, paused_until=NOW + timedelta(1)), place(), Tie.between(ADA, BEN), "paused"),
            (Card(member_id=ADA, paused_until=NOW + timedelta(1), paused_reason="away"), place(), Tie.between(ADA, BEN), "away"),
            (Card(member_id=ADA, paused_until=NOW), place(), Tie.between(ADA, BEN), None),
            (Card(member_id=ADA), place(0), Tie.between(ADA, BEN), "no-free-seat"),
            (Card(member_id=ADA), place(), Tie(id="t", members=(ADA, BEN), live=("p",)), "round-overtaken"),
            (Card(member_id=ADA), place(), Tie(id="t", members=(ADA, BEN), barred_by=(BEN,)), "round-overtaken"),
            (Card(member_id=ADA, manager_chain=(BEN,)), place(), Tie.between(ADA, BEN), "round-overtaken"),
        ],
    )
    def test_reasons(self, card: Card | None, seats: Place, tie: Tie, reason: str | None) -> None:
        """C: re-checked when committing."""
        assert loss_of(card, seats, [tie], [Card(member_id=BEN)], at=NOW, learn=None) == reason


class TestRoles:
    """R43: a mentee's seats are others than a mentor's."""

    def test_a_full_mentor_may_still_learn(self) -> None:
        """R43: the rules count the mentors, capacity counts the mentees; an end frees the seat that was held."""
        both = place()
        both.enrol(1)
        both.hold("taught")
        both.hold("learnt", 1)
        both.hold("learnt", 1)
        assert (both.holds, both.learns, both.free, both.free_to(1), both.free_to(2)) == (("taught",), ("learnt",), 0, 0, 1)
        with pytest.raises(refusals.NoFreeSeat):
            both.hold("another", 1)
        both.release("learnt")
        assert (both.free, both.free_to(1)) == (0, 1)
