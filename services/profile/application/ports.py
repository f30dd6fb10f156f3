"""What the use cases need of the world outside."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol

from services.profile.domain.census import Known
from services.profile.domain.member import Member
from services.profile.domain.people_file.header import Header
from services.profile.domain.people_file.problems import Problem
from services.profile.domain.people_file.rows import RawRow
from services.profile.domain.people_import import PeopleImport, RowReport
from services.profile.domain.skill_list import SkillList
from services.profile.domain.values import Status
from services.profile.domain.vocabulary import Vocabulary
from shared.kernel.clock import Clock


class MemberRepository(Protocol):
    """Members of one transaction. Saving publishes facts, and card and contact where they changed."""

    async def get(self, member_id: str) -> Member:
        """Return a member, or refuse with `NotFound`; erased ones too."""
        ...

    async def find_many(self, ids: Sequence[str]) -> list[Member]:
        """Return those that exist."""
        ...

    async def known_by_key(self, keys: Sequence[str]) -> list[Known]:
        """Return who has these company keys, without loading them whole."""
        ...

    async def known_by_address(self, addresses: Sequence[str]) -> list[Known]:
        """Return who is here and has these (folded) addresses."""
        ...

    async def page(self, *, after: str | None, company_key: str | None, status: Status | None, limit: int) -> list[Member]:
        """Return members who are not erased, in the order of their ids."""
        ...

    async def active_ids(self) -> list[str]:
        """Return the ids of everybody who is here."""
        ...

    async def reports_of(self, manager_ids: Sequence[str]) -> list[str]:
        """Return the ids of members who report directly to these."""
        ...

    async def skill_codes(self, *, after: str | None, limit: int) -> list[tuple[str, frozenset[str]]]:
        """Return id and codes of what is offered or wanted, of members who are here, in the order of their ids."""
        ...

    async def ids_with_skills(self, codes: Sequence[str]) -> list[str]:
        """Return the ids of members who offer or want any of these codes."""
        ...

    async def add_many(self, members: Sequence[Member]) -> None:
        """Store new members."""
        ...

    async def save_many(self, members: Sequence[Member]) -> None:
        """Store changed members; `StaleVersion` when one was changed by somebody else."""
        ...

    async def save(self, member: Member) -> None:
        """Store one changed member."""
        ...


class SkillListRepository(Protocol):
    """The company's changes to its list of skills. Saving tells the hierarchy where it changed."""

    @property
    def base(self) -> Vocabulary:
        """Return the list of the company's file, without the changes."""
        ...

    async def get(self) -> SkillList:
        """Return the changes."""
        ...

    async def save(self, skill_list: SkillList) -> None:
        """Store them, new or changed."""
        ...


class LabelRepository(Protocol):
    """How the company itself writes its departments, job families and sites."""

    async def keep(self, labels: Mapping[tuple[str, str], str]) -> None:
        """Keep the newest spelling of each (column, code)."""
        ...

    async def all(self) -> dict[tuple[str, str], str]:
        """Return every spelling."""
        ...


class ImportRepository(Protocol):
    """Imports, their uploaded bytes and their reports."""

    async def add(self, people_import: PeopleImport) -> None:
        """Store a new import."""
        ...

    async def get(self, import_id: str) -> PeopleImport:
        """Return an import, or refuse with `NotFound`."""
        ...

    async def save(self, people_import: PeopleImport) -> None:
        """Store a changed import."""
        ...

    async def open_ones(self) -> list[PeopleImport]:
        """Return the imports that are not finished, the oldest first."""
        ...

    async def report(self, import_id: str, batch: int, rows: Sequence[RowReport], *, moved: Sequence[str]) -> None:
        """Store what became of the rows of one batch, and whose manager changed."""
        ...

    async def reported(self, import_id: str, begin: int, end: int) -> list[list[RowReport]]:
        """Return the rows of a window of batches, batch by batch in the order of the file."""
        ...

    async def moved(self, import_id: str) -> list[str]:
        """Return everybody whose manager this import changed."""
        ...

    async def drop_file(self, import_id: str) -> None:
        """Forget the uploaded bytes: they hold personal data and are not needed any more."""
        ...

    async def forget_member(self, member_id: str) -> int:
        """Take a member's company key and findings out of all reports (N18); return in how many they stood."""
        ...


class TimerSetter(Protocol):
    """Durable timers of one transaction."""

    async def set(self, timer_id: str, due_at: datetime, kind: str, data: dict[str, Any], /) -> None:
        """Set a timer; the same id replaces."""
        ...

    async def cancel(self, timer_id: str, /) -> None:
        """Forget a timer."""
        ...


class UnitOfWork(Protocol):
    """One transaction of profile."""

    @property
    def members(self) -> MemberRepository:
        """Return the members."""
        ...

    @property
    def imports(self) -> ImportRepository:
        """Return the imports."""
        ...

    @property
    def skill_list(self) -> SkillListRepository:
        """Return the company's changes to its list of skills."""
        ...

    @property
    def labels(self) -> LabelRepository:
        """Return how the company writes its departments and sites."""
        ...

    @property
    def timers(self) -> TimerSetter:
        """Return the durable timers."""
        ...

    @property
    def clock(self) -> Clock:
        """Return business time."""
        ...

    @property
    def wall(self) -> Clock:
        """Return technical time (leases)."""
        ...

    def new_id(self) -> str:
        """Return a new opaque id."""
        ...


class PeopleTable(Protocol):
    """An opened people file."""

    @property
    def header(self) -> Header:
        """Return the columns."""
        ...

    @property
    def notices(self) -> list[Problem]:
        """Return findings about the file as a whole."""
        ...

    def batches(self, size: int) -> AsyncIterator[list[RawRow]]:
        """Yield the rows that hold anything, so many at a time; the same batches at every reading."""
        ...


class PeopleFiles(Protocol):
    """The uploaded files."""

    def open(self, people_import: PeopleImport) -> AbstractAsyncContextManager[PeopleTable]:
        """Open a file; `FileRefused` when it cannot be read as a people file."""
        ...


class UploadStore(Protocol):
    """The bytes of uploaded files, piece by piece."""

    async def put(self, import_id: str, number: int, data: bytes, *, expires_at: datetime) -> None:
        """Keep one piece; what nobody imports disappears by its date."""
        ...

    async def drop(self, import_id: str) -> None:
        """Forget an upload."""
        ...
