"""Lists in pages by keyset: the cursor is the last item's sort value and id, so no row is skipped or shown twice."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from shared.kernel.errors import Refusal

T = TypeVar("T")
R = TypeVar("R")
LIMIT_DEFAULT = 50
LIMIT_MAX = 500
_CURSOR_MAX = 500


class BadCursor(Refusal):
    """The cursor is not one that this list gave."""

    code = "bad-cursor"
    status = 422
    title = "This cursor was not given by this list."


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the following page, null at the end."""

    model_config = ConfigDict(frozen=True)

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class After:
    """Where the previous page ended."""

    value: Any
    id: str


@dataclass(frozen=True, slots=True)
class Paging:
    """What the caller asked for. Read `limit + 1` rows: the extra one tells that there is more."""

    request: Request
    response: Response
    after: After | None
    limit: int

    def filter(self, field: str) -> dict[str, Any]:
        """Return the condition that continues after the cursor, for rows sorted by (`field`, `_id`)."""
        if self.after is None:
            return {}
        if field == "_id":
            return {"_id": {"$gt": self.after.id}}
        beyond = [{field: {"$gt": self.after.value}}, {"_id": {"$gt": self.after.id}}]
        return {field: {"$gte": self.after.value}, "$or": beyond}  # the first part is what an index serves

    def page(self, rows: Sequence[R], key: Callable[[R], tuple[Any, str]], shown: Callable[[R], T]) -> Page[T]:
        """Cut `rows` (up to `limit + 1`) to a page and set the `Link` header (rel="next")."""
        kept = rows[: self.limit]
        cursor = encode_cursor(*key(kept[-1])) if len(rows) > self.limit and kept else None
        if cursor is not None:
            url = self.request.url.include_query_params(cursor=cursor)
            self.response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return Page(items=[shown(row) for row in kept], next=cursor)


def encode_cursor(value: Any, row_id: str) -> str:
    """Return an opaque cursor; `value` is what JSON can hold."""
    return base64.urlsafe_b64encode(json.dumps([value, row_id], separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> After:
    """Read a cursor.

    Raises:
        BadCursor: when it is not one of ours.

    """
    try:
        if len(cursor) > _CURSOR_MAX:
            raise BadCursor
        value, row_id = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise BadCursor from None
    if not isinstance(row_id, str) or not isinstance(value, str | int | float | bool | None):
        raise BadCursor
    return After(value, row_id)


async def _paging(
    request: Request,
    response: Response,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
) -> Paging:
    return Paging(request, response, None if cursor is None else decode_cursor(cursor), limit)


Paged = Annotated[Paging, Depends(_paging)]
"""Parameter of a list route: `paging: Paged`."""
