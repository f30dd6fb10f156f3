"""Everybody a people file names, before the first of them is written: doubles, known people, managers, loops."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from services.profile.domain.management import Management
from services.profile.domain.people_file.problems import Problem, Severity, shown
from services.profile.domain.people_file.rows import PersonRow
from services.profile.domain.values import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored of somebody, as far as a file can clash with it."""

    id: str
    company_key: str
    email: str
    """Folded; only of those who are here."""
    status: Status
    manager_id: str | None
    manager_chain: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRow:
    """A row with all that the rest of the file and the store say about it. Refused rows have no member."""

    row: PersonRow
    member_id: str | None
    is_new: bool = False
    chain: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Tell whether the row cannot be taken."""
        return self.member_id is None


def fold_address(address: str) -> str:
    """Return a mail address as it is compared."""
    return address.casefold()


@dataclass(kw_only=True)
class Census:
    """Collects rows in the order of the file. About a hundred bytes a row are kept, never the rows themselves.

    The first of two rows with one `member_id` or one address counts, the later one is refused.
    """

    new_member_id: Callable[[str], str]
    """company key → id of a member who joins with this import; the same at every call."""
    rows: int = 0
    refused: int = 0
    management: Management = field(default_factory=Management)
    _lines_by_key: dict[str, int] = field(default_factory=dict)
    _lines_by_address: dict[str, int] = field(default_factory=dict)
    _refusals: dict[int, Problem] = field(default_factory=dict)
    _ids: dict[str, str] = field(default_factory=dict)
    _new: dict[str, None] = field(default_factory=dict)
    _managers: dict[str, str | None] = field(default_factory=dict)
    _outside: dict[str, str] = field(default_factory=dict)

    def admit(self, rows: Iterable[PersonRow]) -> list[PersonRow]:
        """Count rows; return those that neither they themselves nor an earlier row refuse."""
        admitted = []
        for row in rows:
            self.rows += 1
            if row.is_refused:
                self.refused += 1
            elif (clash := self._double(row)) is not None:
                self._refuse(row, clash)
            else:
                self._lines_by_key[row.company_key] = row.line
                self._lines_by_address[fold_address(row.email)] = row.line
                admitted.append(row)
        return admitted

    def place(self, rows: Iterable[PersonRow], known: Iterable[Known]) -> None:
        """Take admitted rows in, next to what is stored of the same people and addresses."""
        by_key, by_address = {}, {}
        for each in known:
            by_key[each.company_key] = each
            by_address[each.email] = each
        for row in rows:
            stored = by_key.get(row.company_key)
            holder = by_address.get(fold_address(row.email))
            if stored is not None and stored.status is not Status.ACTIVE:
                self._refuse(row, has_left(row.line))
            elif holder is not None and holder.company_key != row.company_key:
                self._refuse(row, _taken(row.line))
            else:
                self._take(row, stored)

    def missing_managers(self) -> list[str]:
        """Return the company keys of managers whom the file names but does not hold."""
        return list(dict.fromkeys(key for key in self._managers.values() if key is not None and key not in self._ids))

    def find_outside(self, known: Iterable[Known]) -> None:
        """Take in what is stored of managers who are not in the file."""
        for each in known:
            self._outside[each.company_key] = each.id
            self.management.set_stored_chain(each.id, each.manager_chain)

    def settle(self) -> None:
        """Everybody is known now: say who reports to whom."""
        for key, manager_key in self._managers.items():
            self.management.set_manager(self._ids[key], None if manager_key == key else self._id_of(manager_key))

    def holds(self, member_id: str) -> bool:
        """Tell whether a member's manager is known from here (they are in the file)."""
        return self.management.holds(member_id)

    def check(self, row: PersonRow) -> CheckedRow:
        """Return the row with its place in the line of managers, and everything that is wrong with it."""
        own = (*row.problems, *self._refusals_at(row.line))
        member_id = None if row.is_refused else self._ids.get(row.company_key)
        if member_id is None or row.line != self._lines_by_key.get(row.company_key):
            return CheckedRow(row=row, member_id=None, problems=own)
        return CheckedRow(
            row=row,
            member_id=member_id,
            is_new=row.company_key in self._new,
            chain=self.management.chain(member_id),
            problems=(*own, *self._about_manager(row, member_id)),
        )

    def manager_of(self, member_id: str) -> str | None:
        """Return who somebody in the file reports to."""
        return self.management.manager_of(member_id)

    def _take(self, row: PersonRow, stored: Known | None) -> None:
        member_id = stored.id if stored else self.new_member_id(row.company_key)
        self._ids[row.company_key] = member_id
        if stored is None:
            self._new[row.company_key] = None
        if "manager_id" in row.values:
            self._managers[row.company_key] = row.manager_key
            return
        manager_id = stored.manager_id if stored else None
        self.management.set_manager(member_id, manager_id)
        if stored and manager_id is not None:
            self.management.set_stored_chain(manager_id, stored.manager_chain[1:])

    def _refuse(self, row: PersonRow, problem: Problem) -> None:
        self.refused += 1
        self._refusals[row.line] = problem

    def _refusals_at(self, line: int) -> tuple[Problem, ...]:
        found = self._refusals.get(line)
        return () if found is None else (found,)

    def _id_of(self, key: str | None) -> str | None:
        return None if key is None else self._ids.get(key) or self._outside.get(key)

    def _double(self, row: PersonRow) -> Problem | None:
        if (line := self._lines_by_key.get(row.company_key)) is not None:
            return Problem(
                code="duplicate-member-id",
                problem=f"line {line} has the same member_id; the first of the two counts",
                remedy="keep one row per person, or give the second person a member_id of their own",
                line=row.line,
                column="member_id",
            )
        if (line := self._lines_by_address.get(fold_address(row.email))) is not None:
            return Problem(
                code="duplicate-email",
                problem=f"line {line} has the same mail address; the first of the two counts",
                remedy="every person needs an address of their own",
                line=row.line,
                column="email",
            )
        return None

    def _about_manager(self, row: PersonRow, member_id: str) -> list[Problem]:
        key = row.manager_key
        if key is None:
            return []
        if key == row.company_key:
            return [_warn(row.line, "manager-is-self", "this person is named as their own manager", "leave manager_id empty at the top")]
        if self._id_of(key) is None:
            why = "stands in a refused row" if key in self._lines_by_key else "is neither in the file nor known"
            return [
                _warn(
                    row.line,
                    "unknown-manager",
                    f"the manager {shown(key)} {why}; taken without manager",
                    "add that person's row, or mend manager_id",
                )
            ]
        loop = self.management.loop_of(member_id)
        return [_looping(row.line, [self._key_of(each) for each in (*loop, member_id)])] if loop else []

    def _key_of(self, member_id: str) -> str:
        return next(key for key, each in self._ids.items() if each == member_id)


def has_left(line: int) -> Problem:
    """Return the refusal of a row about somebody who left: an old file must not bring leavers back."""
    return Problem(
        code="member-has-left",
        problem="this person has left the company; the row changes nothing",
        remedy="take the row out; somebody who came back gets a new member_id",
        line=line,
        column="member_id",
    )


def _taken(line: int) -> Problem:
    return Problem(
        code="email-taken",
        problem="another member who is not this person has this mail address",
        remedy="every person needs an address of their own; if the other one's address changes in this file, import it once more",
        line=line,
        column="email",
    )


def _looping(line: int, keys: list[str]) -> Problem:
    path = " → ".join(shown(key) for key in keys)
    remedy = "mend manager_id of one of them; until then nobody of the loop is paired with another of it"
    return _warn(line, "management-loop", f"the managers go round in a circle: {path}", remedy)


def _warn(line: int, code: str, problem: str, remedy: str) -> Problem:
    return Problem(code=code, problem=problem, remedy=remedy, line=line, column="manager_id", severity=Severity.WARNING)
