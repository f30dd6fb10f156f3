"""Members' traffic: the simulation's company, living on the real suite through its HTTP APIs."""

import asyncio
import base64
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import httpx2

from deploy.local.stack import Stack
from tests.simulation.company import HR, Company
from tests.simulation.world import EPOCH
from tests.support.principals import bearer, member

PEOPLE = 10
ANSWER_WITHIN_SECONDS = 6.0
PROBE = "P-0"


@dataclass
class RealTime:
    """The simulation's virtual seconds, counted on the stack's business clock."""

    stack: Stack
    rate: float

    def time(self) -> float:
        """Return the seconds since the epoch at the pace of business time."""
        return (self.stack.clock.now() - EPOCH) / timedelta(seconds=self.rate)


@dataclass
class RealWorld:
    """What the company asks of its world."""

    seed: int
    rate: float
    loop: RealTime

    def business_now(self) -> datetime:
        """Return business time."""
        return self.loop.stack.clock.now()


@dataclass
class Front:
    """What the company asks of its servers: a replica of each service to send a request to."""

    stack: Stack
    client: httpx2.AsyncClient
    replicas: dict[str, list[str]]
    _tokens: dict[str, str] = field(default_factory=dict)

    async def serve(self, replica: str, request: httpx2.Request) -> httpx2.Response:
        """Send a request to a replica, as whoever it names, with a token of the run's issuer."""
        headers = {name: value for name, value in request.headers.items() if name not in {"authorization", "host", "content-length"}}
        headers["authorization"] = f"Bearer {self._token(request.headers['authorization'].removeprefix('Bearer '))}"
        url = self.stack.urls[replica] + request.url.raw_path.decode()
        return await self.client.request(request.method, url, headers=headers, content=request.content)

    def _token(self, said: str) -> str:
        if said not in self._tokens:
            subject, _, roles, programmes = json.loads(base64.urlsafe_b64decode(said))
            self._tokens[said] = self.stack.token(subject, roles, programmes)
        return self._tokens[said]


class Traffic:
    """The company at work, and a member of its own whose commands probe the way through all services."""

    def __init__(self, stack: Stack, client: httpx2.AsyncClient, replicas: dict[str, list[str]], seed: int, rate: float) -> None:
        """Nobody acts yet."""
        self.world = RealWorld(seed, rate, RealTime(stack, rate))
        self.front = Front(stack, client, replicas)
        self.company = Company(cast(Any, self.world), cast(Any, self.front), PEOPLE, float("inf"))
        self.company._ends_at = float("inf")  # how long founding may take is the harness's to say: a slow machine needs its time
        self.probe_id = ""
        self._probes, self._uploads = 0, 0

    async def live(self, founded: Callable[[], None]) -> None:
        """Let the company live until `end`; say when its people are there."""
        await self.company.months(founded)

    def end(self) -> None:
        """Let everybody come to rest after what they are doing."""
        self.company._ends_at = 0.0

    async def admit_probe(self) -> None:
        """Import the member whose only task is to be changed."""
        header = "member_id,email,display_name,department,level,site,timezone,offers,wants,capacity,working_hours"
        row = f"{PROBE},p0@corp.example,Probe,sales,1,berlin,Europe/Berlin,python,writing,1,mo-fr 08:00-17:00"
        await self.company._import(f"{header}\n{row}\n")
        while not self.probe_id:
            page = await self.company._ask("profile", HR, "GET", "/members?limit=200")
            found = [each["id"] for each in page["items"] if each.get("company_key") == PROBE] if page else []
            self.probe_id = found[0] if found else ""
            await asyncio.sleep(0.2)

    async def probe(self) -> bool:
        """Let the probe member change what all other services keep of them; say whether it was done."""
        self._probes += 1
        hour = 8 + self._probes % 3
        body = {"display_name": f"Probe {self._probes}", "working_hours": f"mo-fr {hour:02d}:00-17:00"}
        replicas = self.front.replicas["profile"]
        replica, url = replicas[self._probes % len(replicas)], f"http://profile/members/{self.probe_id}"
        me = bearer(member(self.probe_id))
        try:
            seen = await self.front.serve(replica, httpx2.Request("GET", url, headers=me))
            headers = {"If-Match": seen.headers.get("etag", ""), "Idempotency-Key": f"probe-{self._probes}", **me}
            answer = await self.front.serve(replica, httpx2.Request("PATCH", url, json=body, headers=headers))
        except httpx2.HTTPError:
            return False
        return answer.is_success

    async def upload(self, content: bytes) -> None:
        """Send a workbook to profile: reading it needs the temporary folder. An answer that is lost is no matter."""
        self._uploads += 1
        headers = {"content-type": "application/octet-stream", "Idempotency-Key": f"upload-{self._uploads}", **bearer(HR)}
        url = f"http://profile/imports?filename=people-{self._uploads}.xlsx"
        with suppress(httpx2.HTTPError):
            await self.front.serve(self.front.replicas["profile"][0], httpx2.Request("POST", url, content=content, headers=headers))
