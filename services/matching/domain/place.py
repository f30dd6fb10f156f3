"""A member's place in a programme: how many seats they have and which pairings hold them.

One document per member and programme, changed by compare-and-set in the transaction of the answer: of twenty accepts
that race for one free seat one wins, nineteen get `no-free-seat` (C: capacity is never overrun).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from services.matching.domain.refusals import NoFreeSeat, NotEnrolled
from shared.kernel.aggregate import Aggregate

BUCKETS = 1_024


def place_id(programme_id: str, member_id: str) -> str:
    """Return the id of the one place of a member in a programme."""
    return f"{programme_id}:{member_id}"


def bucket_of(member_id: str) -> int:
    """Spread members evenly over `BUCKETS`, by a stable hash, so that a pool can be read slice by slice."""
    return int.from_bytes(hashlib.sha256(member_id.encode()).digest()[:4], "big") % BUCKETS


@dataclass(kw_only=True)
class Place(Aggregate):
    """Seats of one member in one programme. Whoever has said yes, or was given a proposal by a round, holds a seat."""

    programme_id: str
    member_id: str
    bucket: int
    capacity: int = 0
    enrolled: bool = False
    holds: tuple[str, ...] = ()
    learns: tuple[str, ...] = ()
    """R43: pairings of kind `mentor` in which this member is the mentee; they take seats of their own, which the rules count."""
    rounds_left_out: int = 0
    """How many rounds running this member was left out with a free seat: the next round is fair to them (N4)."""
    proposed_in: str | None = None
    """The last round that proposed somebody to this member."""

    @classmethod
    def of(cls, programme_id: str, member_id: str) -> "Place":
        """Return a place that is not taken part in yet."""
        return cls(id=place_id(programme_id, member_id), programme_id=programme_id, member_id=member_id, bucket=bucket_of(member_id))

    @property
    def free(self) -> int:
        """Return the free seats; a capacity lowered below what is held ends nothing and frees nothing."""
        return max(0, self.capacity - len(self.holds)) if self.enrolled else 0

    def free_to(self, learn: int | None) -> int:
        """Return the free seats in a role: a mentee's where `learn` says how many mentors the rules allow, else the usual."""
        return self.free if learn is None else (max(0, learn - len(self.learns)) if self.enrolled else 0)

    def enrol(self, capacity: int) -> None:
        """Take part with so many seats; pairings that exist go on."""
        self.enrolled, self.capacity = True, capacity

    def withdraw(self) -> None:
        """Take part no more; pairings that exist go on."""
        self.enrolled = False

    def hold(self, pairing_id: str, learn: int | None = None) -> None:
        """Take a seat for a pairing, once; a mentee's where `learn` says how many mentors the rules allow.

        Raises:
            NotEnrolled: this member does not take part.
            NoFreeSeat: all seats are held.

        """
        if pairing_id in {*self.holds, *self.learns}:
            return
        if not self.enrolled:
            raise NotEnrolled
        if self.free_to(learn) < 1:
            raise NoFreeSeat(capacity=self.capacity if learn is None else learn)
        if learn is None:
            self.holds = (*self.holds, pairing_id)
        else:
            self.learns = (*self.learns, pairing_id)

    def release(self, pairing_id: str) -> None:
        """Give the seat back."""
        self.holds = tuple(held for held in self.holds if held != pairing_id)
        self.learns = tuple(held for held in self.learns if held != pairing_id)

    def was_proposed(self, round_id: str) -> None:
        """End the wait: a round found somebody."""
        self.rounds_left_out, self.proposed_in = 0, round_id

    def was_left_out(self) -> None:
        """Count a round that found nobody though a seat was free."""
        self.rounds_left_out += 1


@dataclass(kw_only=True)
class Tie(Aggregate):
    """What lies between two members: live pairings, when the last one ended, who wants them never paired.

    One document per two members, changed in the transaction of every beginning and end: the same two are never proposed twice.
    """

    members: tuple[str, str]
    live: tuple[str, ...] = ()
    ended_at: datetime | None = None
    barred_by: tuple[str, ...] = ()
    """Member ids, or `admin`. Never revealed to the other side."""

    @classmethod
    def between(cls, one: str, other: str) -> "Tie":
        """Return the tie of two members who have none yet."""
        first, second = sorted((one, other))
        return cls(id=tie_id(one, other), members=(first, second))

    @property
    def is_barred(self) -> bool:
        """Return whether these two are never to be paired."""
        return bool(self.barred_by)

    def begin(self, pairing_id: str) -> None:
        """Note a live pairing or proposal."""
        self.live = (*self.live, pairing_id)

    def end(self, pairing_id: str, at: datetime) -> None:
        """Note that it ended; the no-repeat window counts from here."""
        self.live = tuple(live for live in self.live if live != pairing_id)
        self.ended_at = at

    def bar(self, by: str) -> None:
        """Never pair these two (R5, C)."""
        self.barred_by = tuple(sorted({*self.barred_by, by}))

    def unbar(self, by: str) -> None:
        """Take one's own wish back; that of others stays."""
        self.barred_by = tuple(barring for barring in self.barred_by if barring != by)


def tie_id(one: str, other: str) -> str:
    """Return the id of the tie between two members, the same from both sides."""
    return "|".join(sorted((one, other)))
