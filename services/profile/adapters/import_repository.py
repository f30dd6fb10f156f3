"""Imports in MongoDB: where they stand, the uploaded bytes in pieces, and the reports by batch."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from services.profile.domain.people_file.problems import Problem, Severity
from services.profile.domain.people_import import Outcome, PeopleImport, RowReport
from services.profile.domain.refusals import PieceGone
from shared.persistence.aggregates import AggregateStore
from shared.persistence.database import Collection, Document, Transaction
from shared.persistence.indexes import Index

IMPORTS, FILES, REPORTS = "imports", "import_files", "import_reports"
REPORTS_KEPT = timedelta(days=30)
INDEXES = (
    Index(collection=IMPORTS, keys=(("ix.open", 1),)),
    Index(collection=FILES, keys=(("import_id", 1),)),
    Index(collection=FILES, keys=(("expires_at", 1),), expire_after=timedelta(0)),
    Index(collection=REPORTS, keys=(("import_id", 1), ("batch", 1))),
    Index(collection=REPORTS, keys=(("import_id", 1), ("has_moved", 1))),
    Index(collection=REPORTS, keys=(("expires_at", 1),), expire_after=timedelta(0)),
)


def piece_id(import_id: str, number: int) -> str:
    """Return the id of one piece of an uploaded file."""
    return f"{import_id}:{number:06d}"


class MongoImportRepository:
    """`ImportRepository` over one transaction."""

    def __init__(self, tx: Transaction) -> None:
        """Bind to a transaction."""
        self._tx = tx
        self._store = AggregateStore(
            tx, IMPORTS, PeopleImport, outbox=None, outgoing=lambda _, __: None, index=lambda each: {"open": each.is_open}
        )

    async def add(self, people_import: PeopleImport) -> None:
        """Store a new import."""
        await self._store.add(people_import)

    async def get(self, import_id: str) -> PeopleImport:
        """Return an import, or refuse with `NotFound`."""
        return await self._store.get(import_id)

    async def save(self, people_import: PeopleImport) -> None:
        """Store a changed import."""
        await self._store.save(people_import)

    async def open_ones(self) -> list[PeopleImport]:
        """Return the imports that are not finished, the oldest first."""
        found = await self._store.find_where({"ix.open": True})
        return sorted(found, key=lambda each: (each.received_at, each.id))

    async def report(self, import_id: str, batch: int, rows: Sequence[RowReport], *, moved: Sequence[str]) -> None:
        """Store what became of one batch."""
        await self._tx.collection(REPORTS).insert_one(
            {
                "_id": piece_id(import_id, batch),
                "import_id": import_id,
                "batch": batch,
                "rows": [_plain(row) for row in rows],
                "moved": list(moved),
                "has_moved": bool(moved),
                "expires_at": self._tx.wall.now() + REPORTS_KEPT,
            }
        )

    async def moved(self, import_id: str) -> list[str]:
        """Return everybody whose manager the import changed."""
        found = await self._tx.collection(REPORTS).find({"import_id": import_id, "has_moved": True}, projection={"moved": 1})
        return sorted(member_id for document in found for member_id in document["moved"])

    async def reported(self, import_id: str, begin: int, end: int) -> list[list[RowReport]]:
        """Return the reports of a window of batches, in the order of the file."""
        window = {"import_id": import_id, "batch": {"$gte": begin, "$lt": end}}
        found = await self._tx.collection(REPORTS).find(window, sort=[("batch", 1)]) if begin < end else []
        return [[_report(row) for row in document["rows"]] for document in found]

    async def drop_file(self, import_id: str) -> None:
        """Forget the uploaded bytes."""
        await self._tx.collection(FILES).delete_many({"import_id": import_id})

    async def forget_member(self, member_id: str) -> int:
        """Take a member's key and findings out of all reports (N18); return how many named them. Rare, so it may read all of them."""
        reports, changed = self._tx.collection(REPORTS), 0
        for document in await reports.find({"rows.member_id": member_id}):
            rows = [_forgotten(row) if row["member_id"] == member_id else row for row in document["rows"]]
            if rows != document["rows"]:
                changed += 1
                await reports.replace_one({"_id": document["_id"]}, document | {"rows": rows})
        return changed


class UploadedPieces:
    """The bytes of uploaded files, written and read piece by piece, outside transactions (they are visible to nobody else)."""

    def __init__(self, files: Collection) -> None:
        """Bind to the collection `import_files`."""
        self._files = files

    async def put(self, import_id: str, number: int, data: bytes, *, expires_at: datetime) -> None:
        """Keep one piece; what nobody imports disappears by its date."""
        await self._files.insert_one({"_id": piece_id(import_id, number), "import_id": import_id, "data": data, "expires_at": expires_at})

    async def get(self, import_id: str, number: int) -> bytes:
        """Return one piece."""
        found = await self._files.find_one({"_id": piece_id(import_id, number)})
        if found is None:
            raise PieceGone(piece_id(import_id, number))
        return bytes(found["data"])

    async def drop(self, import_id: str) -> None:
        """Forget an upload that became no import."""
        await self._files.delete_many({"import_id": import_id})


def _plain(row: RowReport) -> dict[str, Any]:
    problems = [asdict(problem) | {"severity": problem.severity.value} for problem in row.problems]
    return {
        "line": row.line,
        "company_key": row.company_key,
        "member_id": row.member_id,
        "outcome": row.outcome.value,
        "problems": problems,
    }


def _report(row: Document) -> RowReport:
    problems = tuple(Problem(**each | {"severity": Severity(each["severity"])}) for each in row["problems"])
    return RowReport(
        line=row["line"], company_key=row["company_key"], member_id=row["member_id"], outcome=Outcome(row["outcome"]), problems=problems
    )


def _forgotten(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"company_key": None, "problems": []}
