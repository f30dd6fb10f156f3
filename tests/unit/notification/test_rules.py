"""Rules of notification: who is told, what is still true, when to try again, whom not to tell."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain import events
from services.notification.domain.audience import audience
from services.notification.domain.delivery import SENT, Delivery, Outcome, State, deliveries_of, delivery_id
from services.notification.domain.kinds import FAREWELLS, OPTIONAL, Channel, Kind
from services.notification.domain.matter import Matter, Meeting, News
from services.notification.domain.recipient import Contact, MessageNotOptional, Preferences, Recipient
from services.notification.domain.replicas import PairingSeen, SessionSeen, Stage, first_seen
from services.notification.domain.retry import RetryPolicy
from services.notification.domain.truth import Known, untrue
from shared.kernel.errors import Invalid
from shared.kernel.randomness import seeded

NOW = datetime(2027, 1, 11, 9, tzinfo=UTC)
ADA, BEN, CIA = "ada", "ben", "cia"
FRESH, STALE, PATIENCE = timedelta(seconds=1), timedelta(minutes=5), timedelta(minutes=2)


def news(kind: Kind, **matter: object) -> News:
    """Return a piece of news about a trio."""
    given = {"members": (ADA, BEN, CIA), "pairing_id": "p"} | matter
    return News(kind=kind, cause_id="e1", correlation_id="c1", at=NOW, matter=Matter(**given))  # type: ignore[arg-type]


def delivery(kind: Kind, member: str = ADA, **matter: object) -> Delivery:
    """Return a pending delivery."""
    (made,) = deliveries_of(news(kind, **matter), (member,), NOW)
    return made


def meeting(sequence: int = 0, starts_at: datetime | None = NOW + timedelta(days=1)) -> Meeting:
    """Return a session."""
    ends_at = starts_at + timedelta(hours=1) if starts_at else None
    return Meeting(session_id="s", starts_at=starts_at, ends_at=ends_at, calendar_uid="s@tandem", calendar_sequence=sequence)


def contact(email: str = "ada@corp.example") -> Contact:
    """Return a contact."""
    return Contact(display_name="Ada", email=email, locale="de", timezone="UTC")


class TestAudience:
    """N16: one message per event and member."""

    @pytest.mark.parametrize("kind", [Kind.PROPOSAL, Kind.PROPOSAL_DECLINED, Kind.SESSION_TIME_PROPOSED])
    def test_nobody_hears_an_echo(self, kind: Kind) -> None:
        """Whoever asked, declined or proposed a time knows it."""
        assert audience(news(kind, actor_id=BEN), None) == (ADA, CIA)

    def test_a_signature_asks_those_who_have_not_signed(self) -> None:
        """N8: in the order of the event."""
        signed = PairingSeen(id="p", digest="d", signed=(BEN, ADA))
        assert audience(news(Kind.CHARTER_TO_SIGN, actor_id=ADA, digest="d"), signed) == (CIA,)
        assert audience(news(Kind.CHARTER_TO_SIGN, actor_id=ADA, digest="d"), None) == (BEN, CIA)

    @pytest.mark.parametrize("kind", [Kind.FORMED, Kind.ACTIVATED, Kind.CLOSED, Kind.SESSION_BOOKED, Kind.PROPOSAL_EXPIRED])
    def test_else_everybody(self, kind: Kind) -> None:
        """N4: three members are three messages."""
        assert audience(news(kind), None) == (ADA, BEN, CIA)


class TestIdentity:
    """N2: one id for ever."""

    @given(st.text(), st.text(), st.sampled_from(list(Kind)))
    def test_the_same_event_member_and_kind_are_the_same_message(self, cause: str, member: str, kind: Kind) -> None:
        """It is derived, so a repeat finds it."""
        assert delivery_id(cause, member, Channel.MAIL, kind) == delivery_id(cause, member, Channel.MAIL, kind)

    def test_anything_else_is_another_message(self) -> None:
        """Also when texts run together."""
        ids = {delivery_id(*parts, Channel.MAIL, Kind.FORMED) for parts in [("a", "b"), ("ab", ""), ("", "ab"), ("b", "a")]}
        assert len(ids) == 4


class TestRecipient:
    """Whom not to tell, and why."""

    @pytest.mark.parametrize("kind", list(Kind))
    def test_a_leaver_hears_farewells_only(self, kind: Kind) -> None:
        """N3."""
        member = Recipient(id=ADA, contact=contact())
        member.leave()
        assert (member.silence(kind) is None) == (kind in FAREWELLS)

    @pytest.mark.parametrize("kind", list(Kind))
    def test_only_optional_kinds_can_be_muted(self, kind: Kind) -> None:
        """N4, N16."""
        member = Recipient(id=ADA)
        if kind in OPTIONAL:
            member.prefer(Preferences(muted=(kind,)))
            assert member.silence(kind) == "muted"
        else:
            with pytest.raises(MessageNotOptional):
                member.prefer(Preferences(muted=(kind,)))

    def test_a_language_tag_has_a_length(self) -> None:
        """Every text has a limit."""
        with pytest.raises(Invalid):
            Recipient(id=ADA).prefer(Preferences(language="x" * 36))

    def test_a_new_address_ends_a_suspension_and_an_old_one_does_not(self) -> None:
        """HR corrected it."""
        member = Recipient(id=ADA, contact=contact(), contact_sequence=1)
        member.suspend("smtp-550")
        member.learn_contact(contact(), 2)
        assert member.silence(Kind.FORMED) == "address-suspended"
        member.learn_contact(contact("new@corp.example"), 3)
        assert member.silence(Kind.FORMED) is None

    def test_a_suspension_is_told_once(self) -> None:
        """HR needs one hint."""
        member = Recipient(id=ADA)
        member.suspend("smtp-550")
        member.suspend("smtp-553")
        assert member.take_recorded() == [(1, events.AddressSuspended(member_id=ADA, code="smtp-550"))]

    def test_erasure_leaves_the_count_and_nothing_else(self) -> None:
        """N18: an erased member cannot be learnt again by a late record."""
        member = Recipient(id=ADA, version=7, contact=contact(), preferences=Preferences(language="de"))
        member.erase()
        member.learn_contact(contact(), 99)
        assert (member.contact, member.preferences, member.version) == (None, Preferences(), 7)
        assert member.silence(Kind.CLOSED) == "member-erased"


class TestSettling:
    """Every attempt is one fact; a settled delivery stays settled."""

    @pytest.mark.parametrize(
        ("outcome", "fact"),
        [
            (SENT, events.DeliverySent),
            (Outcome(state=State.SUPPRESSED, code="muted"), events.DeliverySuppressed),
            (Outcome(state=State.FAILED, code="smtp-550"), events.DeliveryFailed),
            (Outcome(state=State.PENDING, code="smtp-451", next_at=NOW), events.DeliveryDeferred),
        ],
    )
    def test_one_fact_an_attempt(self, outcome: Outcome, fact: type[events.OfDelivery]) -> None:
        """N17: with the kind and the event that asked for it."""
        made, member = delivery(Kind.FORMED), Recipient(id=ADA)
        made.settle(outcome, member, NOW)
        ((version, told),) = member.take_recorded()
        assert version == 1
        assert isinstance(told, fact)
        assert (told.delivery_id, told.kind, told.cause_id) == (made.id, "formed", "e1")

    def test_settled_is_settled(self) -> None:
        """N2: a second answer changes nothing and tells nothing."""
        made, member = delivery(Kind.FORMED), Recipient(id=ADA)
        made.settle(SENT, member, NOW)
        made.settle(Outcome(state=State.FAILED, code="smtp-550", suspends_address=True), member, NOW)
        assert (made.state, len(member.take_recorded()), member.suspended) == (State.SENT, 1, None)


class TestRetry:
    """Growing, jittered, bounded in age."""

    @given(st.integers(0, 100), st.integers(0, 10**6))
    def test_a_pause_is_between_half_and_all_of_its_step(self, attempts: int, seed: int) -> None:
        """The steps double up to the longest."""
        policy, made = RetryPolicy(), delivery(Kind.FORMED)
        made.attempts = attempts
        outcome = policy.again(made, "smtp-451", NOW, seeded(str(seed)))
        assert outcome.next_at is not None
        step = min(policy.longest, policy.first * 2 ** min(attempts, 20))
        assert step / 2 <= outcome.next_at - NOW <= step

    def test_too_old_is_the_end(self) -> None:
        """It keeps the code of the last fault."""
        outcome = RetryPolicy().again(delivery(Kind.FORMED), "smtp-451", NOW + timedelta(days=3), seeded("x"))
        assert (outcome.state, outcome.code, outcome.next_at) == (State.FAILED, "smtp-451", None)


class TestReplicas:
    """What is remembered of pairings and sessions."""

    def test_stages_follow_the_news(self) -> None:
        """R14: proposed, formed, active, over."""
        seen, stages = PairingSeen(id="p"), []
        for kind in (Kind.PROPOSAL, Kind.FORMED, Kind.CHARTER_TO_SIGN, Kind.ACTIVATED, Kind.REVIEW, Kind.CLOSED):
            seen = seen.after(news(kind))
            stages.append(seen.stage)
        assert stages == [Stage.PROPOSED, Stage.FORMED, Stage.FORMED, Stage.ACTIVE, Stage.ACTIVE, Stage.OVER]

    def test_another_digest_voids_earlier_signatures(self) -> None:
        """R22; signing twice counts once."""
        seen = PairingSeen(id="p")
        for signer, digest in ((ADA, "d1"), (ADA, "d1"), (BEN, "d1"), (CIA, "d2")):
            seen = seen.after(news(Kind.CHARTER_TO_SIGN, actor_id=signer, digest=digest))
        assert (seen.digest, seen.signed) == ("d2", (CIA,))

    def test_a_cancellation_keeps_the_time_it_frees(self) -> None:
        """Its event brings none."""
        seen = SessionSeen(id="s", members=(ADA,), pairing_id="p", meeting=meeting())
        after = seen.after(news(Kind.SESSION_CANCELLED, meeting=meeting(1, None)))
        assert (after.cancelled, after.meeting.starts_at, after.meeting.calendar_sequence) == (True, meeting().starts_at, 1)

    def test_an_older_sequence_changes_nothing(self) -> None:
        """Replayed history never moves a session back."""
        seen = SessionSeen(id="s", members=(ADA,), pairing_id="p", meeting=meeting(3))
        assert seen.after(news(Kind.SESSION_MOVED, meeting=meeting(2))) == seen

    def test_news_without_a_session_begins_no_replica(self) -> None:
        """There is nothing to remember."""
        assert first_seen(news(Kind.FORMED)) is None


class TestTruth:
    """No mail contradicts what is known when it goes out."""

    @pytest.mark.parametrize(("held_up", "verdict"), [(FRESH, None), (STALE, "overtaken")])
    def test_an_overtaken_invitation_is_dropped_when_it_was_held_up(self, held_up: timedelta, verdict: str | None) -> None:
        """N15: fresh ones go out in order, the next message puts it right."""
        known = Known(session=SessionSeen(id="s", members=(ADA,), pairing_id="p", meeting=meeting(1), cancelled=True))
        assert untrue(delivery(Kind.SESSION_BOOKED, meeting=meeting(0)), known, NOW, held_up, PATIENCE) == verdict

    def test_the_newest_invitation_goes_out_however_late(self) -> None:
        """An outage never swallows what is still true."""
        known = Known(session=SessionSeen(id="s", members=(ADA,), pairing_id="p", meeting=meeting(1)))
        assert untrue(delivery(Kind.SESSION_MOVED, meeting=meeting(1)), known, NOW, STALE, PATIENCE) is None

    def test_an_ending_follows_its_announcement(self) -> None:
        """Dropped one, dropped both."""
        ending = delivery(Kind.SESSION_CANCELLED, meeting=meeting(1))
        assert untrue(ending, Known(opening_dropped=True), NOW, FRESH, PATIENCE) == "never-announced"
        assert untrue(ending, Known(), NOW, STALE, PATIENCE) is None

    @pytest.mark.parametrize(("stage", "verdict"), [(Stage.PROPOSED, None), (Stage.FORMED, "overtaken"), (Stage.OVER, "overtaken")])
    def test_a_proposal_that_was_answered(self, stage: Stage, verdict: str | None) -> None:
        """Nobody is asked what is decided."""
        known = Known(pairing=PairingSeen(id="p", stage=stage))
        assert untrue(delivery(Kind.PROPOSAL), known, NOW, STALE, PATIENCE) == verdict

    @pytest.mark.parametrize(
        ("seen", "verdict"),
        [
            (PairingSeen(id="p", digest="d", signed=(BEN,)), None),
            (PairingSeen(id="p", digest="d", signed=(BEN, ADA)), "moot"),
            (PairingSeen(id="p", digest="other", signed=(CIA,)), "moot"),
            (PairingSeen(id="p", digest="d", signed=(BEN,), stage=Stage.OVER), "moot"),
            (None, None),
        ],
    )
    def test_a_request_to_sign_is_dropped_as_soon_as_it_is_moot(self, seen: PairingSeen | None, verdict: str | None) -> None:
        """N8."""
        asked = delivery(Kind.CHARTER_TO_SIGN, actor_id=BEN, digest="d")
        assert untrue(asked, Known(pairing=seen), NOW, FRESH, PATIENCE) == verdict

    @pytest.mark.parametrize(
        ("starts_at", "sequence", "cancelled", "verdict"),
        [
            (NOW + timedelta(minutes=1), 0, False, None),
            (NOW, 0, False, "session-past"),
            (NOW + timedelta(minutes=1), 1, False, "moot"),
            (NOW + timedelta(minutes=1), 0, True, "moot"),
        ],
    )
    def test_a_reminder(self, starts_at: datetime, sequence: int, cancelled: bool, verdict: str | None) -> None:
        """N16: nothing for past, moved or cancelled sessions."""
        known = Known(
            session=SessionSeen(id="s", members=(ADA,), pairing_id="p", meeting=meeting(sequence, starts_at), cancelled=cancelled)
        )
        due = delivery(Kind.SESSION_REMINDER, meeting=meeting(0, starts_at))
        assert untrue(due, known, NOW, FRESH, PATIENCE) == verdict
