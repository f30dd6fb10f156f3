"""Every "no" of matching, named after the broken rule. Codes are public and stable."""

from shared.kernel.errors import Invalid, NotAllowed, Refusal


class NotAMember(NotAllowed):
    """R7: only the members of a pairing shape it."""

    code = "not-a-member"
    title = "Only members of this pairing may do this."


class TooFewMembers(Invalid):
    """A pairing has at least two members."""

    code = "too-few-members"
    title = "A pairing needs at least two members."


class TooManyMembers(Invalid):
    """R44: the kind of the programme bounds the number of members."""

    code = "too-many-members"
    title = "This kind of programme does not allow so many members."


class SameMemberTwice(Invalid):
    """Nobody is their own partner."""

    code = "same-member-twice"
    title = "A pairing cannot name a member twice."


class InitiatorNotAMember(Invalid):
    """R10: whoever asks, approaches or registers takes part themselves."""

    code = "initiator-not-a-member"
    title = "The one who begins must be a member of the pairing."


class PairingAlreadyAnswered(Refusal):
    """A member answers once."""

    code = "pairing-already-answered"
    title = "You have answered this proposal already."


class ProposalExpired(Refusal):
    """An answer after the proposal's lifetime comes too late."""

    code = "proposal-expired"
    title = "This proposal has expired."


class ProposalOver(Refusal):
    """Somebody declined, or the proposal was withdrawn or closed."""

    code = "proposal-over"
    title = "This proposal is over."


class OnlyInitiatorWithdraws(Refusal):
    """A proposal is answered with accept or decline; only who began may take it back."""

    code = "only-initiator-withdraws"
    title = "Answer this proposal with accept or decline."


class PairingNotFormed(Refusal):
    """N8: the charter comes after everybody said yes."""

    code = "pairing-not-formed"
    title = "Not everybody has accepted yet."


class PairingNotActive(Refusal):
    """Only an active pairing can rest, be reviewed or be kept."""

    code = "pairing-not-active"
    title = "This pairing is not active."


class PairingIsClosed(Refusal):
    """A closed pairing stays closed."""

    code = "pairing-closed"
    title = "This pairing is closed."


class PairingAlreadyPaused(Refusal):
    """A pause is not stacked on a pause."""

    code = "pairing-already-paused"
    title = "This pairing rests already."


class PairingNotPaused(Refusal):
    """Only what rests can be resumed."""

    code = "pairing-not-paused"
    title = "This pairing does not rest."


class PauseNotInFuture(Invalid):
    """A pause ends at an instant to come."""

    code = "pause-not-in-future"
    title = "The pause must end in the future."


class PauseTooLong(Invalid):
    """A pause has an end that one can still see; longer than that is a close."""

    code = "pause-too-long"
    title = "A pause may last at most a year."


class NoReviewRunning(Refusal):
    """`keep` answers a review."""

    code = "no-review-running"
    title = "There is no review to answer."


class ReviewAlreadyAnswered(Refusal):
    """A member answers a review once."""

    code = "review-already-answered"
    title = "You have answered this review already."


class UnknownReason(Invalid):
    """Reasons are codes, so that no private word reaches a fact (N9)."""

    code = "unknown-reason"
    title = "Choose one of the listed reason codes."


class CharterIncomplete(Refusal):
    """R2, R30: signed is only what has a purpose, a goal of each member and a cadence; `missing` lists the gaps in order."""

    code = "charter-incomplete"
    title = "The charter is not complete yet."


class CharterChanged(Refusal):
    """A signature covers the content that the signer read; it was edited since."""

    code = "charter-changed"
    title = "The charter was edited meanwhile; read it again before you sign."


class CharterAlreadySigned(Refusal):
    """A member signs one content once."""

    code = "charter-already-signed"
    title = "You have signed this charter already."


class CharterInvalid(Invalid):
    """A field of the charter is outside its range; `field` and `rule` say which."""

    code = "charter-invalid"
    title = "A field of the charter is not valid."


class GoalOfStranger(Invalid):
    """R2: goals belong to members of the pairing."""

    code = "goal-of-stranger"
    title = "A goal must belong to a member of this pairing."


class CadenceInvalid(Invalid):
    """R31: a cadence is a recurrence rule that a calendar can keep; `field` and `rule` say what is wrong."""

    code = "cadence-invalid"
    title = "The cadence is not valid."


class NoFreeSeat(Refusal):
    """C: capacity is never overrun, also when accepts race; the last free seat goes to one."""

    code = "no-free-seat"
    title = "There is no free seat left in this programme."


class NotEnrolled(Refusal):
    """Only who takes part in a programme can be paired in it."""

    code = "not-enrolled"
    title = "You do not take part in this programme."


class MemberPaused(Refusal):
    """C: nobody who has paused or is away is paired."""

    code = "member-paused"
    title = "You have paused; resume before you begin a pairing."


class PartnerNotAvailable(Refusal):
    """One answer for full, absent, not enrolled and do-not-pair, so that none of them is revealed."""

    code = "partner-not-available"
    title = "This person is not available for a pairing."


class InReportingLine(Refusal):
    """R5: never somebody of one's own reporting line."""

    code = "reporting-line"
    title = "Members of one reporting line are not paired."


class AlreadyPaired(Refusal):
    """The same people have a live pairing or proposal already."""

    code = "already-paired"
    title = "There is a pairing or proposal with this person already."


class ProgrammeIsRetired(Refusal):
    """A retired programme takes no new pairings and rounds."""

    code = "programme-retired"
    title = "This programme is retired."


class ProgrammeInvalid(Invalid):
    """A value of a programme is outside its range; `field` and `rule` say which."""

    code = "programme-invalid"
    title = "The programme is not valid."


class TooFewToPreview(Refusal):
    """R13: aggregates of a handful of people would point at them."""

    code = "too-few-to-preview"
    title = "Too few people are enrolled for a preview; enrol more first."


class PreviewFailed(Refusal):
    """The optimiser's process gave no answer; asking again may help."""

    code = "preview-failed"
    status = 503
    title = "The preview could not be computed; try again."


class SuggestionsNotReady(Refusal):
    """R3: nobody is told that there is nobody while the index of a programme is being made."""

    code = "suggestions-not-ready"
    status = 503
    title = "The suggestions of this programme are being made; ask again in a moment."
