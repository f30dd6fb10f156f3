"""The only door through which scheduling's facts leave: domain event to contract; ids, codes and times only (N9)."""

from collections.abc import Callable, Mapping
from typing import Any

from services.scheduling.domain import events
from services.scheduling.domain.schedule import Schedule
from shared.contracts import scheduling as contracts
from shared.contracts.base import Contract
from shared.kernel.aggregate import DomainEvent


def outgoing(_schedule: Schedule, event: DomainEvent) -> Contract:
    """Return what the world may know of `event`."""
    return _CONTRACTS[type(event)](event)


def _base(event: Any) -> dict[str, Any]:
    return {"session_id": event.session.id, "pairing_id": event.pairing_id, "members": list(event.members)}


def _kinded(event: Any) -> dict[str, Any]:
    return _base(event) | {"kind": event.session.kind.value}


def _calendar(event: Any) -> dict[str, Any]:
    session = event.session
    return _kinded(event) | {"calendar_uid": session.calendar_uid, "calendar_sequence": session.calendar_sequence}


def _planned(event: Any) -> dict[str, Any]:
    times = {"starts_at": event.session.starts_at, "ends_at": event.session.ends_at}
    return _calendar(event) | times | {"timezone": event.timezone, "place_kind": event.place_kind}


def _proposed(event: Any) -> dict[str, Any]:
    proposal = event.session.proposal
    return _base(event) | {"proposed_by": proposal.proposed_by, "starts_at": proposal.starts_at, "ends_at": proposal.ends_at}


def _reasoned(event: Any) -> dict[str, Any]:
    return {"reason": str(event.session.reason)}


_CONTRACTS: Mapping[type[DomainEvent], Callable[[Any], Contract]] = {
    events.SessionBooked: lambda event: contracts.SessionBooked(**_planned(event)),
    events.SessionRescheduled: lambda event: contracts.SessionRescheduled(**_planned(event)),
    events.SessionProposed: lambda event: contracts.SessionProposed(**_proposed(event)),
    events.SessionCancelled: lambda event: contracts.SessionCancelled(**_calendar(event), **_reasoned(event)),
    events.SessionHeld: lambda event: contracts.SessionHeld(**_kinded(event)),
    events.SessionMissed: lambda event: contracts.SessionMissed(**_kinded(event)),
    events.SessionNotBooked: lambda event: contracts.SessionNotBooked(**_kinded(event), **_reasoned(event)),
}
