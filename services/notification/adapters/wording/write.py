"""From a scene to a letter: one entry a kind."""

from collections.abc import Callable, Mapping

from services.notification.adapters.wording.letter import Letter, Scene
from services.notification.adapters.wording.letters import pairings, proposals, sessions
from services.notification.domain.kinds import Kind

LETTERS: Mapping[Kind, Callable[[Scene], Letter]] = {
    Kind.PROPOSAL: proposals.proposal,
    Kind.PROPOSAL_DECLINED: proposals.declined,
    Kind.PROPOSAL_EXPIRED: proposals.expired,
    Kind.UNMATCHED: proposals.unmatched,
    Kind.FORMED: pairings.formed,
    Kind.CHARTER_TO_SIGN: pairings.charter_to_sign,
    Kind.ACTIVATED: pairings.activated,
    Kind.REVIEW: pairings.review,
    Kind.CLOSED: pairings.closed,
    Kind.SESSION_BOOKED: sessions.booked,
    Kind.SESSION_MOVED: sessions.moved,
    Kind.SESSION_CANCELLED: sessions.cancelled,
    Kind.SESSION_TIME_PROPOSED: sessions.time_proposed,
    Kind.SESSION_NOT_BOOKED: sessions.not_booked,
    Kind.SESSION_REMINDER: sessions.reminder,
}


def write(scene: Scene) -> Letter:
    """Return the letter of a scene (every kind has one; a test holds it)."""
    return LETTERS[scene.kind](scene)
