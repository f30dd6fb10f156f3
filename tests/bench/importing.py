"""Import rows a second: a people file sent to the profile service, a process of its own, until its report is there."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx2 as httpx

from deploy.demo import company
from deploy.local.stack import Stack

POLL_SECONDS = 0.1
LIMIT_SECONDS = 180.0


async def measure(stack: Stack, rows: int, folder: Path, say: Callable[[str], None]) -> float:
    """Return the rows a second, from the request to the finished report."""
    people = folder / "people.csv"
    company.write(people, rows)
    content = people.read_bytes()
    total = content.count(b"\n") - 1
    headers = {"Authorization": f"Bearer {stack.token('hr', ('hr_admin',))}", "Content-Type": "application/octet-stream"}
    loop = asyncio.get_running_loop()
    async with httpx.AsyncClient(base_url=stack.urls["profile"], headers=headers, timeout=30.0, trust_env=False) as client:
        began = loop.time()
        answer = await client.post("/imports?filename=people.csv", content=content)
        answer.raise_for_status()
        begun = answer.json()["import_id"]
        async with asyncio.timeout(LIMIT_SECONDS):
            while (  # noqa: ASYNC110 - another process rings no bell
                state := (await client.get(f"/imports/{begun}")).raise_for_status().json()
            )["state"] not in {"done", "refused"}:
                await asyncio.sleep(POLL_SECONDS)
        took = loop.time() - began
    if state["state"] == "refused":
        raise RuntimeError("the people file was refused")
    say(f"  {total} rows in {took:.1f} s: {state['counts']}")
    return total / took
