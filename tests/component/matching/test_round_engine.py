"""The optimiser's process: fed line by line, answered piece by piece, killed when it is no longer wanted (N4, N7)."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.matching.adapters import round_worker
from services.matching.adapters.round_engine import ProcessRoundEngine
from services.matching.adapters.shapes import Shapes
from services.matching.adapters.worker_lines import Job
from services.matching.application.solver import EngineFailed, Piece, SolveOrder
from services.matching.domain.card import Card, Offer, Want
from services.matching.domain.draft import Draft
from services.matching.domain.rules import RuleSet
from services.matching.domain.snapshot import FrozenMember, Leaf
from shared.kernel.tasks import Tasks
from shared.persistence.errors import DatabaseAway
from tests.component.matching.house import MONDAY
from tests.support.probing import until

ORDER = SolveOrder(round_id="r", draft=Draft(number=1, rules=RuleSet(), seed=7), frozen_at=MONDAY)
DRAIN = "import sys; [None for line in sys.stdin]; "


def frozen(member_id: str, offers: str, wants: str, **fields: Any) -> FrozenMember:
    """Return a frozen member."""
    card = Card(member_id=member_id, offers=(Offer(code=offers, strength=4),), wants=(Want(code=wants, priority=3),))
    return FrozenMember(card=card, seats=1, **fields)


SLICES = ([frozen("ada", "python", "law"), frozen("ben", "law", "python")], [frozen("cat", "go", "go", resting="away")])


async def slices() -> AsyncIterator[Sequence[FrozenMember]]:
    """Yield the pool in two slices."""
    for each in SLICES:
        yield each


async def no_leaves() -> AsyncIterator[Leaf]:
    """Yield nothing: there is no draft to build on."""
    nothing: tuple[Leaf, ...] = ()
    for leaf in nothing:
        yield leaf


def engine(*command: str) -> ProcessRoundEngine:
    """Return an engine that starts Python with `command`, by default with the real worker."""
    deaths: list[Any] = []
    tasks = Tasks(lambda name, fault: deaths.append((name, fault)))
    return ProcessRoundEngine(Shapes(), tasks, threads=1, **({"command": command} if command else {}))


async def solve(with_: ProcessRoundEngine, members: AsyncIterator[Sequence[FrozenMember]] | None = None) -> tuple[Any, list[Leaf]]:
    """Solve and return the solution and the pieces."""
    leaves: list[Leaf] = []

    async def keep(piece: Piece) -> None:
        if isinstance(piece, Leaf):
            leaves.append(piece)

    return await with_.solve(ORDER, members or slices(), keep=keep, progress=lambda *_: None), leaves


class TestAnswer:
    """N4: the real worker."""

    @pytest.mark.slow
    async def test_it_pairs_and_names_the_rest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """N7: counts, engine and hash for the round; groups and reasons in pieces, each group explained to both sides."""
        monkeypatch.setenv("TANDEM_ENGINE_INTERPRETED", "1")  # the same bytes, nothing to compile
        solution, leaves = await solve(engine())
        assert (solution.size, solution.pairs, solution.unmatched, solution.leaves) == (3, 1, 1, 2)
        (group,) = leaves[0].groups
        assert (group.members, group.last_for) == (("ada", "ben"), ("ada", "ben"))
        assert group.explanations["ada"].you_get == (("skill", "law"),)
        assert leaves[1].unmatched == {"cat": "away"}
        assert solution.bound >= solution.weight > 0


class TestTrouble:
    """The service hears how it ended; it never takes a part for the whole, and never hangs."""

    @pytest.mark.parametrize(
        ("program", "code"),
        [
            ("raise SystemExit(1)", "worker-died"),
            (DRAIN + 'print(\'{"failed": "ValueError in x.py:3"}\')', "ValueError in x.py:3"),
            (DRAIN, "worker-died"),
            (DRAIN + "print('not json')", "garbled-answer"),
            (DRAIN + "import json; print(json.dumps({'leaf': 3}))", "garbled-leaf"),
            (DRAIN + "import json; print(json.dumps({'else': 3}))", "garbled-stage"),
            (DRAIN + "print('{', end='')", "worker-died"),
        ],
    )
    async def test_a_worker_that_gives_no_answer(self, program: str, code: str) -> None:
        """N4: named, so that the round is tried again or given up."""
        with pytest.raises(EngineFailed) as failed:
            await solve(engine("-c", program))
        assert failed.value.code == code

    async def test_members_that_cannot_be_read_are_a_fault_of_the_database(self) -> None:
        """N7: a snapshot that breaks off is not solved as if it were the whole."""

        async def broken() -> AsyncIterator[Sequence[FrozenMember]]:
            yield SLICES[0]
            raise DatabaseAway("gone")

        with pytest.raises(DatabaseAway):
            await solve(engine("-c", DRAIN), broken())

    async def test_the_real_worker_refuses_a_broken_off_snapshot(self) -> None:
        """N7: no end mark, no answer."""
        sink = io.StringIO()
        head = TypeAdapter(Job).dump_json(Job(order=ORDER)).decode() + "\n"
        round_worker.main(io.StringIO(head + "[]\n"), sink)
        assert "Incomplete" in sink.getvalue()

    async def test_cancelling_kills_the_process(self, tmp_path: Path) -> None:
        """Issue 5: a cancelled round does not go on computing."""
        note = tmp_path / "pid"
        program = f"import os, time, pathlib; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); time.sleep(600)"
        solving = asyncio.get_running_loop().create_task(solve(engine("-c", program)))
        await until(lambda: note.exists() and note.read_text(), within=30, saying="the worker runs")
        pid = int(note.read_text())
        solving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await solving
        assert not _runs(pid)

    async def test_an_abandoned_what_if_ends_its_worker(self, tmp_path: Path) -> None:
        """N7: whoever hangs up leaves nothing behind that computes."""
        note = tmp_path / "pid"
        program = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); print('{{}}', flush=True); time.sleep(600)"
        answers = engine("-c", program).compare(ORDER, slices(), base=no_leaves())
        assert await anext(answers) == {}
        await answers.aclose()  # type: ignore[attr-defined]
        assert not _runs(int(note.read_text()))

    async def test_it_ends_when_its_service_was_killed(self, tmp_path: Path) -> None:
        """N2: nobody waits for the answer of an orphan."""
        note = tmp_path / "pid"
        child = (
            "import os, signal, time; from services.matching.adapters.round_worker import end_with; end_with(os.getppid());"
            f"open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
        )
        parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", parent)
        await until(lambda: note.exists() and note.read_text(), within=60, saying="the worker runs")
        process.kill()
        await process.wait()
        await until(lambda: not _runs(int(note.read_text())), within=30, saying="the orphan has ended")

    async def test_a_round_waits_while_the_machine_code_is_made(self) -> None:
        """Compiling twice at once would take both longer; the wait shows as progress."""
        made = engine("-c", DRAIN)
        seen: list[str] = []

        async def keep(_: Piece) -> None:
            return None

        made._is_warming = True
        async with made._one_at_a_time:
            solving = asyncio.get_running_loop().create_task(
                made.solve(ORDER, slices(), keep=keep, progress=lambda stage, _: seen.append(stage))
            )
            await until(lambda: seen, saying="it tells that it waits")
        with pytest.raises(EngineFailed):
            await solving
        assert seen == ["compiling"]


def _runs(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
