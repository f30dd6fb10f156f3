"""What comes in over HTTP, as JSON. Unknown fields are refused, values are checked by the domain."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.matching.domain.cadence import checked_cadence
from services.matching.domain.charter import DEFAULT_GROUND_RULES, AgendaTemplate, Boundary, Charter, Goal, Stance
from services.matching.domain.programme import Terms
from services.matching.domain.refusals import ProgrammeInvalid
from services.matching.domain.rules import RuleSet

Id = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(max_length=2_000)]


class _In(BaseModel):
    """A body: unknown fields are refused, so that a typing error is not silently ignored; errors quote no input (N9)."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)


class ProgrammeIn(_In):
    """A programme's whole document; what is left out takes its default. Durations are ISO 8601 (`P7D`)."""

    kind: Literal["peer", "mentor", "circle"] | None = None
    proposal_lifetime: timedelta = Terms().proposal_lifetime
    review_lifetime: timedelta = Terms().review_lifetime
    no_repeat: timedelta = Terms().no_repeat
    minimum_group_size: int = Terms().minimum_group_size
    rules: dict[str, Any] = {}

    def rule_set(self) -> RuleSet:
        """Return the checked rules; every fault is named at once.

        Raises:
            ProgrammeInvalid: the document says two different kinds.

        """
        if self.kind is not None and self.rules.get("kind", self.kind) != self.kind:
            raise ProgrammeInvalid(field="kind", rule="the same as rules.kind, or only one of the two")
        return RuleSet.from_mapping(self.rules if self.kind is None else self.rules | {"kind": self.kind})

    def terms(self) -> Terms:
        """Return the rest."""
        return Terms(
            proposal_lifetime=self.proposal_lifetime,
            review_lifetime=self.review_lifetime,
            no_repeat=self.no_repeat,
            minimum_group_size=self.minimum_group_size,
        )


class PairingIn(_In):
    """A pairing that members begin themselves: `natural` (it exists already), `asked` or `approached`."""

    programme_id: Id
    partner_id: Id | None = None
    partner_ids: Annotated[list[Id], Field(max_length=10)] = []
    origin: Literal["natural", "asked", "approached"]
    intent: Literal["seek", "offer"] | None = None
    note: Text = ""

    def partners(self) -> tuple[str, ...]:
        """Return everybody named, however they were named."""
        return tuple(([self.partner_id] if self.partner_id is not None else []) + self.partner_ids)


class DeclineIn(_In):
    """A reason code, if one likes; it is told to nobody."""

    reason: str | None = Field(None, max_length=40)


class CloseIn(_In):
    """Why it ends, as a code."""

    reason: str = Field(max_length=40)


class PauseIn(_In):
    """Until when the pairing rests."""

    until: AwareDatetime


class SignIn(_In):
    """The digest of the content that the signer has read."""

    digest: str = Field(max_length=128)


class GoalBody(_In):
    """A member's goal; `skill` is the code it builds on."""

    member_id: Id
    text: Text
    skill: str | None = Field(None, max_length=100)


class BoundaryBody(_In):
    """A topic and whether it is open; private to the pairing."""

    topic: Text
    stance: Stance


class CadenceBody(_In):
    """Recurrence rule in the pairing's zone; durations are ISO 8601 (`PT1H`)."""

    rrule: str = Field(max_length=400)
    timezone: str = Field(max_length=64)
    length: timedelta = timedelta(hours=1)
    place_kind: str = Field("video", max_length=20)
    notice_period: timedelta = timedelta(days=1)


class CharterBody(_In):
    """The charter's content, in the order in which it is filled in; a draft may have gaps."""

    purpose: Text = ""
    goals: Annotated[list[GoalBody], Field(max_length=30)] = []
    ground_rules: Annotated[list[Text], Field(max_length=30)] = list(DEFAULT_GROUND_RULES)
    boundaries: Annotated[list[BoundaryBody], Field(max_length=30)] = []
    cadence: CadenceBody | None = None
    agenda_template: AgendaTemplate = AgendaTemplate.STANDARD

    def charter(self) -> Charter:
        """Return it in the domain's words, the cadence checked."""
        return Charter(
            purpose=self.purpose,
            goals=tuple(Goal(member_id=goal.member_id, text=goal.text, skill=goal.skill) for goal in self.goals),
            ground_rules=tuple(self.ground_rules),
            boundaries=tuple(Boundary(topic=boundary.topic, stance=boundary.stance) for boundary in self.boundaries),
            cadence=checked_cadence(**self.cadence.model_dump()) if self.cadence else None,
            agenda_template=self.agenda_template,
        )

    @classmethod
    def of(cls, charter: Charter) -> "CharterBody":
        """Show a charter."""
        return cls.model_validate(charter, from_attributes=True)
