"""People files from upload to members: good ones, hostile ones, twice, dry, all or nothing."""

import io
import json
from typing import Any

import pytest

from tests.component.profile.conftest import HR, Json, Profile
from tests.unit.tables.workbooks import Cell, Failed, workbook

HEADER = "member_id,email,display_name,department,level,timezone,manager_id,offers,challenges"
ADA = "E-1,ada@corp.example,Ada Example,Finance,4,Europe/Berlin,E-2,Python;AI,my boss Bob"
BEN = "E-2,ben@corp.example,Ben Example,Finance,6,Europe/Berlin,,Retail,"
GOOD = f"{HEADER}\n{ADA}\n{BEN}\n"


def outcomes(report: Json) -> list[tuple[int, str, list[str]]]:
    """Return line, outcome and codes of every row."""
    return [(row["line"], row["outcome"], [problem["code"] for problem in row["problems"]]) for row in report["rows"]]


def codes(report: Json) -> list[str]:
    """Return the codes of what is told about the file as a whole."""
    return [problem["code"] for problem in report["problems"]]


class TestImporting:
    """Issue 3, section 2: from file to members, facts, cards and contacts."""

    async def test_people_become_members(self, profile: Profile) -> None:
        """N1: one fact, one card, one contact each, all with the correlation of the upload."""
        report = await profile.imported(GOOD)
        assert (report["state"], report["stage"], report["progress"]["rows_total"]) == ("done", "finished", 2)
        assert outcomes(report) == [(2, "created", []), (3, "created", [])]
        ada, ben = (row["member_id"] for row in report["rows"])
        rows = await profile.told()
        assert len(rows) == 6
        assert len({row["correlation_id"] for row in rows}) == 1
        card = json.loads(next(row["value"] for row in rows if row["key"] == ada and row["topic"] == "tandem-profile-card"))
        assert (card["manager_chain"], [offer["code"] for offer in card["offers"]]) == ([ben], ["python", "artificial-intelligence"])

    async def test_facts_and_logs_hold_no_personal_datum(self, written_log: io.StringIO, profile: Profile) -> None:
        """N9: no name, address or word of the file in any fact or log line, and no word or name on a card."""
        await profile.imported(GOOD)
        facts = " ".join(str(row) for row in await profile.told("tandem-profile-member"))
        cards = " ".join(str(row) for row in await profile.told("tandem-profile-card"))
        for word in ("Ada", "Example", "corp.example", "Bob", "boss", "E-1"):
            assert word not in facts + cards
            assert word not in written_log.getvalue()

    async def test_same_file_twice_changes_nothing(self, profile: Profile) -> None:
        """Issue 3: and publishes nothing."""
        await profile.imported(GOOD)
        await profile.forget_told()
        before = await profile.app.database.collection("members").find({})
        report = await profile.imported(GOOD)
        assert outcomes(report) == [(2, "unchanged", []), (3, "unchanged", [])]
        assert await profile.told() == []
        assert await profile.app.database.collection("members").find({}) == before

    async def test_absence_deletes_nobody(self, profile: Profile) -> None:
        """Issue 3: a missing person is never deleted by absence."""
        await profile.imported(GOOD)
        await profile.imported(f"{HEADER}\n{BEN}\n")
        assert len((await profile.call("GET", "/members?status=active")).json()["items"]) == 2

    async def test_dry_run_changes_nothing_and_tells_all(self, profile: Profile) -> None:
        """Issue 3: `--dry-run`; ids of people who would be new are not promised."""
        report = await profile.imported(GOOD.replace(",4,", ",senior,"), dry_run="true")
        assert outcomes(report) == [(2, "refused", ["not-a-whole-number"]), (3, "created", [])]
        assert report["rows"][1]["member_id"] is None
        assert await profile.told() == []
        assert await profile.app.database.collection("members").count({}) == 0

    async def test_all_or_nothing_writes_nothing_when_a_row_is_refused(self, profile: Profile) -> None:
        """Issue 3: the good rows wait for the bad one."""
        report = await profile.imported(GOOD.replace(",4,", ",senior,"), all_or_nothing="true")
        assert (report["state"], codes(report)) == ("refused", ["all-or-nothing"])
        assert report["counts"] == dict.fromkeys(("created", "updated", "unchanged", "warnings"), 0) | {
            "rows": 2,
            "refused": 1,
            "withheld": 1,
        }
        assert [(row["outcome"], row["member_id"]) for row in report["rows"]] == [("refused", None), ("withheld", None)]
        assert await profile.app.database.collection("members").count({}) == 0
        assert (await profile.imported(GOOD, all_or_nothing="true"))["state"] == "done"

    async def test_new_manager_reaches_people_who_are_not_in_the_file(self, profile: Profile) -> None:
        """R5: lines of managers below a moved one follow, as cards; only the moved one is told as a fact."""
        head = "member_id,email,manager_id"
        first = await profile.imported(f"{head}\nA,a@x.example,B\nB,b@x.example,C\nC,c@x.example,\nD,d@x.example,\n")
        ids = {row["company_key"]: row["member_id"] for row in first["rows"]}
        await profile.forget_told()
        await profile.imported(f"{head}\nB,b@x.example,D\nD,d@x.example,\n")
        assert [row["key"] for row in await profile.told("tandem-profile-member")] == [ids["B"]]
        chains = {row["key"]: json.loads(row["value"])["manager_chain"] for row in await profile.told("tandem-profile-card")}
        assert chains == {ids["A"]: [ids["B"], ids["D"]], ids["B"]: [ids["D"]]}

    async def test_uploaded_bytes_are_forgotten(self, profile: Profile) -> None:
        """N18: the file is needed for the import only."""
        await profile.imported(GOOD)
        assert await profile.app.database.collection("import_files").count({}) == 0

    async def test_same_upload_command_twice_is_one_import(self, profile: Profile) -> None:
        """C: a repeat with the same Idempotency-Key gets the first answer."""
        headers = HR | {"Idempotency-Key": "k1"}
        first, second = [await profile.app.client.post("/imports", content=GOOD, headers=headers) for _ in range(2)]
        assert first.json() == second.json()
        other = await profile.app.client.post("/imports", content=GOOD + "\n", headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
        assert await profile.app.database.collection("imports").count({}) == 1


class TestForms:
    """CSV and XLSX in any usual form give the same people."""

    @pytest.mark.parametrize(
        "data",
        [
            b"\xef\xbb\xbf" + GOOD.encode(),
            GOOD.replace("Python;AI", "Python").replace(",", ";").encode(),
            GOOD.replace("\n", "\r\n").upper().replace("EUROPE/BERLIN", "Europe/Berlin").encode(),
            GOOD.encode("utf-16"),
            workbook([line.split(",") for line in GOOD.splitlines()]),
        ],
        ids=["bom", "semicolon", "windows, upper case", "utf-16", "xlsx"],
    )
    async def test_form_does_not_matter(self, profile: Profile, data: bytes) -> None:
        """Issue 3, section 2."""
        report = await profile.imported(data)
        assert (report["state"], [row["outcome"] for row in report["rows"]]) == ("done", ["created", "created"])

    async def test_numbers_of_a_workbook_are_ids(self, profile: Profile) -> None:
        """Ecosystem 7: 1001.0 is the id 1001, and a formula's error is no empty cell."""
        table: list[list[Cell]] = [
            ["member_id", "email", "level", "site"],
            [1001, "a@x.example", 4, "Berlin"],
            [1002, "b@x.example", 3, Failed("#N/A")],
        ]
        report = await profile.imported(workbook(table), filename="people.xlsx")
        assert [row["company_key"] for row in report["rows"]] == ["1001", "1002"]
        assert outcomes(report) == [(2, "created", []), (3, "refused", ["formula-error"])]

    @pytest.mark.parametrize(
        ("data", "name", "code"),
        [
            (GOOD.encode(), "people.xlsx", "csv-named-as-workbook"),
            (workbook([["member_id", "email"], ["E-1", "a@x.example"]]), "people.csv", "workbook-named-as-csv"),
        ],
    )
    async def test_renamed_file_is_read_as_what_it_is(self, profile: Profile, data: bytes, name: str, code: str) -> None:
        """Issue 3: an XLSX that is a renamed CSV gets a clear answer."""
        report = await profile.imported(data, filename=name)
        assert (report["state"], codes(report)) == ("done", [code])

    async def test_named_encoding_is_used(self, profile: Profile) -> None:
        """cp1252: refused row by row without, read with it."""
        data = "member_id,email,display_name\nE-1,a@x.example,Müller\nE-2,b@x.example,Meyer\n".encode("cp1252")
        assert outcomes(await profile.imported(data)) == [(2, "refused", ["unreadable-text"]), (3, "created", [])]
        assert outcomes(await profile.imported(data, encoding="cp1252")) == [(2, "created", []), (3, "unchanged", [])]
        answer = await profile.app.client.post("/imports", params={"encoding": "klingon"}, content=data, headers=HR)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown-encoding")


class TestHostileFiles:
    """Each gets a clear answer."""

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "empty-file"),
            (b"\n  \n", "empty-file"),
            (b"member_id,email\n", "no-rows"),
            (b"name,mail\nA,b\n", "missing-column"),
            (b"member_id,email,EMail\n", "duplicate-column"),
            (b"%PDF-1.7 ...", "not-a-table"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 ...", "old-workbook"),
            (b"PK\x03\x04 but no workbook", "not-a-workbook"),
            (b"<html><body>login</body></html>", "missing-column"),
            (b"x" * 3_000_000, "row-too-long"),
            (bytes(range(256)) * 40, "nul-byte"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    async def test_file_as_a_whole(self, profile: Profile, data: bytes, code: str) -> None:
        """Issue 3: empty, header only, not a table, a 20 MB line (here 3)."""
        report = await profile.imported(data)
        assert (report["state"], codes(report)) == ("refused", [code])
        assert report["counts"]["created"] == 0
        assert report["problems"][0]["remedy"]

    async def test_every_bad_row_is_named_and_good_ones_go_in(self, profile: Profile) -> None:
        """Issue 3, section 2: the whole list in one file."""
        rows = [
            "E-01,a1@x.example,,Sales,senior,,,,",
            "E-02,a2@x.example,,Sales,1,Europe/Atlantis,,,",
            "E-03,a3@x.example,,Sales,1,,E-99,,",
            "E-04,a4@x.example,,Sales,1,,E-05,,",
            "E-05,a5@x.example,,Sales,1,,E-04,,",
            "E-06,A3@x.example,,Sales,1,,,,",
            "E-03,a7@x.example,,Sales,1,,,,",
            '"E-07",a8@x.example,"Two\nlines",Sales,1,,,,',
            "E-08,a9@x.example,\x00,Sales,1,,,,",
            'E-09,a10@x.example,"never closed,Sales,1,,,,',
            f"E-10,a11@x.example,{'x' * 70_000},Sales,1,,,,",
            "E-11,nobody,,Sales,1,,,,",
            ",a12@x.example,,Sales,1,,,,",
            "E-12,a13@x.example,Zoe,Sales,1,Europe/Berlin,E-03,Python,",
        ]
        report = await profile.imported("\n".join([HEADER, *rows, ""]))
        assert outcomes(report) == [
            (2, "refused", ["not-a-whole-number"]),
            (3, "refused", ["unknown-timezone"]),
            (4, "created", ["unknown-manager"]),
            (5, "created", ["management-loop"]),
            (6, "created", ["management-loop"]),
            (7, "refused", ["duplicate-email"]),
            (8, "refused", ["duplicate-member-id"]),
            (9, "created", []),
            (11, "refused", ["nul-byte"]),
            (12, "refused", ["row-too-long"]),
            (13, "refused", ["row-too-long"]),
            (14, "refused", ["not-an-email"]),
            (15, "refused", ["required"]),
            (16, "created", []),
        ]
        assert report["counts"] == {"rows": 14, "created": 5, "updated": 0, "unchanged": 0, "refused": 9, "withheld": 0, "warnings": 3}
        for row in report["rows"]:
            assert all(problem["line"] == row["line"] and problem["problem"] and problem["remedy"] for problem in row["problems"])

    async def test_two_addresses_may_not_swap_quietly(self, profile: Profile) -> None:
        """An address that another member still has is refused, and taken at the next import."""
        await profile.imported("member_id,email\nA,a@x.example\nB,b@x.example\n")
        moved = "member_id,email\nA,new@x.example\nB,a@x.example\n"
        assert outcomes(await profile.imported(moved)) == [(2, "updated", []), (3, "refused", ["email-taken"])]
        assert outcomes(await profile.imported(moved)) == [(2, "unchanged", []), (3, "updated", [])]

    async def test_only_rows_with_findings_can_be_asked_for(self, profile: Profile) -> None:
        """A report of 100,000 good rows is not what HR reads."""
        report = await profile.imported(f"{HEADER}\n{ADA}\n{BEN.replace(',6,', ',boss,')}\n")
        page = (await profile.call("GET", f"/imports/{report['import_id']}/rows?problems_only=true")).json()
        assert [row["line"] for row in page["items"]] == [2, 3]
        assert page["next"] is None


class TestManyRows:
    """Batches, pages, checkpoints."""

    async def test_a_thousand_rows_in_pages(self, profile: Profile) -> None:
        """Every row once, in the order of the file."""
        rows = "".join(f"E-{number},p{number}@x.example,E-{number // 9}\n" for number in range(1000))
        report = await profile.imported("member_id,email,manager_id\n" + rows)
        assert [row["line"] for row in report["rows"]] == list(range(2, 1002))
        assert report["counts"]["created"] == 1000

    async def test_killed_import_goes_on_at_its_checkpoint(self, profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
        """Issue 3: nobody is created twice, ids stay, outcomes stay true."""
        rows = "".join(f"E-{number},p{number}@x.example,E-{number // 9}\n" for number in range(900))
        import_id = await profile.upload("member_id,email,manager_id\n" + rows)
        done = 0

        async def dying(label: str, *_: Any) -> Any:
            nonlocal done
            done += label == "apply-rows"
            if done == 3:
                raise ConnectionAbortedError
            return await run(label, *_)

        run = profile.worker._transactions.run
        monkeypatch.setattr(profile.worker._transactions, "run", dying)
        with pytest.raises(ConnectionAbortedError):
            await profile.worker.run_next()
        monkeypatch.undo()
        assert await profile.app.database.collection("members").count({}) == 400
        assert await profile.worker.run_next()
        report = await profile.report(import_id)
        assert report["counts"]["created"] == 900
        assert {row["outcome"] for row in report["rows"]} == {"created"}
        facts = await profile.told("tandem-profile-member")
        assert sorted(row["key"] for row in facts) == sorted(row["member_id"] for row in report["rows"])
