"""A pairing from the first word to the last, through the real routes."""

import asyncio
from datetime import timedelta

from shared.http.principals import Role
from tests.component.matching.house import ADA, BEN, CADENCE, CAT, MONDAY, PROGRAMME, House, card, charter
from tests.support.principals import caller


class TestBeginning:
    """R10, N14: members begin pairings themselves; everybody confirms."""

    async def test_a_natural_pairing_is_confirmed_by_both(self, house: House) -> None:
        """R10: two people register what exists; the second yes forms it."""
        await house.opens(ADA, BEN)
        pairing = await house.asks(ADA, BEN, "natural")
        assert (pairing["state"], pairing["accepted_by"], pairing["origin"]) == ("proposed", [ADA], "natural")
        formed = await house.does(BEN, "POST", f"/pairings/{pairing['pairing_id']}/accept")
        assert formed["state"] == "formed"
        assert await house.names(pairing["pairing_id"]) == ["proposed", "accepted", "accepted", "formed"]

    async def test_facts_carry_what_readers_rely_on(self, house: House) -> None:
        """N1: members, origin, round and expiry stand on the fact; the initiator's note does not (N9)."""
        await house.opens(ADA, BEN)
        pairing = await house.asks(ADA, BEN, "approached", intent="offer", note="we met at the summer fair")
        proposed = (await house.told(pairing["pairing_id"]))[0]
        assert proposed.data["members"] == [ADA, BEN]
        assert (proposed.data["origin"], proposed.data["round_id"], proposed.data["initiator_id"]) == ("approached", None, ADA)
        assert proposed.data["expires_at"] == "2027-03-08T00:00:00.000Z"
        assert "summer" not in str(await house.told())

    async def test_partners_who_cannot_be_paired_all_get_one_answer(self, house: House) -> None:
        """C: full, absent, not enrolled, unknown and do-not-pair look alike from outside."""
        away = card(CAT, paused_until=MONDAY + timedelta(days=9), paused_reason="away")
        await house.opens(ADA, BEN, away, card("dan", capacity=None), "eve", "fay", "gus")
        await house.forms("eve", "fay")
        await house.does("gus", "PUT", f"/do-not-pair/gus/{ADA}")
        for partner in (CAT, "dan", "eve", "gus", "nobody"):
            answer = await house.calls(ADA, "POST", "/pairings", {"programme_id": PROGRAMME, "partner_id": partner, "origin": "asked"})
            assert (answer.status_code, answer.json()["code"]) == (409, "partner-not-available"), partner

    async def test_a_reporting_line_is_never_paired(self, house: House) -> None:
        """R5: the whole chain upward counts, in both directions, natural pairings included."""
        await house.opens(ADA, card(BEN, manager_chain=["boss", ADA]))
        for one, other in ((ADA, BEN), (BEN, ADA)):
            body = {"programme_id": PROGRAMME, "partner_id": other, "origin": "natural"}
            assert (await house.calls(one, "POST", "/pairings", body)).json()["code"] == "reporting-line"

    async def test_the_same_two_are_not_proposed_twice(self, house: House) -> None:
        """C: one live pairing between the same people."""
        await house.opens(card(ADA, capacity=2), card(BEN, capacity=2))
        await house.asks(ADA, BEN)
        body = {"programme_id": PROGRAMME, "partner_id": ADA, "origin": "asked"}
        assert (await house.calls(BEN, "POST", "/pairings", body)).json()["code"] == "already-paired"

    async def test_a_repeated_command_gives_the_same_pairing(self, house: House) -> None:
        """N2: the same Idempotency-Key answers with what was made the first time."""
        await house.opens(ADA, BEN)
        body = {"programme_id": PROGRAMME, "partner_id": BEN, "origin": "asked"}
        first = await house.does(ADA, "POST", "/pairings", body, Idempotency_Key="k-1")
        assert await house.does(ADA, "POST", "/pairings", body, Idempotency_Key="k-1") == first
        assert len((await house.does(ADA, "GET", "/pairings"))["items"]) == 1
        assert [fact.name for fact in await house.told(first["pairing_id"])].count("pairing.proposed") == 1


class TestSeats:
    """C: capacity is counted in the transaction of the answer."""

    async def test_of_twenty_racing_accepts_one_wins(self, house: House) -> None:
        """C: one free seat, twenty accepts: one is formed, nineteen are refused with `no-free-seat`."""
        others = [f"m{number:02}" for number in range(20)]
        await house.opens(ADA, *others)
        ids = [(await house.asks(other, ADA))["pairing_id"] for other in others]
        answers = await asyncio.gather(*(house.calls(ADA, "POST", f"/pairings/{each}/accept") for each in ids))
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"no-free-seat"}
        assert [fact.name for fact in await house.told()].count("pairing.formed") == 1

    async def test_who_asks_holds_a_seat(self, house: House) -> None:
        """C: nobody asks more people than they have seats for."""
        await house.opens(ADA, BEN, CAT)
        await house.asks(ADA, BEN)
        body = {"programme_id": PROGRAMME, "partner_id": CAT, "origin": "asked"}
        assert (await house.calls(ADA, "POST", "/pairings", body)).json()["code"] == "no-free-seat"

    async def test_every_end_gives_the_seats_back(self, house: House) -> None:
        """C: decline, withdrawal, expiry and close free the seat for the next."""
        await house.opens(ADA, BEN)
        declined = (await house.asks(ADA, BEN))["pairing_id"]
        await house.does(BEN, "POST", f"/pairings/{declined}/decline", {"reason": "no-time"})
        withdrawn = (await house.asks(ADA, BEN))["pairing_id"]
        await house.does(ADA, "POST", f"/pairings/{withdrawn}/close", {"reason": "other"})
        expired = (await house.asks(BEN, ADA))["pairing_id"]
        await house.goes_on_until(MONDAY + timedelta(days=8))
        closed = await house.forms()
        await house.does(BEN, "POST", f"/pairings/{closed}/close", {"reason": "goals-reached"})
        ends = [(await house.names(each))[-1] for each in (declined, withdrawn, expired, closed)]
        assert ends == ["declined", "closed", "expired", "closed"]
        assert (await house.asks(ADA, BEN))["state"] == "proposed"


class TestExpiry:
    """A proposal expires by a durable timer."""

    async def test_silence_expires_and_a_late_yes_is_refused(self, house: House) -> None:
        """Architecture 6: after the lifetime an answer is refused with its reason, whether the timer came or not."""
        await house.opens(ADA, BEN, proposal_lifetime="PT24H")
        pairing = (await house.asks(ADA, BEN))["pairing_id"]
        house.clock.moment = MONDAY + timedelta(hours=24)
        late = await house.calls(BEN, "POST", f"/pairings/{pairing}/accept")
        assert late.json()["code"] == "proposal-expired"
        await house.goes_on_until(MONDAY + timedelta(hours=24))
        assert await house.names(pairing) == ["proposed", "accepted", "expired"]
        assert (await house.told(pairing))[-1].data["unanswered"] == [BEN]

    async def test_an_answered_proposal_does_not_expire(self, house: House) -> None:
        """A yes of all stops the timer."""
        await house.opens(ADA, BEN)
        pairing = await house.forms()
        await house.goes_on_until(MONDAY + timedelta(days=30))
        assert "expired" not in await house.names(pairing)


class TestCharter:
    """N8: the charter, signed by all, is the gate to active."""

    async def test_the_last_signature_activates(self, house: House) -> None:
        """R2: with both signatures the pairing is active and the fact carries the cadence."""
        await house.opens(ADA, BEN)
        pairing = await house.activates()
        facts = await house.told(pairing)
        assert [fact.name.split(".")[1] for fact in facts][-3:] == ["charter-signed", "charter-signed", "activated"]
        assert [fact.version for fact in facts] == list(range(1, len(facts) + 1))
        assert facts[-1].data["cadence"] == CADENCE
        assert facts[-1].data["agenda_template"] == "standard"

    async def test_an_edit_voids_signatures(self, house: House) -> None:
        """N8: a signature covers the content that was read; an old digest is refused."""
        await house.opens(ADA, BEN)
        pairing = await house.forms()
        path = f"/pairings/{pairing}/charter"
        first = await house.does(ADA, "PUT", path, charter(ADA, BEN), If_Match="*")
        await house.does(ADA, "POST", f"{path}/sign", {"digest": first["digest"]})
        second = await house.does(BEN, "PUT", path, charter(ADA, BEN, purpose="another one"), If_Match='"1"')
        assert (second["signed_by"], second["edition"]) == ([], 2)
        stale = await house.calls(BEN, "POST", f"{path}/sign", {"digest": first["digest"]})
        assert stale.json()["code"] == "charter-changed"

    async def test_what_is_missing_is_named_in_order(self, house: House) -> None:
        """R30: purpose, goals, ground rules, cadence."""
        await house.opens(ADA, BEN)
        path = f"/pairings/{await house.forms()}/charter"
        body = {"goals": [{"member_id": ADA, "text": "x"}], "ground_rules": []}
        written = await house.does(ADA, "PUT", path, body, If_Match="*")
        assert written["missing"] == ["purpose", "goal-of:ben", "ground_rules", "cadence"]
        refused = await house.calls(ADA, "POST", f"{path}/sign", {"digest": written["digest"]})
        assert (refused.json()["code"], refused.json()["facts"]["missing"]) == ("charter-incomplete", written["missing"])

    async def test_nobody_overwrites_what_they_have_not_seen(self, house: House) -> None:
        """Without If-Match 428, with an old one 412."""
        await house.opens(ADA, BEN)
        path = f"/pairings/{await house.forms()}/charter"
        assert (await house.calls(ADA, "PUT", path, charter(ADA, BEN))).status_code == 428
        await house.does(ADA, "PUT", path, charter(ADA, BEN), If_Match='"0"')
        assert (await house.calls(BEN, "PUT", path, charter(BEN), If_Match='"0"')).status_code == 412

    async def test_a_goal_that_no_partner_can_serve_warns(self, house: House) -> None:
        """R27: the warning suggests a referral and hinders nothing."""
        await house.opens(ADA, card(BEN, offers=[{"code": "python"}, {"code": "ai"}]))
        path = f"/pairings/{await house.forms()}/charter"
        goals = [{"member_id": ADA, "text": text} for text in ("learn Python well", "understand retail")]
        written = await house.does(ADA, "PUT", path, {"goals": goals}, If_Match="*")
        assert [(each["goal"], each["suggestion"]) for each in written["warnings"]] == [(1, "referral")]

    async def test_a_revision_runs_beside_the_charter_in_force(self, house: House) -> None:
        """Architecture 6: until all have signed the revision the old cadence counts."""
        await house.opens(ADA, BEN)
        pairing = await house.activates()
        path = f"/pairings/{pairing}/charter"
        body = charter(ADA, BEN, cadence=CADENCE | {"rrule": "FREQ=MONTHLY"})
        revised = await house.does(BEN, "PUT", path, body, If_Match="*")
        assert (revised["current"]["cadence"]["rrule"], revised["in_force"]["cadence"]["rrule"]) == ("FREQ=MONTHLY", CADENCE["rrule"])
        for signer in (ADA, BEN):
            await house.does(signer, "POST", f"{path}/sign", {"digest": revised["digest"]})
        last = (await house.told(pairing))[-1]
        assert (last.name, last.data["cadence"]["rrule"]) == ("pairing.charter-revised", "FREQ=MONTHLY")

    async def test_its_words_are_in_no_fact(self, house: House) -> None:
        """N9: purpose, goals, rules and boundaries stay with the pair; admins and services may not read them."""
        await house.opens(ADA, BEN)
        pairing = await house.forms()
        body = charter(ADA, BEN, purpose="zebra-purpose", boundaries=[{"topic": "zebra-topic", "stance": "off_limits"}])
        written = await house.does(ADA, "PUT", f"/pairings/{pairing}/charter", body, If_Match="*")
        await house.does(ADA, "POST", f"/pairings/{pairing}/charter/sign", {"digest": written["digest"]})
        assert "zebra" not in str(await house.told())
        for role in (Role.HR_ADMIN, Role.SERVICE, Role.PROGRAMME_ADMIN):
            assert (await house.calls(caller(role), "GET", f"/pairings/{pairing}/charter")).status_code == 403


class TestSupport:
    """R7, R14: an active pairing rests, resumes, ends."""

    async def test_a_pause_ends_by_itself(self, house: House) -> None:
        """Architecture 6: the date of a pause is a durable timer."""
        await house.opens(ADA, BEN)
        pairing = await house.activates()
        until = MONDAY + timedelta(days=10)
        await house.does(BEN, "POST", f"/pairings/{pairing}/pause", {"until": until.isoformat()})
        await house.goes_on_until(until - timedelta(seconds=1))
        assert (await house.does(ADA, "GET", f"/pairings/{pairing}"))["paused_until"] == "2027-03-11T00:00:00.000Z"
        await house.goes_on_until(until)
        assert (await house.names(pairing))[-2:] == ["paused", "resumed"]

    async def test_members_close_with_a_listed_reason_only(self, house: House) -> None:
        """N9: a reason is a code; free text is refused and not quoted."""
        await house.opens(ADA, BEN)
        pairing = await house.activates()
        refused = await house.calls(ADA, "POST", f"/pairings/{pairing}/close", {"reason": "he talks too much"})
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown-reason")
        assert "talks" not in refused.text
        await house.does(ADA, "POST", f"/pairings/{pairing}/close", {"reason": "moved-on"})
        assert (await house.told(pairing))[-1].data == {"pairing_id": pairing, "members": [ADA, BEN], "reason": "moved-on"}
        again = await house.calls(BEN, "POST", f"/pairings/{pairing}/close", {"reason": "other"})
        assert again.json()["code"] == "pairing-closed"


class TestList:
    """Every list comes in pages."""

    async def test_newest_first_page_by_page(self, house: House) -> None:
        """No pairing is skipped or shown twice, also when several began at one instant."""
        others = [f"m{number}" for number in range(5)]
        await house.opens(ADA, *others)
        asked = []
        for number, other in enumerate(others):
            house.clock.moment = MONDAY + timedelta(minutes=number // 2)
            asked.append((await house.asks(other, ADA))["pairing_id"])
        seen, path = [], "/pairings?limit=2"
        while path:
            page = await house.does(ADA, "GET", path)
            seen += [each["pairing_id"] for each in page["items"]]
            path = f"/pairings?limit=2&cursor={page['next']}" if page["next"] else ""
        assert (sorted(seen), seen[0]) == (sorted(asked), asked[-1])

    async def test_hr_sees_where_it_stands_not_who_answered(self, house: House) -> None:
        """N9, R13: no note, no answers, no charter state."""
        await house.opens(ADA, BEN)
        await house.asks(ADA, BEN, note="private words")
        (shown,) = (await house.does(caller(Role.HR_ADMIN), "GET", f"/pairings?member_id={BEN}"))["items"]
        assert shown["state"] == "proposed"
        assert {"note", "accepted_by", "charter", "end_reason"}.isdisjoint(shown)
