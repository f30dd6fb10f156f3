"""The four lists for a pairing that members began themselves (R17, R21, N6). Rounds are explained by the engine."""

from services.matching.domain.card import Card
from services.matching.domain.snapshot import Explanation

_PLACES = ("job_family", "department", "site")


def explain(card: Card, partners: list[Card], mentee: str | None = None) -> Explanation:
    """Return what really matches between a member and their partners, code by code; never a challenge (R9).

    R43: where one is the mentee, only they get, and only from their mentor.
    """
    shared: list[tuple[str, str]] = []
    different: list[tuple[str, str]] = []
    give: list[tuple[str, str]] = []
    get: list[tuple[str, str]] = []
    for partner in partners:
        if mentee in {None, partner.member_id}:
            give += [("skill", code) for code in _wanted(partner) if code in _offered(card)]
        if mentee in {None, card.member_id}:
            get += [("skill", code) for code in _wanted(card) if code in _offered(partner)]
        shared += [("goal", code) for code in card.goals if code in partner.goals]
        shared += [("language", code) for code in card.languages if code in partner.languages]
        shared += [("experience", code) for code in card.journey if code in partner.journey]
        for place in _PLACES:
            mine, theirs = getattr(card, place), getattr(partner, place)
            if mine is not None and mine == theirs:
                shared.append((place, mine))
            elif mine is not None and theirs is not None:
                different.append((place, theirs))
    agreed = _once(shared)
    apart = tuple(item for item in _once(different) if item not in agreed)
    return Explanation(shared=agreed, different=apart, you_give=_once(give), you_get=_once(get))


def _offered(card: Card) -> list[str]:
    return [offer.code for offer in card.offers]


def _wanted(card: Card) -> list[str]:
    return [want.code for want in card.wants if want.when == "now"]


def _once(items: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(items))
