"""Recipient: a member as notification knows them: how to reach them, what they wish to hear, whether they may be told."""

from dataclasses import dataclass, field

from services.notification.domain import events
from services.notification.domain.kinds import FAREWELLS, OPTIONAL, Kind
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Invalid

LANGUAGE_LENGTH_MAX = 35


class MessageNotOptional(Invalid):
    """N4, N16: this kind of message cannot be switched off; somebody waits for an answer or a calendar changes."""

    code = "message-not-optional"
    title = "This kind of message cannot be switched off."


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """The replica of profile's contact record: the only name and address that notification holds."""

    display_name: str
    email: str
    locale: str
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a member wishes: a language other than their contact's, and kinds that they do not want by mail."""

    language: str | None = None
    muted: tuple[Kind, ...] = ()


@dataclass(kw_only=True)
class Recipient(Aggregate):
    """The aggregate of notification: its facts are about this member's messages, in one order."""

    contact: Contact | None = None
    contact_sequence: int = 0
    preferences: Preferences = field(default_factory=Preferences)
    suspended: str | None = None
    left: bool = False
    erased: bool = False

    def learn_contact(self, contact: Contact, sequence: int) -> None:
        """Take the newer contact record; a new address ends a suspension. An erased member stays unknown (N18)."""
        if self.erased or sequence < self.contact_sequence:
            return
        if self.contact is None or self.contact.email != contact.email:
            self.suspended = None
        self.contact, self.contact_sequence = contact, sequence

    def forget_contact(self) -> None:
        """Drop name and address (a tombstone on the contact topic, N18)."""
        self.contact = None

    def leave(self) -> None:
        """N3: from now on only the kind closing words reach this member."""
        self.left = True

    def erase(self) -> None:
        """N18: nothing personal is left; the id and the count of facts stay, so that their order has no gap."""
        self.erased, self.left = True, True
        self.contact, self.suspended, self.preferences = None, None, Preferences()

    def prefer(self, preferences: Preferences) -> None:
        """N16: the member's own wish: unsubscribe by kind, but never from what must not be silent."""
        for kind in preferences.muted:
            if kind not in OPTIONAL:
                raise MessageNotOptional(field="muted", kind=kind.value)
        if preferences.language is not None and not 0 < len(preferences.language) <= LANGUAGE_LENGTH_MAX:
            raise Invalid(field="language", rule="a BCP 47 tag")
        self.preferences = preferences

    def suspend(self, code: str) -> None:
        """Stop writing to an address that was refused for good, and tell it once, so that HR can correct it."""
        if self.suspended is None:
            self.suspended = code
            self.record(events.AddressSuspended(member_id=self.id, code=code))

    def silence(self, kind: Kind) -> str | None:
        """Return why this member must not get a message of `kind`, or None when they may."""
        if self.erased:
            return "member-erased"
        if self.left and kind not in FAREWELLS:
            return "member-left"
        if self.suspended is not None:
            return "address-suspended"
        return "muted" if kind in self.preferences.muted else None

    def language(self, default: str) -> str:
        """Return the language tag that decides the words of a message: wish, contact, else the default."""
        return self.preferences.language or (self.contact.locale if self.contact else "") or default
