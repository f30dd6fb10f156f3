"""A small company's months: people imported, enrolled, paired, pausing, meeting, moving and leaving, all through the HTTP APIs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2

from shared.contracts.base import instant_text
from shared.http.auth import Principal, Role
from shared.kernel.randomness import seeded
from tests.simulation.node import Servers
from tests.simulation.world import World
from tests.support.principals import bearer, caller, member

PROGRAMME = "peers"
CADENCE = {"rrule": "FREQ=WEEKLY;INTERVAL=2", "timezone": "Europe/Berlin", "length": "PT1H", "place_kind": "video", "notice_period": "P1D"}
HR, OPERATOR = caller(Role.HR_ADMIN), caller(Role.OPERATOR)
TRIES = 40
FOUNDED_WITHIN = 60.0
SITES = ("berlin", "munich")


@dataclass
class Command:
    """What somebody wanted, under one idempotency key, and the answer they got in the end (None: never any)."""

    name: str
    key: str
    status: int | None = None


class Company:
    """The people of a run; what they do depends on the seed and on what they see."""

    def __init__(self, world: World, servers: Servers, size: int, lasts: float) -> None:
        """`size` people, who rest when their company has lasted so many virtual seconds."""
        self._world, self._servers, self._size, self._lasts = world, servers, size, lasts
        self._ends_at = FOUNDED_WITHIN
        self._luck = seeded(f"{world.seed}:company")
        self.commands: list[Command] = []
        self.strange: list[str] = []
        """Answers that nobody should ever get."""
        self.members: list[str] = []
        self._gone: dict[str, None] = {}

    # --- the year -------------------------------------------------------------------------------------------------

    async def months(self, founded: Callable[[], None]) -> None:
        """Live until the end; say when the company stands."""
        await self._found()
        self._ends_at = self._world.loop.time() + self._lasts
        founded()
        async with asyncio.TaskGroup() as people:
            people.create_task(self._hr())
            for each in self.members:
                people.create_task(self._life(each))

    async def _found(self) -> None:
        await self._import(self._people(0))
        while len(self.members) < self._size and not self._over():
            page = await self._ask("profile", HR, "GET", "/members")
            self.members = [each["id"] for each in page["items"]] if page else []
            await asyncio.sleep(0.5)
        await self._order("apply", "matching", HR, "PUT", f"/programmes/{PROGRAMME}", {"kind": "peer", "no_repeat": "P20D"})
        await self._order("enrol", "profile", HR, "POST", "/enrolments", {"programme_id": PROGRAMME})

    def _people(self, moved: int) -> str:
        rows = ["member_id,email,display_name,department,level,site,timezone,manager_id,offers,wants,capacity,working_hours"]
        for number in range(self._size):
            boss = "" if number in (0, moved) else "E-0"
            zone = ("Europe/Berlin", "Europe/London")[number % 2]
            site = SITES[(number + moved) % 2]
            person = f"E-{number},e{number}@corp.example,Person {number},sales,{number % 5},{site},{zone},{boss}"
            rows.append(f"{person},python,writing,{1 + number % 2},mo-fr 08:00-17:00")
        return "\n".join(rows) + "\n"

    async def _import(self, content: str) -> None:
        received = await self._order("import", "profile", HR, "POST", "/imports?filename=people.csv", content)
        for _ in range(60):
            if received is None or self._over():
                return
            report = await self._ask("profile", HR, "GET", f"/imports/{received['import_id']}")
            if report and report["state"] not in {"waiting", "received", "running"}:
                return
            await asyncio.sleep(0.5)

    async def _hr(self) -> None:
        """Run rounds; once, people move; once, somebody leaves."""
        done = 0
        while not self._over():
            found = await self._order("open-round", "matching", HR, "POST", f"/programmes/{PROGRAMME}/rounds", {"seed": 1})
            for _ in range(20):
                state = await self._ask("matching", HR, "GET", f"/rounds/{found['round_id']}") if found else None
                if state and state["state"] == "solved":
                    await self._order("publish", "matching", HR, "POST", f"/rounds/{found['round_id']}/publish")
                    break
                await asyncio.sleep(0.5)
            await asyncio.sleep(3.0 + 3.0 * self._luck.random())
            done += 1
            if done == 1:
                await self._import(self._people(1))
            if done == 2:
                leaver = self.members[int(self._luck.random() * len(self.members))]
                self._gone[leaver] = None
                await self._order("leave", "profile", HR, "POST", f"/members/{leaver}/leave")
            if done == 3:
                await self._order("erase", "profile", HR, "POST", f"/members/{next(iter(self._gone))}/erase")

    async def _life(self, me: str) -> None:
        luck = seeded(f"{self._world.seed}:life:{self.members.index(me)}")
        while not self._over() and me not in self._gone:
            await asyncio.sleep(0.3 + 2.0 * luck.random())
            draw = luck.random()
            if draw < 0.5:
                page = await self._ask("matching", member(me), "GET", "/pairings")
                for pairing in page["items"] if page else []:
                    await self._tend(me, pairing, luck)
            elif draw < 0.75:
                await self._sessions(me, luck)
            elif draw < 0.9:
                await self._propose(me, self._other(me, luck), luck)
            elif draw < 0.96:
                until = {"until": self._in(days=3 + 10 * luck.random()), "reason": "away"}
                await self._order("pause-member", "profile", member(me), "POST", f"/members/{me}/pause", until)
            else:
                other = self._other(me, luck)
                await self._order("bar", "matching", member(me), "PUT", f"/do-not-pair/{me}/{other}")
                await self._propose(other, me, luck)

    def _other(self, me: str, luck: Any) -> str:
        others = [each for each in self.members if each != me]
        return others[int(luck.random() * len(others))]

    async def _propose(self, me: str, partner: str, luck: Any) -> None:
        body = {"programme_id": PROGRAMME, "partner_id": partner, "origin": ("asked", "natural")[int(luck.random() * 2)]}
        await self._order("propose", "matching", member(me), "POST", "/pairings", body)

    async def _tend(self, me: str, pairing: dict[str, Any], luck: Any) -> None:
        path, draw = f"/pairings/{pairing['pairing_id']}", luck.random()
        if pairing["state"] == "proposed" and me not in pairing["accepted_by"]:
            if draw < 0.75:
                await self._order("accept", "matching", member(me), "POST", f"{path}/accept")
            elif draw < 0.85:
                await self._order("decline", "matching", member(me), "POST", f"{path}/decline", {})
        elif pairing["state"] == "formed":
            await self._charter(me, pairing["members"], path)
        elif pairing["state"] == "active" and draw < 0.1:
            await self._order("close", "matching", member(me), "POST", f"{path}/close", {"reason": "goals-reached"})
        elif pairing["state"] == "active" and draw < 0.15:
            await self._order("pause", "matching", member(me), "POST", f"{path}/pause", {"until": self._in(days=5)})

    async def _charter(self, me: str, members: list[str], path: str) -> None:
        found = await self._ask("matching", member(me), "GET", f"{path}/charter")
        if found is None or me in found["signed_by"]:
            return
        if found["missing"]:
            goals = [{"member_id": each, "text": "learn"} for each in members]
            body = {"purpose": "learn", "goals": goals, "cadence": CADENCE}
            await self._order("charter", "matching", member(me), "PUT", f"{path}/charter", body, match=f'"{found["edition"]}"')
        else:
            await self._order("sign", "matching", member(me), "POST", f"{path}/charter/sign", {"digest": found["digest"]})

    async def _sessions(self, me: str, luck: Any) -> None:
        page = await self._ask("scheduling", member(me), "GET", "/sessions")
        for session in page["items"] if page else []:
            path, draw = f"/pairings/{session['pairing_id']}/sessions/{session['session_id']}", luck.random()
            if session["unconfirmed"] and draw < 0.7:
                await self._order("mark", "scheduling", member(me), "POST", f"{path}/{'held' if draw < 0.35 else 'missed'}")
            elif session["state"] == "booked" and draw < 0.04:
                await self._order("cancel", "scheduling", member(me), "POST", f"{path}/cancel", {})
            elif session["state"] == "booked" and session["proposal"] is None and draw < 0.08:
                body = {"starts_at": self._in(days=7, hour=10)}
                await self._order("propose-time", "scheduling", member(me), "POST", f"{path}/propose", body)
            elif session["proposal"] is not None and session["proposal"].get("proposed_by") != me and draw < 0.5:
                await self._order("accept-time", "scheduling", member(me), "POST", f"{path}/accept")

    async def look_after(self, seconds: float) -> None:
        """Do as operators do, again and again: discard what is poison, let everything else run again."""
        poison = self._servers.troubles.poison
        while True:
            await asyncio.sleep(seconds)
            for service in ("matching", "scheduling", "notification"):
                page = await self._ask(service, OPERATOR, "GET", "/ops/dead-letters")
                for letter in page["items"] if page else []:
                    path = f"/ops/dead-letters/{letter['event_id']}"
                    if any(each.event_id == letter["event_id"] for each in poison):
                        await self._order("discard", service, OPERATOR, "POST", f"{path}/discard", {"reason": "poison"})
                    else:
                        await self._order("redrive", service, OPERATOR, "POST", f"{path}/redrive")

    # --- calls ----------------------------------------------------------------------------------------------------

    def _over(self) -> bool:
        return self._world.loop.time() > self._ends_at

    def _in(self, *, days: float, hour: int | None = None) -> str:
        moment = self._world.business_now() + timedelta(days=days)
        return instant_text(moment if hour is None else moment.replace(hour=hour, minute=0, second=0, microsecond=0))

    async def _ask(self, service: str, who: Principal, method: str, path: str) -> Any:
        return await self._call(service, who, method, path, None, {})

    async def _order(self, name: str, service: str, who: Principal, method: str, path: str, body: Any = None, match: str = "") -> Any:  # noqa: PLR0917
        command = Command(name, f"{name}-{len(self.commands)}")
        self.commands.append(command)
        headers = {"Idempotency-Key": command.key, "X-Correlation-ID": command.key} | ({"If-Match": match} if match else {})
        return await self._call(service, who, method, path, body, headers, command)

    async def _call(  # noqa: PLR0917 - one call, whole
        self, service: str, who: Principal, method: str, path: str, body: Any, headers: dict[str, str], command: Command | None = None
    ) -> Any:
        """Call until there is an answer; the same command under the same key."""
        for _ in range(TRIES):
            nodes = self._servers.replicas[service]
            node = nodes[int(self._luck.random() * len(nodes))]
            content: dict[str, Any] = {"content": body} if isinstance(body, str) else {"json": body} if body is not None else {}
            request = httpx2.Request(method, f"http://{service}{path}", headers=headers | bearer(who), **content)
            try:
                answer = await self._servers.serve(node, request)
            except httpx2.HTTPError:
                await asyncio.sleep(0.3)
                continue
            if answer.status_code == 503:
                await asyncio.sleep(0.3)
                continue
            if command is not None:
                command.status = answer.status_code
            late = answer.status_code == 422 and answer.json()["code"].endswith(("in-the-past", "in-future"))
            if answer.status_code >= 500 or (answer.status_code in {400, 401, 403, 404, 422} and not late):
                self.strange.append(f"{answer.status_code} {method} {path.split('/')[1]} {answer.text[:300]}")
            return answer.json() if answer.is_success and answer.content else None
        return None
