"""Inbox, preferences, deliveries (N16, N17), and who may call what."""

from typing import Any

from deploy.local.mail import MailSink
from shared.http.auth import Role
from tests.component.notification import facts
from tests.component.notification.office import ADA, BEN, Office
from tests.support.access import Row, violations
from tests.support.principals import bearer, caller, member

TABLE = {
    "GET /inbox": Row(roles=(Role.MEMBER,)),
    "GET /preferences": Row(roles=(Role.MEMBER,)),
    "PUT /preferences": Row(roles=(Role.MEMBER,), body={"language": "de", "muted": ["session-reminder"]}),
    "GET /deliveries": Row(roles=(Role.OPERATOR,), query={"member_id": ADA}),
}


async def get(office: Office, path: str, headers: dict[str, str]) -> Any:
    """Return the JSON answer of a successful read."""
    answer = await office.app.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestAccess:
    """Architecture, identity: each route says who may call it."""

    async def test_every_route_with_every_role(self, office: Office) -> None:
        """Operators see no inbox, members see no deliveries."""
        assert await violations(office.app.http, TABLE, member_id=ADA) == []


class TestInbox:
    """Everything that was told, mailed or not."""

    async def test_newest_first_in_the_members_language(self, office: Office) -> None:
        """The headline is put into words when it is read."""
        await office.hear(facts.proposed(), facts.formed(), facts.booked())
        items = (await get(office, "/inbox", bearer(member(ADA))))["items"]
        assert [item["kind"] for item in items] == ["session-booked", "formed", "proposal"]
        assert items[1]["headline"] == "Ihr seid ein Tandem: Ben O'Neill <boss>"
        assert (items[0]["session_id"], items[0]["pairing_id"]) == ("session-1", "pairing-1")

    async def test_pages_skip_and_repeat_nothing(self, office: Office) -> None:
        """Keyset paging, also over messages of one instant."""
        for _ in range(7):
            await office.hear(facts.unmatched(ADA, "paused"))
        seen, path = [], "/inbox?limit=3"
        while path:
            page = await get(office, path, bearer(member(ADA)))
            seen += [item["id"] for item in page["items"]]
            path = f"/inbox?limit=3&cursor={page['next']}" if page["next"] else ""
        assert len(seen) == len(set(seen)) == 7

    async def test_it_is_the_callers_own(self, office: Office) -> None:
        """Nobody reads somebody else's."""
        await office.hear(facts.unmatched(ADA, "paused"))
        assert (await get(office, "/inbox", bearer(member(BEN))))["items"] == []

    async def test_a_cursor_of_another_list_is_refused(self, office: Office) -> None:
        """A clear answer instead of a wrong page."""
        answer = await office.app.client.get("/inbox?cursor=WyJ4IiwieSJd", headers=bearer(member(ADA)))
        assert answer.status_code == 422
        assert answer.json()["code"] == "bad-cursor"


class TestPreferences:
    """N16: unsubscribe by kind, never from what must not be silent; the language is the member's choice."""

    async def test_a_muted_kind_is_not_mailed_but_stays_in_the_inbox(self, office: Office, mail_sink: MailSink) -> None:
        """It is told as suppressed, with the reason."""
        wish = {"language": "en", "muted": ["activated", "activated"]}
        answer = await office.app.client.put("/preferences", json=wish, headers=bearer(member(ADA)))
        assert answer.json()["muted"] == ["activated"]
        await office.hear(facts.activated(), facts.closed("no-time"))
        await office.dispatch()
        assert await office.outcomes(ADA) == ["activated suppressed muted", "closed sent"]
        assert mail_sink.for_recipient("ada@corp.example")[0].message["Subject"] == "Your pairing has ended"
        assert len((await get(office, "/inbox", bearer(member(ADA))))["items"]) == 2

    async def test_what_must_not_be_silent_cannot_be_switched_off(self, office: Office) -> None:
        """N4: an invitation, an ending, a proposal."""
        for kind in ("session-booked", "closed", "proposal", "unmatched"):
            answer = await office.app.client.put("/preferences", json={"muted": [kind]}, headers=bearer(member(ADA)))
            assert (answer.status_code, answer.json()["code"]) == (422, "message-not-optional")

    async def test_a_language_is_a_tag(self, office: Office) -> None:
        """N16: a typing error is told, not kept."""
        for tag, status in (("de", 200), ("pt-BR", 200), ("klingon!!", 422), ("d", 422)):
            answer = await office.app.client.put("/preferences", json={"language": tag}, headers=bearer(member(ADA)))
            assert answer.status_code == status

    async def test_defaults_and_what_may_be_chosen(self, office: Office) -> None:
        """A page can be drawn from the answer alone."""
        shown = await get(office, "/preferences", bearer(member("nobody-yet")))
        assert shown == {
            "language": None,
            "muted": [],
            "optional": ["charter-to-sign", "activated", "session-time-proposed", "session-reminder"],
        }


class TestDeliveries:
    """N17: an operator sees whether and why, never what and to which address."""

    async def test_codes_only(self, office: Office, mail_sink: MailSink) -> None:
        """No name, no address, no words."""
        mail_sink.refuse("ada@corp.example", "550 5.1.1 no such user ada@corp.example")
        await office.hear(facts.formed())
        await office.dispatch()
        shown = await get(office, f"/deliveries?member_id={ADA}", bearer(caller(Role.OPERATOR)))
        (row,) = shown["items"]
        assert (row["state"], row["code"], row["kind"], row["attempts"]) == ("failed", "smtp-550", "formed", 1)
        assert "corp.example" not in str(shown)

    async def test_status_counts_what_waits(self, office: Office) -> None:
        """The demo and operators know when all is quiet."""
        await office.hear(facts.formed())
        assert await office.service.status["deliveries"]() == {"pending": 2}
        await office.dispatch()
        assert await office.service.status["deliveries"]() == {"pending": 0}
