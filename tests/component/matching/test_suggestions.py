"""Suggestions and "why not X?" over HTTP (R3, R15-R17, R21): from the index of a round, true to the moment of asking."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.matching.adapters.suggestion_desk import IndexLost, IndexProcess, SuggestionDesk
from services.matching.adapters.suggestion_worker import Answers
from services.matching.adapters.worker_lines import Job
from services.matching.domain.snapshot import FrozenMember
from shared.http.principals import Role
from tests.component.matching.house import ADA, BEN, CAT, DAN, PROGRAMME, House, card, skilled
from tests.support.principals import caller
from tests.support.probing import until

PEOPLE = (
    skilled(ADA, "python", "law"),
    skilled(BEN, "law", "python"),
    skilled(CAT, "law", "design"),
    skilled(DAN, "design", "python", manager_chain=[ADA]),
)
WHY_KEYS = {"code", "score", "you_gain", "they_gain"}


class InProcess:
    """The worker's answers without its process."""

    def __init__(self, answers: Answers) -> None:
        """Hold an index."""
        self._answers = answers
        self.is_lost = False

    @classmethod
    async def start(cls, job: Job, members: AsyncIterator[Sequence[FrozenMember]]) -> "InProcess":
        """Build an index here."""
        return cls(Answers(job, [member async for part in members for member in part]))

    async def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer."""
        if self.is_lost:
            raise IndexLost
        return self._answers.answer(question)

    async def close(self) -> None:
        """Nothing runs."""


def desk(house: House) -> SuggestionDesk:
    """Return the service's desk, with indexes that live in this process."""
    found: SuggestionDesk = house.service.jobs["suggestions"].__self__  # type: ignore[attr-defined]
    found.start = InProcess.start
    return found


async def suggested(house: House, who: str, intent: str = "seek") -> list[str]:
    """Return whom the service suggests, once its index is built."""
    told: list[dict[str, Any]] = []

    async def ready() -> bool:
        answer = await house.calls(who, "GET", f"/programmes/{PROGRAMME}/suggestions?intent={intent}")
        told.append(answer.json())
        return answer.is_success

    await until(ready, within=60, saying="the index is built")
    return [each["member_id"] for each in told[-1]["suggestions"]]


async def why(house: House, who: str, whom: str) -> dict[str, Any]:
    """Return why somebody is not suggested."""
    found: dict[str, Any] = await house.does(who, "GET", f"/programmes/{PROGRAMME}/suggestions/{whom}/why-not")
    return found


class TestList:
    """R3: the best people for one member, nobody who cannot be asked."""

    async def test_the_best_come_first_each_explained(self, house: House) -> None:
        """R17: ben gains as well as ada, cat does not; dan reports to ada."""
        desk(house)
        await house.opens(*PEOPLE)
        assert await suggested(house, ADA) == [BEN, CAT]
        first = (await house.does(ADA, "GET", f"/programmes/{PROGRAMME}/suggestions?count=1"))["suggestions"]
        assert [each["member_id"] for each in first] == [BEN]
        assert first[0]["explanation"]["you_get"] == [{"kind": "skill", "code": "law"}]
        assert 0 < first[0]["score"] <= 1

    async def test_seats_rest_and_wishes_count_at_the_moment_of_asking(self, house: House) -> None:
        """C: full, resting, barred and live partners disappear at once, without a new index."""
        desk(house)
        await house.opens(*PEOPLE)
        assert await suggested(house, ADA) == [BEN, CAT]
        await house.forms(BEN, CAT)
        assert await suggested(house, ADA) == []

    async def test_a_barred_person_is_not_suggested(self, house: House) -> None:
        """R5: neither to the one nor to the other."""
        desk(house)
        await house.opens(*PEOPLE)
        await house.does(BEN, "PUT", f"/do-not-pair/{BEN}/{ADA}")
        assert await suggested(house, ADA) == [CAT]
        assert ADA not in await suggested(house, BEN)

    async def test_a_changed_profile_is_seen_without_a_new_index(self, house: House) -> None:
        """R3: one look at what changed is enough, for a newcomer as for somebody who is known."""
        found = desk(house)
        await house.opens(*PEOPLE, skilled("fay", "welding", "cobol"))
        assert await suggested(house, "fay") == []
        await house.hears(skilled(CAT, "cobol", "welding"), skilled("eve", "cobol", ""))
        await found.follow()
        assert await suggested(house, "fay") == [CAT, "eve"]

    async def test_a_lost_index_is_built_anew(self, house: House) -> None:
        """N2: whoever asks meanwhile is told so."""
        found = desk(house)
        await house.opens(*PEOPLE)
        await suggested(house, ADA)
        running = found._open[PROGRAMME].running
        assert isinstance(running, InProcess)
        running.is_lost = True
        answer = await house.calls(ADA, "GET", f"/programmes/{PROGRAMME}/suggestions")
        assert (answer.status_code, answer.json()["code"], int(answer.headers["Retry-After"])) == (503, "suggestions-not-ready", 2)
        assert await suggested(house, ADA) == [BEN, CAT]

    async def test_only_who_takes_part_is_answered(self, house: House) -> None:
        """C: others hear that they do not take part; admins have no suggestions of members."""
        desk(house)
        await house.opens(*PEOPLE, card("zoe", capacity=None))
        assert (await house.calls("zoe", "GET", f"/programmes/{PROGRAMME}/suggestions")).json()["code"] == "not-enrolled"
        assert (await house.calls(caller(Role.HR_ADMIN), "GET", f"/programmes/{PROGRAMME}/suggestions")).status_code == 403


class TestMentor:
    """R43: one direction, and one person may stand on both sides."""

    async def test_who_asks_seeks_a_mentor_or_offers_to_be_one(self, house: House) -> None:
        """R43, R17: ben is helped by ada and helps cat, each explained in its direction only."""
        desk(house)
        await house.opens(
            skilled(ADA, "strategy", "", level=6, years=20),
            skilled(BEN, "python", "strategy", level=4, years=8),
            skilled(CAT, "strategy", "python", level=2, years=2),
            kind="mentor",
        )
        assert (await suggested(house, BEN))[0] == ADA
        assert await suggested(house, BEN, "offer") == [CAT]
        (told,) = (await house.does(BEN, "GET", f"/programmes/{PROGRAMME}/suggestions?intent=offer"))["suggestions"]
        assert [item["code"] for item in told["explanation"]["you_give"]] == ["python"]
        assert told["explanation"]["you_get"] == []
        offered = await house.does(BEN, "GET", f"/programmes/{PROGRAMME}/suggestions/{CAT}/why-not?intent=offer")
        assert (offered["code"], offered["you_gain"]) == (None, 0)
        assert offered["they_gain"] > 0 == (await why(house, CAT, ADA))["score"]

    async def test_a_mentee_with_a_mentor_is_offered_no_other(self, house: House) -> None:
        """C: a mentee's seats are those of the rules, a mentor's their own."""
        desk(house)
        await house.opens(
            skilled(ADA, "strategy", "", level=6, years=20),
            skilled(BEN, "strategy", "", level=5, years=18),
            skilled(CAT, "", "strategy", level=2, years=2),
            kind="mentor",
        )
        assert await suggested(house, BEN, "offer") == [CAT]
        await house.forms(CAT, ADA)
        assert await suggested(house, BEN, "offer") == []
        told = await house.does(BEN, "GET", f"/programmes/{PROGRAMME}/suggestions/{CAT}/why-not?intent=offer")
        assert told["code"] == "partner-has-no-free-seat"


class TestWhyNot:
    """R17: the gate, or the parts of the score; never a wish of somebody else."""

    async def test_gates_and_score_parts_are_told(self, house: House) -> None:
        """R5: a reporting line is named; a pair that could be has a score."""
        desk(house)
        await house.opens(*PEOPLE)
        await suggested(house, ADA)
        assert (await why(house, ADA, DAN))["code"] == "reporting-line"
        open_ = await why(house, ADA, BEN)
        assert open_["code"] is None
        assert min(open_["score"], open_["you_gain"], open_["they_gain"]) > 0

    async def test_full_resting_barred_and_unknown_answer_alike(self, house: House) -> None:
        """R5, C: the same codes, keys and numbers, so that nothing can be learnt."""
        desk(house)
        away = house.clock.now() + timedelta(days=3)
        away_card = skilled("eve", "law", "python").model_copy(update={"paused_until": away, "paused_reason": "away"})
        await house.opens(*PEOPLE, away_card)
        await suggested(house, ADA)
        for barred in (BEN, DAN):  # dan stands in ada's reporting line as well
            await house.does(barred, "PUT", f"/do-not-pair/{barred}/{ADA}")
        await house.asks(CAT, BEN)
        answers = [await why(house, ADA, whom) for whom in (BEN, CAT, DAN, "eve", "nobody-at-all")]
        assert {*answers[0]} == WHY_KEYS
        assert all(answer == answers[0] for answer in answers)
        assert answers[0]["code"] == "partner-has-no-free-seat"

    async def test_a_partner_of_now_and_of_before_is_named(self, house: House) -> None:
        """C: one's own history is no secret."""
        desk(house)
        await house.opens(*PEOPLE)
        await suggested(house, ADA)
        pairing = await house.forms(ADA, BEN)
        assert (await why(house, ADA, BEN))["code"] == "live-partner"
        await house.does(ADA, "POST", f"/pairings/{pairing}/close", {"reason": "no-fit"})
        assert (await why(house, ADA, BEN))["code"] == "past-partner"


class TestProcess:
    """N4: the real worker."""

    @pytest.mark.slow
    async def test_it_answers_and_its_end_is_noticed(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """N2: questions over pipes; a killed process is a lost index, not a hanging request."""
        monkeypatch.setenv("TANDEM_ENGINE_INTERPRETED", "1")
        found = desk(house)
        found.start = IndexProcess.start
        await house.opens(*PEOPLE)
        assert await suggested(house, ADA) == [BEN, CAT]
        running = found._open[PROGRAMME].running
        assert running is not None
        await running.close()
        with pytest.raises(IndexLost):
            await running.ask({"member": ADA, "count": 1, "without": []})
