"""What may have changed for a member between the freeze and the publication of a round (C: seats read before a concurrent accept)."""

from collections.abc import Sequence
from datetime import datetime

from services.matching.domain.card import LEFT, Card, in_one_line
from services.matching.domain.place import Place, Tie
from services.matching.domain.reasons import UnmatchedReason


def loss_of(
    card: Card | None, place: Place | None, ties: Sequence[Tie], others: Sequence[Card], *, at: datetime, learn: int | None
) -> str | None:
    """Return why a member can no longer be proposed to these others, None when everything still holds; `learn` as for `Place.free_to`."""
    if card is None or card.status == LEFT or place is None:
        return UnmatchedReason.MEMBER_LEFT.value
    if not place.enrolled:
        return UnmatchedReason.MEMBER_WITHDREW.value
    if card.rests(at):
        return (UnmatchedReason.AWAY if card.paused_reason == "away" else UnmatchedReason.PAUSED).value
    if place.free_to(learn) < 1:
        return UnmatchedReason.NO_FREE_SEAT.value
    if any(tie.is_barred or tie.live for tie in ties) or any(in_one_line(card, other) for other in others):
        return UnmatchedReason.ROUND_OVERTAKEN.value
    return None
