"""Domain values to documents and back, compiled once and kept with what `main.py` builds."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from services.notification.domain.delivery import Delivery, State
from services.notification.domain.replicas import PairingSeen, SessionSeen
from shared.contracts.topics import MATCHING_PAIRING, PROFILE_CONTACT, PROFILE_MEMBER, SCHEDULING_SESSION
from shared.persistence.indexes import Index
from shared.replay.replica import Replica

DELIVERIES, RECIPIENTS, PAIRINGS, SESSIONS = "deliveries", "recipients", "pairings", "sessions"
KEPT = timedelta(days=400)
"""How long a settled delivery stays in its member's inbox (technical time)."""
INDEXES = (
    Index(collection=RECIPIENTS),
    Index(collection=PAIRINGS),
    Index(collection=SESSIONS, keys=(("body.pairing_id", 1),)),
    Index(collection=DELIVERIES, keys=(("due_at", 1),)),
    Index(collection=DELIVERIES, keys=(("claim", 1),)),
    Index(collection=DELIVERIES, keys=(("lane", 1), ("at", 1))),
    Index(collection=DELIVERIES, keys=(("member_id", 1), ("at", 1))),
    Index(collection=DELIVERIES, keys=(("expires_at", 1),), expire_after=timedelta(0)),
)
"""`due_at` stands on pending deliveries only, so that the queue's index is as long as the queue."""

REPLICAS = (
    Replica(
        collection=RECIPIENTS,
        topics=(PROFILE_CONTACT, PROFILE_MEMBER),
        fields=("body.contact", "body.contact_sequence", "body.left", "body.erased"),
    ),
    Replica(collection=PAIRINGS, topics=(MATCHING_PAIRING,)),
    Replica(collection=SESSIONS, topics=(SCHEDULING_SESSION,), key="body.pairing_id"),
)
"""What follows from others' facts alone; of a recipient only how to reach them, never what they wish or what was told."""


class Records:
    """Turns deliveries and replicas into documents and back."""

    def __init__(self) -> None:
        self._delivery = TypeAdapter(Delivery)
        self._pairing = TypeAdapter(PairingSeen)
        self._session = TypeAdapter(SessionSeen)

    def document(self, delivery: Delivery) -> dict[str, Any]:
        """Return the document; what is searched stands beside the body, times as times."""
        document: dict[str, Any] = {
            "_id": delivery.id,
            "member_id": delivery.member_id,
            "lane": delivery.lane,
            "kind": delivery.kind.value,
            "at": delivery.at,
            "state": delivery.state.value,
            "body": self._delivery.dump_python(delivery, mode="json"),
        }
        if delivery.state is State.PENDING:
            document["due_at"] = delivery.due_at
        elif delivery.done_at is not None:
            document["expires_at"] = delivery.done_at + KEPT
        return document

    def delivery(self, document: dict[str, Any]) -> Delivery:
        """Return the delivery of a document."""
        delivery: Delivery = self._delivery.validate_python(document["body"])
        return delivery

    def pairing_document(self, pairing: PairingSeen) -> dict[str, Any]:
        """Return the document of a pairing's replica."""
        return {"_id": pairing.id, "body": self._pairing.dump_python(pairing, mode="json")}

    def pairing(self, document: dict[str, Any]) -> PairingSeen:
        """Return the replica."""
        pairing: PairingSeen = self._pairing.validate_python(document["body"])
        return pairing

    def session_document(self, session: SessionSeen) -> dict[str, Any]:
        """Return the document of a session's replica."""
        return {"_id": session.id, "body": self._session.dump_python(session, mode="json")}

    def session(self, document: dict[str, Any]) -> SessionSeen:
        """Return the replica."""
        session: SessionSeen = self._session.validate_python(document["body"])
        return session


def claim_of(document: dict[str, Any]) -> str | None:
    """Return who works on a delivery, if anybody."""
    claim: str | None = document.get("claim")
    return claim


def due_of(document: dict[str, Any]) -> datetime:
    """Return when a pending delivery may be taken: its next attempt, or the end of somebody's lease."""
    due: datetime = document["due_at"]
    return due
