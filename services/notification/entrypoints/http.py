"""HTTP of notification: the inbox and preferences of the caller, and for operators what became of a member's messages."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.notification.application.ports import UnitOfWork
from services.notification.application.set_preferences import SetPreferences, set_preferences
from services.notification.entrypoints.requests import DeliveryOut, InboxItemOut, PreferencesIn, PreferencesOut, Reads
from shared.contracts.base import instant_text
from shared.http.auth import Principal, Role, requires
from shared.http.commands import CommandRunner
from shared.http.paging import BadCursor, Page, Paged, Paging


class Routes:
    """The routes, bound to what they need."""

    def __init__(self, commands: CommandRunner[UnitOfWork], reads: Reads) -> None:
        """`commands` runs a change in one transaction; `reads` answers questions."""
        self._commands, self._reads = commands, reads

    def router(self) -> APIRouter:
        """Return all routes."""
        router = APIRouter(tags=["notification"])
        router.get("/inbox", summary="The caller's messages, newest first")(self.inbox)
        router.get("/preferences", summary="What the caller wishes to hear by mail")(self.preferences)
        router.put("/preferences", summary="Replace what the caller wishes to hear by mail")(self.set_preferences)
        router.get("/deliveries", summary="What became of a member's messages: codes only")(self.deliveries)
        return router

    async def inbox(self, principal: Annotated[Principal, requires(Role.MEMBER)], paging: Paged) -> Page[InboxItemOut]:
        """N16: everything that was told, mailed or not."""
        items = await self._reads.inbox(principal.as_member(), _end_of_last_page(paging), paging.limit + 1)
        return paging.page(items, lambda each: (instant_text(each.at), each.id), InboxItemOut.model_validate)

    async def preferences(self, principal: Annotated[Principal, requires(Role.MEMBER)]) -> PreferencesOut:
        """N16: language and kinds."""
        return PreferencesOut.of(await self._reads.preferences(principal.as_member()))

    async def set_preferences(
        self, request: Request, principal: Annotated[Principal, requires(Role.MEMBER)], body: PreferencesIn
    ) -> PreferencesOut:
        """N16: unsubscribe by kind; what must not be silent cannot be switched off."""
        command = SetPreferences(member_id=principal.as_member(), preferences=body.wish())

        async def work(uow: UnitOfWork) -> PreferencesOut:
            return PreferencesOut.of(await set_preferences(command, uow))

        return await self._commands.run(request, principal, "set-preferences", work, answer=PreferencesOut, body=body)

    async def deliveries(
        self,
        principal: Annotated[Principal, requires(Role.OPERATOR)],  # noqa: ARG002  # the role is the check
        member_id: Annotated[str, Query(min_length=1, max_length=200)],
        paging: Paged,
    ) -> Page[DeliveryOut]:
        """N17: an operator sees whether and why, never what."""
        rows = await self._reads.deliveries(member_id, _end_of_last_page(paging), paging.limit + 1)
        return paging.page(rows, lambda each: (instant_text(each.at), each.id), DeliveryOut.of)


def _end_of_last_page(paging: Paging) -> tuple[datetime, str] | None:
    if paging.after is None:
        return None
    try:
        return datetime.fromisoformat(str(paging.after.value)), paging.after.id
    except ValueError:
        raise BadCursor from None
