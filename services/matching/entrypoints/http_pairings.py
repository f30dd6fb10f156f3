"""Pairings and charters over HTTP. Members see their own, and only their own."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.matching.application import (
    accept_pairing,
    close_pairing,
    decline_pairing,
    pause_pairing,
    propose_pairing,
    queries,
    review_pairing,
    sign_charter,
    write_charter,
)
from services.matching.application.ports import UnitOfWork
from services.matching.application.queries import Library
from services.matching.domain.life import Origin
from services.matching.domain.pairing import Pairing
from services.matching.entrypoints.answers import CharterOut, ExplanationOut, PairingOut, PairingSummary
from services.matching.entrypoints.requests import CharterBody, CloseIn, DeclineIn, PairingIn, PauseIn, SignIn
from shared.contracts.base import instant_text
from shared.http.auth import Principal, Role, requires
from shared.http.commands import CommandRunner
from shared.http.description import IF_MATCH
from shared.http.etags import etag_of, if_match
from shared.http.paging import After, Page, Paged
from shared.kernel.errors import NotAllowed, NotFound
from shared.observability import log_events
from shared.observability.logging import get_log

Member = Annotated[Principal, requires(Role.MEMBER)]
MemberOrService = Annotated[Principal, requires(Role.MEMBER, Role.SERVICE)]
Reader = Annotated[Principal, requires(Role.MEMBER, Role.SERVICE, Role.HR_ADMIN)]
OfMember = Annotated[str | None, Query(max_length=100, description="Whose; for services and HR administrators.")]
Commands = CommandRunner[UnitOfWork]


class PairingRoutes:
    """R10, R14, N8: the life of a pairing."""

    def __init__(self, commands: Commands, library: Library) -> None:
        self._commands = commands
        self._library = library

    @property
    def router(self) -> APIRouter:
        """Return the table of routes."""
        router = APIRouter(prefix="/pairings", tags=["pairings"])
        router.add_api_route("", self.propose, methods=["POST"], status_code=201)
        router.add_api_route("", self.pairings, methods=["GET"])
        router.add_api_route("/{pairing_id}", self.show, methods=["GET"])
        router.add_api_route("/{pairing_id}/explanation", self.explanation, methods=["GET"])
        router.add_api_route("/{pairing_id}/accept", self.accept, methods=["POST"])
        router.add_api_route("/{pairing_id}/decline", self.decline, methods=["POST"])
        router.add_api_route("/{pairing_id}/close", self.close, methods=["POST"])
        router.add_api_route("/{pairing_id}/pause", self.pause, methods=["POST"])
        router.add_api_route("/{pairing_id}/resume", self.resume, methods=["POST"])
        router.add_api_route("/{pairing_id}/keep", self.keep, methods=["POST"])
        router.add_api_route("/{pairing_id}/charter/sign", self.sign, methods=["POST"])
        return router

    async def _run(
        self, request: Request, member: Principal, name: str, use: Callable[[UnitOfWork], Awaitable[Pairing]], body: object = None
    ) -> PairingOut:
        async def work(uow: UnitOfWork) -> PairingOut:
            return PairingOut.of(await use(uow))

        return await self._commands.run(request, member, name, work, answer=PairingOut, body=body)

    async def propose(self, body: PairingIn, request: Request, member: Member) -> PairingOut:
        """Begin a pairing oneself: `natural`, `asked` or `approached`. Whoever begins has said yes."""
        command = propose_pairing.ProposePairing(
            programme_id=body.programme_id,
            initiator_id=member.as_member(),
            partner_ids=body.partners(),
            origin=Origin(body.origin),
            intent=body.intent,
            note=body.note,
        )
        return await self._run(request, member, "propose-pairing", lambda uow: propose_pairing.propose_pairing(command, uow), body)

    async def pairings(self, reader: Reader, paging: Paged, member_id: OfMember = None) -> Page[PairingOut | PairingSummary]:
        """List one's own pairings, newest first; services and HR name the member."""
        whose = _whose(reader, member_id)
        found = [each for each in await self._library.pairings_of(whose) if paging.after is None or _place(each) < _of(paging.after)]
        if reader.is_member(whose) or reader.has(Role.SERVICE):
            return paging.page(found, key=_place, shown=PairingOut.of)
        get_log().info(log_events.PERSON_READ, principal=reader.opaque_id, member=whose, route="/pairings")
        return paging.page(found, key=_place, shown=lambda each: PairingSummary(**PairingSummary.fields_of(each)))

    async def show(self, pairing_id: str, reader: Reader) -> PairingOut | PairingSummary:
        """Show a pairing to its members and to services; to HR that it is there and where it stands."""
        found = await self._library.pairing(pairing_id)
        mine = found is not None and any(reader.is_member(member) for member in found.members)
        if found is None or not (mine or reader.has(Role.SERVICE, Role.HR_ADMIN)):
            raise NotFound(id=pairing_id)
        if mine or reader.has(Role.SERVICE):
            return PairingOut.of(found, await self._library.health(found.id) if mine else None)
        get_log().info(log_events.PERSON_READ, principal=reader.opaque_id, pairing=found.id, route="/pairings/{pairing_id}")
        return PairingSummary(**PairingSummary.fields_of(found))

    async def explanation(self, pairing_id: str, reader: MemberOrService, member_id: OfMember = None) -> ExplanationOut:
        """R17: show one's own side's four lists; a service names the side that a mail goes to."""
        side = _whose(reader, member_id)
        return ExplanationOut.of(pairing_id, side, await queries.explanation_for(self._library, pairing_id, side))

    async def accept(self, pairing_id: str, request: Request, member: Member) -> PairingOut:
        """Say yes and take a seat; refused with `no-free-seat` when the last one just went."""
        command = accept_pairing.AcceptPairing(pairing_id=pairing_id, member_id=member.as_member())
        return await self._run(request, member, "accept-pairing", lambda uow: accept_pairing.accept_pairing(command, uow))

    async def decline(self, pairing_id: str, request: Request, member: Member, body: DeclineIn | None = None) -> PairingOut:
        """Say no; a reason code is kept and told to nobody."""
        reason = body.reason if body else None
        command = decline_pairing.DeclinePairing(pairing_id=pairing_id, member_id=member.as_member(), reason=reason)
        return await self._run(request, member, "decline-pairing", lambda uow: decline_pairing.decline_pairing(command, uow), body)

    async def close(self, pairing_id: str, body: CloseIn, request: Request, member: Member) -> PairingOut:
        """End a pairing, or take back a proposal that one made."""
        command = close_pairing.ClosePairing(pairing_id=pairing_id, member_id=member.as_member(), reason=body.reason)
        return await self._run(request, member, "close-pairing", lambda uow: close_pairing.close_pairing(command, uow), body)

    async def pause(self, pairing_id: str, body: PauseIn, request: Request, member: Member) -> PairingOut:
        """Let an active pairing rest until an instant."""
        command = pause_pairing.PausePairing(pairing_id=pairing_id, member_id=member.as_member(), until=body.until)
        return await self._run(request, member, "pause-pairing", lambda uow: pause_pairing.pause_pairing(command, uow), body)

    async def resume(self, pairing_id: str, request: Request, member: Member) -> PairingOut:
        """End a rest early."""
        command = pause_pairing.ResumePairing(pairing_id=pairing_id, member_id=member.as_member())
        return await self._run(request, member, "resume-pairing", lambda uow: pause_pairing.resume_pairing(command, uow))

    async def keep(self, pairing_id: str, request: Request, member: Member) -> PairingOut:
        """N3: say in a review that one wants to go on."""
        command = review_pairing.KeepPairing(pairing_id=pairing_id, member_id=member.as_member())
        return await self._run(request, member, "keep-pairing", lambda uow: review_pairing.keep_pairing(command, uow))

    async def sign(self, pairing_id: str, body: SignIn, request: Request, member: Member) -> PairingOut:
        """N8: sign the content that one has read; the last signature activates."""
        command = sign_charter.SignCharter(pairing_id=pairing_id, member_id=member.as_member(), digest=body.digest)
        return await self._run(request, member, "sign-charter", lambda uow: sign_charter.sign_charter(command, uow), body)


class CharterRoutes:
    """N8, N9: the charter is read and written by the pairing's members; no admin and no service may."""

    def __init__(self, commands: Commands, library: Library) -> None:
        self._commands = commands
        self._library = library

    @property
    def router(self) -> APIRouter:
        """Return the table of routes."""
        router = APIRouter(prefix="/pairings", tags=["charters"])
        router.add_api_route("/{pairing_id}/charter", self.read, methods=["GET"])
        router.add_api_route("/{pairing_id}/charter", self.write, methods=["PUT"], openapi_extra=IF_MATCH)
        return router

    async def _shown(self, pairing: Pairing, response: Response) -> CharterOut:
        response.headers["ETag"] = etag_of(pairing.chartering.edition)
        return CharterOut.of(pairing, await queries.charter_warnings(self._library, pairing))

    async def read(self, pairing_id: str, response: Response, member: Member) -> CharterOut:
        """Show the draft (else what is in force), what is missing, and goals that no partner's offers can serve."""
        return await self._shown(await queries.pairing_for(self._library, pairing_id, member.as_member()), response)

    async def write(self, pairing_id: str, body: CharterBody, request: Request, response: Response, member: Member) -> CharterOut:
        """Replace the draft; any edit voids earlier signatures. `If-Match` names the edition that was read."""
        command = write_charter.WriteCharter(
            pairing_id=pairing_id, member_id=member.as_member(), charter=body.charter(), edition=if_match(request)
        )

        async def work(uow: UnitOfWork) -> CharterOut:
            return await self._shown(await write_charter.write_charter(command, uow), response)

        answer = await self._commands.run(request, member, "write-charter", work, answer=CharterOut, body=body)
        response.headers["ETag"] = etag_of(answer.edition)
        return answer


def _whose(reader: Principal, member_id: str | None) -> str:
    """Return the member that a read is about: oneself, or whom a service or HR names."""
    if member_id is None:
        return reader.as_member()
    if reader.is_member(member_id) or reader.has(Role.SERVICE, Role.HR_ADMIN):
        return member_id
    raise NotAllowed


def _place(pairing: Pairing) -> tuple[str, str]:
    """Return where a pairing stands in a list: text that sorts as time does."""
    return instant_text(pairing.proposed_at), pairing.id


def _of(after: After) -> tuple[str, str]:
    return str(after.value), after.id
