"""Errors that every layer understands. A refusal states the broken rule and has a stable code."""

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """The domain says no. `code` is stable and public; `facts` holds ids, codes and numbers only, never words.

    `status` is the HTTP status an entrypoint answers with. Subclasses are named after the broken rule.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The request breaks a rule."

    def __init__(self, **facts: str | int | float | bool | list[str] | None) -> None:
        """Keep the facts that explain the refusal."""
        super().__init__(self.code)
        self.facts: Mapping[str, str | int | float | bool | list[str] | None] = facts


class NotFound(Refusal):
    """There is no such thing, or the asker may not know of it."""

    code = "not-found"
    status = 404
    title = "There is no such thing here."


class NotAllowed(Refusal):
    """The principal may not do this."""

    code = "not-allowed"
    status = 403
    title = "You may not do this."


class Invalid(Refusal):
    """A value is outside its range; `facts` names the field and the rule."""

    code = "invalid"
    status = 422
    title = "A value is not valid."


class StaleVersion(Exception):
    """The aggregate was changed by somebody else since it was loaded. The edge reruns the work."""

    def __init__(self, collection: str, aggregate_id: str) -> None:
        """Remember what was stale."""
        super().__init__(f"{collection}/{aggregate_id} was changed meanwhile")


class PreconditionFailed(Refusal):
    """The caller's `If-Match` names another version than the stored one."""

    code = "precondition-failed"
    status = 412
    title = "It was changed meanwhile; read it again."


class NotYet(Exception):
    """A prerequisite of an event has not arrived yet. The message is parked and tried again."""

    def __init__(self, code: str) -> None:
        """Say by a stable code what is awaited."""
        super().__init__(code)
        self.code = code


class OutcomeUnknown(Exception):
    """A commit may or may not have happened. Never treated as "no"; the same command may be sent again."""
