"""What can be asked of profile."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from services.profile.application.ports import UnitOfWork
from services.profile.domain.member import Member
from services.profile.domain.people_import import RowReport
from services.profile.domain.text import slug
from services.profile.domain.values import Status
from services.profile.domain.vocabulary import Vocabulary
from shared.kernel.errors import NotFound

BATCHES_A_READ = 10
READS_A_PAGE = 10
TAGS_TOLD = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMembers:
    """A page of members behind `after`, in the order of their ids."""

    limit: int
    after: str | None = None
    company_key: str | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """What became of the rows of an import, from a batch on; with `problems_only` those with a finding."""

    import_id: str
    from_batch: int
    rows: int
    problems_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """Rows in the order of the file, and the batch that the next page begins with (None at the end)."""

    rows: list[RowReport]
    next_batch: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeTag:
    """What members wrote that is not on the list: how many of them, and what is written much like it."""

    code: str
    members: int
    nearest: list[str]


async def count_free_tags(reads: Callable[[str | None], Awaitable[list[tuple[str, frozenset[str]]]]]) -> Counter[str]:
    """Count codes over all members; `reads` gives a page behind an id, an empty one at the end."""
    counted, after = Counter[str](), None
    while page := await reads(after):
        for _, codes in page:
            counted.update(codes)
        after = page[-1][0]
    return counted


def free_tags(counted: Mapping[str, int], vocabulary: Vocabulary, minimum: int) -> list[FreeTag]:
    """R6, R13: return tags of at least so many members, most frequent first: something for a person to add or merge."""
    listed = vocabulary.broader
    found = [(code, members) for code, members in counted.items() if members >= minimum and code not in listed]
    alike: dict[str, list[str]] = {}
    for code, _ in sorted(found):
        alike.setdefault(slug(code), []).append(code)
    return [
        FreeTag(code=code, members=members, nearest=[*(one for one in alike[slug(code)] if one != code), *vocabulary.nearest(code)])
        for code, members in sorted(found, key=lambda tag: (-tag[1], tag[0]))[:TAGS_TOLD]
    ]


async def read_member(member_id: str, uow: UnitOfWork) -> Member:
    """Return a member; an erased one is not found."""
    member = await uow.members.get(member_id)
    if member.status is Status.ERASED:
        raise NotFound(id=member_id)
    return member


async def list_members(query: ListMembers, uow: UnitOfWork) -> list[Member]:
    """Return members, one more than the page holds when there are more; never erased ones."""
    return await uow.members.page(after=query.after, company_key=query.company_key, status=query.status, limit=query.limit + 1)


async def read_report(query: ReadReport, uow: UnitOfWork) -> ReportPage:
    """Return whole batches until the page holds enough rows; a page may be short when few rows have findings."""
    people_import = await uow.imports.get(query.import_id)
    done, rows, batch = people_import.batches_done, list[RowReport](), query.from_batch
    for _ in range(READS_A_PAGE):
        for reported in await uow.imports.reported(query.import_id, batch, min(batch + BATCHES_A_READ, done)):
            rows.extend(row for row in reported if row.problems or not query.problems_only)
            batch += 1
            if len(rows) >= query.rows:
                return ReportPage(rows=rows, next_batch=batch if batch < done else None)
        if batch >= done:
            break
    return ReportPage(rows=rows, next_batch=batch if batch < done or people_import.is_open else None)
