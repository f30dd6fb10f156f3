"""Rounds over HTTP, as JSON: what comes in. Unknown fields are refused, rules are checked by the domain."""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.matching.application.review_draft import ReviewDraft, SolveAgain
from services.matching.domain.programme import MEMBERS_MAX
from services.matching.domain.refusals import ProgrammeInvalid
from services.matching.domain.round import Round
from services.matching.domain.rules import RuleSet

Id = Annotated[str, Field(min_length=1, max_length=100)]
Together = Annotated[list[Id], Field(min_length=2, max_length=max(MEMBERS_MAX.values()))]
Apart = Annotated[list[Id], Field(min_length=2, max_length=2)]
Some = Annotated[list[Together], Field(max_length=500)]
Pairs = Annotated[list[Apart], Field(max_length=500)]


class _Body(BaseModel):
    """Unknown fields are refused; errors quote no input (N9)."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)


class RoundIn(_Body):
    """The seed decides ties; without one a seed is drawn and shown. `publish_when_solved` leaves the review out."""

    seed: int | None = Field(None, ge=0, le=2**53)
    publish_when_solved: bool = False


class WishesIn(_Body):
    """Groups of the draft that the next one keeps, and pairs that it must not have."""

    lock: Some = []
    unlock: Some = []
    forbid: Pairs = []
    allow: Pairs = []

    def command(self, round_id: str) -> ReviewDraft:
        """Return it in the use case's words; a member named twice is refused there as not in the draft."""
        return ReviewDraft(
            round_id=round_id,
            lock=tuple(map(tuple, self.lock)),
            unlock=tuple(map(tuple, self.unlock)),
            forbid=tuple((one, other) for one, other in self.forbid),
            allow=tuple((one, other) for one, other in self.allow),
        )


class DraftIn(_Body):
    """By which rules (a whole document; what is left out takes its default) and seed; without them those of the draft at hand."""

    rules: dict[str, Any] | None = None
    seed: int | None = Field(None, ge=0, le=2**53)

    def command(self, solved: Round) -> SolveAgain:
        """Return it in the use case's words, the rules checked.

        Raises:
            ProgrammeInvalid: the rules are for another kind of programme.

        """
        if self.rules is None:
            return SolveAgain(round_id=solved.id, seed=self.seed)
        usual = {"kind": solved.rules.kind, "version": solved.rules.version}
        rules = RuleSet.from_mapping(usual | self.rules)
        if rules.kind != solved.rules.kind:
            raise ProgrammeInvalid(field="rules.kind", rule="the kind of the round")
        return SolveAgain(round_id=solved.id, rules=rules, seed=self.seed)


class SolveIn(DraftIn):
    """N7: `expected` is the result hash of the what-if that is committed; another result is not taken."""

    expected: str | None = Field(None, max_length=128)

    def command(self, solved: Round) -> SolveAgain:
        """Return it with what is expected."""
        return replace(super().command(solved), expected=self.expected)


class PublishIn(_Body):
    """`expected` is the result hash of the draft that the admin looked at."""

    expected: str | None = Field(None, max_length=128)
