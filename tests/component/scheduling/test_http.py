"""What members can do over HTTP, what they cannot, and that nobody else can do anything."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from shared.http.principals import Role
from shared.running import application
from tests.component.scheduling.house import ADA, BEN, MONDAY, PAIRING, House, activated, card
from tests.support.access import Row, violations
from tests.support.principals import caller
from tests.unit.scheduling.builders import CLEO, at

OF_PAIRING = f"/pairings/{PAIRING}/sessions"


@pytest_asyncio.fixture
async def first(house: House) -> str:
    """Return the path of the first session of Ada and Ben: Tuesday, 2 March 2027, 08:00Z; now is Monday, midnight."""
    await house.hears(card(ADA), card(BEN), card(CLEO), activated())
    return f"{OF_PAIRING}/{(await house.sessions())[0]['session_id']}"


async def post(house: House, who: str, path: str, body: Any = None, *, key: str | None = None) -> httpx2.Response:
    """Send a command."""
    async with house.caller(who) as client:
        return await client.post(path, json=body, headers={"Idempotency-Key": key} if key else {})


class TestMoving:
    """R7: propose and accept."""

    async def test_proposed_and_accepted(self, house: House, first: str) -> None:
        """R7: the answer shows the session after each step, and the facts follow."""
        proposed = await post(house, ADA, f"{first}/propose", {"starts_at": "2027-03-03T10:00:00+01:00"})
        assert (proposed.status_code, proposed.json()["state"]) == (200, "proposed")
        assert proposed.json()["proposal"]["starts_at"] == "2027-03-03T09:00:00.000Z"
        accepted = await post(house, BEN, f"{first}/accept")
        assert (accepted.json()["state"], accepted.json()["starts_at"]) == ("rescheduled", "2027-03-03T09:00:00.000Z")
        told = (await house.told())[5:]
        assert [each.name for each in told] == ["proposed", "rescheduled"]
        assert told[0].data["proposed_by"] == ADA
        assert told[1].data["calendar_sequence"] == 1

    async def test_correlation_of_the_call_is_that_of_the_fact(self, house: House, first: str) -> None:
        """N17: one id from the call to the event."""
        async with house.caller(ADA) as client:
            await client.post(f"{first}/cancel", headers={"X-Correlation-ID": "c-9"})
        assert (await house.told())[-1].correlation_id == "c-9"

    async def test_freed_time_can_be_booked_by_another_pairing(self, house: House, first: str) -> None:
        """C: the old time is free as soon as the session moved."""
        await post(house, ADA, f"{first}/propose", {"starts_at": "2027-03-03T09:00:00Z"})
        await post(house, BEN, f"{first}/accept")
        await house.hears(activated(ADA, CLEO, pairing_id="pairing-2"))
        assert (await house.sessions(ADA, "pairing-2"))[0]["starts_at"] == "2027-03-02T08:00:00.000Z"

    async def test_time_of_another_pairings_session_is_refused(self, house: House, first: str) -> None:
        """C: Ada meets Cleo then; the answer names the rule, not the other pairing."""
        await house.hears(activated(ADA, CLEO, pairing_id="pairing-2"))
        taken = (await house.sessions(ADA, "pairing-2"))[0]["starts_at"]
        refused = await post(house, BEN, f"{first}/propose", {"starts_at": taken})
        assert (refused.status_code, refused.json()["code"]) == (409, "time-not-free")
        assert "pairing-2" not in refused.text

    @pytest.mark.parametrize("body", [{}, {"starts_at": "soon"}, {"starts_at": "2027-03-03T09:00:00"}, {"starts_at": None, "x": 1}])
    async def test_malformed_time(self, house: House, first: str, body: Any) -> None:
        """Issue 3: a time needs its offset; what was sent is not repeated."""
        refused = await post(house, ADA, f"{first}/propose", body)
        assert refused.status_code == 422
        assert "soon" not in refused.text

    async def test_start_off_the_quarter_hour(self, house: House, first: str) -> None:
        """C: time is booked in quarter hours."""
        refused = await post(house, ADA, f"{first}/propose", {"starts_at": "2027-03-03T09:05:00Z"})
        assert (refused.status_code, refused.json()["code"]) == (422, "not-on-the-quarter-hour")


class TestCancelling:
    """R31: in time, or unable to attend."""

    async def test_in_time_and_too_late(self, house: House, first: str) -> None:
        """R31: 32 hours ahead it is in time; three hours ahead only for who is unable to attend."""
        house.clock.moment = at("2027-03-02 05:00")
        late = await post(house, ADA, f"{first}/cancel")
        assert (late.status_code, late.json()["code"]) == (409, "notice-period-over")
        done = await post(house, ADA, f"{first}/cancel", {"reason": "unable-to-attend"})
        assert (done.json()["state"], done.json()["reason"]) == ("cancelled", "unable-to-attend")
        assert (await house.told())[-1].data["reason"] == "unable-to-attend"

    async def test_reason_is_a_code(self, house: House, first: str) -> None:
        """N9: no words of one's own, and none of the system's reasons."""
        for reason in ("I am ill", "member-left"):
            refused = await post(house, ADA, f"{first}/cancel", {"reason": reason})
            assert refused.status_code == 422
            assert reason not in refused.text
            assert "CancelReason" not in refused.text

    async def test_repeat_with_the_same_key_gets_the_same_answer(self, house: House, first: str) -> None:
        """C: stored once though the first answer was lost."""
        answers = [await post(house, ADA, f"{first}/cancel", key="k-1") for _ in range(2)]
        assert [each.status_code for each in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        assert [each.name for each in await house.told()].count("cancelled") == 1


class TestSayingWhatHappened:
    """N19: held or missed."""

    @pytest.mark.parametrize("word", ["held", "missed"])
    async def test_only_after_the_start(self, house: House, first: str, word: str) -> None:
        """N19: refused before, possible from the start on; the other word then comes too late."""
        early = await post(house, ADA, f"{first}/{word}")
        assert (early.status_code, early.json()["code"]) == (409, "session-not-begun-yet")
        house.clock.moment = at("2027-03-02 08:00")
        assert (await post(house, BEN, f"{first}/{word}")).json()["state"] == word
        other = "missed" if word == "held" else "held"
        assert (await post(house, ADA, f"{first}/{other}")).json()["code"] == "session-is-over"
        assert [each.name for each in await house.told()].count(word) == 1

    async def test_nobody_said_anything(self, house: House, first: str) -> None:
        """N19: it is shown as unconfirmed, and nothing is guessed, ever."""
        await house.goes_on_until(MONDAY + timedelta(days=60))
        session = (await house.sessions())[0]
        assert (session["state"], session["unconfirmed"]) == ("booked", True)


class TestBookingAnother:
    """R35, R36: beside the series."""

    async def test_earliest_slot_beside_the_first_session(self, house: House, first: str) -> None:
        """R36: the hour after the first session, in everybody's hours."""
        booked = await post(house, ADA, OF_PAIRING, {"kind": "role_play"})
        assert (booked.status_code, booked.json()["kind"], booked.json()["starts_at"]) == (201, "role_play", "2027-03-02T09:00:00.000Z")

    async def test_first_cannot_be_booked_by_hand(self, house: House, first: str) -> None:
        """N8: the first session comes with the charter."""
        assert (await post(house, ADA, OF_PAIRING, {"kind": "first"})).status_code == 422

    async def test_outside_hours(self, house: House, first: str) -> None:
        """N16: a Sunday is proposed, not booked."""
        refused = await post(house, ADA, OF_PAIRING, {"kind": "ad_hoc", "starts_at": "2027-03-07T09:00:00Z"})
        assert refused.json()["code"] == "outside-working-hours"


class TestReading:
    """R13: members read their own, administrators read counts."""

    async def test_own_sessions_in_pages_and_windows(self, house: House, first: str) -> None:
        """Issue 3: soonest first, cursor paging, a window of time."""
        await house.hears(activated(ADA, CLEO, pairing_id="pairing-2"))
        seen: list[dict[str, Any]] = []
        async with house.caller(ADA) as client:
            page = (await client.get("/sessions", params={"limit": 3})).json()
            seen += page["items"]
            while page["next"]:
                page = (await client.get("/sessions", params={"limit": 3, "cursor": page["next"]})).json()
                seen += page["items"]
            window = (await client.get("/sessions", params={"from": "2027-03-09T00:00:00Z", "to": "2027-03-10T00:00:00Z"})).json()
        assert len({each["session_id"] for each in seen}) == len(seen) == 10
        assert [each["starts_at"] for each in seen] == sorted(each["starts_at"] for each in seen)
        assert [each["starts_at"][:10] for each in window["items"]] == ["2027-03-09"] * 2
        assert first.endswith(seen[0]["session_id"])

    async def test_strangers_see_and_do_nothing(self, house: House, first: str) -> None:
        """Architecture section 8: for others the pairing does not exist."""
        async with house.caller(CLEO) as client:
            assert (await client.get("/sessions")).json()["items"] == []
            assert (await client.get(OF_PAIRING)).status_code == 404
            assert (await client.post(f"{first}/cancel")).status_code == 404

    async def test_counts_only_above_the_minimum_group(self, house: House, first: str) -> None:
        """R13: one pairing is no group, six are."""
        async with house.caller(caller(Role.HR_ADMIN)) as client:
            assert (await client.get("/sessions/counts")).json() == {"pairings": None, "sessions": None}
            for number in range(5):
                await house.hears(activated(f"x{number}", f"y{number}", pairing_id=f"p{number}"))
            counts = (await client.get("/sessions/counts")).json()
            peers = (await client.get("/sessions/counts", params={"programme_id": "peers"})).json()
        assert counts["pairings"] == 6
        assert counts == peers
        assert counts["sessions"]["booked"] == 30

    async def test_programme_administrators_count_their_own_programme(self, house: House) -> None:
        """Architecture section 8: another's programme is not theirs."""
        async with house.caller(caller(Role.PROGRAMME_ADMIN, programmes=("peers",))) as client:
            answers = [await client.get("/sessions/counts", params={"programme_id": each}) for each in ("peers", "circles")]
            everything = await client.get("/sessions/counts")
        assert [each.status_code for each in (*answers, everything)] == [200, 403, 403]


class TestAccess:
    """Architecture section 8: every route, every role, somebody else's ids."""

    async def test_table(self, house: House, first: str) -> None:
        """R13: members for their own pairings; administrators for counts; nobody else for anything."""
        await house.hears(activated(BEN, CLEO, pairing_id="pairing-2"))
        own = {"pairing_id": PAIRING, "session_id": first.rsplit("/", 1)[1]}
        foreign = {"pairing_id": "pairing-2", "session_id": (await house.sessions(BEN, "pairing-2"))[0]["session_id"]}
        of_pairing = Row(roles=(Role.MEMBER,), path=own, foreign=foreign)
        session = "/pairings/{pairing_id}/sessions/{session_id}"
        table = {
            "GET /sessions": Row(roles=(Role.MEMBER,)),
            "GET /sessions/counts": Row(
                roles=(Role.HR_ADMIN, Role.PROGRAMME_ADMIN), query={"programme_id": "peers"}, programmes=("peers",)
            ),
            "GET /pairings/{pairing_id}/sessions": of_pairing,
            "POST /pairings/{pairing_id}/sessions": Row(roles=(Role.MEMBER,), path=own, foreign=foreign, body={"kind": "ad_hoc"}),
            f"POST {session}/propose": Row(roles=(Role.MEMBER,), path=own, foreign=foreign, body={"starts_at": "2027-03-05T09:00:00Z"}),
        } | {f"POST {session}/{verb}": of_pairing for verb in ("accept", "cancel", "held", "missed")}
        assert await violations(application(house.foundation, house.service), table, member_id=ADA) == []


class TestPrivacy:
    """N9: facts carry ids, codes, times and numbers."""

    async def test_only_known_fields_of_known_kinds(self, house: House, first: str) -> None:
        """N9: there is no place for anybody's words."""
        await post(house, ADA, f"{first}/propose", {"starts_at": "2027-03-03T09:00:00Z"})
        await post(house, BEN, f"{first}/accept")
        fields = {name for each in await house.told() for name in each.data}
        assert fields == {
            "session_id",
            "pairing_id",
            "members",
            "kind",
            "starts_at",
            "ends_at",
            "timezone",
            "place_kind",
            "calendar_uid",
            "calendar_sequence",
            "proposed_by",
        }
