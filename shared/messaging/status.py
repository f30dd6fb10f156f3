"""What an operator sees of a service's message path (N17): counts, ages and codes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.messaging import burial, inbox, lanes, outbox
from shared.persistence import leases
from shared.persistence.database import Database
from shared.persistence.indexes import Index
from shared.timers import timers

INDEXES: tuple[Index, ...] = (*outbox.INDEXES, *inbox.INDEXES, *lanes.INDEXES, *burial.INDEXES, *leases.INDEXES, *timers.INDEXES)
"""All collections and indexes that the message path and the timers need, made before anything else runs."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


async def path_status(database: Database) -> dict[str, Any]:
    """Return outbox depth and age, parked events and open dead letters. Asked for, never on a timer."""
    rows, wall = database.collection(outbox.COLLECTION), database.wall.now()
    oldest = await rows.find_one({"at": {"$gte": BEGINNING, "$lte": wall + timedelta(days=366)}}, {"at": 1}, sort=[("at", 1)])
    return {
        "outbox_rows": await rows.count({}),
        "outbox_oldest_age_seconds": None if oldest is None else max(0.0, (wall - oldest["at"]).total_seconds()),
        "parked_events": await database.collection(lanes.PARKED).count({}),
        "dead_letters_open": await database.collection(burial.COLLECTION).count({"state": burial.OPEN}),
    }
