"""Imports over a real database: killed in mid-stream, raced by members and by another worker, done twice."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from shared.persistence.database import Database
from tests.component.profile.conftest import own
from tests.integration.profile.conftest import OpenProfile, Process
from tests.support.probing import until

pytestmark = [pytest.mark.mongo, pytest.mark.slow]
HEAD = "member_id,email,department,manager_id,offers\n"


def company(rows: int, department: str = "Sales") -> str:
    """Return a people file; everybody but the first has a manager above them in the file."""
    people = (f"E-{n},p{n}@corp.example,{department},{f'E-{(n - 1) // 8}' if n else ''},Python;SQL" for n in range(rows))
    return HEAD + "\n".join(people) + "\n"


async def facts(database: Database) -> list[dict[str, Any]]:
    """Return the facts that wait in the outbox."""
    return await database.collection("outbox").find({"topic": "tandem-profile-member"}, projection={"key": 1, "version": 1, "headers": 1})


class TestKilled:
    """N2: nothing lost, nothing done twice."""

    async def test_import_goes_on_after_kill_9(self, process: Process, database: Database) -> None:
        """Issue 3: killed in mid-import and started again: every row once, told once, the report whole."""
        await process.start()
        rows = 1_600
        import_id = (await process.call("POST", "/imports?filename=people.csv", content=company(rows)))["import_id"]

        async def rows_done(at_least: int) -> bool:
            return bool((await process.call("GET", f"/imports/{import_id}"))["counts"]["rows"] >= at_least)

        await until(lambda: rows_done(200), within=120, saying="a first batch is written", every=0.01)
        await process.kill()
        written = await database.collection("members").count({})
        assert 0 < written < rows
        await process.start()
        await until(lambda: rows_done(rows), within=240, saying="all rows are written", every=0.2)
        status = await until(lambda: self._done(process, import_id), within=60, saying="the import is done")
        assert (status["state"], status["counts"]["created"]) == ("done", rows)
        told = await facts(database)
        assert len(told) == rows
        assert set(Counter(row["key"] for row in told).values()) == {1}
        assert {row["version"] for row in told} == {1}
        assert await database.collection("members").count({}) == rows
        assert await database.collection("import_files").count({}) == 0

    @staticmethod
    async def _done(process: Process, import_id: str) -> Any:
        status = await process.call("GET", f"/imports/{import_id}")
        return status if status["stage"] == "finished" else None


class TestTwice:
    """Issue 3: the same file twice changes nothing and publishes nothing; a changed one only what changed."""

    async def test_second_import_is_silent(self, open_profile: OpenProfile) -> None:
        """And the third tells the movers."""
        async with open_profile() as profile:
            assert (await profile.imported(company(300)))["counts"]["created"] == 300
            await profile.forget_told()
            assert (await profile.imported(company(300)))["counts"]["unchanged"] == 300
            assert await profile.told() == []
            moved = company(300).replace("E-7,p7@corp.example,Sales", "E-7,p7@corp.example,Finance")
            assert (await profile.imported(moved))["counts"]["updated"] == 1
            assert sorted(row["topic"] for row in await profile.told()) == ["tandem-profile-card", "tandem-profile-member"]


class TestRaces:
    """Optimistic versions: nobody's change is lost."""

    async def test_member_edits_while_a_file_moves_them(self, open_profile: OpenProfile) -> None:
        """Field ownership holds whoever commits first."""
        async with open_profile() as profile:
            ids = [row["member_id"] for row in (await profile.imported(company(60)))["rows"]]
            await profile.upload(company(60, "Finance").replace("Python;SQL", "Java"))

            async def edit(member_id: str) -> int:
                body = {"offers": [{"words": "Coaching"}]}
                answer = await profile.call("PATCH", f"/members/{member_id}", body, own(member_id) | {"If-Match": "*"})
                return int(answer.status_code)

            answers, _ = await asyncio.gather(asyncio.gather(*map(edit, ids[:10])), profile.worker.run_next())
            assert set(answers) == {200}
            members = {member["_id"]: member["body"] for member in await profile.app.database.collection("members").find({})}
            assert {member["department"] for member in members.values()} == {"finance"}
            offers = {member_id: [offer["tag"]["code"] for offer in members[member_id]["offers"]] for member_id in ids}
            assert [offers[member_id] for member_id in ids[:10]] == [["coaching"]] * 10
            assert [offers[member_id] for member_id in ids[10:]] == [["java"]] * 50

    @pytest.mark.parametrize("other", ["profile-1", "profile-0"], ids=["another replica", "two under one name"])
    async def test_two_workers_do_an_import_once(self, open_profile: OpenProfile, other: str) -> None:
        """A lease says who; where that fails, the checkpoint refuses whoever is late."""
        async with open_profile() as one, open_profile(other) as two:
            import_id = await one.upload(company(400))
            did = await asyncio.gather(one.worker.run_next(), two.worker.run_next())
            assert sorted(did) == [other == "profile-0", True]
            assert (await one.report(import_id))["counts"]["created"] == 400
            assert len(await one.told("tandem-profile-member")) == 400
