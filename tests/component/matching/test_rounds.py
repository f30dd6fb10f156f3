"""A round from opening to the last proposal, with the real optimiser."""

import asyncio
from datetime import timedelta
from typing import Any

from services.matching.application.solver import EngineFailed
from shared.contracts import profile
from shared.http.principals import Role
from tests.component.matching.house import MONDAY, PROGRAMME, HandClock, House, card, skilled
from tests.support.memory.database import memory_database
from tests.support.principals import caller

ADMIN = caller(Role.PROGRAMME_ADMIN, programmes=(PROGRAMME,))
PAIRS = (
    skilled("ada", "python sql", "negotiation"),
    skilled("ben", "negotiation", "python"),
    skilled("cat", "design", "statistics"),
    skilled("dan", "statistics", "design"),
)


async def solved(house: House, seed: int = 7) -> str:
    """Open a round and let the runner solve it."""
    round_id: str = (await house.does(ADMIN, "POST", f"/programmes/{PROGRAMME}/rounds", {"seed": seed}))["round_id"]
    await carried_on(house)
    return round_id


async def carried_on(house: House) -> None:
    """Let the runner do what there is to do."""
    await house.runner.lease.try_take()
    await house.runner.carry_on()


async def published(house: House) -> str:
    """Have a published round."""
    round_id = await solved(house)
    await house.does(ADMIN, "POST", f"/rounds/{round_id}/publish", X_Correlation_ID="c-publish")
    await carried_on(house)
    return round_id


async def proposals(house: House) -> list[list[str]]:
    """Return the members of each proposal, in order."""
    return sorted(fact.data["members"] for fact in await house.told() if fact.name == "pairing.proposed")


async def reasons(house: House) -> dict[str, str]:
    """Return who was told which reason; a second fact of a member fails the test."""
    facts = [fact.data for fact in await house.told() if fact.name == "round.member-unmatched"]
    assert len({fact["member_id"] for fact in facts}) == len(facts)
    return {fact["member_id"]: fact["reason"] for fact in facts}


class TestRound:
    """N4, N7: frozen, solved, published; everybody is proposed or told one reason."""

    async def test_it_pairs_who_gain_from_each_other(self, house: House) -> None:
        """N4: both proposals are out, the round's facts tell its life, admins see counts."""
        await house.opens(*PAIRS)
        round_id = await published(house)
        assert await proposals(house) == [["ada", "ben"], ["cat", "dan"]]
        assert await house.names(round_id) == ["opened", "frozen", "solved", "published"]
        shown = await house.does(ADMIN, "GET", f"/rounds/{round_id}")
        assert (shown["state"], shown["counts"]["members"], shown["counts"]["proposals"], shown["counts"]["unmatched"]) == (
            "published",
            4,
            2,
            0,
        )
        assert shown["bound"] >= shown["weight"] > 0
        assert "ada" not in str(shown)

    async def test_nobody_hears_anything_before_publication(self, house: House) -> None:
        """Issue 5: a solved round is for its admins."""
        await house.opens(*PAIRS)
        round_id = await solved(house)
        assert (await house.does(ADMIN, "GET", f"/rounds/{round_id}"))["state"] == "solved"
        assert await proposals(house) == []

    async def test_each_side_is_explained(self, house: House) -> None:
        """R17, N6: four lists per side, each from its own view; the other side's is not readable."""
        await house.opens(*PAIRS)
        await published(house)
        pairing = (await house.does("ada", "GET", "/pairings"))["items"][0]["pairing_id"]
        mine = await house.does("ada", "GET", f"/pairings/{pairing}/explanation")
        assert {"kind": "skill", "code": "python"} in mine["you_give"]
        assert {"kind": "skill", "code": "negotiation"} in mine["you_get"]
        theirs = await house.does(caller(Role.SERVICE), "GET", f"/pairings/{pairing}/explanation?member_id=ben")
        assert {"kind": "skill", "code": "negotiation"} in theirs["you_give"]
        assert (await house.calls("ada", "GET", f"/pairings/{pairing}/explanation?member_id=ben")).status_code == 403
        assert (await house.calls("cat", "GET", f"/pairings/{pairing}/explanation")).status_code == 404

    async def test_the_correlation_of_the_command_reaches_the_proposals(self, house: House) -> None:
        """N17: from the admin's request to each fact, whoever carries it out."""
        await house.opens(*PAIRS)
        await published(house)
        facts = [fact for fact in await house.told() if fact.name == "pairing.proposed"]
        assert {fact.correlation_id for fact in facts} == {"c-publish"}

    async def test_a_proposal_of_a_round_holds_both_seats(self, house: House) -> None:
        """C: nobody is given two partners at once, not by asking beside the round either."""
        await house.opens(*PAIRS)
        await published(house)
        body = {"programme_id": PROGRAMME, "partner_id": "cat", "origin": "asked"}
        assert (await house.calls("ada", "POST", "/pairings", body)).json()["code"] == "partner-not-available"
        await house.does("ada", "POST", f"/pairings/{(await house.does('ada', 'GET', '/pairings'))['items'][0]['pairing_id']}/accept")

    async def test_everybody_else_gets_exactly_one_reason(self, house: House) -> None:
        """N4: paused, away, full and empty profiles are named, never silent."""
        rest: dict[str, Any] = {"paused_until": MONDAY + timedelta(days=5)}
        await house.opens(
            *PAIRS,
            skilled("eve", "python", "sql", paused_reason="away", **rest),
            skilled("fay", "python", "sql", paused_reason="paused", **rest),
            card("gus"),
            skilled("hal", "sql", "go", capacity=0),
        )
        await published(house)
        told = await reasons(house)
        assert {name: told.get(name) for name in ("eve", "fay", "hal")} == {"eve": "away", "fay": "paused", "hal": "no-free-seat"}
        everybody = {member for pair in await proposals(house) for member in pair} | set(told)
        assert everybody == {"ada", "ben", "cat", "dan", "eve", "fay", "gus", "hal"}

    async def test_an_empty_programme_gives_an_empty_round(self, house: House) -> None:
        """Nobody enrolled is no fault."""
        await house.opens()
        round_id = await published(house)
        shown = await house.does(ADMIN, "GET", f"/rounds/{round_id}")
        assert (shown["state"], shown["counts"]["members"], shown["engine"]) == ("published", 0, "none")

    async def test_the_same_partner_does_not_come_again(self, house: House) -> None:
        """C: whoever was proposed to each other is not proposed again within the window."""
        await house.opens(*PAIRS[:2])
        await published(house)
        first = (await house.does("ada", "GET", "/pairings"))["items"][0]["pairing_id"]
        await house.does("ada", "POST", f"/pairings/{first}/decline")
        await published(house)
        assert await proposals(house) == [["ada", "ben"]]
        assert set(await reasons(house)) == {"ada", "ben"}

    async def test_two_rounds_at_once_are_refused(self, house: House) -> None:
        """C: one running round per programme."""
        await house.opens(*PAIRS)
        await solved(house)
        again = await house.calls(ADMIN, "POST", f"/programmes/{PROGRAMME}/rounds")
        assert (again.status_code, again.json()["code"]) == (409, "round-already-running")


class TestRepeat:
    """N7: the same snapshot and seed give the same result, whatever died before."""

    async def test_a_late_import_does_not_enter_a_running_round(self, house: House) -> None:
        """C: whoever joins after the freeze waits for the next round."""
        await house.opens(*PAIRS)
        round_id = await solved(house)
        await house.hears(skilled("zoe", "python", "negotiation"))
        await house.does(ADMIN, "POST", f"/rounds/{round_id}/publish")
        await carried_on(house)
        assert "zoe" not in str(await proposals(house)) + str(await reasons(house))

    async def test_it_goes_on_where_it_was_killed(self) -> None:
        """N2: dead between any two transactions, another replica finishes: every fact once, the same result."""
        hashes = {await self._killed_after(steps) for steps in range(12)}
        assert len(hashes) == 1

    async def _killed_after(self, steps: int) -> tuple[str, str]:
        clock = HandClock(MONDAY)
        database = memory_database(wall=clock)
        first, second = House(database, clock), House(database, clock, seed="second")
        await first.prepare()
        await first.opens(*PAIRS)
        round_id = (await first.does(ADMIN, "POST", f"/programmes/{PROGRAMME}/rounds", {"seed": 3}))["round_id"]
        left = [steps]
        await self._until_killed(first, left)
        await carried_on(second)
        await second.does(ADMIN, "POST", f"/rounds/{round_id}/publish")
        await self._until_killed(first, left)
        await carried_on(second)
        assert await second.names(round_id) == ["opened", "frozen", "solved", "published"], steps
        assert await proposals(second) == [["ada", "ben"], ["cat", "dan"]], steps
        shown = await second.does(ADMIN, "GET", f"/rounds/{round_id}")
        return shown["snapshot_hash"], shown["result_hash"]

    async def _until_killed(self, house: House, left: list[int]) -> None:
        runner, real = house.runner, house.runner.transact

        async def mortal(label: str, cause: Any, work: Any) -> Any:
            if left[0] <= 0:
                raise asyncio.CancelledError
            left[0] -= 1
            return await real(label, cause, work)

        object.__setattr__(runner, "transact", mortal)
        await runner.lease.try_take()
        try:
            await runner.carry_on()
        except asyncio.CancelledError:
            pass
        finally:
            object.__setattr__(runner, "transact", real)
            await runner.lease.give_up()

    async def test_a_cancelled_round_tells_nobody(self, house: House) -> None:
        """Before publication a round can be given up; the next one may begin."""
        await house.opens(*PAIRS)
        round_id = await solved(house)
        await house.does(ADMIN, "POST", f"/rounds/{round_id}/cancel")
        assert (await house.calls(ADMIN, "POST", f"/rounds/{round_id}/publish")).json()["code"] == "round-over"
        assert await house.names(round_id) == ["opened", "frozen", "solved", "cancelled"]
        assert await house.does(ADMIN, "POST", f"/programmes/{PROGRAMME}/rounds")

    async def test_an_engine_that_never_answers_gives_the_round_up(self, house: House) -> None:
        """Three tries, then cancelled with its reason instead of silence."""
        await house.opens(*PAIRS)

        class Broken:
            async def solve(self, *_: Any, **__: Any) -> Any:
                raise EngineFailed("worker-died")

        house.solves_by(Broken())
        round_id = await solved(house)
        shown = await house.does(ADMIN, "GET", f"/rounds/{round_id}")
        assert (shown["state"], shown["failure"]) == ("cancelled", "engine-failed")


class TestPublication:
    """C: what changed between freeze and publication is looked at again and named."""

    async def _changed(self, house: House, *facts: Any) -> dict[str, str]:
        await house.opens(*PAIRS)
        round_id = await solved(house)
        await house.hears(*facts)
        await house.does(ADMIN, "POST", f"/rounds/{round_id}/publish")
        await carried_on(house)
        return await reasons(house)

    async def test_somebody_left(self, house: House) -> None:
        """N3: the partner is told that, the others are proposed."""
        assert await self._changed(house, profile.MemberLeft(member_id="ada")) == {"ada": "member-left", "ben": "partner-left"}
        assert await proposals(house) == [["cat", "dan"]]

    async def test_somebody_paused(self, house: House) -> None:
        """C: nobody who rests is paired."""
        resting = skilled("ada", "python", "negotiation", paused_until=MONDAY + timedelta(days=3), paused_reason="paused")
        assert await self._changed(house, resting) == {"ada": "paused", "ben": "partner-paused"}

    async def test_somebody_withdrew(self, house: House) -> None:
        """Who no longer takes part is not proposed."""
        assert await self._changed(house, card("ada", capacity=None)) == {"ada": "member-withdrew", "ben": "partner-withdrew"}

    async def test_a_seat_went_elsewhere(self, house: House) -> None:
        """C: seats read before a concurrent accept are read again when committing."""
        await house.opens(*PAIRS, "eve")
        round_id = await solved(house)
        await house.forms("eve", "ada")
        await house.does(ADMIN, "POST", f"/rounds/{round_id}/publish")
        await carried_on(house)
        told = await reasons(house)
        assert (told["ada"], told["ben"]) == ("no-free-seat", "partner-not-free")

    async def test_a_wish_is_not_revealed(self, house: House) -> None:
        """N9: a do-not-pair entry reads like anything else that overtook the round."""
        await house.opens(*PAIRS)
        round_id = await solved(house)
        await house.does("ben", "PUT", "/do-not-pair/ben/ada")
        await house.does(ADMIN, "POST", f"/rounds/{round_id}/publish")
        await carried_on(house)
        assert await reasons(house) == {"ada": "round-overtaken", "ben": "round-overtaken"}

    async def test_who_was_left_out_is_served_first_next_time(self, house: House) -> None:
        """N4: three people who all fit, one seat each: the one left over in the first round is paired in the second."""
        trio = [skilled(name, f"s-{name} python", "python s-x s-y s-z") for name in ("x", "y", "z")]
        await house.opens(*trio, rules={"objective": {"trios": False}}, no_repeat="PT0S")
        await published(house)
        (left_out,) = await reasons(house)
        for pairing in [fact.key for fact in await house.told() if fact.name == "pairing.proposed"]:
            who = (await house.told(pairing))[0].data["members"][0]
            await house.does(who, "POST", f"/pairings/{pairing}/decline")
        house.clock.moment = MONDAY + timedelta(days=1)
        await published(house)
        newest = [fact.data["members"] for fact in await house.told() if fact.name == "pairing.proposed"][-1]
        assert left_out in newest

    async def test_the_odd_one_makes_a_trio(self, house: House) -> None:
        """N4: three people become one pairing of three; all three answer and sign."""
        await house.opens(*[skilled(name, f"s-{name} python", "python s-x s-y s-z") for name in ("x", "y", "z")])
        await published(house)
        assert await proposals(house) == [["x", "y", "z"]]
        pairing = (await house.does("x", "GET", "/pairings"))["items"][0]["pairing_id"]
        states = [(await house.does(name, "POST", f"/pairings/{pairing}/accept"))["state"] for name in ("x", "y", "z")]
        assert states == ["proposed", "proposed", "formed"]

    async def test_a_trio_that_loses_one_is_still_a_pair(self, house: House) -> None:
        """N4: the two who remain are proposed to each other, explained anew."""
        await house.opens(*[skilled(name, f"s-{name} python", "python s-x s-y s-z") for name in ("x", "y", "z")])
        round_id = await solved(house)
        await house.hears(profile.MemberLeft(member_id="y"))
        await house.does(ADMIN, "POST", f"/rounds/{round_id}/publish")
        await carried_on(house)
        assert await proposals(house) == [["x", "z"]]
        assert await reasons(house) == {"y": "member-left"}
        pairing = (await house.does("x", "GET", "/pairings"))["items"][0]["pairing_id"]
        lists = await house.does("x", "GET", f"/pairings/{pairing}/explanation")
        assert "s-y" not in str(lists)
