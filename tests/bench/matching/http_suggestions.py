"""How soon the suggestions of a large programme are there, and how long one list takes over HTTP (R3, N4; issue 5: p99 25 ms)."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx2
import numpy as np

WITHIN_SECONDS, ASK_AGAIN_SECONDS = 600.0, 0.25
Spent = Callable[[], Mapping[str, float]]


async def asked(client: httpx2.AsyncClient, programme: str, tokens: Sequence[str], spent: Spent) -> dict[str, Any]:
    """Ask as each of these members, one after the other; `spent` tells the CPU seconds of the processes so far.

    The first question has the index built: until it is there the answer is a 503 that says so.
    """
    path, begun = f"/programmes/{programme}/suggestions", time.perf_counter()
    told: set[str] = set()
    while (answer := await _ask(client, path, tokens[0])).status_code != httpx2.codes.OK:
        told.add(f"{answer.status_code} {answer.json()['code']}, Retry-After {answer.headers.get('Retry-After')}")
        if time.perf_counter() - begun > WITHIN_SECONDS:
            raise RuntimeError(f"no index within {WITHIN_SECONDS} s: {told}")
        await asyncio.sleep(ASK_AGAIN_SECONDS)
    ready, before, took, listed = time.perf_counter() - begun, spent(), [], 0
    for token in tokens:
        asked_at = time.perf_counter()
        answer = await _ask(client, path, token)
        took.append(1_000 * (time.perf_counter() - asked_at))
        listed += len(answer.raise_for_status().json()["suggestions"])
    p50, p99 = (round(float(np.quantile(took, q)), 1) for q in (0.5, 0.99))
    cpu = {name: round(1_000 * (now - before[name]) / len(tokens), 1) for name, now in spent().items() if name in before}
    return {
        "index_ready_s": round(ready, 1),
        "meanwhile": sorted(told),
        "lists": len(tokens),
        "entries": listed,
        "p50_ms": p50,
        "p99_ms": p99,
        "cpu_ms_a_list": cpu,
    }


async def _ask(client: httpx2.AsyncClient, path: str, token: str) -> httpx2.Response:
    return await client.get(path, headers={"Authorization": f"Bearer {token}"})
