"""People files as different people make them: `tandem match` reads what can be read and says what it made of it."""

import json
from pathlib import Path

import pytest

from services.matching.domain.rules import RuleSet
from services.matching.entrypoints.analyst.people import PeopleFile, read_people
from services.matching.entrypoints.analyst.rules_file import NoRules, read_rules
from services.matching.entrypoints.analyst.skills import SkillsUnreadable, read_skills
from shared.tables.rows import Limits
from tests.unit.matching.engine.test_match_command import report, run, written
from tests.unit.tables.workbooks import workbook

TITLE = "People for the round\nas of May\n\n"
TWO = "member_id;offers;wants\na;Führung;SQL\nb;SQL;Führung\n"


def codes(read: PeopleFile) -> dict[str, int]:
    """Return how often each kind of finding was noted."""
    found: dict[str, int] = {}
    for (code, _), count in read.notes.count.items():
        found[code] = found.get(code, 0) + count
    return found


class TestShapes:
    """C: a file is what its bytes say; nobody with a member_id is lost."""

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be-bom"])
    def test_umlauts_survive_what_excel_saves(self, tmp_path: Path, encoding: str) -> None:
        """A file that is not UTF-8 costs no row."""
        data = ("\ufeff" + TWO).encode("utf-16-be") if encoding == "utf-16-be-bom" else TWO.encode(encoding)
        path = tmp_path / "people.csv"
        path.write_bytes(data)
        first, second = read_people(path).people
        assert ({*first.offers}, {*second.wants}) == ({"führung"}, {"führung"})

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_header_below_a_title_is_found(self, tmp_path: Path, delimiter: str) -> None:
        """Its line decides the delimiter, not the title's."""
        text = TITLE + "Member ID,Offers,Wants\na,x,y\nb,y,x\n".replace(",", delimiter)
        read = read_people(written(tmp_path, text))
        assert [one.id for one in read.people] == ["a", "b"]
        assert {*read.people[0].wants} == {"y"}

    def test_people_are_looked_for_below_the_title_of_a_sheet(self, tmp_path: Path) -> None:
        """Numbers and ids as cells."""
        path = tmp_path / "people.xlsx"
        path.write_bytes(workbook([["Export"], [], ["member_id", "level", "offers"], [1001, 4, "x; y"], [None], [1002, "L4", "#N/A"]]))
        read = read_people(path)
        assert [(one.id, one.level, [*one.offers]) for one in read.people] == [("1001", 4, ["x", "y"]), ("1002", None, [])]
        assert codes(read) == {"not-a-number": 1, "formula-error": 1}

    def test_huge_cells_keep_their_person(self, tmp_path: Path) -> None:
        """A list of thousands is cut, a label like a letter is left out."""
        many, letter = ";".join(f"skill {n}" for n in range(5_000)), "y" * (Limits().line_length + 1)
        read = read_people(written(tmp_path, f"member_id,offers,wants\na,{many},\nb,,{letter}\n"))
        assert [one.id for one in read.people] == ["a", "b"]
        assert codes(read) == {"list-too-long": 1, "item-too-long": 1}

    def test_cells_beyond_the_header_are_told(self, tmp_path: Path) -> None:
        """An unquoted list divided by ; in a file divided by ; shifts the cells."""
        read = read_people(written(tmp_path, "member_id;offers;wants\na;x;y;z\nb\n\nc;;;\n"))
        assert codes(read) == {"too-many-cells": 1}
        assert [one.id for one in read.people] == ["a", "b", "c"]


class TestLists:
    """C: lists are divided by ; and by nothing else; what looks otherwise is told, never guessed."""

    def test_line_breaks_and_commas_are_told(self, tmp_path: Path) -> None:
        """A break beside the ; is harmless; one inside a label is a blank."""
        text = 'member_id,offers,wants\na,"x;\ny","Project\nmanagement"\nb,"Sales, B2B","Python, SQL"\n'
        read = read_people(written(tmp_path, text))
        assert [[*one.offers] for one in read.people] == [["x", "y"], ["sales, b2b"]]
        assert [[*one.wants] for one in read.people] == [["project management"], ["python, sql"]]
        assert read.notes.count == {("line-break-in-item", "wants"): 1, ("commas-only", "wants"): 1}

    def test_labels_written_alike_are_proposed_and_kept_apart(self, tmp_path: Path) -> None:
        """Matching 10: case, width and blanks are one; a hyphen or an accent is for a person to judge; C, C++ and C# are three."""
        text = "member_id,offers,wants\na,Cloud-native;C;Café,cloud  NATIVE\nb,Cloud native;C++;C#,Cafe\n"
        read = read_people(written(tmp_path, text))
        assert [one["labels"] for one in read.alike] == [["cloud native", "cloud-native"], ["cafe", "café"]]
        assert [one["times"] for one in read.alike] == [[2, 1], [1, 1]]

    def test_who_wants_what_they_offer_is_told(self, tmp_path: Path) -> None:
        """R6: such a want counts only against a stated strength, which a file has no place for."""
        assert codes(read_people(written(tmp_path, "member_id,offers,wants\na,x;y,X\n"))) == {"wanted-and-offered": 1}


class TestManagers:
    """R5: nobody is paired with their own manager because a system wrote the key otherwise."""

    def test_case_and_leading_zeros_are_bridged_where_they_mean_one_person(self, tmp_path: Path) -> None:
        """Whoever could be meant twice is nobody."""
        rows = ["007,", "E1,7", "e2,\uff251", "A5,", "a5,", "x,A5", "y,\u00c45", "z,a05"]
        read = read_people(written(tmp_path, "\n".join(["member_id,manager_id", *rows])))
        lines = {one.id: one.manager_chain for one in read.people}
        assert lines["E1"] == ("007",)
        assert lines["e2"] == ("E1", "007")
        assert (lines["x"], lines["z"]) == (("A5",), ("a05",))
        assert codes(read) == {"manager-written-otherwise": 2, "manager-not-in-file": 2}


class TestSkills:
    """R6: the company's list is used where it is given."""

    LIST = """
groups = [{ code = "data", en = "Data" }, { code = "databases", broader = "data", en = "Databases" }]
skills = [
  { code = "postgresql", broader = "databases", en = "PostgreSQL", also = ["Postgres", "PG SQL"] },
  { code = "mysql", broader = "databases", en = "MySQL" },
]
"""
    PEOPLE = "member_id,offers,wants\na,POSTGRES,\nb,MySQL,\nc,,pg sql\nd,,PostgreSQL\n"

    def test_spellings_meet_and_neighbours_count_in_part(self, tmp_path: Path) -> None:
        """The same list as TOML and as `tandem skills list --json` prints it gives the same round."""
        skills = written(tmp_path, self.LIST, "skills.toml")
        listed = {
            "groups": [{"code": "data", "labels": {"en": "Data"}}, {"code": "databases", "labels": {"en": "Databases"}, "broader": "data"}],
            "skills": [
                {"code": "postgresql", "labels": {"en": "PostgreSQL"}, "also": ["Postgres", "PG SQL"], "broader": "databases"},
                {"code": "mysql", "labels": {"en": "MySQL"}, "also": [], "broader": "databases"},
            ],
        }
        printed = written(tmp_path, json.dumps(listed), "skills.json")
        for name, file in (("toml", skills), ("json", printed)):
            assert run(written(tmp_path, self.PEOPLE), "--skills", file, "--out", tmp_path / name)[0] == 0
        told = (tmp_path / "toml/explanations.ndjson").read_text()
        assert told == (tmp_path / "json/explanations.ndjson").read_text()
        assert '{"kind":"skill","code":"postgresql"}' in told
        assert '{"kind":"related","code":"mysql"}' in told

    @pytest.mark.parametrize(
        ("text", "says"), [("skills = [", "skills.toml"), ("skills = []", "no skills"), ("skills = [{ en = 'x' }]", "code"), ("{", "JSON")]
    )
    def test_what_is_no_list_is_refused_by_name(self, tmp_path: Path, text: str, says: str) -> None:
        """C: one line, exit code 2."""
        file = written(tmp_path, text, "skills.toml")
        with pytest.raises(SkillsUnreadable, match=says):
            read_skills(file)
        assert run(written(tmp_path), "--skills", file, "--out", tmp_path / "out")[0] == 2


class TestRulesFiles:
    """N7: one file for `tandem programme apply` and for `tandem match`; every fault at once, with the file's name."""

    def test_a_programmes_document_is_taken(self, tmp_path: Path) -> None:
        """Its kind and rules count, its terms do not matter here."""
        text = 'kind = "mentor"\nno_repeat = "P730D"\n[rules.objective]\nalpha = 0.6\n'
        assert read_rules(written(tmp_path, text, "peers.toml")) == RuleSet.from_mapping({"kind": "mentor", "objective": {"alpha": 0.6}})

    def test_every_fault_is_told_at_once(self, tmp_path: Path) -> None:
        """Unknown names and wrong numbers together."""
        file = written(tmp_path, '{"rules": {"objective": {"alpha": 3, "coverage": 1}}}', "peers.json")
        with pytest.raises(NoRules) as fault:
            read_rules(file)
        assert str(fault.value).splitlines() == [
            "peers.json: objective.coverage: is not a rule; did you mean coverage_bonus?",
            "peers.json: objective.alpha: must lie between 0 and 1, is 3.0",
        ]

    @pytest.mark.parametrize(
        ("name", "text"), [("r.toml", "[a"), ("r.json", "{"), ("r.json", '{"rules": {}, "alpha": 1}'), ("r.json", "[1]")]
    )
    def test_what_is_no_rules_file_is_refused_by_name(self, tmp_path: Path, name: str, text: str) -> None:
        """C: says where the fault is."""
        with pytest.raises(NoRules, match=name):
            read_rules(written(tmp_path, text, name))

    def test_what_if_with_other_words_for_nothing_said(self, tmp_path: Path) -> None:
        """N7: placeholders are rules too; two sets that differ in them can be compared."""
        other = written(tmp_path, '{"placeholders": ["matlab"]}', "other.json")
        code, output = run(written(tmp_path), "--what-if", other, "--out", tmp_path / "out")
        assert code == 0
        assert "meetings kept / gone / new" in output
        assert report(tmp_path / "out")["what_if"]["other"]["unmatched"] > 0


def test_a_file_without_wants_says_so(tmp_path: Path) -> None:
    """C: 300 people without a partner because of a column's name: the reader is told which."""
    code, output = run(written(tmp_path, "member_id,offers,wishes\na,x,y\nb,y,x\n"), "--out", tmp_path / "out")
    assert code == 0
    assert "No column is called wants" in output
    assert "not read: wishes" in output
