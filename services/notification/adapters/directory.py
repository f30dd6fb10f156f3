"""The newest known state of what a few deliveries are about, read just before their attempt: three reads for all of them."""

from collections.abc import Mapping, Sequence

from services.notification.adapters.records import DELIVERIES, PAIRINGS, RECIPIENTS, SESSIONS, Records
from services.notification.domain.delivery import Delivery, State
from services.notification.domain.kinds import OPENINGS
from services.notification.domain.recipient import Recipient
from services.notification.domain.replicas import PairingSeen, SessionSeen
from services.notification.domain.truth import OVERTAKEN, Known
from shared.persistence.database import Database, Document


class MongoSight:
    """What was found."""

    def __init__(
        self,
        people: Mapping[str, Recipient],
        pairings: Mapping[str, PairingSeen],
        sessions: Mapping[str, SessionSeen],
        unannounced: Sequence[str],
    ) -> None:
        """`unannounced`: ids of deliveries whose announcement was dropped."""
        self._people, self._pairings, self._sessions, self._unannounced = people, pairings, sessions, unannounced

    def person(self, member_id: str) -> Recipient | None:
        """Return a member, if they were heard of."""
        return self._people.get(member_id)

    def known(self, delivery: Delivery) -> Known:
        """Return what is known of the delivery's pairing and session."""
        meeting = delivery.matter.meeting
        return Known(
            pairing=self._pairings.get(delivery.matter.pairing_id or ""),
            session=self._sessions.get(meeting.session_id) if meeting else None,
            opening_dropped=delivery.id in self._unannounced,
        )


class MongoDirectory:
    """Reads outside a transaction."""

    def __init__(self, database: Database, records: Records) -> None:
        """Bind to the service's database."""
        self._database, self._records = database, records

    async def look(self, deliveries: Sequence[Delivery]) -> MongoSight:
        """Look everything up that these few deliveries need."""
        matters = [delivery.matter for delivery in deliveries]
        members = [member for matter in matters for member in matter.members]
        people = await self.people([*(delivery.member_id for delivery in deliveries), *members])
        pairings = await self._documents(PAIRINGS, [matter.pairing_id for matter in matters if matter.pairing_id])
        sessions = await self._documents(SESSIONS, [matter.meeting.session_id for matter in matters if matter.meeting])
        return MongoSight(
            people,
            {each["_id"]: self._records.pairing(each) for each in pairings},
            {each["_id"]: self._records.session(each) for each in sessions},
            [delivery.id for delivery in deliveries if delivery.kind in OPENINGS and await self._opening_dropped(delivery)],
        )

    async def people(self, member_ids: Sequence[str]) -> dict[str, Recipient]:
        """Return those members that were heard of."""
        codecs = self._database.codecs
        return {
            each["_id"]: codecs.aggregate_of(Recipient, each["_id"], each["body"], each["version"], each["revision"])
            for each in await self._documents(RECIPIENTS, member_ids)
        }

    async def _documents(self, collection: str, ids: Sequence[str]) -> list[Document]:
        wanted = sorted(dict.fromkeys(ids))
        return await self._database.collection(collection).find({"_id": {"$in": wanted}}) if wanted else []

    async def _opening_dropped(self, delivery: Delivery) -> bool:
        """Say whether the announcement before `delivery`, in its lane and about its matter, was dropped and never went out."""
        kinds = [kind.value for kind in OPENINGS[delivery.kind]]
        rows = await self._database.collection(DELIVERIES).find({"lane": delivery.lane, "kind": {"$in": kinds}})
        openings = [opening for opening in map(self._records.delivery, rows) if _same_matter(opening, delivery)]
        dropped = any(opening.state is State.SUPPRESSED and opening.code == OVERTAKEN for opening in openings)
        return dropped and not any(opening.state is State.SENT for opening in openings)


def _same_matter(one: Delivery, other: Delivery) -> bool:
    mine, theirs = one.matter.meeting, other.matter.meeting
    return (mine.session_id if mine else None) == (theirs.session_id if theirs else None)
