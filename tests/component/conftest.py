"""What holds of every component test: modules of the services and of what they share remember nothing (simulation rule 5)."""

from collections.abc import Iterator

import pytest

from tests.support.module_memory import remembered


@pytest.fixture(scope="session", autouse=True)
def modules_remember_nothing() -> Iterator[None]:
    """Compare, over all component tests of this process, how much hangs on modules and classes."""
    before = remembered()
    yield
    after = remembered()
    assert {name: (before[name], after[name]) for name in sorted(before.keys() & after.keys()) if before[name] != after[name]} == {}
