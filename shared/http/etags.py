"""Nobody overwrites what they have not seen: the ETag is the document's revision (ecosystem: by hand, fifteen lines)."""

from fastapi import Request

from shared.kernel.errors import PreconditionFailed, Refusal


class PreconditionRequired(Refusal):
    """A change needs an `If-Match` with the ETag that was read."""

    code = "precondition-required"
    status = 428
    title = "Say with If-Match which version you change."


def etag_of(revision: int) -> str:
    """Return the strong ETag of a document's revision."""
    return f'"{revision}"'


def if_match(request: Request, *, required: bool = True) -> int | None:
    """Return the revision that `If-Match` names; None for `*`, or when it is missing and not required.

    Raises:
        PreconditionRequired: when it is missing and required (428).
        PreconditionFailed: when it cannot be an ETag of ours (412).

    """
    value = request.headers.get("if-match")
    if value is None:
        if required:
            raise PreconditionRequired
        return None
    if value.strip() == "*":
        return None
    tag = value.strip()
    if len(tag) > 2 and tag[0] == tag[-1] == '"' and tag[1:-1].isascii() and tag[1:-1].isdigit():  # noqa: PLR2004  # two quotes
        return int(tag[1:-1])
    raise PreconditionFailed


def expect(wanted: int | None, revision: int) -> None:
    """Refuse (412) when `If-Match` named another revision than the stored one."""
    if wanted is not None and wanted != revision:
        raise PreconditionFailed(revision=revision)
