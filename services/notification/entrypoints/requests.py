"""What HTTP takes and gives."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from services.notification.domain.delivery import Delivery
from services.notification.domain.kinds import OPTIONAL, Kind
from services.notification.domain.recipient import LANGUAGE_LENGTH_MAX, Preferences
from shared.contracts.base import Instant


class Out(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class InboxItemOut(Out):
    """One message."""

    id: str
    kind: str
    headline: str
    at: Instant
    pairing_id: str | None
    session_id: str | None


class DeliveryOut(Out):
    """One message as an operator sees it: codes and times, neither words nor address."""

    id: str
    member_id: str
    channel: str
    kind: str
    cause_id: str
    state: str
    attempts: int
    code: str | None
    at: Instant
    due_at: Instant | None

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryOut":
        """Show a delivery."""
        return cls.model_validate(delivery)


LANGUAGE_TAG = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$"


class PreferencesIn(BaseModel):
    """The whole wish of a member; what is left out falls back to its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str | None = Field(None, pattern=LANGUAGE_TAG, max_length=LANGUAGE_LENGTH_MAX, description="BCP 47; null: as in the profile.")
    muted: list[Kind] = Field(default_factory=list, max_length=len(Kind), description="Kinds that are not to be mailed.")

    def wish(self) -> Preferences:
        """Return it as the domain knows it, each kind once."""
        return Preferences(language=self.language, muted=tuple(dict.fromkeys(self.muted)))


class PreferencesOut(Out):
    """What a member wishes, and what they may switch off."""

    language: str | None
    muted: list[Kind]
    optional: list[Kind] = list(OPTIONAL)

    @classmethod
    def of(cls, preferences: Preferences) -> "PreferencesOut":
        """Show preferences."""
        return cls(language=preferences.language, muted=list(preferences.muted))


class InboxItem(Protocol):
    """What the inbox gives."""

    @property
    def id(self) -> str:
        """The message."""
        ...

    @property
    def at(self) -> datetime:
        """Its business time."""
        ...


class Reads(Protocol):
    """The questions that HTTP asks."""

    async def inbox(self, member_id: str, after: tuple[datetime, str] | None, limit: int) -> Sequence[InboxItem]:
        """Return a member's inbox, newest first."""
        ...

    async def deliveries(self, member_id: str, after: tuple[datetime, str] | None, limit: int) -> Sequence[Delivery]:
        """Return a member's deliveries, newest first."""
        ...

    async def preferences(self, member_id: str) -> Preferences:
        """Return what a member wishes."""
        ...
