"""N17: every action that code writes to the log stands in the catalogue, so that alerts and dashboards can rely on the names."""

import ast
from pathlib import Path

import pytest

from shared.observability import log_events

ROOT = Path(__file__).parents[3]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
FILES = [path for room in ("shared", "services") for path in sorted((ROOT / room).rglob("*.py"))]
KNOWN = {name for name in vars(log_events) if name.isupper()}


def is_log(value: ast.expr) -> bool:
    """Say whether an expression is a logger of ours: `get_log()`, `log`, `self._log`."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "get_log"
    name = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
    return name in {"log", "_log"}


def unlisted(tree: ast.AST) -> list[int]:
    """Return the lines of log calls whose action is written as text, or is no constant of the catalogue."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    found = []
    for call in calls:
        assert isinstance(call.func, ast.Attribute)
        if call.func.attr not in LEVELS or not is_log(call.func.value) or not call.args:
            continue
        action = call.args[0]
        if isinstance(action, ast.Constant) or (isinstance(action, ast.Attribute) and action.attr not in KNOWN):
            found.append(call.lineno)
    return found


class TestCatalogue:
    """The table of names is complete."""

    @pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
    def test_every_action_is_a_constant_of_the_catalogue(self, path: Path) -> None:
        """N17: `get_log().info(log_events.SOMETHING, …)`."""
        assert unlisted(ast.parse(path.read_text())) == []

    def test_the_search_bites(self) -> None:
        """A name written as text, and a constant that does not exist, are found."""
        code = "get_log().info('made.up')\nself._log.error(log_events.MADE_UP)\nlog.info(log_events.REQUEST_SERVED)"
        assert unlisted(ast.parse(code)) == [1, 2]

    def test_every_action_is_noun_dot_verb_and_unique(self) -> None:
        """N17: `noun.verb`, lower case, hyphens inside words."""
        names = [getattr(log_events, name) for name in sorted(KNOWN)]
        assert len(names) == len(set(names))
        for name in names:
            noun, verb = name.split(".")
            assert noun.replace("-", "").isalpha()
            assert verb.replace("-", "").isalpha()

    def test_every_action_has_a_comment(self) -> None:
        """N17: one comment each, so that the table explains itself."""
        text = Path(log_events.__file__).read_text()
        assert [line for line in text.splitlines() if line[:1].isupper() and " = " in line and "  # " not in line] == []

    def test_every_action_is_written_somewhere(self) -> None:
        """N17: a name that no code writes is a promise to operators that nobody keeps."""
        code = "".join(path.read_text() for path in FILES)
        assert [name for name in sorted(KNOWN) if f"log_events.{name}" not in code] == []
