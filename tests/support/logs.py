"""Read what a process would have written to its log."""

import io

import pytest

from shared.observability.logging import configure_logging


@pytest.fixture
def written_log() -> io.StringIO:
    """Catch the log lines of a test (`tests/conftest.py` brings the former set-up of logging back afterwards)."""
    written = io.StringIO()
    configure_logging("test", stream=written)
    return written
