"""End to end: from a member's HTTP command to the mail that it causes. Matching, its relay, Kafka, notification, SMTP; all running."""

import csv
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx

from deploy.demo import company
from deploy.demo.api import Api, Refused
from deploy.demo.run import ADMIN_ROLES
from deploy.demo.story import HR, PROGRAMME, SERVICES
from deploy.local.stack import Stack
from shared.kernel.randomness import SystemRandomness
from tests.bench.pipeline.latency import quantiles
from tests.bench.report import Figure
from tests.support.probing import until

WITHIN_SECONDS = 240.0
LOOK_SECONDS = 0.002


async def measure(stack: Stack, folder: Path, *, commands: int, say: Callable[[str], None]) -> list[Figure]:
    """Let members register, one after another, that they meet already; each partner is asked by mail to confirm."""
    people = folder / "pairs.csv"
    company.write(people, 3 * commands)
    tokens: dict[str, str] = {}

    def token(who: str) -> str:
        if who not in tokens:
            tokens[who] = stack.token(who, ADMIN_ROLES if who == HR else ("member",), ("*",) if who == HR else ())
        return tokens[who]

    answered: list[float] = []
    arrived: list[float] = []
    async with httpx.AsyncClient(timeout=30.0, trust_env=False) as client:
        api = Api(stack.urls, token, client, SystemRandomness())
        addresses = await _members(api, people)
        await until(lambda: _quiet(api), within=WITHIN_SECONDS, saying="all services know all members", every=0.5)
        members = iter(addresses)
        while len(arrived) < commands and (pair := _two(members)) is not None:
            before, began = len(stack.mail.received), time.perf_counter()
            body = {"programme_id": "peers", "partner_id": pair[1], "origin": "natural"}
            try:
                await api.post("matching", "/pairings", pair[0], body)
            except Refused:  # one reports to the other, or has no seat
                continue
            answered.append(time.perf_counter() - began)
            await _mail(stack, before, addresses[pair[1]])
            arrived.append(time.perf_counter() - began)
    say(f"  {len(arrived)} commands: answer {quantiles(answered)}, mail {quantiles(arrived)} ms")
    return [
        Figure(part="command to mail", name=f"{what} {name}", value=value, unit="ms", better="lower")
        for what, seconds in (("HTTP answer", answered), ("mail at the server", arrived))
        for name, value in quantiles(seconds).items()
    ]


async def _members(api: Api, people: Path) -> dict[str, str]:
    """Import the people, have them take part; return member id and address."""
    content = people.read_bytes()  # noqa: ASYNC240 - a file of this machine, read once, before anything is measured
    begun = await api.upload("profile", "/imports?filename=pairs.csv", HR, content, {"Content-Type": "application/octet-stream"})
    await until(lambda: _imported(api, begun["import_id"]), within=WITHIN_SECONDS, saying="the import is done", every=0.2)
    rows = await api.all_pages("profile", f"/imports/{begun['import_id']}/rows", HR)
    told = dict(enumerate(csv.DictReader(content.decode("utf-8-sig").splitlines()), start=2))
    programme: dict[str, Any] = tomllib.loads(PROGRAMME.read_text(encoding="utf-8"))
    programme_id = programme.pop("programme_id")
    await api.put("matching", f"/programmes/{programme_id}", HR, programme)
    await api.post("profile", "/enrolments", HR, {"programme_id": programme_id})
    return {row["member_id"]: told[row["line"]]["email"] for row in rows if row["member_id"] and row["line"] in told}


async def _imported(api: Api, import_id: str) -> bool:
    state: str = (await api.get("profile", f"/imports/{import_id}", HR))["state"]
    return state == "done"


async def _quiet(api: Api) -> bool:
    states = [await api.get(service, "/ops/status", HR) for service in SERVICES]
    return all(state["outbox"]["depth"] == 0 and not any(each["lag"] for each in state["consumers"]) for state in states)


def _two(members: Any) -> tuple[str, str] | None:
    one, other = next(members, None), next(members, None)
    return None if one is None or other is None else (one, other)


async def _mail(stack: Stack, before: int, address: str) -> None:
    def came() -> bool:
        return any(address in mail.recipients for mail in stack.mail.received[before:])

    await until(came, within=60, saying="the partner's mail has come", every=LOOK_SECONDS)
