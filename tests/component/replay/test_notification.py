"""Notification's replicas are built anew, and not one mail is written again (N1, N2)."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.notification.main import NAME, build
from services.notification.settings import NotificationSettings
from shared.contracts import profile, topics
from tests.component.notification.facts import activated, booked, formed, proposed
from tests.component.notification.office import ADA, BEN, PAIRING, SESSION
from tests.component.replay.scene import Scene, scene


def contact(member_id: str, address: str = "") -> profile.ContactUpdated:
    """Return how a member is reached."""
    example = dict(profile.ContactUpdated.EXAMPLE)
    return profile.ContactUpdated(**example | {"member_id": member_id, "email": address or f"{member_id}@corp.example"})


@pytest_asyncio.fixture
async def notification() -> AsyncIterator[Scene]:
    """Return notification with two members, a pairing and a session; its mails wait to be sent."""
    async with scene(NAME, build, NotificationSettings()) as opened:
        opened.tell(*(profile.MemberJoined(member_id=each) for each in (ADA, BEN)), contact(ADA), contact(BEN))
        opened.tell(contact(BEN, "new@corp.example"))
        opened.tell(proposed(), formed(), activated(), booked())
        await opened.hear()
        yield opened


class TestReplay:
    """N2: replicas as the facts say; deliveries, timers, outbox and inbox untouched."""

    async def test_nothing_is_written_to_anybody_again(self, notification: Scene) -> None:
        """N2: sound, spoilt and lost documents: all as before, and not one delivery more."""
        before = await notification.everything()
        assert len(before["deliveries"]) >= 6
        assert await notification.replay() == {"recipients": {"equal": 2}, "pairings": {"equal": 1}, "sessions": {"equal": 1}}
        await notification.spoil("recipients", BEN, **{"body.contact": None, "body.left": True})
        await notification.spoil("pairings", PAIRING, **{"body.stage": "over"})
        await notification.app.database.collection("sessions").delete_one({"_id": SESSION})
        assert await notification.replay() == {
            "recipients": {"equal": 1, "repaired": 1},
            "pairings": {"repaired": 1},
            "sessions": {"repaired": 1},
        }
        after = await notification.everything()
        assert after["recipients"].pop(BEN)["body"] == before["recipients"].pop(BEN)["body"]
        assert after == before
        assert await notification.beside() == {}

    async def test_a_members_own_wishes_are_not_a_replica(self, notification: Scene) -> None:
        """N16: preferences and a suspended address stay, and the revision rises, so that nobody writes over the repair."""
        await notification.spoil("recipients", ADA, **{"body.suspended": "mailbox-gone", "body.contact": None})
        (revision, suspended) = (row := (await notification.documents("recipients"))[ADA])["revision"], row["body"]["suspended"]
        assert (await notification.replay(topics.PROFILE_CONTACT.name))["recipients"] == {"equal": 1, "repaired": 1}
        row = (await notification.documents("recipients"))[ADA]
        assert (row["revision"], row["body"]["suspended"], row["body"]["contact"]["email"]) == (
            revision + 1,
            suspended,
            f"{ADA}@corp.example",
        )

    async def test_a_lost_recipient_is_told_and_not_made_up(self, notification: Scene) -> None:
        """N1: their count of facts is lost; a new one would tell version 1 twice."""
        await notification.app.database.collection("recipients").delete_one({"_id": ADA})
        assert (await notification.replay())["recipients"] == {"equal": 1, "missing": 1}
        assert ADA not in await notification.documents("recipients")

    async def test_without_the_first_fact_of_a_key_it_is_left_as_it_is(self, notification: Scene) -> None:
        """N1: what retention took cannot be told again; a half history would be wrong."""
        for log in notification.broker.logs.values():
            log[:] = [
                record
                for record in log
                if record.topic != topics.MATCHING_PAIRING.name or b"proposed" not in dict(record.headers)["ce_type"]
            ]
        notification.broker.appended[:] = [record for log in notification.broker.logs.values() for record in log]
        await notification.spoil("pairings", PAIRING, **{"body.stage": "over"})
        assert (await notification.replay(topics.MATCHING_PAIRING.name))["pairings"] == {"partial": 1}
        assert (await notification.documents("pairings"))[PAIRING]["body"]["stage"] == "over"
