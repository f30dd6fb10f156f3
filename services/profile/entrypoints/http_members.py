"""Members over HTTP: one's own profile, taking part, pausing; HR's lists, leaving, erasure."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.profile.application.edit_member import EditMember, edit_member
from services.profile.application.enrol_members import EnrolMembers, WithdrawMember, enrol_member, withdraw_member
from services.profile.application.part_with_member import erase_member, let_member_leave
from services.profile.application.pause_member import PauseMember, pause_member, resume_member
from services.profile.application.ports import UnitOfWork
from services.profile.application.queries import ListMembers, list_members, read_member
from services.profile.domain.member import Member
from services.profile.domain.reference import Reference
from services.profile.domain.values import Status
from services.profile.domain.vocabulary import Vocabulary
from services.profile.entrypoints import answers
from services.profile.entrypoints.people import Translator
from services.profile.entrypoints.requests import EditMemberIn, EnrolIn, PauseIn
from services.profile.entrypoints.transactions import Transactions
from shared.http.auth import Principal, Role, requires
from shared.http.commands import CommandRunner, cause_of
from shared.http.description import IF_MATCH
from shared.http.etags import etag_of, if_match
from shared.http.paging import Page, Paged
from shared.kernel.errors import NotAllowed
from shared.observability import log_events
from shared.observability.logging import get_log

Anybody = Annotated[Principal, requires(Role.MEMBER, Role.HR_ADMIN, Role.SERVICE)]
MemberOrHr = Annotated[Principal, requires(Role.MEMBER, Role.HR_ADMIN)]
OneMember = Annotated[Principal, requires(Role.MEMBER)]
Hr = Annotated[Principal, requires(Role.HR_ADMIN)]
HrOrService = Annotated[Principal, requires(Role.HR_ADMIN, Role.SERVICE)]
Seen = answers.OwnProfile | answers.MemberForHr | answers.MemberBrief
Work = Callable[[UnitOfWork], Awaitable[Member]]


class _Changes:
    """Commands that change one member all answer the same."""

    def __init__(self, commands: CommandRunner[UnitOfWork]) -> None:
        self._commands = commands

    async def __call__(self, request: Request, principal: Principal, name: str, work: Work, body: object = None) -> answers.Changed:
        async def once(uow: UnitOfWork) -> answers.Changed:
            return answers.changed(await work(uow))

        return await self._commands.run(request, principal, name, once, answer=answers.Changed, body=body)


def members_router(
    commands: CommandRunner[UnitOfWork], reads: Transactions, reference: Reference, vocabulary: Callable[[], Awaitable[Vocabulary]]
) -> APIRouter:
    """Return the routes of members."""
    router, run = APIRouter(tags=["members"]), _Changes(commands)
    _reads(router, reads)
    _editing(router, run, reads, reference, vocabulary)
    _taking_part(router, run)
    _parting(router, run, commands)
    return router


def _reads(router: APIRouter, reads: Transactions) -> None:
    @router.get("/members/me")
    async def show_own(principal: OneMember, request: Request, response: Response) -> answers.OwnProfile:
        """Return the caller's own profile with its ETag."""
        member_id = principal.as_member()
        member = await reads.run("member", lambda uow: read_member(member_id, uow), cause_of(request))
        response.headers["ETag"] = etag_of(member.revision)
        return answers.own_profile(member)

    @router.get("/members")
    async def show_members(
        principal: HrOrService,  # noqa: ARG001  # any of these roles
        request: Request,
        paging: Paged,
        company_key: Annotated[str | None, Query(max_length=64)] = None,
        status: Status | None = None,
    ) -> Page[answers.MemberSummary]:
        """Return members in the order of their ids: no words."""
        after = paging.after.id if paging.after else None
        query = ListMembers(limit=paging.limit, after=after, company_key=company_key, status=status)
        found = await reads.run("members", lambda uow: list_members(query, uow), cause_of(request))
        return paging.page(found, key=lambda member: (member.id, member.id), shown=answers.summary_of)

    @router.get("/members/{member_id}")
    async def show_member(member_id: str, principal: Anybody, request: Request, response: Response) -> Seen:
        """Return a member: everything to the member, the organisation to HR, a name to services (R9, N9)."""
        principal.require_self_or(member_id, Role.HR_ADMIN, Role.SERVICE)
        member = await reads.run("member", lambda uow: read_member(member_id, uow), cause_of(request))
        response.headers["ETag"] = etag_of(member.revision)
        if principal.is_member(member_id):
            return answers.own_profile(member)
        if principal.has(Role.HR_ADMIN):
            get_log().info(log_events.PERSON_READ, principal=principal.opaque_id, member_id=member_id, route="/members/{member_id}")
            return answers.for_hr(member)
        return answers.brief_of(member)


def _editing(
    router: APIRouter, run: "_Changes", reads: Transactions, reference: Reference, vocabulary: Callable[[], Awaitable[Vocabulary]]
) -> None:
    @router.patch("/members/{member_id}", openapi_extra=IF_MATCH)
    async def edit(member_id: str, body: EditMemberIn, principal: OneMember, request: Request, response: Response) -> answers.OwnProfile:
        """Set fields of one's own profile; they belong to the member from then on. Needs `If-Match`."""
        if not principal.is_member(member_id):
            raise NotAllowed
        values = Translator(reference, await vocabulary()).values(body)
        command = EditMember(member_id=member_id, values=values, revision=if_match(request))

        await run(request, principal, "edit-member", lambda uow: edit_member(command, uow), body)
        member = await reads.run(
            "member", lambda uow: read_member(member_id, uow), cause_of(request)
        )  # read anew: private words are not kept with the idempotency key
        response.headers["ETag"] = etag_of(member.revision)
        return answers.own_profile(member)


def _taking_part(router: APIRouter, run: "_Changes") -> None:
    @router.post("/members/{member_id}/enrolments")
    async def enrol(member_id: str, body: EnrolIn, principal: MemberOrHr, request: Request) -> answers.Changed:
        """Take part in a programme, or change the number of seats."""
        principal.require_self_or(member_id, Role.HR_ADMIN)
        command = EnrolMembers(member_ids=[member_id], programme_id=body.programme_id, capacity=body.capacity)
        return await run(request, principal, "enrol-member", lambda uow: enrol_member(command, uow), body)

    @router.delete("/members/{member_id}/enrolments/{programme_id}")
    async def withdraw(member_id: str, programme_id: str, principal: MemberOrHr, request: Request) -> answers.Changed:
        """No longer take part; pairings that exist go on."""
        principal.require_self_or(member_id, Role.HR_ADMIN)
        command = WithdrawMember(member_id=member_id, programme_id=programme_id)
        return await run(request, principal, "withdraw-member", lambda uow: withdraw_member(command, uow))

    @router.post("/members/{member_id}/pause")
    async def pause(member_id: str, body: PauseIn, principal: MemberOrHr, request: Request) -> answers.Changed:
        """Not be paired until a date."""
        principal.require_self_or(member_id, Role.HR_ADMIN)
        command = PauseMember(member_id=member_id, until=body.until_ms, reason=body.reason)
        return await run(request, principal, "pause-member", lambda uow: pause_member(command, uow), body)

    @router.post("/members/{member_id}/resume")
    async def resume(member_id: str, principal: MemberOrHr, request: Request) -> answers.Changed:
        """Be paired again."""
        principal.require_self_or(member_id, Role.HR_ADMIN)
        return await run(request, principal, "resume-member", lambda uow: resume_member(member_id, uow))


def _parting(router: APIRouter, run: "_Changes", commands: CommandRunner[UnitOfWork]) -> None:
    @router.post("/members/{member_id}/leave")
    async def leave(member_id: str, principal: Hr, request: Request) -> answers.Changed:
        """Note that the member has left the company: enrolments close, other services are told (N3)."""
        return await run(request, principal, "let-member-leave", lambda uow: let_member_leave(member_id, uow))

    @router.post("/members/{member_id}/erase")
    async def erase(member_id: str, principal: Hr, request: Request) -> answers.Erased:
        """Erase a member's personal data here and, by tombstones, in the state topics (N18)."""

        async def work(uow: UnitOfWork) -> answers.Erased:
            done = await erase_member(member_id, uow)
            return answers.Erased(member_id=done.member_id, places=done.places)

        return await commands.run(request, principal, "erase-member", work, answer=answers.Erased)
