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


class ImportTakenOver(Exception):
    """Another process has gone on with this import meanwhile; this one lets go."""
