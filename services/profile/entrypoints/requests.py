"""What callers may send. Checked here by form; what it means is the domain's business."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.profile.domain.people_file.cells import CAPACITY_MAX, ITEMS_MAX
from services.profile.domain.values import PauseReason, When
from services.profile.domain.vocabulary import Term

Words = Annotated[str, Field(min_length=1, max_length=300)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
"""A code of the company's list."""
AnyCode = Annotated[str, Field(min_length=1, max_length=60)]
"""A code of the list, or a free tag (of any script)."""
Label = Annotated[str, Field(min_length=1, max_length=80)]
Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
ProgrammeId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Capacity = Annotated[int, Field(ge=0, le=CAPACITY_MAX)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)


class OfferIn(_Request):
    """A skill in one's own words; `strength` 1 (a little) to 5 (could teach it)."""

    words: Words
    strength: Annotated[int, Field(ge=1, le=5)] | None = None


class WantIn(_Request):
    """A skill in one's own words; `priority` 1 to 3; a gap of `now` or of `later` (R25)."""

    words: Words
    priority: Annotated[int, Field(ge=1, le=3)] | None = None
    when: When = When.NOW


class CareerStepIn(_Request):
    """One role of the journey, by month (R25)."""

    title: Annotated[str, Field(min_length=1, max_length=80)]
    begun: Month
    ended: Month | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "CareerStepIn":
        if self.ended is not None and self.ended < self.begun:
            raise ValueError("a role ends after it begins")
        return self


class VisionIn(_Request):
    """Where one wants to be in three to five years (R24); only the themes leave profile, as codes."""

    text: Annotated[str, Field(max_length=4_000)]
    horizon_years: Annotated[int, Field(ge=3, le=5)]
    themes: Annotated[list[Words], Field(max_length=10)] = []


class EditMemberIn(_Request):
    """What a member says of themselves. A field that is left out stays as it is; null clears it."""

    display_name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    timezone: Annotated[str, Field(max_length=64)] | None = None
    languages: Annotated[list[str], Field(max_length=10)] | None = None
    working_hours: Annotated[str, Field(max_length=300)] | None = None
    communication: Annotated[str, Field(pattern=r"^(video|phone|in_person|chat)$")] | None = None
    chat_handle: Annotated[str, Field(max_length=100)] | None = None
    offers: Annotated[list[OfferIn], Field(max_length=ITEMS_MAX)] | None = None
    wants: Annotated[list[WantIn], Field(max_length=ITEMS_MAX)] | None = None
    goals: Annotated[list[Words], Field(max_length=ITEMS_MAX)] | None = None
    challenges: Annotated[list[Words], Field(max_length=ITEMS_MAX)] | None = None
    challenges_long: Annotated[list[Words], Field(max_length=ITEMS_MAX)] | None = None
    capacity: Capacity | None = None
    journey: Annotated[list[CareerStepIn], Field(max_length=60)] | None = None
    journey_searchable: bool | None = None
    vision: VisionIn | None = None
    reflection: Annotated[str, Field(max_length=20_000)] | None = None

    @property
    def said(self) -> dict[str, Any]:
        """Return the fields that were sent, null ones too."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class EnrolIn(_Request):
    """Take part in a programme; without capacity as many seats as the member said."""

    programme_id: ProgrammeId
    capacity: Capacity | None = None


class EnrolManyIn(_Request):
    """Enrol by company key, or (null) everybody who is here."""

    programme_id: ProgrammeId
    capacity: Capacity | None = None
    company_keys: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=10_000)] | None = None


class SkillIn(_Request):
    """A skill for the company's list: names, other spellings (`also`), and what it is a part of (`broader`)."""

    en: Label
    de: Label | None = None
    also: Annotated[list[Label], Field(max_length=50)] = []
    broader: Code | None = None

    def term(self, code: str) -> Term:
        """Return it as an entry of the list."""
        labels = {"en": self.en} | ({"de": self.de} if self.de else {})
        return Term(code=code, labels=labels, synonyms=tuple(dict.fromkeys(self.also)), broader=self.broader)


class MergeSkillsIn(_Request):
    """The skill of the list that the other one is to mean."""

    into: Code


class PauseIn(_Request):
    """Not to be paired until an instant."""

    until: AwareDatetime
    reason: PauseReason = PauseReason.PAUSED

    @property
    def until_ms(self) -> datetime:
        """Return the instant as stored: whole milliseconds."""
        return self.until.replace(microsecond=self.until.microsecond // 1000 * 1000)
