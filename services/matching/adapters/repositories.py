"""Matching's aggregates in MongoDB, seen from one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.matching.adapters.outgoing import contract_of
from services.matching.domain.pairing import Pairing
from services.matching.domain.place import Place, Tie
from services.matching.domain.programme import Programme
from services.matching.domain.round import WORKING, Round
from shared.messaging.outbox import Outbox
from shared.persistence.aggregates import AggregateStore
from shared.persistence.database import Transaction
from shared.persistence.ids import by_ids
from shared.persistence.indexes import Index

PROGRAMMES, ROUNDS, PAIRINGS, PLACES, TIES = "programmes", "rounds", "pairings", "places", "ties"
INDEXES = (
    Index(collection=PROGRAMMES),
    Index(collection=ROUNDS, keys=(("ix.working", 1),)),
    Index(collection=ROUNDS, keys=(("ix.programme_id", 1),)),
    Index(collection=PAIRINGS, keys=(("ix.members", 1),)),
    Index(collection=PLACES, keys=(("ix.pool", 1), ("ix.bucket", 1))),
    Index(collection=TIES, keys=(("ix.members", 1),)),
)


class MongoProgrammeRepository(AggregateStore[Programme]):
    """Programmes by their slug."""

    def __init__(self, tx: Transaction, outbox: Outbox) -> None:
        super().__init__(tx, PROGRAMMES, Programme, outbox=outbox, outgoing=contract_of)


class MongoRoundRepository(AggregateStore[Round]):
    """Rounds, found by whether the runner has work."""

    def __init__(self, tx: Transaction, outbox: Outbox) -> None:
        super().__init__(tx, ROUNDS, Round, outbox=outbox, outgoing=contract_of, index=_round_index)


class MongoPairingRepository(AggregateStore[Pairing]):
    """Pairings, found by their members: nobody has many in a life."""

    def __init__(self, tx: Transaction, outbox: Outbox) -> None:
        super().__init__(tx, PAIRINGS, Pairing, outbox=outbox, outgoing=contract_of, index=_pairing_index)

    async def live_of(self, member_id: str) -> list[Pairing]:
        """Return the live pairings of a member, by id."""
        return [pairing for pairing in await self.all_of(member_id) if pairing.is_live]

    async def all_of(self, member_id: str) -> list[Pairing]:
        """Return every pairing of a member, by id."""
        return await self.find_where({"ix.members": member_id}, sort=[("_id", 1)])


class MongoPlaceRepository(AggregateStore[Place]):
    """Places; a pool is read bucket by bucket (a limit would not bound the cost)."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx, PLACES, Place, outbox=None, outgoing=contract_of, index=_place_index)

    async def enrolled(self, programme_id: str, buckets: tuple[int, int]) -> list[Place]:
        """Return who takes part, from the first bucket up to but without the second, by id."""
        window = {"ix.pool": programme_id, "ix.bucket": {"$gte": buckets[0], "$lt": buckets[1]}}
        return await self.find_where(window, sort=[("_id", 1)])

    async def count_enrolled(self, programme_id: str) -> int:
        """Count who takes part."""
        return await self._on.count({"ix.pool": programme_id})


class MongoTieRepository(AggregateStore[Tie]):
    """Ties, found from both sides."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx, TIES, Tie, outbox=None, outgoing=contract_of, index=_tie_index)

    async def touching(self, member_ids: Sequence[str]) -> list[Tie]:
        """Return every tie of these members, by id."""
        found = {tie.id: tie for some in by_ids(member_ids, "ix.members") for tie in await self.find_where(some)}
        return [found[each] for each in sorted(found)]


def _round_index(found: Round) -> Mapping[str, Any]:
    return {"programme_id": found.programme_id, "working": found.state in WORKING}


def _pairing_index(pairing: Pairing) -> Mapping[str, Any]:
    return {"members": list(pairing.members), "state": pairing.state.value}


def _place_index(place: Place) -> Mapping[str, Any]:
    return {"pool": place.programme_id if place.enrolled else None, "bucket": place.bucket}


def _tie_index(tie: Tie) -> Mapping[str, Any]:
    return {"members": list(tie.members)}
