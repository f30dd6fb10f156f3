"""Everybody in a file: doubles, known people, managers, loops."""

from services.profile.domain.census import Census, Known
from services.profile.domain.management import Management
from services.profile.domain.people_file.rows import PersonRow
from services.profile.domain.values import Status
from tests.unit.profile.builders import person


def known(
    key: str, *, address: str | None = None, status: Status = Status.ACTIVE, manager: str | None = None, chain: tuple[str, ...] = ()
) -> Known:
    """Return what is stored of somebody; the id is `s-<key>`."""
    return Known(
        id=f"s-{key}",
        company_key=key,
        email=address or f"{key}@corp.example".casefold(),
        status=status,
        manager_id=manager,
        manager_chain=chain,
    )


def counted(rows: list[PersonRow], *stored: Known, outside: tuple[Known, ...] = ()) -> Census:
    """Return the census of a file."""
    census = Census(new_member_id=lambda key: f"n-{key}")
    census.place(census.admit(rows), stored)
    census.find_outside(each for each in outside if each.company_key in census.missing_managers())
    census.settle()
    return census


def findings(census: Census, rows: list[PersonRow]) -> list[tuple[int, str, bool]]:
    """Return line, code and whether the row is refused, of every finding."""
    checked = [census.check(row) for row in rows]
    return [(problem.line, problem.code, each.is_refused) for each in checked for problem in each.problems]


class TestDoubles:
    """The first counts, the later one is refused."""

    def test_same_member_id_twice(self) -> None:
        """Issue 3: required, unique."""
        rows = [person(2, "A"), person(3, "A", email="other@corp.example"), person(4, "B")]
        census = counted(rows)
        assert findings(census, rows) == [(3, "duplicate-member-id", True)]
        assert (census.rows, census.refused) == (3, 1)

    def test_two_people_with_one_address(self) -> None:
        """Issue 3: in any case of letters."""
        rows = [person(2, "A", email="x@corp.example"), person(3, "B", email="X@CORP.example")]
        assert findings(counted(rows), rows) == [(3, "duplicate-email", True)]

    def test_refused_row_takes_no_address(self) -> None:
        """The row behind a double is fine."""
        rows = [person(2, "A"), person(3, "A", email="b@corp.example"), person(4, "B", email="b@corp.example")]
        assert findings(counted(rows), rows) == [(3, "duplicate-member-id", True)]

    def test_address_of_another_member(self) -> None:
        """Known from an earlier file; one's own address is no clash."""
        rows = [person(2, "A", email="z@corp.example"), person(3, "B")]
        census = counted(rows, known("Z"), known("B"))
        assert findings(census, rows) == [(2, "email-taken", True)]
        assert [census.check(row).member_id for row in rows] == [None, "s-B"]

    def test_leaver_is_not_brought_back_by_an_old_file(self) -> None:
        """N3: and says so."""
        rows = [person(2, "A")]
        assert findings(counted(rows, known("A", status=Status.LEFT)), rows) == [(2, "member-has-left", True)]


class TestManagers:
    """R5: the line of managers."""

    def test_chain_goes_up_whatever_the_order_of_the_rows(self) -> None:
        """Managers may stand below their reports in the file."""
        rows = [person(2, "A", "B"), person(3, "B", "C"), person(4, "C")]
        census = counted(rows)
        assert census.check(rows[0]).chain == ("n-B", "n-C")
        assert census.manager_of("n-A") == "n-B"

    def test_manager_from_an_earlier_file(self) -> None:
        """Not in this file, but known: with their stored line."""
        rows = [person(2, "A", "Z")]
        census = counted(rows, outside=(known("Z", chain=("s-Y",)),))
        assert census.check(rows[0]).chain == ("s-Z", "s-Y")
        assert findings(census, rows) == []

    def test_stored_line_ends_where_the_file_knows_better(self) -> None:
        """Y is in the file and has a new manager: everybody below Y has, too."""
        rows = [person(2, "A", "Z"), person(3, "Y", "N"), person(4, "N")]
        census = counted(rows, known("Y"), outside=(known("Z", chain=("s-Y", "s-OLD")),))
        assert census.check(rows[0]).chain == ("s-Z", "s-Y", "n-N")
        assert census.management.chain_below("s-D", ("s-Z", "s-Y", "s-OLD")) == ("s-Z", "s-Y", "n-N")

    def test_unknown_manager_is_a_warning(self) -> None:
        """The person is taken, without manager."""
        rows = [person(2, "A", "X")]
        census = counted(rows)
        assert findings(census, rows) == [(2, "unknown-manager", False)]
        assert census.manager_of("n-A") is None

    def test_manager_of_a_refused_row_is_unknown(self) -> None:
        """No dangling references."""
        rows = [person(2, "A", "B"), person(3, "B", email="z@corp.example")]
        census = counted(rows, known("Z"))
        assert findings(census, rows) == [(2, "unknown-manager", False), (3, "email-taken", True)]

    def test_oneself_is_nobodys_manager(self) -> None:
        """HR systems write that at the top."""
        rows = [person(2, "A", "A")]
        census = counted(rows)
        assert findings(census, rows) == [(2, "manager-is-self", False)]
        assert census.check(rows[0]).chain == ()

    def test_loop_is_told_and_keeps_all_of_it_apart(self) -> None:
        """R5: everybody of the loop stands in everybody's line; who hangs below is not blamed."""
        rows = [person(2, "A", "B"), person(3, "B", "C"), person(4, "C", "A"), person(5, "D", "A")]
        census = counted(rows)
        assert findings(census, rows) == [(2, "management-loop", False), (3, "management-loop", False), (4, "management-loop", False)]
        assert census.check(rows[0]).chain == ("n-B", "n-C")
        assert census.check(rows[3]).chain == ("n-A", "n-B", "n-C")
        assert '"A" → "B" → "C" → "A"' in census.check(rows[0]).problems[0].problem

    def test_file_without_manager_column_leaves_managers_alone(self) -> None:
        """An absent column says nothing."""
        row = PersonRow(line=2, company_key="A", email="a@corp.example")
        census = counted([row], known("A", address="a@corp.example", manager="s-M", chain=("s-M", "s-T")))
        assert (census.manager_of("s-A"), census.check(row).chain) == ("s-M", ("s-M", "s-T"))

    def test_very_long_lines_end(self) -> None:
        """Every walk has a limit."""
        management = Management()
        for number in range(500):
            management.set_manager(f"m{number}", f"m{number + 1}")
        assert len(management.chain("m0")) == 63
