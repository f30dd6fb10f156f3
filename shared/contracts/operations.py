"""What every service tells about messages that it had to set aside: codes only, never the payload."""

from typing import Any

from shared.contracts import topics
from shared.contracts.base import Contract


def _example(service: str) -> dict[str, Any]:
    return {
        "service": service,
        "message_key": "6f1c2a34-9d0e-4b52-8f7a-0d6f1f0a1b01",
        "event_id": "1f6a0f6e-3f0e-4f3c-9a51-4a1f5b8e9d01",
        "event_type": "tandem.profile.member.left.v1",
        "origin_topic": "tandem-profile-member",
        "partition": 0,
        "offset": 42,
        "code": "undecodable",
    }


class DeadLetterParked(Contract):
    """A message that fails on its own was set aside; later ones of its key wait behind it (N2)."""

    service: str
    message_key: str
    event_id: str
    event_type: str
    origin_topic: str
    partition: int
    offset: int
    code: str


class ProfileDeadLetterParked(DeadLetterParked):
    """Profile set a message aside."""

    TYPE = "tandem.profile.dead-letter.parked.v1"
    TOPIC = topics.PROFILE_DEAD_LETTER
    EXAMPLE = _example("profile")


class MatchingDeadLetterParked(DeadLetterParked):
    """Matching set a message aside."""

    TYPE = "tandem.matching.dead-letter.parked.v1"
    TOPIC = topics.MATCHING_DEAD_LETTER
    EXAMPLE = _example("matching")


class SchedulingDeadLetterParked(DeadLetterParked):
    """Scheduling set a message aside."""

    TYPE = "tandem.scheduling.dead-letter.parked.v1"
    TOPIC = topics.SCHEDULING_DEAD_LETTER
    EXAMPLE = _example("scheduling")


class NotificationDeadLetterParked(DeadLetterParked):
    """Notification set a message aside."""

    TYPE = "tandem.notification.dead-letter.parked.v1"
    TOPIC = topics.NOTIFICATION_DEAD_LETTER
    EXAMPLE = _example("notification")


PARKED_BY_SERVICE: dict[str, type[DeadLetterParked]] = {
    "profile": ProfileDeadLetterParked,
    "matching": MatchingDeadLetterParked,
    "scheduling": SchedulingDeadLetterParked,
    "notification": NotificationDeadLetterParked,
}
