"""How profile says no. Each class states the broken rule; codes are stable."""

from shared.kernel.errors import Refusal


class MemberHasLeft(Refusal):
    """Someone who left or was erased takes part in nothing."""

    code = "member-has-left"
    title = "This member has left the company."


class NotEnrolled(Refusal):
    """Who does not take part cannot withdraw."""

    code = "not-enrolled"
    title = "The member does not take part in this programme."


class PauseInThePast(Refusal):
    """A pause ends in the future."""

    code = "pause-in-the-past"
    status = 422
    title = "A pause must end in the future."


class PauseTooLong(Refusal):
    """A pause has an end that one can plan with."""

    code = "pause-too-long"
    status = 422
    title = "A pause lasts two years at most."


class NotPaused(Refusal):
    """Only a paused member resumes."""

    code = "not-paused"
    title = "The member is not paused."


class UnknownEncoding(Refusal):
    """The named text encoding is none that people files have."""

    code = "unknown-encoding"
    status = 422
    title = "This text encoding is not known; use utf-8, cp1252, iso-8859-1, iso-8859-15, cp1250 or utf-16."


class UnknownSkill(Refusal):
    """A skill is merged into, or is part of, something that is on the list."""

    code = "unknown-skill"
    status = 422
    title = "The list of skills has no such code; add it first, or take one of the nearest."


class SkillIsListed(Refusal):
    """A code belongs to one skill; what came from the company's file is changed there."""

    code = "skill-is-listed"
    title = "This code is on the list already; change the company's file, or merge."


class SpellingTaken(Refusal):
    """One spelling means one skill."""

    code = "spelling-taken"
    title = "This spelling belongs to another skill of the list; merge the two, or leave it out."


class SkillIsPartOfItself(Refusal):
    """The hierarchy has no circles."""

    code = "skill-part-of-itself"
    status = 422
    title = "A skill cannot be part of itself."


class SkillMergedAlready(Refusal):
    """What was merged means one other skill; a second wish is a decision for a person."""

    code = "skill-merged-already"
    title = "This skill was merged into another one before."


class PieceGone(LookupError):
    """A piece of an uploaded file is not there: they go when the import ends, or by their date."""


class ImportTakenOver(Exception):
    """Another process has gone on with this import meanwhile; this one lets go."""
