"""What the use cases need from the world, in their own words."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.notification.domain.delivery import Delivery, Outcome
from services.notification.domain.recipient import Contact, Recipient
from services.notification.domain.replicas import PairingSeen, SessionSeen
from services.notification.domain.truth import Known
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock


class Recipients(Protocol):
    """Members as notification knows them."""

    async def of(self, member_id: str) -> Recipient:
        """Return the recipient; one never heard of is new and empty."""
        ...

    async def of_all(self, member_ids: Sequence[str]) -> dict[str, Recipient]:
        """Return several recipients by id."""
        ...

    async def save(self, *recipients: Recipient) -> None:
        """Store them together with the facts they recorded."""
        ...


class Deliveries(Protocol):
    """Messages as durable rows."""

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """Store those that are new; one that exists already is left as it is."""
        ...

    async def claimed(self, delivery_ids: Sequence[str], claim: str) -> dict[str, Delivery]:
        """Return those pending deliveries that `claim` still holds, by id."""
        ...

    async def save(self, *deliveries: Delivery) -> None:
        """Store the outcomes and give up the claims."""
        ...

    async def forget(self, member_id: str) -> None:
        """Remove what is settled of a member (N18); what is pending is settled first, with its fact."""
        ...


class Replicas(Protocol):
    """What events told of pairings and sessions."""

    async def pairing(self, pairing_id: str) -> PairingSeen | None:
        """Return a pairing, if it was heard of."""
        ...

    async def session(self, session_id: str) -> SessionSeen | None:
        """Return a session, if it was heard of."""
        ...

    async def put_pairing(self, pairing: PairingSeen) -> None:
        """Store what is known now."""
        ...

    async def put_session(self, session: SessionSeen) -> None:
        """Store what is known now."""
        ...


class Timers(Protocol):
    """Durable timers on business time (`shared/timers`)."""

    async def set(self, id: str, due_at: datetime, kind: str, data: dict[str, Any], cause: Cause | None) -> None:  # noqa: A002
        """Set or replace the timer `id`."""
        ...

    async def cancel(self, id: str) -> None:  # noqa: A002
        """Remove the timer `id`, if there is one."""
        ...


class UnitOfWork(Protocol):
    """One transaction: the edge opens and commits it, a use case never does."""

    @property
    def recipients(self) -> Recipients:
        """Members."""
        ...

    @property
    def deliveries(self) -> Deliveries:
        """Messages."""
        ...

    @property
    def replicas(self) -> Replicas:
        """Pairings and sessions."""
        ...

    @property
    def timers(self) -> Timers:
        """Reminders."""
        ...

    @property
    def clock(self) -> Clock:
        """Business time."""
        ...

    @property
    def wall(self) -> Clock:
        """Technical time."""
        ...

    @property
    def remind_before(self) -> timedelta:
        """How long before a session its members are reminded."""
        ...


class Sight(Protocol):
    """What is known just before an attempt."""

    def person(self, member_id: str) -> Recipient | None:
        """Return a member, if they were heard of."""
        ...

    def known(self, delivery: Delivery) -> Known:
        """Return what is known of the delivery's pairing and session."""
        ...


class Directory(Protocol):
    """Reads the newest known state, outside a transaction."""

    async def look(self, deliveries: Sequence[Delivery]) -> Sight:
        """Look everything up that these few deliveries need."""
        ...


class WordsUnavailable(Exception):
    """The owner of the words does not answer now; the message waits."""


class AddressUnusable(Exception):
    """The address in the contact record cannot be written into a mail; HR should correct it."""


class Message(Protocol):
    """A composed mail, ready for the server."""

    @property
    def recipient(self) -> str:
        """The address."""
        ...

    @property
    def content(self) -> bytes:
        """Headers and body, with CRLF."""
        ...


class Composer(Protocol):
    """Puts a delivery into words, at the moment of sending."""

    async def compose(self, delivery: Delivery, recipient: Recipient, fellows: Mapping[str, Contact], *, without_words: bool) -> Message:
        """Return the mail. Private words are fetched from their owner now; `without_words` leaves them out.

        Raises:
            WordsUnavailable: when their owner does not answer.
            AddressUnusable: when the recipient's address is not one.

        """
        ...


class Mailer(Protocol):
    """The mail server, as one conversation."""

    @property
    def available(self) -> bool:
        """Say whether the server could be reached the last time."""
        ...

    async def send(self, message: Message) -> Outcome:
        """Hand the mail over. A pending outcome carries no `next_at`: when to try again is not the server's to say."""
        ...

    async def close(self) -> None:
        """End the conversation, if there is one."""
        ...
