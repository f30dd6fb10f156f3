"""What becomes of pairings when members leave, move, rest, or are erased (N3, N18)."""

from datetime import timedelta

from shared.contracts import profile, scheduling
from shared.http.principals import Role
from tests.component.matching.house import ADA, BEN, CAT, MONDAY, PROGRAMME, House, card, charter
from tests.support.principals import caller


class TestLeavers:
    """N3, R49: a leaver closes the pair kindly."""

    async def test_pairings_close_and_proposals_end(self, house: House) -> None:
        """C: no pair of a leaver stays open; seats of partners are free again."""
        await house.opens(card(ADA, capacity=2), BEN, CAT)
        active, asked = await house.activates(ADA, BEN), (await house.asks(CAT, ADA))["pairing_id"]
        await house.hears(profile.MemberLeft(member_id=ADA))
        for pairing in (active, asked):
            last = (await house.told(pairing))[-1]
            assert (last.name, last.data["reason"]) == ("pairing.closed", "member-left")
        assert (await house.asks(BEN, CAT))["state"] == "proposed"

    async def test_an_older_card_does_not_bring_a_leaver_back(self, house: House) -> None:
        """Cards and facts have no common order: what was said before the leave counts as before it."""
        await house.opens(ADA, BEN)
        left_at = MONDAY + timedelta(hours=1)
        await house.hears(profile.MemberLeft(member_id=BEN), at=left_at)
        await house.hears(card(BEN), at=MONDAY)
        body = {"programme_id": PROGRAMME, "partner_id": BEN, "origin": "asked"}
        assert (await house.calls(ADA, "POST", "/pairings", body)).json()["code"] == "partner-not-available"

    async def test_who_comes_back_takes_part_again(self, house: House) -> None:
        """A card written after the leave is a new beginning."""
        await house.opens(ADA, BEN)
        await house.hears(profile.MemberLeft(member_id=BEN), at=MONDAY)
        await house.hears(card(BEN), at=MONDAY + timedelta(days=30))
        assert (await house.asks(ADA, BEN))["state"] == "proposed"

    async def test_a_leaver_who_was_never_known_is_noted(self, house: House) -> None:
        """The fact may come before any card."""
        await house.hears(profile.MemberLeft(member_id=BEN), at=MONDAY + timedelta(days=1))
        await house.opens(ADA, BEN)
        body = {"programme_id": PROGRAMME, "partner_id": BEN, "origin": "asked"}
        assert (await house.calls(ADA, "POST", "/pairings", body)).json()["code"] == "partner-not-available"

    async def test_withdrawing_ends_nothing_that_exists(self, house: House) -> None:
        """A member who no longer takes part keeps their pairings."""
        await house.opens(ADA, BEN)
        pairing = await house.activates()
        await house.hears(card(ADA, capacity=None))
        assert (await house.does(ADA, "GET", f"/pairings/{pairing}"))["state"] == "active"


class TestMovers:
    """N3, R53: conflicts are re-checked at once; without one both are asked; silence keeps."""

    async def test_a_new_manager_among_the_pair_closes_it(self, house: House) -> None:
        """R5: the moved fact alone is enough, the card may come later."""
        await house.opens(ADA, BEN)
        pairing = await house.activates()
        await house.hears(profile.MemberMoved(member_id=ADA, changed=["manager_id"], manager_id=BEN), at=MONDAY + timedelta(minutes=1))
        last = (await house.told(pairing))[-1]
        assert (last.name, last.data["reason"]) == ("pairing.closed", "reporting-line")

    async def test_a_chain_that_changes_above_closes_it_too(self, house: House) -> None:
        """R5: a grand-manager counts; only the card tells it."""
        await house.opens(ADA, BEN)
        pairing = await house.forms()
        await house.hears(card(BEN, manager_chain=["cat", ADA]))
        assert (await house.told(pairing))[-1].data["reason"] == "reporting-line"

    async def test_a_stale_move_closes_nothing(self, house: House) -> None:
        """A fact older than the card says nothing new about the chain."""
        await house.opens(ADA, BEN)
        pairing = await house.activates()
        await house.hears(card(ADA, manager_chain=["dan"]), at=MONDAY + timedelta(days=2))
        await house.hears(profile.MemberMoved(member_id=ADA, changed=["site"], manager_id=BEN), at=MONDAY + timedelta(days=1))
        assert "closed" not in await house.names(pairing)

    async def test_silence_keeps_the_pairing(self, house: House) -> None:
        """Architecture 6: a review ends by a durable timer with the pairing kept."""
        await house.opens(ADA, BEN)
        pairing = await house.activates()
        await house.hears(profile.MemberMoved(member_id=ADA, changed=["department"], department="sales"))
        review = (await house.does(BEN, "GET", f"/pairings/{pairing}"))["review"]
        assert (review["reason"], review["until"]) == ("member-moved", "2027-03-15T00:00:00.000Z")
        await house.goes_on_until(MONDAY + timedelta(days=14))
        assert (await house.names(pairing))[-2:] == ["review-started", "kept"]

    async def test_when_all_want_to_go_on_the_review_ends_at_once(self, house: House) -> None:
        """R49: both are asked."""
        await house.opens(ADA, BEN)
        pairing = await house.activates()
        await house.hears(profile.MemberMoved(member_id=ADA, changed=["manager_id"], manager_id="eve"))
        await house.does(ADA, "POST", f"/pairings/{pairing}/keep")
        again = await house.calls(ADA, "POST", f"/pairings/{pairing}/keep")
        assert again.json()["code"] == "review-already-answered"
        kept = await house.does(BEN, "POST", f"/pairings/{pairing}/keep")
        assert (kept["review"], kept["state"]) == (None, "active")


class TestErasure:
    """N18: erasure reaches what matching keeps."""

    async def test_words_and_codes_go(self, house: House) -> None:
        """N18: card, note, goals and explanations of the erased member are gone; the partner's goal stays theirs."""
        await house.opens(ADA, BEN)
        pairing = (await house.asks(ADA, BEN, note="zebra note"))["pairing_id"]
        await house.does(BEN, "POST", f"/pairings/{pairing}/accept")
        goals = [{"member_id": ADA, "text": "zebra goal"}, {"member_id": BEN, "text": "own goal"}]
        await house.does(ADA, "PUT", f"/pairings/{pairing}/charter", charter(goals=goals), If_Match="*")
        await house.hears(profile.MemberErased(member_id=ADA))
        await house.hears_tombstone(ADA)
        kept = [await house.database.collection(name).find({}) for name in ("pairings", "cards", "explanations")]
        assert "zebra" not in str(kept)
        assert "own goal" in str(kept)
        assert [row["_id"] for row in kept[1]] == [BEN]
        assert kept[2] == []
        assert (await house.told(pairing))[-1].data["reason"] == "member-left"


class TestHealth:
    """N19: held and missed sessions are counted for the pair."""

    async def test_counts_show_to_the_pair_only(self, house: House) -> None:
        """N19, R13: members see the counts; HR sees that the pairing is there."""
        await house.opens(ADA, BEN)
        pairing = await house.activates()
        about = {"session_id": "s", "pairing_id": pairing, "members": [ADA, BEN], "kind": "first"}
        await house.hears(scheduling.SessionHeld(**about), scheduling.SessionMissed(**about), scheduling.SessionHeld(**about))
        health = (await house.does(ADA, "GET", f"/pairings/{pairing}"))["health"]
        assert (health["held"], health["missed"]) == (2, 1)
        assert "health" not in await house.does(caller(Role.HR_ADMIN), "GET", f"/pairings/{pairing}")


class TestDoNotPair:
    """R5, C: two people are never to be paired; nobody learns who asked for it."""

    async def test_a_wish_ends_a_proposal_and_bars_the_next(self, house: House) -> None:
        """C: both directions are barred, the other side gets the answer of a full partner."""
        await house.opens(ADA, BEN)
        pairing = (await house.asks(ADA, BEN))["pairing_id"]
        await house.does(BEN, "PUT", f"/do-not-pair/{BEN}/{ADA}")
        assert (await house.told(pairing))[-1].data["reason"] == "other"
        body = {"programme_id": PROGRAMME, "partner_id": BEN, "origin": "asked"}
        assert (await house.calls(ADA, "POST", "/pairings", body)).json()["code"] == "partner-not-available"
        await house.does(ADA, "DELETE", f"/do-not-pair/{BEN}/{ADA}")
        assert (await house.calls(ADA, "POST", "/pairings", body)).json()["code"] == "partner-not-available"
        await house.does(BEN, "DELETE", f"/do-not-pair/{ADA}/{BEN}")
        assert (await house.asks(ADA, BEN))["state"] == "proposed"

    async def test_hr_closes_an_active_pairing_with_it(self, house: House) -> None:
        """HR may part two people; a member's own wish does not silently end an active pairing."""
        await house.opens(ADA, BEN)
        pairing = await house.activates()
        await house.does(ADA, "PUT", f"/do-not-pair/{ADA}/{BEN}")
        assert (await house.does(ADA, "GET", f"/pairings/{pairing}"))["state"] == "active"
        await house.does(caller(Role.HR_ADMIN), "PUT", f"/do-not-pair/{ADA}/{BEN}")
        assert (await house.does(ADA, "GET", f"/pairings/{pairing}"))["state"] == "closed"
