"""Every executable rule has been seen to refuse what it is there to refuse (architecture section 2)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, SHIPPED

# (the contract that must break, the room in which a file is added, what it imports)
VIOLATIONS = [
    ("rooms of a service", "services/matching/domain", "import services.matching.application"),
    ("rooms of a service", "services/matching/entrypoints", "import services.matching.adapters"),
    ("services do not know each other", "services/matching/adapters", "import services.profile.domain"),
    ("shared knows no service", "shared/messaging", "import services.profile"),
    ("what ships does not know how it is deployed", "services/matching/adapters", "import deploy.local"),
    ("the middle of a service", "services/matching/application", "import pydantic"),
    ("the middle of a service", "services/scheduling/domain", "import motor"),
    ("the middle of a service", "shared/kernel", "import faststream"),
    ("the database driver", "services/matching/entrypoints", "import pymongo.errors"),
    ("the database driver", "shared/messaging", "import motor.motor_asyncio"),
    ("contracts are used at the edges only", "shared/contracts", "import shared.messaging"),
    ("the middle of a service", "services/matching/domain", "import shared.contracts.matching"),
]


BANNED = [
    "import datetime\n\nNOW = datetime.datetime.now(datetime.UTC)",
    "import uuid\n\nID = uuid.uuid4()",
    "import random\n\nDRAWN = random.random()",
    "import time\n\ntime.sleep(1)",
    "import time\n\nSTARTED = time.monotonic()",
    "import asyncio\n\nTASK = asyncio.create_task(None)",
    "import asyncio\n\nDONE = asyncio.wait_for(None, 1)",
    "import threading\n\nWORKER = threading.Thread()",
    "import logging\n\nLOG = logging.getLogger()",
    "import functools\n\nCACHE = functools.cache(print)",
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what ships, to plant violations in."""
    copy = tmp_path_factory.mktemp("house")
    for room in SHIPPED:
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__", "*.csv", "*.json", "node_modules"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def lint_imports(house: Path) -> tuple[int, str]:
    """Run import-linter on `house` and return its exit code and what it said."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=house,
        env=os.environ | {"PYTHONPATH": str(house), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@contextmanager
def planted(house: Path, files: dict[str, str]) -> Iterator[None]:
    """Add files to the house for a while."""
    made = [house / name for name in files]
    rooms = [path.parent for path in made if not path.parent.exists()]
    for path, imports in zip(made, files.values(), strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'"""Planted."""\n{imports}\n', encoding="utf-8")
    try:
        yield
    finally:
        for path in made:
            path.unlink()
        for room in rooms:
            shutil.rmtree(room)


def told_by(said: str, contract: str) -> str:
    """Return what import-linter says below the name of a broken contract."""
    _, _, broken = said.partition("Broken contracts")
    lines = broken.splitlines()
    heads = [number for number, line in enumerate(lines) if line and set(line) == {"-"}]
    for begin, end in pairwise([*heads, len(lines)]):
        if contract in lines[begin - 1]:
            return "\n".join(lines[begin + 1 : end - 1])
    return ""


class TestImportRules:
    """Import contracts of pyproject.toml."""

    def test_the_house_as_it_is_keeps_them(self, house: Path) -> None:
        """The copy without a planted violation passes, so that a refusal below means the violation."""
        code, said = lint_imports(house)
        assert code == 0, said

    def test_a_room_that_nobody_knows_is_refused(self, house: Path) -> None:
        """Exhaustive: no `utils` beside the rooms."""
        with planted(house, {"services/matching/utils/__init__.py": ""}):
            code, said = lint_imports(house)
        assert code != 0
        assert "services.matching.utils" in said or "utils" in told_by(said, "rooms of a service"), said

    def test_every_contract_refuses_what_it_is_there_to_refuse(self, house: Path) -> None:
        """All violations planted at once: each contract is broken, says so by its name, and names the import."""
        files = {f"{room}/planted_{number}.py": imports for number, (_, room, imports) in enumerate(VIOLATIONS)}
        with planted(house, files):
            code, said = lint_imports(house)
        assert code != 0
        untold = [
            (contract, room, imports)
            for number, (contract, room, imports) in enumerate(VIOLATIONS)
            if f"{room.replace('/', '.')}.planted_{number} -> " not in told_by(said, contract)
        ]
        assert untold == [], said


class TestBannedNames:
    """The linter's banned names: time, ids, randomness, tasks and threads come from their one place."""

    def test_banned_names_are_refused(self, tmp_path: Path) -> None:
        """Architecture section 10: `datetime.now`, `uuid4`, `random`, `time.sleep`, `logging.getLogger` and the like."""
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        for number, line in enumerate(BANNED):
            (tmp_path / f"planted_{number}.py").write_text(f"{line}\n", encoding="utf-8")
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ruff")), "check", "--select", "TID251", "--no-cache", "--output-format", "concise", "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert [line for number, line in enumerate(BANNED) if f"planted_{number}.py:" not in done.stdout] == []
