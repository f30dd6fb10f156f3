"""The life of a pairing: every transition and every refusal (architecture section 6)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.matching.domain import refusals
from services.matching.domain.life import CloseReason, Origin, Phase, State
from services.matching.domain.pairing import Pairing
from shared.kernel.errors import Refusal
from tests.unit.matching.builders import ADA, BEN, CAT, LIFETIME, NOW, active, charter, formed, names, proposed


class TestPropose:
    """R10: how a pairing begins."""

    def test_members_are_kept_in_one_order(self) -> None:
        """R1: nobody comes first."""
        assert proposed(BEN, ADA).members == (ADA, BEN)

    def test_a_round_begins_without_a_yes(self) -> None:
        """R10: assigned pairings are answered by everybody."""
        pairing = proposed()
        assert (pairing.unanswered, pairing.state, pairing.phase) == ((ADA, BEN), State.PROPOSED, Phase.FIND)

    @pytest.mark.parametrize("origin", [Origin.NATURAL, Origin.ASKED, Origin.APPROACHED])
    def test_who_begins_has_said_yes(self, origin: Origin) -> None:
        """R10: natural pairings included, the others still confirm."""
        pairing = proposed(origin=origin, initiator_id=BEN)
        assert (pairing.unanswered, names(pairing)) == ((ADA,), ["PairingProposed", "PairingAccepted"])

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"members": (ADA,)}, refusals.TooFewMembers),
            ({"members": (ADA, ADA)}, refusals.SameMemberTwice),
            ({"origin": Origin.ASKED}, refusals.InitiatorNotAMember),
            ({"origin": Origin.ASKED, "initiator_id": CAT}, refusals.InitiatorNotAMember),
            ({"initiator_id": ADA}, refusals.InitiatorNotAMember),
        ],
    )
    def test_what_is_no_pairing_is_refused(self, changes: dict[str, Any], refusal: type[Refusal]) -> None:
        """R10: two or more different members, begun by one of them or by a round."""
        with pytest.raises(refusal):
            proposed(**changes)


class TestAnswer:
    """Yes, no, silence."""

    @pytest.mark.parametrize("members", [(ADA, BEN), (ADA, BEN, CAT)])
    def test_the_last_yes_forms_it(self, members: tuple[str, ...]) -> None:
        """R10: all members confirm, two or three."""
        pairing = proposed(*members)
        for member in members[:-1]:
            pairing.accept(member, NOW)
            assert pairing.state is State.PROPOSED
        pairing.accept(members[-1], NOW)
        assert (pairing.state, pairing.phase, names(pairing)[-1]) == (State.FORMED, Phase.BALANCE, "PairingFormed")

    def test_one_no_ends_it(self) -> None:
        """R7: nobody is talked into a pairing."""
        pairing = proposed(ADA, BEN, CAT)
        pairing.accept(ADA, NOW)
        pairing.decline(CAT, NOW, "no-time")
        assert (pairing.state, pairing.is_live, names(pairing)[-1]) == (State.DECLINED, False, "PairingDeclined")

    def test_silence_ends_it_at_its_hour(self) -> None:
        """The timer may come late or twice, never early."""
        pairing = proposed()
        pairing.accept(ADA, NOW)
        assert not pairing.expire(NOW + LIFETIME - timedelta(milliseconds=1))
        assert pairing.expire(NOW + LIFETIME)
        assert not pairing.expire(NOW + LIFETIME)
        ((_, event),) = pairing.take_recorded()[-1:]
        assert getattr(event, "unanswered", None) == (BEN,)

    @pytest.mark.parametrize(
        ("member", "late", "refusal"),
        [
            (CAT, timedelta(0), refusals.NotAMember),
            (ADA, timedelta(0), refusals.PairingAlreadyAnswered),
            (BEN, LIFETIME, refusals.ProposalExpired),
        ],
    )
    @pytest.mark.parametrize("answer", [lambda p, m, at: p.accept(m, at), lambda p, m, at: p.decline(m, at, None)])
    def test_answers_that_do_not_count_are_refused(
        self, answer: Callable[..., None], member: str, late: timedelta, refusal: type[Refusal]
    ) -> None:
        """Each refusal names the broken rule; a yes is not taken back by a no but by a close."""
        pairing = proposed()
        pairing.accept(ADA, NOW)
        with pytest.raises(refusal):
            answer(pairing, member, NOW + late)

    @pytest.mark.parametrize(
        ("end", "refusal"),
        [
            (lambda p: p.decline(ADA, NOW, None), refusals.ProposalOver),
            (lambda p: p.expire(NOW + LIFETIME), refusals.ProposalExpired),
            (lambda p: p.close_for(CloseReason.MEMBER_LEFT, NOW), refusals.ProposalOver),
        ],
    )
    def test_an_answer_after_the_end_is_refused_with_its_reason(self, end: Callable[[Pairing], Any], refusal: type[Refusal]) -> None:
        """Architecture 6: an answer after that is refused with its reason."""
        pairing = proposed()
        end(pairing)
        with pytest.raises(refusal):
            pairing.accept(BEN, NOW)


class TestActivate:
    """N8: the charter is the gate."""

    def test_the_last_signature_activates(self) -> None:
        """R2: all members, in any order."""
        pairing = formed(ADA, BEN, CAT)
        pairing.write_charter(BEN, charter(ADA, BEN, CAT))
        for member in (CAT, ADA):
            pairing.sign_charter(member, pairing.chartering.digest, NOW)
            assert pairing.state is State.FORMED
        pairing.sign_charter(BEN, pairing.chartering.digest, NOW)
        assert (pairing.state, pairing.phase, names(pairing)[-1]) == (State.ACTIVE, Phase.SUPPORT, "PairingActivated")

    def test_there_is_no_charter_before_everybody_said_yes(self) -> None:
        """R14: find comes before balance."""
        with pytest.raises(refusals.PairingNotFormed):
            proposed().write_charter(ADA, charter())
        with pytest.raises(refusals.PairingNotFormed):
            proposed().sign_charter(ADA, "x", NOW)

    def test_a_closed_pairing_keeps_its_charter(self) -> None:
        """Closed stays closed."""
        pairing = active()
        pairing.close(ADA, "other", NOW)
        with pytest.raises(refusals.PairingIsClosed):
            pairing.write_charter(ADA, charter())

    def test_versions_have_no_gap(self) -> None:
        """N1: the n-th fact has version n."""
        versions = [version for version, _ in active().take_recorded()]
        assert versions == list(range(1, len(versions) + 1))


class TestRest:
    """Pauses have a date at which something happens."""

    def test_it_rests_and_resumes(self) -> None:
        """R7: any member may end it early."""
        pairing = active()
        pairing.pause(ADA, NOW + timedelta(days=1), NOW)
        pairing.resume(BEN)
        assert (pairing.paused_until, names(pairing)[-2:]) == (None, ["PairingPaused", "PairingResumed"])

    def test_it_ends_by_itself(self) -> None:
        """Not before its date; late or twice is harmless."""
        pairing = active()
        pairing.pause(ADA, NOW + timedelta(days=1), NOW)
        assert not pairing.end_pause(NOW)
        assert pairing.end_pause(NOW + timedelta(days=2))
        assert not pairing.end_pause(NOW + timedelta(days=2))

    @pytest.mark.parametrize(
        ("act", "refusal"),
        [
            (lambda p: p.pause(ADA, NOW, NOW), refusals.PauseNotInFuture),
            (lambda p: p.pause(ADA, NOW + timedelta(days=400), NOW), refusals.PauseTooLong),
            (lambda p: p.resume(ADA), refusals.PairingNotPaused),
            (lambda p: p.keep(ADA), refusals.NoReviewRunning),
            (lambda p: p.pause(CAT, NOW + timedelta(days=1), NOW), refusals.NotAMember),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, act: Callable[[Pairing], None], refusal: type[Refusal]) -> None:
        """Each refusal names the broken rule."""
        with pytest.raises(refusal):
            act(active())

    def test_a_pause_is_not_stacked(self) -> None:
        """One date at a time."""
        pairing = active()
        pairing.pause(ADA, NOW + timedelta(days=1), NOW)
        with pytest.raises(refusals.PairingAlreadyPaused):
            pairing.pause(BEN, NOW + timedelta(days=2), NOW)

    def test_only_active_pairings_rest(self) -> None:
        """Before the charter there is nothing to rest from."""
        with pytest.raises(refusals.PairingNotActive):
            formed().pause(ADA, NOW + timedelta(days=1), NOW)


class TestReview:
    """N3: both are asked whether to go on."""

    def test_silence_keeps(self) -> None:
        """Architecture 6."""
        pairing = active()
        assert pairing.start_review("member-moved", NOW + timedelta(days=14))
        assert not pairing.end_review(NOW)
        assert pairing.end_review(NOW + timedelta(days=14))
        assert names(pairing)[-2:] == ["ReviewStarted", "PairingKept"]

    def test_all_keeping_ends_it_at_once(self) -> None:
        """R49."""
        pairing = active()
        pairing.start_review("member-moved", NOW + timedelta(days=14))
        pairing.keep(ADA)
        with pytest.raises(refusals.ReviewAlreadyAnswered):
            pairing.keep(ADA)
        pairing.keep(BEN)
        assert pairing.review is None

    def test_a_second_move_does_not_ask_again(self) -> None:
        """One question at a time; and none before the pairing is active."""
        pairing = active()
        assert pairing.start_review("member-moved", NOW + timedelta(days=14))
        assert not pairing.start_review("new-manager", NOW + timedelta(days=20))
        assert not formed().start_review("member-moved", NOW + timedelta(days=14))


class TestClose:
    """C: a polite way to leave."""

    @pytest.mark.parametrize("make", [formed, active])
    def test_any_member_closes(self, make: Callable[[], Pairing]) -> None:
        """R7: equal rights."""
        pairing = make()
        pairing.close(BEN, "no-time", NOW)
        assert (pairing.state, pairing.end_reason) == (State.CLOSED, "no-time")

    def test_who_began_takes_a_proposal_back(self) -> None:
        """The others answer; only the initiator withdraws."""
        pairing = proposed(origin=Origin.ASKED, initiator_id=ADA)
        with pytest.raises(refusals.OnlyInitiatorWithdraws):
            pairing.close(BEN, "other", NOW)
        pairing.close(ADA, "other", NOW)
        assert pairing.end_reason == "withdrawn"

    @pytest.mark.parametrize("reason", ["member-left", "reporting-line", "because of her"])
    def test_members_give_their_own_reasons_only(self, reason: str) -> None:
        """N9: a code out of the list, and none that only the system may give."""
        with pytest.raises(refusals.UnknownReason):
            active().close(ADA, reason, NOW)

    def test_an_end_is_an_end(self) -> None:
        """Closing twice is refused to members and ignored from outside."""
        pairing = active()
        pairing.pause(ADA, NOW + timedelta(days=1), NOW)
        assert pairing.close_for(CloseReason.MEMBER_LEFT, NOW)
        assert (pairing.paused_until, pairing.phase) == (None, None)
        assert not pairing.close_for(CloseReason.REPORTING_LINE, NOW)
        with pytest.raises(refusals.PairingIsClosed):
            pairing.close(ADA, "other", NOW)
