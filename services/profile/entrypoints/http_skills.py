"""The company's list of skills over HTTP: labels for everybody, the list with its hierarchy for admins, changes for HR."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.profile.application.change_skill_list import AddSkill, MergeSkills, SkillListChanged, add_skill, merge_skills, recode_members
from services.profile.application.ports import UnitOfWork
from services.profile.application.queries import count_free_tags, free_tags
from services.profile.domain.vocabulary import Vocabulary
from services.profile.entrypoints import answers
from services.profile.entrypoints.requests import AnyCode, Code, MergeSkillsIn, SkillIn
from services.profile.entrypoints.transactions import Transactions
from shared.http.auth import Principal, Role, requires
from shared.http.commands import CommandRunner, cause_of
from shared.observability import log_events
from shared.observability.logging import get_log

Labels = Annotated[Principal, requires(Role.MEMBER, Role.PROGRAMME_ADMIN, Role.HR_ADMIN, Role.SERVICE)]
Admin = Annotated[Principal, requires(Role.PROGRAMME_ADMIN, Role.HR_ADMIN)]
Hr = Annotated[Principal, requires(Role.HR_ADMIN)]
MEMBERS_A_TRANSACTION, MEMBERS_A_READ = 200, 2_000
MINIMUM = 5
Minimum = Annotated[int, Query(ge=MINIMUM, le=10_000, description="Tags of at least so many members.")]


class SkillRoutes:
    """R6: what a skill is called, what it is part of, and which spellings mean it."""

    def __init__(
        self, commands: CommandRunner[UnitOfWork], transactions: Transactions, vocabulary: Callable[[], Awaitable[Vocabulary]]
    ) -> None:
        """`vocabulary` gives the list as it is now."""
        self._commands = commands
        self._transactions = transactions
        self._vocabulary = vocabulary

    @property
    def router(self) -> APIRouter:
        """Return the table of routes."""
        router = APIRouter(prefix="/skills", tags=["skills"])
        router.add_api_route("", self.labels, methods=["GET"])
        router.add_api_route("/list", self.list_, methods=["GET"])
        router.add_api_route("/free", self.free, methods=["GET"])
        router.add_api_route("/list/{code}", self.add, methods=["PUT"])
        router.add_api_route("/list/{code}/merge", self.merge, methods=["POST"])
        return router

    async def labels(self, _: Labels, request: Request) -> answers.LabelsOut:
        """Return what codes are called: code → names by language (`und`: as the company's own people file writes it)."""
        vocabulary = await self._vocabulary()
        own = await self._transactions.run("labels", lambda uow: uow.labels.all(), cause_of(request))
        return answers.labels_out(vocabulary, own)

    async def list_(self, _: Admin) -> answers.SkillListOut:
        """Return every skill with its names, other spellings, source and place in the hierarchy."""
        return answers.skill_list_out(await self._vocabulary())

    async def free(self, hr: Hr, request: Request, minimum: Minimum = MINIMUM) -> list[answers.FreeTagOut]:  # noqa: ARG002  # that role
        """Return what members wrote that is not on the list, with codes that are written much like it: to be added or merged."""
        vocabulary, cause = await self._vocabulary(), cause_of(request)

        async def page(after: str | None) -> list[tuple[str, frozenset[str]]]:
            return await self._transactions.run(
                "skill-codes", lambda uow: uow.members.skill_codes(after=after, limit=MEMBERS_A_READ), cause
            )

        found = free_tags(await count_free_tags(page), vocabulary, minimum)
        return [answers.FreeTagOut(code=each.code, members=each.members, nearest=each.nearest) for each in found]

    async def add(self, code: Code, body: SkillIn, request: Request, hr: Hr) -> answers.SkillListChangedOut:
        """Put a skill on the list, or replace one that was added before; free tags that are its spellings become it."""
        command = AddSkill(term=body.term(code))

        async def work(uow: UnitOfWork) -> SkillListChanged:
            return await add_skill(command, uow)

        return await self._change(request, hr, "add-skill", work, body)

    async def merge(self, code: AnyCode, body: MergeSkillsIn, request: Request, hr: Hr) -> answers.SkillListChangedOut:
        """Let every spelling of a skill, or a free tag, mean another one; members' codes follow. Cut off, the same call goes on."""
        command = MergeSkills(code=code, into=body.into)

        async def work(uow: UnitOfWork) -> SkillListChanged:
            return await merge_skills(command, uow)

        return await self._change(request, hr, "merge-skills", work, body)

    async def _change(
        self, request: Request, hr: Principal, name: str, work: Callable[[UnitOfWork], Awaitable[SkillListChanged]], body: object
    ) -> answers.SkillListChangedOut:
        """Change the list in one transaction, then the members in transactions of 200, each of which can be repeated."""
        done = await self._commands.run(request, hr, name, work, answer=SkillListChanged, body=body)
        cause, members = cause_of(request), 0
        ids = await self._transactions.run("with-skills", lambda uow: uow.members.ids_with_skills([*done.codes]), cause)
        for begin in range(0, len(ids), MEMBERS_A_TRANSACTION):
            some = ids[begin : begin + MEMBERS_A_TRANSACTION]
            members += await self._transactions.run("recode-members", lambda uow, some=some: recode_members(some, done.codes, uow), cause)  # type: ignore[misc]
        get_log().info(log_events.SKILL_LIST_CHANGED, principal=hr.opaque_id, command=name, changed=done.changed, members=members)
        return answers.SkillListChangedOut(changed=done.changed, members=members)
