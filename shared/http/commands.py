"""One HTTP command is one transaction: the idempotency key, the state and the outbox rows commit together (N2)."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, overload

from fastapi import Request
from pydantic import BaseModel, TypeAdapter

from shared.http.principals import Principal
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.kernel.errors import Invalid, Refusal, StaleVersion
from shared.persistence.database import Database, Transaction
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
        refused. `answer` is the type of the result (None when the work returns nothing). Refusals are not stored.
        `work` may run more than once; nothing but its last run takes effect.
        """
        request.state.command = name
        key = _key_of(request, principal)
        cause = cause_of(request)
        asked = _digest(request, name, body)

        async def once(tx: Transaction) -> Any:
            if key is None:
                return await work(self._bind(tx, cause))
            now = self._wall.now()
            before = await tx.collection(COLLECTION).find_one({"_id": key})
            if before is not None and before["expires_at"] > now:
                return self._stored(before, asked, answer)
            result = await work(self._bind(tx, cause))
            await self._store(tx, key, {"digest": asked, "answer": self._plain(result, answer), "expires_at": now + LIFETIME}, before)
            return result

        return await self._database.transact(f"command.{name}", once, give_up_after=GIVE_UP_AFTER_SECONDS)

    def _stored(self, row: dict[str, Any], asked: str, answer: type[Any] | None) -> Any:
        if row["digest"] != asked:
            raise IdempotencyKeyReused
        return None if answer is None else self._adapter(answer).validate_python(row["answer"])

    def _plain(self, result: Any, answer: type[Any] | None) -> Any:
        if answer is None:
            if result is not None:
                raise TypeError("a command with a result needs `answer`, the type of the result")
            return None
        return self._adapter(answer).dump_python(result, mode="json")

    @staticmethod
    async def _store(tx: Transaction, key: str, row: dict[str, Any], before: dict[str, Any] | None) -> None:
        keys = tx.collection(COLLECTION)
        if before is not None:
            await keys.replace_one({"_id": key}, {"_id": key} | row)
        elif not await keys.upsert_missing([{"_id": key} | row]):
            raise StaleVersion(COLLECTION, key)  # somebody with the same key was faster: run again and find their answer

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
