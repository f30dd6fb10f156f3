"""From the activation of a pairing to its end, by facts and timers alone."""

from datetime import timedelta

from shared.contracts import matching, profile
from tests.component.scheduling.house import ADA, BEN, MONDAY, PAIRING, WEEKLY, House, Told, activated, card
from tests.unit.scheduling.builders import CLEO, at

WEEK = timedelta(days=7)
BOTH = [ADA, BEN]


def names(told: list[Told]) -> list[str]:
    """Return what happened, in order."""
    return [each.name for each in told]


def starts(told: list[Told]) -> list[str]:
    """Return the starts of what was booked, cut to minutes."""
    return [each.data["starts_at"][:16] for each in told if each.name == "booked"]


def paused() -> matching.PairingPaused:
    """Return the fact that the pairing rests."""
    return matching.PairingPaused(pairing_id=PAIRING, members=BOTH, until=at("2027-04-01 00:00"))


def closed(reason: str = "by-agreement") -> matching.PairingClosed:
    """Return the fact that the pairing ended."""
    return matching.PairingClosed(pairing_id=PAIRING, members=BOTH, reason=reason)


class TestActivation:
    """N8, R30: sessions exist once the charter is signed by all."""

    async def test_first_session_and_series_are_booked(self, house: House) -> None:
        """R30: Berlin and New York meet at 14:00Z; from 30 March on both have summer time and it is 13:00Z."""
        await house.hears(card(ADA), card(BEN, "America/New_York"), activated(), correlation_id="c-42")
        told = await house.told()
        assert starts(told) == ["2027-03-02T14:00", "2027-03-09T14:00", "2027-03-16T14:00", "2027-03-23T14:00", "2027-03-30T13:00"]
        assert [each.data["kind"] for each in told] == ["first"] + ["regular"] * 4
        assert {each.data["timezone"] for each in told} == {"Europe/Berlin"}
        assert {each.correlation_id for each in told} == {"c-42"}

    async def test_second_activation_changes_nothing(self, house: House) -> None:
        """N2: another event with the same news books nothing twice."""
        await house.hears(card(ADA), card(BEN), activated(), activated())
        assert names(await house.told()) == ["booked"] * 5

    async def test_same_event_twice_changes_nothing(self, house: House) -> None:
        """N2: a redelivered record is dropped by the inbox."""
        record = house.record(activated())
        await house.hears_batch([record, record], activated())
        await house.hears_batch([record], activated())
        assert names(await house.told()) == ["booked"] * 5

    async def test_trio_meets_where_all_three_work(self, house: House) -> None:
        """R43: three members, three zones, one hour: Berlin's late afternoon."""
        await house.hears(card(ADA), card(BEN, "America/New_York"), card(CLEO, "Europe/Lisbon"), activated(ADA, BEN, CLEO))
        assert starts(await house.told())[0] == "2027-03-02T14:00"

    async def test_members_without_a_card_get_the_defaults_until_it_arrives(self, house: House) -> None:
        """N16: nine to five in UTC; when the card comes, what is to come moves into the real hours."""
        await house.hears(activated())
        assert starts(await house.told())[0] == "2027-03-02T09:00"
        await house.hears(card(ADA, "America/New_York"), card(BEN, "America/New_York"))
        await house.goes_on_until(MONDAY)
        told = await house.told()
        assert names(told) == ["booked"] * 5 + ["rescheduled"] * 5
        assert told[5].data["starts_at"] == "2027-03-02T14:00:00.000Z"
        assert told[5].data["calendar_sequence"] == 1

    async def test_member_named_twice_is_one(self, house: House) -> None:
        """R43: nobody competes with themselves for an hour."""
        await house.hears(card(ADA), card(BEN), activated(ADA, BEN, ADA))
        assert (await house.told())[0].data["members"] == BOTH

    async def test_pairing_of_one_is_set_aside(self, house: House) -> None:
        """N2: such a fact is a fault of its sender: a dead letter, and the consumer goes on."""
        await house.hears(activated(ADA, ADA), activated(ADA, BEN, pairing_id="pairing-2"))
        letters = await house.database.collection("dead_letters").find({})
        assert [each["code"] for each in letters] == ["too-few-members"]
        assert names(await house.told("pairing-2")) == ["booked"] * 5

    async def test_with_a_leaver_nothing_is_booked(self, house: House) -> None:
        """N3: the activation overtook the leaver's news; matching closes the pairing."""
        await house.hears(card(ADA), card(BEN, status="left"), activated())
        assert await house.told() == []
        assert await house.sessions() == []

    async def test_who_is_away_is_not_booked_before_they_are_back(self, house: House) -> None:
        """C: nobody is paired off with an absence; a mere pause from matching does not count."""
        away = card(BEN, paused_until=at("2027-03-10 00:00"), paused_reason="away")
        await house.hears(card(ADA, paused_until=at("2027-06-01 00:00"), paused_reason="paused"), away, activated())
        assert starts(await house.told())[0] == "2027-03-10T08:00"


class TestSeriesRollsOn:
    """R30: the series is planned so far ahead, for ever."""

    async def test_ten_weeks_later(self, house: House) -> None:
        """R30: every Tuesday at nine in Berlin has exactly one session, four weeks ahead of now."""
        await house.hears(card(ADA), card(BEN), activated())
        await house.goes_on_until(MONDAY + 10 * WEEK)
        told = await house.told()
        first = at("2027-03-02 08:00")
        walls = [first + n * WEEK - timedelta(hours=1 if n >= 4 else 0) for n in range(14)]
        assert starts(told) == [each.strftime("%Y-%m-%dT%H:%M") for each in walls]
        assert [each.version for each in told] == list(range(1, len(told) + 1))

    async def test_timer_keeps_the_cause(self, house: House) -> None:
        """N17: what a timer books months later carries the activation's correlation id."""
        await house.hears(card(ADA), card(BEN), activated(), correlation_id="c-7")
        await house.goes_on_until(MONDAY + 3 * WEEK)
        assert {each.correlation_id for each in await house.told()} == {"c-7"}

    async def test_rule_that_cannot_be_followed(self, house: House) -> None:
        """C: never silence: the first session stands, the problem is told and shown; a new charter ends it."""
        await house.hears(card(ADA), card(BEN), activated(cadence=WEEKLY.model_copy(update={"rrule": "FREQ=SECONDLY"})))
        told = await house.told()
        assert names(told) == ["booked", "not-booked"]
        assert told[1].data["reason"] == "cadence-not-understood"
        await house.hears(matching.CharterRevised(pairing_id=PAIRING, members=BOTH, cadence=WEEKLY, agenda_template="standard"))
        assert names(await house.told())[2:] == ["booked"] * 4

    async def test_revised_charter(self, house: House) -> None:
        """R31: from weekly to fortnightly: the old series is cancelled, the new one booked, the first session stays."""
        await house.hears(card(ADA), card(BEN), activated())
        fortnightly = WEEKLY.model_copy(update={"rrule": "FREQ=WEEKLY;INTERVAL=2"})
        await house.hears(matching.CharterRevised(pairing_id=PAIRING, members=BOTH, cadence=fortnightly, agenda_template="standard"))
        told = (await house.told())[5:]
        assert names(told) == ["cancelled"] * 4 + ["booked"] * 4
        assert starts(told) == ["2027-03-16T08:00", "2027-03-30T07:00", "2027-04-13T07:00", "2027-04-27T07:00"]


class TestNoCommonTime:
    """C: a session that cannot be booked is a clear outcome, never silence."""

    async def test_is_told_shown_and_tried_again_when_hours_change(self, house: House) -> None:
        """N16: told once; booked under the same id as soon as there is a common hour."""
        await house.hears(card(ADA, begin=540, end=720), card(BEN, begin=780, end=1020), activated())
        await house.goes_on_until(MONDAY + 2 * WEEK)
        told = await house.told()
        assert [(each.name, each.data.get("reason")) for each in told] == [("not-booked", "no-common-time")]
        async with house.caller() as caller:
            shown = (await caller.get(f"/pairings/{PAIRING}/sessions")).json()
        assert (shown["problem"], shown["items"][0]["state"]) == ("no-common-time", "unbooked")
        await house.hears(card(BEN, begin=600, end=1020))
        await house.goes_on_until(house.clock.moment)
        told = await house.told()
        assert names(told)[1:] == ["booked"] * 5
        assert told[1].data["session_id"] == told[0].data["session_id"]

    async def test_is_tried_again_each_week(self, house: House) -> None:
        """C: nobody's hours change, but a diary may become free: Ben is away all April and comes back."""
        back = card(BEN, paused_until=at("2027-05-01 00:00"), paused_reason="away")
        await house.hears(card(ADA), back, activated())
        assert names(await house.told()) == ["not-booked"]
        await house.goes_on_until(at("2027-04-20 00:00"))
        assert starts(await house.told())[0] == "2027-05-03T07:00"


class TestHoursChange:
    """N16: the future follows, the past stays."""

    async def test_future_sessions_move_past_ones_stay(self, house: House) -> None:
        """N16: from the third week on Ben begins at eleven."""
        await house.hears(card(ADA), card(BEN), activated())
        await house.goes_on_until(MONDAY + 2 * WEEK)
        await house.hears(card(BEN, begin=660, end=1140))
        await house.goes_on_until(MONDAY + 2 * WEEK)
        sessions = await house.sessions()
        assert [each["starts_at"][:16] for each in sessions[:4]] == [
            "2027-03-02T08:00",
            "2027-03-09T08:00",
            "2027-03-16T10:00",
            "2027-03-23T10:00",
        ]
        assert sessions[0]["calendar_sequence"] == sessions[1]["calendar_sequence"] == 0

    async def test_card_that_says_nothing_new_moves_nothing(self, house: House) -> None:
        """N2: an import of the same file tells nobody anything."""
        await house.hears(card(ADA), card(BEN), activated(), card(BEN), card(BEN, offers=[profile.Offer(code="python")]))
        await house.goes_on_until(MONDAY)
        assert names(await house.told()) == ["booked"] * 5

    async def test_older_record_does_not_overwrite_a_newer_one(self, house: House) -> None:
        """N2: a record that was set aside and comes late is dropped."""
        late, newest = house.record(card(BEN, begin=660)), house.record(card(BEN, begin=600))
        await house.hears_batch([newest], card(BEN))
        await house.hears_batch([late], card(BEN))
        await house.hears(card(ADA), activated())
        assert starts(await house.told())[0] == "2027-03-02T09:00"

    async def test_erased_card_leaves_nothing_behind(self, house: House) -> None:
        """N18: the replica forgets the member."""
        await house.hears(card(ADA), card(BEN))
        await house.hears_tombstone(ADA)
        assert [each["_id"] for each in await house.database.collection("cards").find({})] == [BEN]


class TestRestAndEnd:
    """Architecture section 6: paused, resumed, closed, left."""

    async def test_pause_cancels_and_resume_books_again(self, house: House) -> None:
        """R31: cancelled with a rising sequence; afterwards the old rhythm, with new sessions."""
        await house.hears(card(ADA), card(BEN), activated())
        await house.goes_on_until(MONDAY + WEEK)
        await house.hears(paused())
        told = (await house.told())[5:]
        assert names(told) == ["cancelled"] * 4
        assert {each.data["calendar_sequence"] for each in told} == {1}
        assert {each.data["reason"] for each in told} == {"pairing-paused"}
        await house.goes_on_until(at("2027-04-01 00:00"))
        assert len(await house.told()) == 9
        await house.hears(matching.PairingResumed(pairing_id=PAIRING, members=BOTH))
        assert starts((await house.told())[9:]) == ["2027-04-06T07:00", "2027-04-13T07:00", "2027-04-20T07:00", "2027-04-27T07:00"]

    async def test_end_cancels_and_nothing_comes_after_it(self, house: House) -> None:
        """Architecture section 6: a closed pairing has no future."""
        await house.hears(card(ADA), card(BEN), activated(), closed())
        await house.goes_on_until(MONDAY + 10 * WEEK)
        told = await house.told()
        assert names(told) == ["booked"] * 5 + ["cancelled"] * 5
        assert await house.database.collection("timers").find({}) == []
        assert await house.database.collection("diaries").find({}) == []
        await house.hears(paused(), matching.PairingResumed(pairing_id=PAIRING, members=BOTH), closed())
        assert len(await house.told()) == 10

    async def test_end_of_a_pairing_that_was_never_active(self, house: House) -> None:
        """Architecture section 6: there is nothing to do, and nothing fails."""
        await house.hears(closed("withdrawn"), paused(), matching.PairingResumed(pairing_id=PAIRING, members=BOTH))
        assert await house.told() == []

    async def test_leaver(self, house: House) -> None:
        """N3: cancelled at once; the end of the pairing that follows says it only once."""
        await house.hears(card(ADA), card(BEN), activated(), profile.MemberLeft(member_id=BEN), closed("member-left"))
        told = await house.told()
        assert names(told) == ["booked"] * 5 + ["cancelled"] * 5
        assert {each.data["reason"] for each in told[5:]} == {"member-left"}

    async def test_erased_member(self, house: House) -> None:
        """N18: whoever is erased has left."""
        await house.hears(card(ADA), card(BEN), activated(), profile.MemberErased(member_id=ADA))
        assert names(await house.told())[5:] == ["cancelled"] * 5

    async def test_freed_time_is_free_at_once(self, house: House) -> None:
        """C: what a closed pairing leaves can be booked by others."""
        await house.hears(card(ADA), card(BEN), card(CLEO), activated(), closed())
        await house.hears(activated(ADA, CLEO, pairing_id="pairing-2"))
        assert starts(await house.told("pairing-2"))[0] == starts(await house.told())[0]


class TestOnePersonInTwoPairings:
    """C: nobody is booked twice at one time."""

    async def test_second_pairing_takes_the_next_slot(self, house: House) -> None:
        """C: Ada meets Ben at nine and Cleo at ten, in every week."""
        await house.hears(card(ADA), card(BEN), card(CLEO), activated(), activated(ADA, CLEO, pairing_id="pairing-2"))
        assert starts(await house.told("pairing-2"))[:2] == ["2027-03-02T09:00", "2027-03-09T09:00"]

    async def test_two_pairings_in_one_batch(self, house: House) -> None:
        """C: the same in one transaction."""
        records = [house.record(activated(*members, pairing_id=name)) for members, name in (((ADA, BEN), "p1"), ((ADA, CLEO), "p2"))]
        await house.hears_batch(records, activated())
        assert starts(await house.told("p1"))[0] != starts(await house.told("p2"))[0]
