"""Every executable rule has been seen to refuse what it is there to refuse (architecture section 2)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, SHIPPED

# (the contract that must break, the file that is added, what it imports)
VIOLATIONS = [
    ("rooms of a service", "services/matching/domain/planted.py", "import services.matching.application"),
    ("rooms of a service", "services/matching/entrypoints/planted.py", "import services.matching.adapters"),
    ("rooms of a service", "services/matching/utils/__init__.py", ""),
    ("services do not know each other", "services/matching/adapters/planted.py", "import services.profile.domain"),
    ("shared knows no service", "shared/messaging/planted.py", "import services.profile"),
    ("what ships does not know how it is deployed", "services/matching/adapters/planted.py", "import deploy.local"),
    ("the middle of a service", "services/matching/application/planted.py", "import pydantic"),
    ("the middle of a service", "services/scheduling/domain/planted.py", "import motor"),
    ("the middle of a service", "shared/kernel/planted.py", "import faststream"),
    ("the database driver", "services/matching/entrypoints/planted.py", "import pymongo.errors"),
    ("the database driver", "shared/messaging/planted.py", "import motor.motor_asyncio"),
    ("contracts are used at the edges only", "shared/contracts/planted.py", "import shared.messaging"),
    ("the middle of a service", "services/matching/domain/planted.py", "import shared.contracts.matching"),
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


class TestImportRules:
    """Import contracts of pyproject.toml."""

    def test_the_house_as_it_is_keeps_them(self, house: Path) -> None:
        """The copy without a planted violation passes, so that a refusal below means the violation."""
        code, said = lint_imports(house)
        assert code == 0, said

    @pytest.mark.parametrize(("contract", "planted", "imports"), VIOLATIONS)
    def test_a_planted_violation_is_refused(self, house: Path, contract: str, planted: str, imports: str) -> None:
        """Each contract is broken by one line and says so by its name."""
        path = house / planted
        before = path.parent.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'"""Planted."""\n{imports}\n', encoding="utf-8")
        try:
            code, said = lint_imports(house)
        finally:
            path.unlink()
            if not before:
                shutil.rmtree(path.parent)
        assert code != 0
        assert any(contract in line and "BROKEN" in line for line in said.splitlines()), said


class TestBannedNames:
    """The linter's banned names: time, ids, randomness, tasks and threads come from their one place."""

    @pytest.mark.parametrize(
        "line",
        [
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
        ],
    )
    def test_banned_name_is_refused(self, line: str) -> None:
        """Architecture section 10: `datetime.now`, `uuid4`, `random`, `time.sleep`, `logging.getLogger` and the like."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ruff")), "check", "--select", "TID251", "--stdin-filename", "services/planted.py", "-"],
            input=f"{line}\n",
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "TID251" in done.stdout
