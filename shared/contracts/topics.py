"""Every topic as data: owner, key, kind. Topics are created from here, never by accident (architecture section 4)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What a topic is for."""

    FACTS = "facts"
    """What happened, kept long, for every consumer: ids, codes, times and numbers only."""
    STATE = "state"
    """The newest record of one member (or of the company's list), compacted, restricted by ACL: for our own replicas."""
    DEAD_LETTERS = "dead-letters"
    """That a message was set aside: where it came from and why, never what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One Kafka topic. `retention` is None for state topics (compaction keeps the newest record)."""

    name: str
    owner: str
    key: str
    kind: Kind
    retention: timedelta | None = timedelta(days=730)
    max_message_bytes: int = 1_048_576

    @property
    def settings(self) -> dict[str, str]:
        """Return the broker's settings of this topic."""
        common = {"max.message.bytes": str(self.max_message_bytes)}
        if self.retention is None:
            day = timedelta(days=1) // timedelta(milliseconds=1)
            return common | {"cleanup.policy": "compact", "max.compaction.lag.ms": str(day), "delete.retention.ms": str(7 * day)}
        return common | {"cleanup.policy": "delete", "retention.ms": str(self.retention // timedelta(milliseconds=1))}


def _facts(owner: str, aggregate: str, key: str) -> Topic:
    return Topic(name=f"tandem-{owner}-{aggregate}", owner=owner, key=key, kind=Kind.FACTS)


def _state(owner: str, record: str, key: str) -> Topic:
    return Topic(name=f"tandem-{owner}-{record}", owner=owner, key=key, kind=Kind.STATE, retention=None)


def _dead(owner: str) -> Topic:
    return Topic(name=f"tandem-{owner}-dead-letter", owner=owner, key="message_key", kind=Kind.DEAD_LETTERS)


PROFILE_MEMBER = _facts("profile", "member", "member_id")
PROFILE_CARD = _state("profile", "card", "member_id")
PROFILE_CONTACT = _state("profile", "contact", "member_id")
PROFILE_SKILL_LIST = _state("profile", "skill-list", "list_id")
MATCHING_PROGRAMME = _facts("matching", "programme", "programme_id")
MATCHING_ROUND = _facts("matching", "round", "round_id")
MATCHING_PAIRING = _facts("matching", "pairing", "pairing_id")
SCHEDULING_SESSION = _facts("scheduling", "session", "pairing_id")
NOTIFICATION_DELIVERY = _facts("notification", "delivery", "member_id")
PROFILE_DEAD_LETTER = _dead("profile")
MATCHING_DEAD_LETTER = _dead("matching")
SCHEDULING_DEAD_LETTER = _dead("scheduling")
NOTIFICATION_DEAD_LETTER = _dead("notification")

TOPICS: tuple[Topic, ...] = (
    PROFILE_MEMBER,
    PROFILE_CARD,
    PROFILE_CONTACT,
    PROFILE_SKILL_LIST,
    MATCHING_PROGRAMME,
    MATCHING_ROUND,
    MATCHING_PAIRING,
    SCHEDULING_SESSION,
    NOTIFICATION_DELIVERY,
    PROFILE_DEAD_LETTER,
    MATCHING_DEAD_LETTER,
    SCHEDULING_DEAD_LETTER,
    NOTIFICATION_DEAD_LETTER,
)
BY_NAME = {topic.name: topic for topic in TOPICS}


def dead_letter_topic(service: str) -> Topic:
    """Return the topic on which `service` announces its dead letters."""
    return BY_NAME[f"tandem-{service}-dead-letter"]
