"""The people file, row by row: every bad cell is named with its column, what is wrong and what to do."""

import pytest

from services.profile.domain.people_file.header import Header, choose_delimiter, column_named
from services.profile.domain.people_file.problems import FileRefused, Problem, Severity, shown
from services.profile.domain.people_file.rows import RawRow, RowReader
from services.profile.domain.values import Want, WorkingSpan
from services.profile.domain.vocabulary import Kind
from tests.unit.profile.builders import REFERENCE, VOCABULARY, codes, read

ALL = (
    "member_id,email,display_name,department,job_family,level,years,site,country,timezone,manager_id,start_date,languages,"
    "offers,wants,goals,challenges,challenges_long,capacity,working_hours"
)
GOOD = (
    "E-1,ada@corp.example,Ada Example,Finance & Controlling,Controlling,4,6.5,Berlin,de,europe/berlin,E-2,2020-03-31,de;en-gb,"
    "Python;TCP/IP,Negotiation,Lead a team,Workload,Visibility,2,mo-fr 09:00-17:00"
)


class TestGoodRows:
    """A whole row becomes values of a member."""

    def test_all_columns_are_read(self) -> None:
        """Issue 3, section 2: the twenty columns."""
        (row,) = read(ALL, GOOD)
        assert row.problems == ()
        assert (row.company_key, row.email, row.manager_key) == ("E-1", "ada@corp.example", "E-2")
        values = row.values
        assert (values["department"], values["level"], values["years"], values["country"]) == ("finance-controlling", 4, 6.5, "DE")
        assert (values["timezone"], values["start_date"], values["languages"]) == ("Europe/Berlin", "2020-03-31", ("de", "en-GB"))
        assert [offer.tag.code for offer in values["offers"]] == ["python", "tcp\u2044ip"]
        assert values["wants"] == (Want(tag=VOCABULARY.tag(Kind.SKILL, "Negotiation")),)
        assert (values["capacity"], values["working_hours"][0]) == (2, WorkingSpan(weekday=0, start_minute=540, end_minute=1020))

    def test_only_key_and_address_must_be_there(self) -> None:
        """Issue 3: a missing column leaves a member's field alone, an empty cell clears it."""
        (bare,) = read("email,member_id", "ada.example@corp.example,E-1")
        assert (bare.problems, bare.values) == ((), {})
        (empty,) = read("member_id,email,department,offers,display_name", "E-1,ada.example@corp.example,,,")
        assert empty.values == {"department": None, "offers": (), "display_name": "Ada Example"}

    @pytest.mark.parametrize(("cell", "wanted"), [("6,5", 6.5), ("6.5", 6.5), ("7", 7.0)])
    def test_decimal_comma_is_fine(self, cell: str, wanted: float) -> None:
        """Excel writes what its country writes."""
        reader = RowReader(Header.read(["member_id", "email", "years"], 1), reference=REFERENCE, vocabulary=VOCABULARY)
        assert reader.read(RawRow(2, ("E-1", "a@b.example", cell))).values["years"] == wanted

    def test_skill_with_comma_or_slash_stays_whole(self) -> None:
        """Lists are divided by `;` only; each item once."""
        reader = RowReader(Header.read(["member_id", "email", "offers"], 1), reference=REFERENCE, vocabulary=VOCABULARY)
        row = reader.read(RawRow(2, ("E-1", "a@b.example", "CI/CD; Listening, really ;CI/CD;KI;AI")))
        assert [offer.tag.words for offer in row.values["offers"]] == ["CI/CD", "Listening, really", "KI"]


class TestPlaceholders:
    """C: "other", "n/a", "none", "-" mean that nothing is said."""

    @pytest.mark.parametrize("cell", ["N/A", "n/a", " None ", "-", "\u2013", "Other", "keine Angabe", "\uff2e/\uff21", "?"])
    def test_they_count_as_empty_cells(self, cell: str) -> None:
        """No department that many share, no refused level, no skill called "none"."""
        header = "member_id,email,department,level,years,site,manager_id,offers,goals,capacity"
        (row,) = read(header, f"E-1,a@b.example,{cell},{cell},{cell},{cell},{cell},{cell};SQL;{cell},{cell},{cell}")
        assert row.problems == ()
        assert {name: row.values[name] for name in ("department", "level", "years", "site", "manager_id", "goals", "capacity")} == {
            **dict.fromkeys(("department", "level", "years", "site", "manager_id")),
            "goals": (),
            "capacity": 1,
        }
        assert [offer.tag.code for offer in row.values["offers"]] == ["sql"]

    def test_a_key_a_name_and_a_word_with_more_to_say_stay(self) -> None:
        """People may be called None or Other; "other languages" says something."""
        (row,) = read("member_id,email,display_name,offers,site", "none,a@b.example,None,Other languages,NA")
        assert (row.company_key, row.values["display_name"], row.values["site"]) == ("none", "None", "na")
        assert [offer.tag.code for offer in row.values["offers"]] == ["other-languages"]


class TestLists:
    """C: a list is divided by `;` and by nothing else."""

    def test_labels_with_commas_and_slashes_stay_whole(self) -> None:
        """One label, one skill; case, width and blanks are folded."""
        reader = RowReader(Header.read(["member_id", "email", "offers"], 1), reference=REFERENCE, vocabulary=VOCABULARY)
        row = reader.read(RawRow(2, ("E-1", "a@b.example", "Kite flying, basic/advanced;Matlab;MATLAB;\uff2dATLAB ;R & D")))
        assert [offer.tag.code for offer in row.values["offers"]] == ["kite-flying,-basic\u2044advanced", "matlab", "r-&-d"]

    def test_the_companys_own_spelling_of_a_department_is_kept(self) -> None:
        """Labels are carried, not guessed from codes."""
        reader = RowReader(Header.read(["member_id", "email", "department", "site"], 1), reference=REFERENCE, vocabulary=VOCABULARY)
        for line, department in enumerate(("R&D  Labs", "r&d labs", "HR/IT")):
            reader.read(RawRow(line, (f"E-{line}", "a@b.example", department, "n/a")))
        assert reader.labels == {("department", "r-d-labs"): "R&D Labs", ("department", "hr-it"): "HR/IT"}


class TestRefusedCells:
    """What is wrong refuses its row: mend the cell and import again."""

    @pytest.mark.parametrize(
        ("column", "cell", "code"),
        [
            ("level", "senior", "not-a-whole-number"),
            ("level", "3.5", "not-a-whole-number"),
            ("level", "-1", "not-a-whole-number"),
            ("level", "NaN", "not-a-whole-number"),
            ("years", "many", "not-a-number"),
            ("years", "1e3", "not-a-number"),
            ("timezone", "Europe/Berlinn", "unknown-timezone"),
            ("timezone", "W. Europe Standard Time", "unknown-timezone"),
            ("country", "Germany", "unknown-country"),
            ("country", "XX", "unknown-country"),
            ("start_date", "31.12.2020", "not-a-date"),
            ("start_date", "2020-02-30", "not-a-date"),
            ("languages", "German", "not-a-language"),
            ("capacity", "lots", "not-a-capacity"),
            ("capacity", "21", "not-a-capacity"),
            ("working_hours", "nine to five", "not-working-hours"),
            ("department", "---", "no-letters"),
            ("department", "#N/A", "formula-error"),
            ("display_name", "A\x07da", "control-character"),
            ("display_name", "x" * 121, "name-too-long"),
            ("offers", "x" * 4001, "cell-too-long"),
            ("offers", ";".join(f"skill {number}" for number in range(51)), "too-many-items"),
            ("offers", "x" * 301, "item-too-long"),
            ("manager_id", "x" * 65, "key-too-long"),
        ],
    )
    def test_cell_is_named_with_its_remedy(self, column: str, cell: str, code: str) -> None:
        """Issue 3: line, column, value's problem and remedy."""
        reader = RowReader(Header.read(["member_id", "email", column], 1), reference=REFERENCE, vocabulary=VOCABULARY)
        row = reader.read(RawRow(7, ("E-1", "a@b.example", cell)))
        (problem,) = row.problems
        assert (problem.line, problem.column, problem.code, problem.severity) == (7, column, code, Severity.ERROR)
        assert row.is_refused
        assert all(text[0] != text[0].lower() or not text[0].isalpha() for text in (problem.problem, problem.remedy))
        assert all(text.endswith((".", "?")) for text in (problem.problem, problem.remedy))

    @pytest.mark.parametrize(
        "address", ["ada", "ada@", "@corp.example", "a b@c.example", "a@b@c", "ada@corp..example", "ada@cörp.example", ".a@b"]
    )
    def test_address_must_be_one(self, address: str) -> None:
        """It will stand in a mail's header."""
        reader = RowReader(Header.read(["member_id", "email"], 1), reference=REFERENCE, vocabulary=VOCABULARY)
        assert [problem.code for problem in reader.read(RawRow(2, ("E-1", address))).problems] == ["not-an-email"]

    def test_key_and_address_are_required(self) -> None:
        """Both are named at once."""
        (row,) = read("member_id,email", " , ")
        assert codes(row) == [("member_id", "required"), ("email", "required")]

    def test_all_that_is_wrong_is_told_at_once(self) -> None:
        """Nobody wants to import three times to hear of three faults."""
        (row,) = read("member_id,email,level,timezone", "E-1,nobody,senior,Mars/Olympus")
        assert [column for column, _ in codes(row)] == ["email", "level", "timezone"]

    def test_zone_has_a_suggestion(self) -> None:
        """The remedy is a thing to do."""
        (row,) = read("member_id,email,timezone", "E-1,a@b.example,Berlin")
        assert "Europe/Berlin" in row.problems[0].remedy

    def test_names_addresses_and_own_words_are_never_quoted(self) -> None:
        """N9: a report is no place for private words."""
        header = "member_id,email,display_name,offers,challenges"
        (row,) = read(header, f"E-1,ada lovelace,{'Ada' * 50},{'secret ' * 60},{'trouble ' * 60}")
        told = " ".join(f"{problem.problem} {problem.remedy}" for problem in row.problems)
        assert len(row.problems) == 4
        assert not [word for word in ("lovelace", "Ada", "secret", "trouble") if word in told]

    def test_too_many_cells_point_to_the_divider(self) -> None:
        """A list with ; in a file divided by ; must be quoted, else everything behind it shifts."""
        (row,) = read("member_id,email", "E-1,a@b.example,Python,SQL")
        assert codes(row) == [("", "too-many-cells")]
        assert row.company_key == "E-1"

    @pytest.mark.parametrize("fault", ["row-too-long", "unreadable-text", "nul-byte"])
    def test_unreadable_rows_say_why(self, fault: str) -> None:
        """The file's own faults."""
        reader = RowReader(Header.read(["member_id", "email"], 1), reference=REFERENCE, vocabulary=VOCABULARY)
        (problem,) = reader.read(RawRow(9, (), fault)).problems
        assert (problem.line, problem.code) == (9, fault)

    @pytest.mark.parametrize(("name", "fault"), [("M\udcfcller", "unreadable-text"), ("\x00", "nul-byte")])
    def test_unreadable_cell_is_named(self, name: str, fault: str) -> None:
        """Line and column are told wherever they can be."""
        reader = RowReader(Header.read(["member_id", "email", "display_name"], 1), reference=REFERENCE, vocabulary=VOCABULARY)
        row = reader.read(RawRow(9, ("E-1", "a@b.example", name), fault))
        assert codes(row) == [("display_name", fault)]

    def test_sentence_instead_of_a_tag_is_a_warning(self) -> None:
        """Nothing is lost: the member keeps the words, matching gets no code."""
        (row,) = read("member_id,email,offers", "E-1,a@b.example,I know everything about the old plant")
        assert (codes(row), row.is_refused) == ([("offers", "too-long-for-a-tag")], False)


class TestHeader:
    """Any order, any case."""

    @pytest.mark.parametrize("cell", ["member_id", "Member ID", " MEMBER-ID ", "memberId"])
    def test_spelling_does_not_matter(self, cell: str) -> None:
        """Issue 3: case-insensitive."""
        assert column_named(cell) == "member_id"

    def test_unknown_columns_are_told(self) -> None:
        """Issue 3: reported, not fatal; with a guess where one is near."""
        header = Header.read(["member_id", "email", "Departement", "Shoe size"], 1)
        assert header.unknown == ("Departement", "Shoe size")
        assert [(problem.code, problem.severity) for problem in header.problems] == [
            ("unknown-column", Severity.WARNING),
            ("unknown-column", Severity.INFO),
        ]
        assert "department" in header.problems[0].remedy

    @pytest.mark.parametrize(
        ("cells", "code"),
        [(["member_id"], "missing-column"), (["a", "b"], "missing-column"), (["member_id", "email", "Email"], "duplicate-column")],
    )
    def test_unusable_header_refuses_the_file(self, cells: list[str], code: str) -> None:
        """The file as a whole, with what to do."""
        with pytest.raises(FileRefused) as refused:
            Header.read(cells, 1)
        assert refused.value.found.code == code

    @pytest.mark.parametrize(
        ("line", "delimiter"),
        [("member_id,email", ","), ("member_id;email", ";"), ("member_id\temail", "\t"), ('"member_id";"email";"a,b,c"', ";")],
    )
    def test_delimiter_is_that_of_most_known_columns(self, line: str, delimiter: str) -> None:
        """Better than counting signs."""
        assert choose_delimiter(line) == delimiter

    def test_values_are_shown_short_and_printable(self) -> None:
        """A cell may hold anything."""
        assert shown("a\x00b") == '"a?b"'
        assert len(shown("x" * 500)) < 50
        assert Problem(code="x", problem="it is", remedy="do it").problem == "It is."
