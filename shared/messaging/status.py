"""What an operator sees of a service's message path (N17): counts, ages and codes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.kernel.clock import Clock
from shared.messaging import burial, inbox, lanes, outbox
from shared.persistence import leases
from shared.persistence.database import Database
from shared.persistence.indexes import Index
from shared.timers import timers

INDEXES: tuple[Index, ...] = (*outbox.INDEXES, *inbox.INDEXES, *lanes.INDEXES, *burial.INDEXES, *leases.INDEXES, *timers.INDEXES)
"""All collections and indexes that the message path and the timers need, made before anything else runs."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


async def path_status(database: Database, clock: Clock) -> dict[str, Any]:
    """Return outbox depth and age, parked keys, open dead letters and timers. Asked for, never on a timer."""
    now, wall = clock.now(), database.wall.now()
    rows, held = database.collection(outbox.COLLECTION), database.collection(lanes.LANES)
    waiting = database.collection(timers.COLLECTION)
    oldest = await rows.find_one({"at": {"$gte": BEGINNING, "$lte": wall + timedelta(days=366)}}, {"at": 1}, sort=[("at", 1)])
    overdue = {"state": timers.WAITING, "wake_at": {"$gte": BEGINNING, "$lte": now}}
    return {
        "outbox_rows": await rows.count({}),
        "outbox_oldest_age_seconds": None if oldest is None else max(0.0, (wall - oldest["at"]).total_seconds()),
        "parked_keys": await held.count({"state": lanes.WAITS}),
        "parked_events": await database.collection(lanes.PARKED).count({}),
        "dead_letters_open": await database.collection(burial.COLLECTION).count({"state": burial.OPEN}),
        "timers_waiting": await waiting.count({"state": timers.WAITING}),
        "timers_overdue": await waiting.count(overdue),
        "timers_stuck": await waiting.count({"state": timers.STUCK}),
    }
