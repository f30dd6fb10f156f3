"""Every "no" of a round, named after the broken rule. Codes are public and stable."""

from shared.kernel.errors import Refusal


class RoundAlreadyRunning(Refusal):
    """One round of a programme at a time: nobody is given two partners at once."""

    code = "round-already-running"
    title = "Another round of this programme is running."


class RoundNotSolved(Refusal):
    """Only a solved round can be published."""

    code = "round-not-solved"
    title = "The round is not solved yet."


class RoundIsOver(Refusal):
    """A published or cancelled round stays as it is; a round in publication is finished, never torn."""

    code = "round-over"
    title = "The round is published, being published or cancelled."


class NotInDraft(Refusal):
    """Locked can be what the draft proposes; kept apart who is in the round."""

    code = "not-in-draft"
    title = "The draft of this round does not hold that."


class TooManyDrafts(Refusal):
    """A round that was solved so often is better opened anew."""

    code = "too-many-drafts"
    title = "This round was solved too often; cancel it and open another."


class TooManyWishes(Refusal):
    """Locks and bans are an admin's few corrections, not a second matching."""

    code = "too-many-wishes"
    title = "A round takes no more locked and forbidden groups."


class DraftChanged(Refusal):
    """N7: published is what the admin looked at, not what somebody else had solved meanwhile."""

    code = "draft-changed"
    title = "The round has another draft by now; look at it before you publish."
