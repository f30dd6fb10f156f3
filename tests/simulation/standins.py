"""What stands where the real thing is another process or a socket: the round engine, the mail server and the conversation with it."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from services.matching.application.solver import KeepPiece, Progress, SolveOrder
from services.matching.domain.draft import Solution, two
from services.matching.domain.snapshot import FrozenMember, Group, Leaf, leaves_of, outcome_hash
from services.notification.adapters import smtp
from services.notification.application.ports import Message
from services.notification.domain.delivery import SENT, Outcome, State
from tests.simulation.world import Effect, Gone, Refused

MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
ANSWERS = {"smtp-4xx": 451, "smtp-5xx": 554}


class PairingEngine:
    """Stands in for the round engine: neighbours in the order of ids, where nothing bars them; in every draft anew."""

    async def solve(
        self,
        order: SolveOrder,
        members: AsyncIterator[Sequence[FrozenMember]],
        *,
        base: AsyncIterator[Leaf] | None = None,
        keep: KeepPiece,
        progress: Progress,
    ) -> Solution:
        """Pair whoever is free and not barred; the others have no eligible partner. `base` is not looked at."""
        everybody = [member async for part in members for member in part]
        left = order.draft.seats_left or {}
        free = [each for each in everybody if each.resting is None and left.get(each.card.member_id, each.seats) > 0]
        groups: list[Group] = []
        while free:
            first = free.pop(0)
            partner = next((each for each in free if _may(first, each, order)), None)
            if partner is not None:
                free.remove(partner)
                groups.append(Group(members=(first.card.member_id, partner.card.member_id), weight=1))
        paired = dict.fromkeys(member for group in groups for member in group.members)
        over = {each.card.member_id: each.resting or "no-eligible-partner" for each in everybody if each.card.member_id not in paired}
        leaves = list(leaves_of(groups, over, groups_max=2, unmatched_max=3))
        for leaf in leaves:
            await keep(leaf)
        progress("solved", 1.0)
        return Solution(
            size=len(everybody),
            pairs=len(groups),
            trios=0,
            unmatched=len(over),
            weight=len(groups),
            bound=None,
            engine="simulated",
            engine_version="1",
            result_hash=outcome_hash(groups, over),
            leaves=len(leaves),
        )


def _may(one: FrozenMember, other: FrozenMember, order: SolveOrder) -> bool:
    a, b = one.card, other.card
    if two((a.member_id, b.member_id)) in order.draft.forbidden:
        return False
    lines = b.member_id in a.manager_chain or a.member_id in b.manager_chain
    return not lines and b.member_id not in (*one.barred, *one.live, *one.met)


@dataclass
class SimulatedMailServer:
    """Takes mails; `taken` holds recipient and Message-ID in order."""

    taken: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What was refused for good."""

    def take(self, recipient: str, content: bytes) -> None:
        """Take a message."""
        self.taken.append((recipient, message_id(content)))


def message_id(content: bytes) -> str:
    """Return what a mail is called."""
    found = MESSAGE_ID.search(content)
    return found.group(1).decode() if found else ""


class SimulatedMailer:
    """A conversation with the simulated mail server; answers are read by the code that ships."""

    def __init__(self, hop: Callable[[str, str, Effect], Any], server: SimulatedMailServer) -> None:
        """Talk to `server` over `hop`."""
        self._hop, self._server = hop, server
        self.available = True

    async def send(self, message: Message) -> Outcome:
        """Hand one mail over."""
        try:
            await self._hop("mail", "mail", lambda: self._server.take(message.recipient, message.content))
        except Gone:
            return Outcome(state=State.PENDING, code="smtp-timeout")
        except Refused as refused:
            code = ANSWERS[str(refused)]
            if code >= 500:
                self._server.refused.append(message_id(message.content))
            return smtp._refused(code, mailbox=False)
        return SENT

    async def close(self) -> None:
        """End it."""


class Peers(httpx2.AsyncBaseTransport):
    """How a process reaches the others' HTTP: through the world, in the other's own process."""

    def __init__(self, reach: Callable[[httpx2.Request], Any]) -> None:
        """Carry requests by `reach`."""
        self._reach = reach

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry one request."""
        answer: httpx2.Response = await self._reach(request)
        return answer
