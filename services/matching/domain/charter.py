"""The charter (R2, R22, R26-R32, N8): what members agree before session one, and its signatures.

Its words are private to the pairing (N9): they are in no event, log line or error.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.matching.domain.cadence import Cadence
from services.matching.domain.refusals import (
    CharterAlreadySigned,
    CharterChanged,
    CharterIncomplete,
    CharterInvalid,
    GoalOfStranger,
)

TEXT_CHARACTERS_MAX = 2_000
ITEMS_MAX = 30
DEFAULT_GROUND_RULES = ("confidential",)
_SKILL = re.compile(r"[^\s\x00-\x1f]{1,100}")
_WORD = re.compile(r"\w+")


class Stance(StrEnum):
    """R28: how a topic is treated between the members."""

    OPEN = "open"
    ASK_FIRST = "ask_first"
    OFF_LIMITS = "off_limits"


class AgendaTemplate(StrEnum):
    """R31: the sheet that a session's agenda starts from."""

    STANDARD = "standard"
    OPEN = "open"
    PROBLEM_SOLVING = "problem_solving"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a member wants to reach; `skill` is the code it builds on, if it names one."""

    member_id: str
    text: str
    skill: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """R28, R29: a topic and whether it is open. Private to the pairing."""

    topic: str
    stance: Stance


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """Content in the order in which it is filled in (R30, R31)."""

    purpose: str = ""
    goals: tuple[Goal, ...] = ()
    ground_rules: tuple[str, ...] = DEFAULT_GROUND_RULES
    boundaries: tuple[Boundary, ...] = ()
    cadence: Cadence | None = None
    agenda_template: AgendaTemplate = AgendaTemplate.STANDARD

    def missing(self, members: Sequence[str]) -> list[str]:
        """R2, R30: return what is still to be filled in, in the charter's order."""
        gaps = [] if self.purpose.strip() else ["purpose"]
        owners = {goal.member_id for goal in self.goals}
        gaps += [f"goal-of:{member}" for member in members if member not in owners]
        gaps += [] if self.ground_rules else ["ground_rules"]
        return gaps + ([] if self.cadence else ["cadence"])

    def digest(self, salt: str) -> str:
        """Return what a signature covers. Salted, so that nobody outside can guess the words from the published digest (N9)."""
        content = json.dumps([salt, asdict(self)], sort_keys=True, default=_plain, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    def without_words_of(self, member_id: str) -> "Charter":
        """N18: return the charter without what an erased member wrote as theirs."""
        return replace(self, goals=tuple(goal for goal in self.goals if goal.member_id != member_id))


def _plain(value: Any) -> str:
    if isinstance(value, timedelta):
        return f"{value // timedelta(seconds=1)}s"
    raise TypeError(type(value).__name__)


def check_charter(charter: Charter, members: Sequence[str]) -> None:
    """Check sizes and owners; an unfinished charter is fine, an unreadable one is not.

    Raises:
        CharterInvalid: a text or list is too long or empty.
        GoalOfStranger: a goal belongs to nobody of this pairing.

    """
    _demand(len(charter.purpose) <= TEXT_CHARACTERS_MAX, "purpose")
    for field, texts in (
        ("goals", [goal.text for goal in charter.goals]),
        ("ground_rules", list(charter.ground_rules)),
        ("boundaries", [boundary.topic for boundary in charter.boundaries]),
    ):
        _demand(len(texts) <= ITEMS_MAX, field)
        _demand(all(0 < len(text.strip()) <= TEXT_CHARACTERS_MAX for text in texts), field)
    for goal in charter.goals:
        _demand(goal.skill is None or _SKILL.fullmatch(goal.skill) is not None, "goals.skill")
        if goal.member_id not in members:
            raise GoalOfStranger(member_id=goal.member_id)


def _demand(holds: bool, field: str) -> None:
    if not holds:
        rule = f"1 to {TEXT_CHARACTERS_MAX} characters each, at most {ITEMS_MAX} items"
        raise CharterInvalid(field=field, rule=rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalWarning:
    """R27: no partner offers what this goal needs; a referral to somebody else is suggested (R33)."""

    member_id: str
    goal: int
    code: str = "goal-without-offer"
    suggestion: str = "referral"


def warnings_of(charter: Charter, offers: Mapping[str, Sequence[str]]) -> list[GoalWarning]:
    """R26, R27: return a warning for each goal that no partner's offers can serve. `offers` maps member to skill codes."""
    return [
        GoalWarning(member_id=goal.member_id, goal=place)
        for place, goal in enumerate(charter.goals)
        if not any(_serves(offer, goal) for member, codes in offers.items() if member != goal.member_id for offer in codes)
    ]


def _serves(offer: str, goal: Goal) -> bool:
    """Compare codes, else whole words: "ai" is never found in "retail"."""
    if goal.skill is not None:
        return offer == goal.skill
    needed = _WORD.findall(offer.replace("_", " ").casefold())
    return bool(needed) and set(needed) <= set(_WORD.findall(goal.text.replace("_", " ").casefold()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A member's yes to one content."""

    member_id: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chartering:
    """The charter in force, the draft beside it, and who has signed the draft's present content."""

    salt: str
    in_force: Charter | None = None
    draft: Charter | None = None
    signatures: tuple[Signature, ...] = ()
    edition: int = 0
    """Counts edits; readers send it back as If-Match."""

    @property
    def current(self) -> Charter:
        """Return what a member edits or reads next: the draft, else the charter in force, else an empty one."""
        return self.draft or self.in_force or Charter()

    @property
    def digest(self) -> str:
        """Return the digest of the current content."""
        return self.current.digest(self.salt)

    def edited(self, charter: Charter) -> "Chartering":
        """N8: put a new content beside the charter in force; any edit voids earlier signatures."""
        if charter == self.current and self.edition:
            return self
        return replace(self, draft=charter, signatures=(), edition=self.edition + 1)

    def signed(self, member_id: str, digest: str, at: datetime, members: Sequence[str]) -> "Chartering":
        """Return the chartering with one more signature; the last one puts the draft in force.

        Raises:
            CharterAlreadySigned: this member signed this content.
            CharterChanged: `digest` is not that of the present content.
            CharterIncomplete: something is missing.

        """
        missing = self.current.missing(members)
        if missing:
            raise CharterIncomplete(missing=missing)
        if digest != self.digest:
            raise CharterChanged(edition=self.edition)
        if self.draft is None or any(signature.member_id == member_id for signature in self.signatures):
            raise CharterAlreadySigned
        signatures = (*self.signatures, Signature(member_id=member_id, digest=digest, at=at))
        if {signature.member_id for signature in signatures} == set(members):
            return replace(self, in_force=self.draft, draft=None, signatures=signatures)
        return replace(self, signatures=signatures)
