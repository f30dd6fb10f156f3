"""Settings of notification: `TANDEM_NOTIFICATION_…` for the service, `TANDEM_SMTP__…` for the mail server."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import FromEnvironment, ServiceSettings

Mailbox = Annotated[str, Field(pattern=r"^[!-?A-~]+@[!-?A-~]+$")]


class NotificationSettings(ServiceSettings):
    """How notification writes, and how patient it is."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_NOTIFICATION_")

    http_port: int = Field(8104, ge=0, le=65535, description="The port; 0 takes a free one.")
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+[^\s]*$")] = Field(
        "http://tandem.example", description="The intranet page that mails link to."
    )
    sender: Mailbox = Field("no-reply@tandem.example", description="The mailbox that mails and invitations come from; nobody reads it.")
    sender_name: str = Field("Tandem", description="The name shown beside it.")
    default_language: Literal["en", "de"] = Field("en", description="For members whose language Tandem does not speak.")
    remind_before: timedelta = Field(timedelta(days=1), description="How long before a session its members are reminded (business time).")
    conversations: int = Field(8, ge=1, le=32, description="Mails handed over at the same time.")
    batch: int = Field(80, ge=1, le=500, description="Deliveries claimed at once.")
    lease: timedelta = Field(timedelta(seconds=90), description="How long a claim is held before others may take it.")
    retry_first: timedelta = Field(timedelta(seconds=10), description="The first pause after a fault; it doubles.")
    retry_longest: timedelta = Field(timedelta(minutes=30), description="The longest pause.")
    give_up_after: timedelta = Field(timedelta(days=3), description="A message older than this is given up at its next fault.")
    overtaken_after: timedelta = Field(
        timedelta(minutes=2), description="A message held up for longer is dropped when something newer overtook it."
    )
    without_words_after: timedelta = Field(
        timedelta(hours=1), description="A proposal goes out without its four lists when matching does not answer for so long."
    )

    def attempt_seconds_max(self, smtp: "SmtpSettings") -> float:
        """Return how much of a lease one attempt may need; less than half of it, so that a lease serves more than one."""
        return min(smtp.timeout_seconds * 2 + 5, self.lease.total_seconds() / 2)


class SmtpSettings(FromEnvironment):
    """The mail server that takes our mails (a relay of the company; it signs and delivers)."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_SMTP__")

    host: str = Field("127.0.0.1", description="The server.")
    port: int = Field(25, ge=1, le=65535, description="Its port.")
    username: str | None = Field(None, description="Login, when it asks for one.")
    password: SecretStr | None = Field(None, description="Its password.")
    encryption: Literal["none", "starttls", "tls"] = Field("none", description="How the connection is protected.")
    timeout_seconds: float = Field(20.0, gt=0, le=60, description="How long it may take to answer.")
