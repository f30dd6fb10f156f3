"""Read what a process would have written to its log."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.observability.logging import configure_logging, library_logger


@pytest.fixture
def written_log() -> Iterator[io.StringIO]:
    """Catch the log lines of a test; the former set-up of logging comes back afterwards."""
    root = library_logger("root")
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    configure_logging("test", stream=written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
