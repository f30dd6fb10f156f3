"""Facts travel: what was just imported or enrolled may be on its way to matching. Scripts run command after command."""

import asyncio
from contextlib import suppress

from services.console.application.ports import OPERATOR, Api
from services.console.domain.endings import Refused

WITHIN_SECONDS = 30.0
PAUSE_SECONDS = 0.2


async def settled(api: Api, *, source: str, reader: str) -> None:
    """Wait until `source` has published what it owes and `reader` has handled it; go on all the same after a while.

    Whoever may not read the figures (a token without the operator's role) does not wait.
    """
    with suppress(TimeoutError, Refused):
        async with asyncio.timeout(WITHIN_SECONDS):
            while not await _quiet(api, source, reader):  # noqa: ASYNC110 - another process rings no bell
                await asyncio.sleep(PAUSE_SECONDS)


async def _quiet(api: Api, source: str, reader: str) -> bool:
    sent = await api.call("GET", source, "/ops/status", role=OPERATOR)
    if sent["outbox"]["depth"]:
        return False
    read = await api.call("GET", reader, "/ops/status", role=OPERATOR)
    return all(one.get("lag") == 0 for one in read["consumers"])
