"""A letter: what a message says, before it is laid out as text and HTML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.notification.adapters.wording.voice import Voice
from services.notification.domain.kinds import Kind
from services.notification.domain.matter import Matter


class Layout(StrEnum):
    """How a letter looks. Three layouts, no more."""

    LETTER = "letter"
    INTRODUCTION = "introduction"
    INVITATION = "invitation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and its points."""

    heading: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line that people look for first: when, where, until when."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What to do next, on the intranet page."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Order on paper: greeting, paragraphs, facts, sections, quote, action, closing, why."""

    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    why: str
    action: Link
    layout: Layout = Layout.LETTER
    facts: tuple[Fact, ...] = ()
    sections: tuple[Section, ...] = ()
    quote_heading: str = ""
    quote: str = ""
    closing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One item of the four lists (R17): its kind, its code, and its label in the recipient's language if there is one."""

    kind: str
    code: str
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FourLists:
    """R17, N6: how the recipient and their peers match and differ."""

    shared: tuple[Evidence, ...] = ()
    different: tuple[Evidence, ...] = ()
    you_give: tuple[Evidence, ...] = ()
    you_get: tuple[Evidence, ...] = ()

    @property
    def empty(self) -> bool:
        """Say whether there is nothing to show."""
        return not (self.shared or self.different or self.you_give or self.you_get)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Pages of the intranet; `base_url` is a setting."""

    base_url: str

    def pairing(self, pairing_id: str | None) -> str:
        """Return the page of a pairing."""
        return f"{self.base_url}/pairings/{pairing_id}" if pairing_id else self.home()

    def home(self) -> str:
        """Return the start page."""
        return f"{self.base_url}/"

    def preferences(self) -> str:
        """Return the page where a member chooses what they hear."""
        return f"{self.base_url}/preferences"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a letter may know."""

    voice: Voice
    kind: Kind
    member_id: str
    name: str
    matter: Matter
    links: Links
    fellows: Mapping[str, str] = field(default_factory=dict)
    """Display names of the other members, by id, in the order of the event."""
    lists: FourLists | None = None
    leaving: bool = False
    """The recipient left the company: these are the last words they get."""

    @property
    def everybody(self) -> str:
        """Return `you, Ada and Ben`: the recipient and the others as one phrase, for two as for three."""
        voice = self.voice
        return voice.listing([voice.say("you"), *(list(self.fellows.values()) or [voice.say("your peer")])])

    @property
    def names(self) -> str:
        """Return the others' names as one phrase; somebody unknown or erased is `your peer`."""
        voice = self.voice
        return voice.listing(list(self.fellows.values())) or voice.say("your peer")

    def name_of(self, member_id: str | None) -> str:
        """Return one other member's name."""
        return self.fellows.get(member_id or "") or self.voice.say("your peer")

    @property
    def greeting(self) -> str:
        """Return the first line."""
        return self.voice.say("Hello {name},", name=self.name) if self.name else self.voice.say("Hello,")
