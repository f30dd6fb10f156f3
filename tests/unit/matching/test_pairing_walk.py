"""Whatever members do in whatever order: a pairing only ever stands where the rules let it stand."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain import events
from services.matching.domain.life import CloseReason, State
from services.matching.domain.pairing import Pairing
from shared.kernel.aggregate import DomainEvent
from shared.kernel.errors import Refusal
from tests.unit.matching.builders import ADA, BEN, CAT, NOW, active, charter, formed, proposed

Act = Callable[[Pairing, str, int], object]
ACTS: dict[str, Act] = {
    "accept": lambda p, who, hour: p.accept(who, NOW + timedelta(hours=hour)),
    "decline": lambda p, who, hour: p.decline(who, NOW + timedelta(hours=hour), None),
    "expire": lambda p, _, hour: p.expire(NOW + timedelta(hours=hour)),
    "write": lambda p, who, hour: p.write_charter(who, charter(*p.members, purpose=f"in hour {hour % 3}")),
    "write half": lambda p, who, _: p.write_charter(who, charter(who)),
    "sign": lambda p, who, hour: p.sign_charter(who, p.chartering.digest, NOW + timedelta(hours=hour)),
    "sign old": lambda p, who, hour: p.sign_charter(who, "old", NOW + timedelta(hours=hour)),
    "pause": lambda p, who, hour: p.pause(who, NOW + timedelta(hours=hour + 5), NOW + timedelta(hours=hour)),
    "resume": lambda p, who, _: p.resume(who),
    "end pause": lambda p, _, hour: p.end_pause(NOW + timedelta(hours=hour)),
    "review": lambda p, _, hour: p.start_review("member-moved", NOW + timedelta(hours=hour + 9)),
    "keep": lambda p, who, _: p.keep(who),
    "end review": lambda p, _, hour: p.end_review(NOW + timedelta(hours=hour)),
    "close": lambda p, who, hour: p.close(who, "other", NOW + timedelta(hours=hour)),
    "leave": lambda p, _, hour: p.close_for(CloseReason.MEMBER_LEFT, NOW + timedelta(hours=hour)),
}
LIVELY = [*ACTS, *["accept"] * 6, *["write", "sign", "sign"] * 8]
"""Most acts go on with the pairing, some end it."""
ENDS = (events.PairingDeclined, events.PairingExpired, events.PairingClosed)
STEPS = st.lists(st.tuples(st.sampled_from(LIVELY), st.sampled_from((ADA, BEN, CAT, "eve")), st.integers(0, 3)), max_size=60)


class TestWalk:
    """N8, R10: the invariants of architecture section 6."""

    @settings(max_examples=400, deadline=None)
    @given(STEPS, st.booleans(), st.sampled_from([proposed, formed, formed, active]))
    def test_the_rules_hold_after_every_step(self, steps: list[tuple[str, str, int]], trio: bool, begin: Callable[..., Pairing]) -> None:
        """N8: never active without all signatures; ended once and for good; a refusal changes nothing; facts count without a gap."""
        pairing = begin(*((ADA, BEN, CAT) if trio else (ADA, BEN)))
        told = pairing.take_recorded()
        hour = 0
        for act, who, later in steps:
            hour += later
            before = (pairing.state, pairing.version, pairing.chartering)
            try:
                ACTS[act](pairing, who, hour)
            except Refusal:
                assert (pairing.state, pairing.version, pairing.chartering) == before
            told += pairing.take_recorded()
            self._check(pairing, [event for _, event in told])
        assert [version for version, _ in told] == list(range(1, len(told) + 1))

    def _check(self, pairing: Pairing, told: list[DomainEvent]) -> None:
        kinds = [type(event) for event in told]
        in_force = pairing.chartering.in_force
        assert (events.PairingActivated in kinds) == (in_force is not None)
        assert in_force is None or in_force.missing(pairing.members) == []
        signed: dict[str, str] = {}
        for event in told:
            if isinstance(event, events.CharterSigned):
                signed[event.member_id] = event.charter_digest
            elif isinstance(event, events.PairingActivated | events.CharterRevised):
                assert sorted(signed) == list(pairing.members)
                assert len({*signed.values()}) == 1, "all signed the same content"
        if pairing.state is State.ACTIVE:
            assert sorted(pairing.accepted_by) == list(pairing.members)
        else:
            assert (pairing.paused_until, pairing.review) == (None, None)
        ends = [kind for kind in kinds if kind in ENDS]
        assert len(ends) == int(not pairing.is_live)
        assert not ends or kinds[-1] is ends[0]
