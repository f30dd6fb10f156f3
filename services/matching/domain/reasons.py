"""Why somebody was left over in a round, and why two people may not be paired. Stable codes, never prose (N4, N6)."""

from enum import StrEnum


class UnmatchedReason(StrEnum):
    """N4: everybody left over has exactly one of these reasons, and it is true of the snapshot."""

    NO_FREE_SEAT = "no-free-seat"
    """They have no seat free in this round (capacity used up, paused, or away)."""
    EMPTY_PROFILE = "nothing-offered-or-wanted"
    """They neither offer nor want anything yet."""
    WANTS_NOT_OFFERED = "wants-only-what-nobody-offers"
    """What they want is offered by nobody else, and nobody wants what they offer."""
    OFFERS_NOT_WANTED = "offers-only-what-nobody-wants"
    """They want nothing, and nobody else wants what they offer."""
    NO_ELIGIBLE_PARTNER = "no-eligible-partner"
    """Everybody with whom somebody would gain is barred by a rule."""
    NO_TIME_OVERLAP = "no-overlap-in-time"
    """Nobody allowed by the other rules shares enough weekly time with them."""
    MET_EVERYBODY = "met-everybody-eligible"
    """Everybody allowed by the other rules is or recently was their partner."""
    ONE_WAY_ONLY = "only-one-way-gain"
    """With everybody allowed only one side would gain, and the programme wants both to."""
    ALL_FULL = "all-eligible-partners-full"
    """Everybody allowed has all seats taken in this round."""
    NO_SHARED_CHALLENGE = "no-shared-challenge"
    """Kind circle: they state no challenge, or too few others state one of theirs for a circle."""
    TOO_FEW_FOR_A_CIRCLE = "too-few-for-a-circle"
    """Kind circle: those who share a challenge with them sit in circles that have no place for them, and too few are left for another."""
    PAUSED = "paused"
    """Found outside the engine: they have paused and were not in the pool."""
    AWAY = "away"
    """Found outside the engine: they are away and were not in the pool."""
    MEMBER_LEFT = "member-left"
    """Found at publication: they left the company after the freeze."""
    MEMBER_WITHDREW = "member-withdrew"
    """Found at publication: they no longer take part in the programme."""
    PARTNER_LEFT = "partner-left"
    """Found at publication: their partner left the company after the freeze."""
    PARTNER_WITHDREW = "partner-withdrew"
    """Found at publication: their partner no longer takes part."""
    PARTNER_PAUSED = "partner-paused"
    """Found at publication: their partner has paused or is away by now."""
    PARTNER_NOT_FREE = "partner-not-free"
    """Found at publication: their partner's seats went elsewhere meanwhile."""
    ROUND_OVERTAKEN = "round-overtaken"
    """Found at publication: something between the two changed after the freeze (a pairing, a line, a wish); never said which."""


class Gate(StrEnum):
    """R5, R8, C: rules that bar a pair whatever its score. Ordered: the first that is closed is the one named."""

    SELF = "self"
    DO_NOT_PAIR = "do-not-pair"
    LIVE_PARTNER = "live-partner"
    PAST_PARTNER = "past-partner"
    REPORTING_LINE = "reporting-line"
    RECRUITER = "recruiter-and-candidate"
    NO_COMMON_LANGUAGE = "no-common-language"
    LEVEL_GAP = "level-gap"
    NO_TIME_OVERLAP = "no-overlap-in-time"


PRIVATE_GATES = (Gate.DO_NOT_PAIR,)
"""Gates that are never revealed: who asks gets the same answer as for a full partner (`FULL_PARTNER`)."""

FULL_PARTNER = "partner-has-no-free-seat"
NO_GAIN = "nobody-gains"
"""Answers to "why not X?" that are not gates."""
