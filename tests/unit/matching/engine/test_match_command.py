"""`tandem match`: the engine on a people file as people really write them."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from services.matching.entrypoints.analyst.people import NoPeople, read_people
from services.matching.entrypoints.cli import match

HEADER = (
    "Member ID;email;offers;WANTS;goals;challenges;level;years;department;languages;manager_id;timezone;working_hours;capacity;Shoe size\n"
)
ROWS = (
    "e1;a@x;Matlab;Sales, B2B/B2C;Grow;Workload;3;2,5;Finance;en;;Europe/Berlin;mo-fr 09:00-17:00;1;40\n"
    "e2;b@x;Sales, B2B/B2C;MATLAB;grow;Workload;senior;4;IT;en-GB;e9;Nowhere/Else;mo-fr 09:00-17:00;1;41\n"
    "e3;c@x;\uff2d\uff41\uff54\uff4c\uff41\uff42 ;retail;;;3.0;abc;Finance;Klingon;e4;;mo-fr 09:00-17:00;;42\n"
    "e4;d@x;AI;juggling;;;99999;;IT;;e3;;whenever;-1;43\n"
    "e5;;;;;;;;;;e5;;;;\n"
    "e1;again@x;;;;;;;;;;;;;\n"
    ";nobody@x;;;;;;;;;;;;;\n"
)


def run(*arguments: object) -> tuple[int, str]:
    """Run the command; return its exit code and what it said."""
    app = typer.Typer()
    app.command()(match)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def written(folder: Path, text: str = HEADER + ROWS, name: str = "people.csv", encoding: str = "utf-8") -> Path:
    """Write a people file."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def table(path: Path) -> list[dict[str, str]]:
    """Read a CSV file that the command wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def report(folder: Path) -> dict[str, Any]:
    """Read the report, without what may differ between two runs."""
    found = json.loads((folder / "report.json").read_text())
    assert found.pop("timings")
    return dict(found)


class TestOutputs:
    """N4, N6: five files from one command."""

    def test_everybody_is_in_a_pair_or_named_with_a_reason(self, tmp_path: Path) -> None:
        """N4: spelling variants meet, labels with commas and slashes stay whole, nobody is dropped."""
        code, _ = run(written(tmp_path), "--out", tmp_path / "out")
        assert code == 0
        pairs, left = table(tmp_path / "out/pairs.csv"), table(tmp_path / "out/unmatched.csv")
        assert [*pairs[0]] == ["member_a", "member_b", "member_c", "score", "gain_a", "gain_b", "gain_c"]
        placed = {row[name] for row in pairs for name in ("member_a", "member_b", "member_c") if row[name]}
        assert placed | {row["member_id"] for row in left} == {"e1", "e2", "e3", "e4", "e5"}
        assert {row["member_id"]: row["reason"] for row in left}["e5"] == "nothing-offered-or-wanted"
        assert all(0 < float(row["score"]) <= 1 for row in pairs)

    def test_explanations_list_only_what_matched(self, tmp_path: Path) -> None:
        """N6, R9: four lists per side, from both profiles, whole words only; no challenge is named."""
        run(written(tmp_path), "--out", tmp_path / "out")
        lines = [json.loads(line) for line in (tmp_path / "out/explanations.ndjson").read_text().splitlines()]
        side = next(side for line in lines for side in line["sides"] if line["members"][:2] == ["e1", "e2"] and side["member_id"] == "e1")
        assert all(line["two_way"] is all(side["you_get"] for side in line["sides"]) for line in lines)
        assert side["you_give"] == [{"kind": "skill", "code": "matlab"}]
        assert side["you_get"] == [{"kind": "skill", "code": "sales, b2b/b2c"}]
        assert {"kind": "goal", "code": "grow"} in side["shared"]
        assert "workload" not in (tmp_path / "out/explanations.ndjson").read_text()

    def test_odd_values_are_reported_and_count_as_missing(self, tmp_path: Path) -> None:
        """C: text levels, unknown zones, loops, managers outside, doubled keys: told, never fatal."""
        run(written(tmp_path), "--out", tmp_path / "out")
        given = report(tmp_path / "out")["input"]
        codes = {one["code"] for one in given["findings"]}
        assert codes >= {"not-a-number", "unknown-timezone", "not-a-language", "not-working-hours", "hours-without-timezone"}
        assert codes >= {"manager-not-in-file", "management-loop", "own-manager", "member-id-twice", "no-member-id"}
        assert given["unknown_columns"] == ["shoe size"]
        assert given["people"] == 5

    def test_same_input_and_seed_give_the_same_bytes(self, tmp_path: Path) -> None:
        """N7: byte-order mark, packing, width, case, blanks and row order of the file change no result."""
        run(written(tmp_path), "--out", tmp_path / "one", "--seed", 5)
        shuffled = HEADER + "".join(sorted(ROWS.splitlines(keepends=True)[:5], reverse=True)).replace("Matlab", " mATLAB")
        packed = tmp_path / "again.csv.gz"
        packed.write_bytes(gzip.compress(("\ufeff" + shuffled).encode()))
        run(packed, "--out", tmp_path / "two", "--seed", 5, "--threads", 2)
        for name in ("pairs.csv", "explanations.ndjson", "unmatched.csv"):
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        run(written(tmp_path), "--out", tmp_path / "three", "--seed", 5)
        assert (tmp_path / "one/report.html").read_bytes() == (tmp_path / "three/report.html").read_bytes()
        assert report(tmp_path / "one") == report(tmp_path / "three")

    def test_what_if_compares_two_rule_sets(self, tmp_path: Path) -> None:
        """N7: both rounds on one snapshot; the files hold the first."""
        other = tmp_path / "rules.json"
        other.write_text('{"version": 2, "objective": {"both_must_gain": true}}')
        code, _ = run(written(tmp_path), "--what-if", other, "--out", tmp_path / "out")
        assert code == 0
        told = report(tmp_path / "out")["what_if"]
        assert {*told["pairs"]} == {"kept", "gone", "new"}
        assert told["other"]["two-way"] == 1.0


class TestKinds:
    """R43, R44: a rules file chooses the kind."""

    def test_a_mentor_round_names_the_mentee(self, tmp_path: Path) -> None:
        """R43: the pair's one gain is the mentee's."""
        rules = tmp_path / "rules.json"
        rules.write_text('{"kind": "mentor"}')
        text = "member_id,offers,wants,level\na,go,,5\nb,,go,3\n"
        assert run(written(tmp_path, text), "--rules", rules, "--out", tmp_path / "out")[0] == 0
        (row,) = table(tmp_path / "out/pairs.csv")
        assert (row["member_a"], row["member_b"], row["gain_a"]) == ("a", "b", "0.0000")
        assert json.loads((tmp_path / "out/explanations.ndjson").read_text())["mentee"] == "b"

    def test_a_circle_has_a_column_for_each_member(self, tmp_path: Path) -> None:
        """R44: five who share a challenge; the report says how many sit together."""
        rules = tmp_path / "rules.json"
        rules.write_text('{"kind": "circle"}')
        text = "member_id,challenges\n" + "".join(f"m{number},delegating\n" for number in range(5)) + "x,politics\n"
        assert run(written(tmp_path, text), "--rules", rules, "--out", tmp_path / "out")[0] == 0
        (row,) = table(tmp_path / "out/pairs.csv")
        assert [row[f"member_{letter}"] for letter in "abcde"] == [f"m{number}" for number in range(5)]
        assert [each["reason"] for each in table(tmp_path / "out/unmatched.csv")] == ["no-shared-challenge"]
        assert "delegating" not in (tmp_path / "out/explanations.ndjson").read_text()


class TestRefusals:
    """C: a wrong file gets a clear answer, exit code 2, and no output."""

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "empty"),
            ("member_id,offers\n", "no person"),
            ("name,offers\nx,y\n", "member_id"),
            ("member_id,level,Level\n1,2,3\n", "Two columns"),
        ],
    )
    def test_a_file_without_people_is_refused_with_its_remedy(self, tmp_path: Path, text: str, says: str) -> None:
        """C: empty, only a header, no key, a column twice."""
        code, output = run(written(tmp_path, text), "--out", tmp_path / "out")
        assert code == 2
        assert says in " ".join(output.split())
        assert not (tmp_path / "out").exists()

    def test_damaged_packing_and_disguised_files_are_refused(self, tmp_path: Path) -> None:
        """C: half a gzip file, a zip that is no workbook."""
        packed = tmp_path / "half.csv.gz"
        packed.write_bytes(gzip.compress((HEADER + ROWS * 50).encode())[:120])
        with pytest.raises(NoPeople):
            read_people(packed)
        disguised = tmp_path / "people.xlsx"
        disguised.write_bytes(b"PK\x03\x04" + b"\x00" * 60)
        with pytest.raises(NoPeople):
            read_people(disguised)

    def test_a_csv_named_xlsx_is_read_all_the_same(self, tmp_path: Path) -> None:
        """C: the bytes decide, not the name."""
        assert len(read_people(written(tmp_path, name="people.xlsx")).people) == 5

    def test_wrong_rules_are_named(self, tmp_path: Path) -> None:
        """N7: each fault with its path."""
        wrong = tmp_path / "rules.json"
        wrong.write_text('{"objective": {"alpha": 3}}')
        code, output = run(written(tmp_path), "--rules", wrong, "--out", tmp_path / "out")
        assert code == 2
        assert "objective.alpha" in output
