"""From requests to values of the domain: words are normalised by the same rules as those of a people file."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from services.profile.domain.people_file import cells
from services.profile.domain.people_file.problems import CellRefused
from services.profile.domain.people_file.rows import empty_value
from services.profile.domain.reference import Reference
from services.profile.domain.text import has_controls, is_placeholder, slug, tidy
from services.profile.domain.values import CareerStep, Offer, Tag, Vision, Want
from services.profile.domain.vocabulary import Kind, Vocabulary
from services.profile.entrypoints.requests import CareerStepIn, EditMemberIn, OfferIn, VisionIn, WantIn
from shared.kernel.errors import Invalid

S = TypeVar("S", OfferIn, WantIn)
Make = Callable[[Any], Any]


class Translator:
    """Turns what a member sends into values of their profile."""

    def __init__(self, reference: Reference, vocabulary: Vocabulary) -> None:
        """Prepare one translation per field."""
        self._vocabulary = vocabulary
        self._makers: dict[str, Make] = {
            "display_name": cells.display_name,
            "timezone": cells.zones(reference),
            "languages": lambda tags: cells.languages(";".join(tags)),
            "working_hours": cells.working_hours,
            "communication": str,
            "chat_handle": tidy,
            "offers": self._offers,
            "wants": self._wants,
            "goals": lambda words: self._tags(Kind.GOAL, words),
            "challenges": lambda words: self._tags(Kind.CHALLENGE, words),
            "challenges_long": lambda words: self._tags(Kind.CHALLENGE, words),
            "capacity": int,
            "journey": lambda steps: tuple(map(_step, steps)),
            "journey_searchable": bool,
            "vision": self._vision,
            "reflection": str,
        }

    def values(self, edit: EditMemberIn) -> dict[str, Any]:
        """Return the fields to set.

        Raises:
            Invalid: names the field and the rule, never the value.

        """
        return {name: self._value(name, sent) for name, sent in edit.said.items()}

    def _value(self, name: str, sent: Any) -> Any:
        if sent is None:
            return _cleared(name)
        if isinstance(sent, str) and name != "reflection" and has_controls(sent):
            raise Invalid(field=name, rule="control-character")
        try:
            return self._makers[name](sent)
        except CellRefused as refused:
            raise Invalid(field=name, rule=refused.found.code) from None

    def _tags(self, kind: Kind, words: list[str]) -> tuple[Tag, ...]:
        return tuple(dict.fromkeys(self._vocabulary.tag(kind, tidy(each)) for each in words if not is_placeholder(each)))

    def _offers(self, offers: list[OfferIn]) -> tuple[Offer, ...]:
        made = [Offer(tag=tag, strength=each.strength) for tag, each in self._skills(offers)]
        return tuple({each.tag.code or each.tag.words: each for each in made}.values())

    def _wants(self, wants: list[WantIn]) -> tuple[Want, ...]:
        made = [Want(tag=tag, priority=each.priority, when=each.when) for tag, each in self._skills(wants)]
        return tuple({each.tag.code or each.tag.words: each for each in made}.values())

    def _skills(self, said: list[S]) -> Iterator[tuple[Tag, S]]:
        """Yield what says anything, with its code."""
        for each in said:
            if not is_placeholder(each.words):
                yield self._vocabulary.tag(Kind.SKILL, tidy(each.words)), each

    def _vision(self, vision: VisionIn) -> Vision:
        return Vision(text=vision.text, horizon_years=vision.horizon_years, themes=self._tags(Kind.GOAL, vision.themes))


def _step(step: CareerStepIn) -> CareerStep:
    return CareerStep(title=tidy(step.title), code=slug(step.title), begun=step.begun, ended=step.ended)


def _cleared(name: str) -> Any:
    if name in {"display_name", "capacity", "journey_searchable"}:
        raise Invalid(field=name, rule="cannot-be-cleared")
    if name in {"communication", "chat_handle", "vision"}:
        return None
    if name == "reflection":
        return ""
    return () if name == "journey" else empty_value(name)
