"""The database driver is known to two files of one room of `shared`, and Kafka's client to one room (N2: swaps stay small)."""

import ast
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


def importers(*packages: str) -> list[str]:
    """Return the files under `shared` that import one of the packages, however they do it."""
    found: list[str] = []
    for path in sorted(SHARED.rglob("*.py")):
        names: list[str] = []
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.append(node.module)
        if any(name.split(".")[0] in packages for name in names):
            found.append(path.relative_to(SHARED).as_posix())
    return found


class TestDriverCut:
    """Who may know a driver."""

    def test_two_files_import_the_database_driver(self) -> None:
        """N2: motor is past its end of life; the swap is a change of its adapter and of the translation of its errors."""
        assert importers("motor", "pymongo", "bson", "gridfs") == ["persistence/mongo.py", "persistence/translating.py"]

    @pytest.mark.parametrize("package", ["aiokafka", "faststream"])
    def test_one_room_imports_kafka(self, package: str) -> None:
        """N2: other rooms of `shared` know the message path, not its client."""
        assert {name.split("/")[0] for name in importers(package)} == {"messaging"}

    def test_the_search_finds_what_it_looks_for(self) -> None:
        """N2: a search that finds nothing proves nothing."""
        assert "kernel/randomness.py" in importers("uuid")
