"""A lease: one process at a time does a job that several could do. It saves work; correctness never hangs on it."""

import asyncio
from datetime import datetime, timedelta

from shared.kernel.errors import OutcomeUnknown, StaleVersion
from shared.kernel.randomness import Randomness, jittered, new_id
from shared.persistence.database import Database, Document, Transaction
from shared.persistence.errors import DatabaseFault
from shared.persistence.indexes import Index

COLLECTION = "leases"
INDEXES = (Index(collection=COLLECTION),)
LASTS = timedelta(seconds=12)
RENEWED_EVERY_SECONDS = 4.0
ASKED_EVERY_SECONDS = 1.0


class Lease:
    """One named lease of one service, on technical time.

    A task of its own renews it (`keep`), never the work it protects: a round that hangs on a dead broker must not outlive its
    lease. The fencing `token` rises by one at each change of owner, a restarted process being another owner.
    """

    def __init__(self, database: Database, name: str, *, randomness: Randomness, replica: str | None = None) -> None:
        """`replica` is this process's stable name, if it has one: a restarted replica takes its own lease at once."""
        self._database = database
        self._name = name
        self._owner = new_id(randomness)
        self._randomness = randomness
        self._replica = replica
        self._until: datetime | None = None
        self._changed = asyncio.Event()
        self.token = 0
        self.reached: datetime | None = None
        """How far the holder has come, if it says so: kept with the lease, so that its successor goes on from there."""

    @property
    def held(self) -> bool:
        """Return whether this process may work now, on its own clock."""
        return self._until is not None and self._database.wall.now() < self._until

    async def keep(self) -> None:
        """Take the lease when it is free and renew it for ever; ends by cancellation."""
        while True:
            held = await self.try_take()
            await asyncio.sleep(jittered(RENEWED_EVERY_SECONDS if held else ASKED_EVERY_SECONDS, self._randomness))

    async def try_take(self) -> bool:
        """Take or renew the lease; return whether it is held. A database that is away leaves things as they are."""
        try:
            if self._until is None and not await self._looks_free():
                return False
            taken = await self._database.transact(f"lease.{self._name}", self._take, give_up_after=RENEWED_EVERY_SECONDS)
        except (DatabaseFault, OutcomeUnknown, StaleVersion):
            return self.held
        self._until = taken
        if taken is not None:
            self._changed.set()
        return self.held

    async def wait_held(self, within_seconds: float) -> bool:
        """Wait until the lease is held, at most so long."""
        if not self.held:
            self._changed.clear()
            try:
                async with asyncio.timeout(within_seconds):
                    await self._changed.wait()
            except TimeoutError:
                return self.held
        return self.held

    async def give_up(self) -> None:
        """Let somebody else have it now (graceful stop, or a job that fails here for reasons of its own)."""
        if self._until is None:
            return
        self._until = None
        try:
            await self._database.transact(f"lease.{self._name}.give-up", self._end, give_up_after=1.0)
        except (DatabaseFault, OutcomeUnknown, StaleVersion):
            return

    async def _looks_free(self) -> bool:
        """Return whether a transaction is worth while: those who wait ask each second, and one read is all it costs."""
        found = await self._database.collection(COLLECTION).find_one({"_id": self._name})
        return found is None or self._may_take(found, self._database.wall.now())

    def _may_take(self, found: Document, now: datetime) -> bool:
        """Return whether a lease is mine already, or over, or held by this replica before its restart."""
        return found["owner"] == self._owner or found["until"] <= now or self._is_my_former_self(found["replica"])

    async def _take(self, tx: Transaction) -> datetime | None:
        now = tx.wall.now()
        until = now + LASTS
        leases = tx.collection(COLLECTION)
        found = await leases.find_one({"_id": self._name})
        if found is None:
            mine = {"owner": self._owner, "replica": self._replica, "token": 1, "until": until, "reached": self.reached}
            await leases.insert_one({"_id": self._name} | mine)
            self.token = 1
            return until
        if not self._may_take(found, now):
            return None
        token = found["token"] if found["owner"] == self._owner else found["token"] + 1
        if token != found["token"]:
            self.reached = found.get("reached")
        change = {"owner": self._owner, "replica": self._replica, "token": token, "until": until, "reached": self.reached}
        await leases.update_one({"_id": self._name, "token": found["token"]}, {"$set": change})
        self.token = token
        return until

    def _is_my_former_self(self, replica: str | None) -> bool:
        return self._replica is not None and replica == self._replica

    async def _end(self, tx: Transaction) -> None:
        await tx.collection(COLLECTION).update_one({"_id": self._name, "owner": self._owner}, {"$set": {"until": tx.wall.now()}})
