"""One HTTP command is one transaction: the idempotency key, the state and the outbox rows commit together (N2).

A refusal is an answer too: it is kept under its key, so that a late copy of a command cannot take effect after its sender was told no.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar, overload

from fastapi import Request
from pydantic import BaseModel, TypeAdapter

from shared.http.principals import Principal
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.kernel.errors import Invalid, Refusal, StaleVersion
from shared.persistence.database import Database, Document, Transaction
from shared.persistence.indexes import Index

U = TypeVar("U")
T = TypeVar("T")
COLLECTION = "idempotency_keys"
LIFETIME = timedelta(days=1)
INDEXES = (Index(collection=COLLECTION, keys=(("expires_at", 1),), expire_after=timedelta(0)),)
GIVE_UP_AFTER_SECONDS = 8.0
"""A caller waits no longer for a database that is away; then 503, and the same command may be sent again."""
_KEY_FORM = re.compile(r"[\x21-\x7e]{1,200}")
_TRACEPARENT_FORM = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class IdempotencyKeyReused(Refusal):
    """The same `Idempotency-Key` came with another request before."""

    code = "idempotency-key-reused"
    status = 422
    title = "This Idempotency-Key was used for another request."


class RefusedBefore(Refusal):
    """What was refused under this `Idempotency-Key` before: the same answer again, whatever has changed meanwhile."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        """Say what was said."""
        vars(self).update({name: said[name] for name in ("code", "status", "title")})
        super().__init__(**said["facts"])


def cause_of(request: Request) -> Cause:
    """N17: return the correlation of a request, carried on to every event that follows from it."""
    traceparent = request.headers.get("traceparent", "")
    return Cause(
        correlation_id=request.state.correlation_id,
        traceparent=traceparent if _TRACEPARENT_FORM.fullmatch(traceparent) else None,
    )


class CommandRunner(Generic[U]):
    """Runs commands of one service. `bind` makes the unit of work of one transaction."""

    def __init__(self, database: Database, bind: Callable[[Transaction, Cause], U], *, wall: Clock) -> None:
        """Keys live by the `wall` clock: business time may run fast, a client's repeats do not."""
        self._database = database
        self._bind = bind
        self._wall = wall
        self._adapters: dict[type[Any], TypeAdapter[Any]] = {}

    @overload
    async def run(
        self, request: Request, principal: Principal, name: str, work: Callable[[U], Awaitable[None]], *, body: object = None
    ) -> None: ...

    @overload
    async def run(
        self, request: Request, principal: Principal, name: str, work: Callable[[U], Awaitable[T]], *, answer: type[T], body: object = None
    ) -> T: ...

    async def run(
        self,
        request: Request,
        principal: Principal,
        name: str,
        work: Callable[[U], Awaitable[Any]],
        *,
        answer: type[Any] | None = None,
        body: object = None,
    ) -> Any:
        """Carry out `work` in one transaction; with an `Idempotency-Key` a repeat gets the stored answer.

        `name` is the command's (log line and metric). `body` is what was sent: the same key with another body is
        refused. `answer` is the type of the result (None when the work returns nothing). A refusal is stored like any answer.
        `work` may run more than once; nothing but its last run takes effect.
        """
        request.state.command = name
        key = _key_of(request, principal)
        cause = cause_of(request)
        asked = _digest(request, name, body)

        async def once(tx: Transaction) -> tuple[Document | None, Any]:
            before = await self._before(tx, key)
            if before is not None:
                return before, None
            result = await work(self._bind(tx, cause))
            await self._store(tx, key, asked, {"answer": self._plain(result, answer)})
            return None, result

        transact = partial(self._database.transact, f"command.{name}", give_up_after=GIVE_UP_AFTER_SECONDS)
        try:
            before, result = await transact(once)
        except Refusal as refusal:
            if key is None:
                raise
            before = await transact(partial(self._keep, key=key, asked=asked, refusal=refusal))
            if before is None:
                raise
        return result if before is None else self._stored(before, asked, answer)

    async def _before(self, tx: Transaction, key: str | None) -> Document | None:
        """Return what was answered under a key, if that still counts."""
        if key is None:
            return None
        found = await tx.collection(COLLECTION).find_one({"_id": key})
        if found is not None and found["expires_at"] <= self._wall.now():
            await tx.collection(COLLECTION).delete_one({"_id": key})
            return None
        return found

    async def _keep(self, tx: Transaction, key: str | None, asked: str, refusal: Refusal) -> Document | None:
        """Keep a refusal as the answer of its key, unless a copy was answered meanwhile: return that answer."""
        before = await self._before(tx, key)
        if before is None:
            await self._store(tx, key, asked, {"refusal": _said(refusal)})
        return before

    async def _store(self, tx: Transaction, key: str | None, asked: str, said: Document) -> None:
        if key is None:
            return
        row = {"_id": key, "digest": asked, "expires_at": self._wall.now() + LIFETIME} | said
        if not await tx.collection(COLLECTION).upsert_missing([row]):
            raise StaleVersion(COLLECTION, key)  # somebody with the same key was faster: run again and find their answer

    def _stored(self, row: Document, asked: str, answer: type[Any] | None) -> Any:
        if row["digest"] != asked:
            raise IdempotencyKeyReused
        if "refusal" in row:
            raise RefusedBefore(row["refusal"])
        return None if answer is None else self._adapter(answer).validate_python(row["answer"])

    def _plain(self, result: Any, answer: type[Any] | None) -> Any:
        if answer is None:
            if result is not None:
                raise TypeError("a command with a result needs `answer`, the type of the result")
            return None
        return self._adapter(answer).dump_python(result, mode="json")

    def _adapter(self, answer: type[Any]) -> TypeAdapter[Any]:
        if answer not in self._adapters:
            self._adapters[answer] = TypeAdapter(answer)
        return self._adapters[answer]


def _key_of(request: Request, principal: Principal) -> str | None:
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    if not _KEY_FORM.fullmatch(given):
        raise Invalid(field="Idempotency-Key", rule="1 to 200 visible ASCII characters")
    return hashlib.sha256(f"{principal.subject}\n{given}".encode()).hexdigest()


def _said(refusal: Refusal) -> Document:
    """Return what a refusal says: ids, codes and numbers, never words."""
    return {"code": refusal.code, "status": refusal.status, "title": refusal.title, "facts": dict(refusal.facts)}


def _digest(request: Request, name: str, body: object) -> str:
    plain = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
    asked = [name, request.method, request.url.path, request.url.query, plain]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=_text).encode()).hexdigest()


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
