"""Pairings and charters as tests need them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.matching.domain.cadence import Cadence, checked_cadence
from services.matching.domain.charter import Charter, Goal
from services.matching.domain.life import Origin
from services.matching.domain.pairing import Pairing

ADA, BEN, CAT = "ada", "ben", "cat"
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
LIFETIME = timedelta(days=7)


def cadence(**changes: Any) -> Cadence:
    """Return a fortnightly hour in Berlin."""
    usual: dict[str, Any] = {
        "rrule": "FREQ=WEEKLY;INTERVAL=2",
        "timezone": "Europe/Berlin",
        "length": timedelta(hours=1),
        "place_kind": "video",
        "notice_period": timedelta(days=1),
    }
    return checked_cadence(**usual | changes)


def charter(*members: str, **changes: Any) -> Charter:
    """Return a complete charter of these members."""
    goals = tuple(Goal(member_id=each, text=f"goal of {each}") for each in members or (ADA, BEN))
    usual: dict[str, Any] = {"purpose": "learn", "goals": goals, "cadence": cadence()}
    return Charter(**usual | changes)


def proposed(*members: str, origin: Origin = Origin.ASSIGNED, **changes: Any) -> Pairing:
    """Return a proposal; of a round unless said otherwise."""
    usual: dict[str, Any] = {
        "id": "p-1",
        "programme_id": "peers",
        "members": members or (ADA, BEN),
        "origin": origin,
        "at": NOW,
        "lifetime": LIFETIME,
        "salt": "salt",
    }
    return Pairing.propose(**usual | changes)


def formed(*members: str) -> Pairing:
    """Return a formed pairing."""
    pairing = proposed(*members)
    for member in pairing.members:
        pairing.accept(member, NOW)
    return pairing


def active(*members: str) -> Pairing:
    """Return an active pairing."""
    pairing = formed(*members)
    pairing.write_charter(pairing.members[0], charter(*pairing.members))
    for member in pairing.members:
        pairing.sign_charter(member, pairing.chartering.digest, NOW)
    return pairing


def names(pairing: Pairing) -> list[str]:
    """Return the facts recorded since the last look, by name."""
    return [type(event).__name__ for _, event in pairing.take_recorded()]
