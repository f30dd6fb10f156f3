"""A programme: what kind of relationship, by which rules (R43, R44). Every change is a new version of its rules."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from services.matching.domain import events, refusals, round_refusals
from services.matching.domain.rules import RuleSet
from shared.kernel.aggregate import Aggregate

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
MEMBERS_MAX = {"peer": 3, "mentor": 2, "circle": 6}
"""R44: how many may share one pairing, by kind. A peer pairing of three is how the odd one out is taken in (N4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a programme promises beside its matching rules. All have defaults that suit most companies."""

    proposal_lifetime: timedelta = timedelta(days=7)
    review_lifetime: timedelta = timedelta(days=14)
    no_repeat: timedelta = timedelta(days=730)
    """How long a round never proposes the same partner again (C: same partner again)."""
    minimum_group_size: int = 5
    """R13: aggregates for admins never go below it."""


_DAY = timedelta(days=1)
_SPANS = {
    "proposal_lifetime": (timedelta(hours=1), 90 * _DAY),
    "review_lifetime": (timedelta(hours=1), 90 * _DAY),
    "no_repeat": (timedelta(0), 3650 * _DAY),
}
_GROUP_SIZE = (3, 1_000)


def check_terms(terms: Terms) -> None:
    """Refuse a term outside its range, naming it and the range."""
    for name, (low, high) in _SPANS.items():
        if not low <= getattr(terms, name) <= high:
            raise refusals.ProgrammeInvalid(field=name, rule=f"{_written(low)} to {_written(high)}")
    if not _GROUP_SIZE[0] <= terms.minimum_group_size <= _GROUP_SIZE[1]:
        raise refusals.ProgrammeInvalid(field="minimum_group_size", rule=f"{_GROUP_SIZE[0]} to {_GROUP_SIZE[1]}")


def _written(span: timedelta) -> str:
    """Return a span as callers write it (ISO 8601): `P90D`, `PT1H`."""
    return f"P{span // _DAY}D" if span % _DAY == timedelta(0) else f"PT{span // timedelta(hours=1)}H"


@dataclass(kw_only=True)
class Programme(Aggregate):
    """The rules in force and their version. A round keeps the version that it was opened with (N7)."""

    rules: RuleSet = field(default_factory=RuleSet)
    terms: Terms = field(default_factory=Terms)
    rules_version: int = 0
    retired: bool = False
    running_round: str | None = None

    @classmethod
    def named(cls, programme_id: str) -> "Programme":
        """Return a programme that has no rules yet; its id is a slug, so that it may stand in paths and facts."""
        if _ID.fullmatch(programme_id) is None:
            raise refusals.ProgrammeInvalid(field="id", rule="1 to 60 of a-z, 0-9 and -, beginning with a letter or digit")
        return cls(id=programme_id)

    def publish(self, rules: RuleSet, terms: Terms) -> bool:
        """Put rules in force as the next version; the same rules again change nothing. Return whether they are new."""
        check_terms(terms)
        numbered = _with_version(rules, self.rules_version)
        if self.rules_version and not self.retired and (numbered, terms) == (self.rules, self.terms):
            return False
        self.rules_version += 1
        self.rules, self.terms, self.retired = _with_version(rules, self.rules_version), terms, False
        self.record(
            events.ProgrammePublished(
                programme_id=self.id,
                kind=self.rules.kind,
                rules_version=self.rules_version,
                minimum_group_size=terms.minimum_group_size,
            )
        )
        return True

    def retire(self) -> None:
        """Take no more rounds and pairings; what exists goes on."""
        if not self.retired:
            self.retired = True
            self.record(events.ProgrammeRetired(programme_id=self.id))

    def demand_open(self) -> None:
        """Refuse what a retired programme no longer takes."""
        if self.retired:
            raise refusals.ProgrammeIsRetired

    def begin_round(self, round_id: str) -> None:
        """One round at a time: nobody is given two partners at once (C)."""
        self.demand_open()
        if self.running_round is not None:
            raise round_refusals.RoundAlreadyRunning(round_id=self.running_round)
        self.running_round = round_id

    def end_round(self, round_id: str) -> None:
        """Make room for the next round."""
        if self.running_round == round_id:
            self.running_round = None

    @property
    def members_min(self) -> int:
        """R44: return how many a proposal of a round needs at least."""
        return self.rules.circle.smallest if self.rules.kind == "circle" else 2

    def mentee_of(self, who_asks: str, partner: str, *, offers: bool) -> str | None:
        """R43: return who is helped: in a programme of kind `mentor` who asks, unless they offer; nobody in the others."""
        if self.rules.kind != "mentor":
            return None
        return partner if offers else who_asks

    def learning_seats(self, member_id: str, mentee_id: str | None) -> int | None:
        """R43: return how many mentors a mentee may have at once, None for whoever is not the mentee of a pairing."""
        return self.rules.mentor.mentors_at_once if member_id == mentee_id else None

    def demand_size(self, members: int) -> None:
        """R44: refuse more members than the kind allows."""
        if members > MEMBERS_MAX[self.rules.kind]:
            raise refusals.TooManyMembers(members=members, members_max=MEMBERS_MAX[self.rules.kind])


def _with_version(rules: RuleSet, version: int) -> RuleSet:
    return RuleSet.from_mapping(rules.to_mapping() | {"version": max(version, 1)})
