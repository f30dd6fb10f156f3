"""The in-app inbox and the operator's list, read from the deliveries: nothing is stored twice, no words are stored at all."""

from dataclasses import dataclass
from datetime import datetime

from services.notification.adapters.composer import MailComposer
from services.notification.adapters.directory import MongoDirectory
from services.notification.adapters.records import DELIVERIES, Records
from services.notification.domain.delivery import Delivery
from services.notification.domain.recipient import Preferences, Recipient
from shared.persistence.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """One message as its member sees it: the headline is put into words now, in their present language."""

    id: str
    kind: str
    headline: str
    at: datetime
    pairing_id: str | None
    session_id: str | None


class Inbox:
    """Reads of members and operators."""

    def __init__(self, database: Database, records: Records, directory: MongoDirectory, composer: MailComposer) -> None:
        """Bind to the service's database."""
        self._rows = database.collection(DELIVERIES)
        self._records, self._directory, self._composer = records, directory, composer

    async def inbox(self, member_id: str, after: tuple[datetime, str] | None, limit: int) -> list[InboxItem]:
        """Return a member's messages, newest first, mailed or not."""
        deliveries = await self.deliveries(member_id, after, limit)
        people = await self._directory.people([member_id, *(member for each in deliveries for member in each.matter.members)])
        recipient = people.get(member_id) or Recipient(id=member_id)
        contacts = {member: person.contact for member, person in people.items() if person.contact is not None}
        return [
            InboxItem(
                id=each.id,
                kind=each.kind.value,
                headline=self._composer.headline(each, recipient, contacts),
                at=each.at,
                pairing_id=each.matter.pairing_id,
                session_id=each.matter.meeting.session_id if each.matter.meeting else None,
            )
            for each in deliveries
        ]

    async def deliveries(self, member_id: str, after: tuple[datetime, str] | None, limit: int) -> list[Delivery]:
        """Return a member's deliveries, newest first; `after` is the last one of the page before."""
        window: dict[str, object] = {"member_id": member_id}
        if after is not None:
            window["$or"] = [{"at": {"$lt": after[0]}}, {"at": after[0], "_id": {"$lt": after[1]}}]
        rows = await self._rows.find(window, sort=[("at", -1), ("_id", -1)], limit=limit)
        return [self._records.delivery(row) for row in rows]

    async def preferences(self, member_id: str) -> Preferences:
        """Return what a member wishes to hear."""
        people = await self._directory.people([member_id])
        return people[member_id].preferences if member_id in people else Preferences()
