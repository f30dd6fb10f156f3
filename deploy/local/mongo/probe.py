"""Asks a MongoDB server who it is: `hello` with a set name and a writable primary, not `ping`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import OperationFailure, PyMongoError

SET_NAME = "secantus"
"""SecantusDB's set name is fixed."""
ALREADY_INITIALIZED = 23

Admin = Any


@asynccontextmanager
async def _admin(url: str, within_milliseconds: int) -> AsyncIterator[Admin]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(url, serverSelectionTimeoutMS=within_milliseconds)
    try:
        yield client.admin
    finally:
        client.close()


async def hello_of(url: str, *, within_milliseconds: int = 2000) -> Mapping[str, Any] | None:
    """Return the server's answer to `hello`, or None when it does not answer."""
    async with _admin(url, within_milliseconds) as admin:
        try:
            answer: Mapping[str, Any] = await admin.command("hello")
        except PyMongoError:
            return None
        return answer


async def version_of(url: str) -> str:
    """Return the version that the server claims; empty when it does not say."""
    async with _admin(url, 5000) as admin:
        try:
            built = await admin.command("buildInfo")
        except PyMongoError:
            return ""
        return str(built.get("version", ""))


async def is_writable(url: str, set_name: str | None = None) -> bool:
    """Say whether the server is the primary of the set `set_name` (any set when None), so that transactions work."""
    answer = await hello_of(url)
    if answer is None or not answer.get("isWritablePrimary"):
        return False
    return bool(answer.get("setName")) and set_name in {None, answer["setName"]}


async def initiate(url: str, set_name: str, member: str) -> bool:
    """Make a lone server a replica set of one; True when it is one afterwards."""
    async with _admin(url, 2000) as admin:
        try:
            await admin.command("replSetInitiate", {"_id": set_name, "members": [{"_id": 0, "host": member}]})
        except OperationFailure as fault:
            return fault.code == ALREADY_INITIALIZED
        except PyMongoError:
            return False
        return True
