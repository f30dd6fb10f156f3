"""Members, rows and reference lists for tests."""

from datetime import UTC, datetime
from typing import Any

from services.profile.adapters.reference import load_reference
from services.profile.adapters.vocabulary import load_vocabulary
from services.profile.domain.member import Member
from services.profile.domain.people_file.header import Header
from services.profile.domain.people_file.rows import PersonRow, RawRow, RowReader
from shared.kernel.aggregate import DomainEvent

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
REFERENCE = load_reference(default_zone="UTC", default_language="en", default_hours="mo-fr 09:00-17:00")
VOCABULARY = load_vocabulary()


def joined(member_id: str = "m-1", key: str = "E-1", **values: Any) -> Member:
    """Return a member who has just joined, the fact of it told."""
    member = Member.join(member_id, key, {"email": f"{key.lower()}@corp.example", "display_name": "Ada Example"} | values, now=NOW)
    member.take_recorded()
    member.take_due_records(REFERENCE)
    return member


def told(member: Member) -> list[DomainEvent]:
    """Return the facts since the last look."""
    return [event for _, event in member.take_recorded()]


def read(header: str, *rows: str, first_line: int = 2) -> list[PersonRow]:
    """Read rows under a header, both with commas."""
    reader = RowReader(Header.read(header.split(","), 1), reference=REFERENCE, vocabulary=VOCABULARY)
    return [reader.read(RawRow(first_line + at, tuple(row.split(",")))) for at, row in enumerate(rows)]


def person(line: int, key: str, manager: str | None = None, *, email: str | None = None) -> PersonRow:
    """Return a good row with a manager column."""
    return PersonRow(line=line, company_key=key, email=email or f"{key}@corp.example", manager_key=manager, values={"manager_id": manager})


def codes(row: PersonRow) -> list[tuple[str, str]]:
    """Return column and code of each finding."""
    return [(problem.column, problem.code) for problem in row.problems]
