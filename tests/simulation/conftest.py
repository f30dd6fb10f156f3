"""What a simulated power cut leaves behind is thrown away, not finished: its coroutines may say so without failing a test."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LEFT_BEHIND = ("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:coroutine .* was never awaited:RuntimeWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let only the tests of this folder pass over them: everywhere else an unfinished coroutine stays an error."""
    for item in items:
        if HERE in item.path.parents:
            for words in LEFT_BEHIND:
                item.add_marker(pytest.mark.filterwarnings(words))


@pytest.fixture(autouse=True, scope="module")
def thrown_away_with_the_module() -> Iterator[None]:
    """Collect what a module's own fixtures held; asked for first, so ended last."""
    yield
    _collect_silently()


@pytest.fixture(autouse=True)
def thrown_away() -> Iterator[None]:
    """Collect the dead of a test before the next one begins, which may be of another folder."""
    yield
    _collect_silently()


def _collect_silently() -> None:
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        gc.collect()
    finally:
        sys.unraisablehook = hook
