"""N17, N9: log lines are JSON with ECS names, correlated, and never repeat a value."""

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from shared.observability import log_events
from shared.observability.logging import configure_logging, correlated, get_log, library_logger
from shared.observability.rate_limit import RateLimit
from tests.support.logs import written_log  # noqa: F401 - a fixture

SECRET = "grandmother's maiden name"


@pytest.fixture
def stream(written_log: io.StringIO) -> io.StringIO:  # noqa: F811
    """Catch what a process of matching writes."""
    configure_logging("matching", stream=written_log)
    return written_log


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Read the lines."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fails_because_of_another() -> None:
    """Fail with a text that quotes a private word, because of a fault that does so, too."""
    try:
        dict[str, str]()[SECRET]
    except KeyError as cause:
        raise ValueError(SECRET) from cause


class TestOwnLines:
    """N17: one object a line, stable names."""

    def test_a_line_has_the_ecs_names(self, stream: io.StringIO) -> None:
        """N17: `@timestamp`, `log.level`, `event.action`, `service.name`, once each; own fields under `tandem`."""
        get_log().info(log_events.BATCH_CONSUMED, topic="tandem-profile-member", size=3, ms=1.5, code="x")
        (line,) = lines(stream)
        assert line["@timestamp"].endswith("Z")
        assert line["log.level"] == "info"
        assert line["event"] == {"action": "batch.consumed", "duration": 1_500_000}
        assert line["service"] == {"name": "matching"}
        assert line["tandem"] == {"topic": "tandem-profile-member", "size": 3}
        assert line["error"] == {"code": "x"}
        assert not {"level", "timestamp"} & set(line)

    def test_the_correlation_id_is_the_trace_id(self, stream: io.StringIO) -> None:
        """N17: lines inside carry it, lines outside do not, libraries' lines do too."""
        with correlated("c-1"):
            get_log().info(log_events.REQUEST_SERVED)
            library_logger("faststream").warning("hello")
        get_log().info(log_events.REQUEST_SERVED)
        assert [line.get("trace", {}).get("id") for line in lines(stream)] == ["c-1", "c-1", None]

    def test_an_exception_tells_where_but_not_what(self, stream: io.StringIO) -> None:
        """N9: class and places of the fault and of its cause, no text."""
        try:
            fails_because_of_another()
        except ValueError:
            get_log().exception(log_events.REQUEST_FAILED)
        (line,) = lines(stream)
        assert SECRET not in stream.getvalue()
        assert line["error"]["type"] == "ValueError"
        assert "KeyError" in line["error"]["stack_trace"]
        assert "test_logging.py" in line["error"]["stack_trace"]

    def test_the_level_is_a_setting(self, stream: io.StringIO) -> None:
        """N17: what is below the level is not written."""
        configure_logging("matching", level="warning", stream=stream)
        get_log().info(log_events.REQUEST_SERVED)
        get_log().warning(log_events.KEYS_UNAVAILABLE)
        assert [line["event"]["action"] for line in lines(stream)] == ["keys.unavailable"]

    def test_a_file_gets_the_same_lines(self, tmp_path: Path, stream: io.StringIO) -> None:
        """N17: with a file named in the settings, both have them."""
        file = tmp_path / "logs" / "matching.ndjson"
        close = configure_logging("matching", file=file, stream=stream)
        get_log().info(log_events.PROCESS_STARTED)
        close()
        assert file.read_text() == stream.getvalue()


class TestLibraryLines:
    """Lines of uvicorn, FastStream, aiokafka and motor pass through the same formatter."""

    def test_a_library_line_has_the_same_form(self, stream: io.StringIO) -> None:
        """N17: its logger is named, its text is the message."""
        library_logger("uvicorn.error").error("no %s", "way")
        (line,) = lines(stream)
        assert line["event"]["action"] == log_events.LIBRARY_LOGGED
        assert line["log"] == {"logger": "uvicorn.error"}
        assert line["message"] == "no way"
        assert line["log.level"] == "error"

    def test_only_the_first_line_of_its_text_is_kept(self, stream: io.StringIO) -> None:
        """N9: asyncio quotes the exception in the second line."""
        library_logger("asyncio").error("Task exception was never retrieved\nfuture: ValueError(%r)", SECRET)
        assert SECRET not in stream.getvalue()
        assert lines(stream)[0]["message"] == "Task exception was never retrieved"

    def test_its_exception_tells_where_but_not_what(self, stream: io.StringIO) -> None:
        """N9: the standard traceback with its text never appears."""
        try:
            fails_because_of_another()
        except ValueError:
            library_logger("faststream").exception("failed")
        assert SECRET not in stream.getvalue()
        assert lines(stream)[0]["error"]["type"] == "ValueError"

    def test_a_handler_that_a_library_brought_along_is_taken_away(self, stream: io.StringIO) -> None:
        """FastStream writes plain text to stderr by itself; its lines must have our form, once."""
        foreign = io.StringIO()
        library = library_logger("faststream")
        library.addHandler(logging.StreamHandler(foreign))
        library.propagate = False
        configure_logging("matching", stream=stream)
        library.warning("hello")
        assert foreign.getvalue() == ""
        assert [line["message"] for line in lines(stream)] == ["hello"]

    def test_what_it_retries_itself_is_no_error(self, stream: io.StringIO) -> None:
        """N17: a fresh broker answers "no coordinator yet" and aiokafka asks again; other faults of its stay errors."""
        coordinator = library_logger("aiokafka.consumer.group_coordinator")
        coordinator.error("Group Coordinator Request failed: %s", "[Error 15] GroupCoordinatorNotAvailableError")
        coordinator.error("OffsetCommit failed: %s", "[Error 25] UnknownMemberIdError")
        assert [line["log.level"] for line in lines(stream)] == ["warning", "error"]

    def test_aiokafka_is_rate_limited(self, stream: io.StringIO) -> None:
        """Pipeline section 2: a broker that is away makes it write 30 to 80 lines a second."""
        for _ in range(50):
            library_logger("aiokafka.conn").error("Unable to connect")
        assert len(lines(stream)) == 5


class TestRateLimit:
    """A noisy library is held back, and what was held back is counted."""

    def record(self, at: float, name: str = "aiokafka") -> logging.LogRecord:
        """Make a record of a moment."""
        record = logging.LogRecord(name, logging.ERROR, "x.py", 1, "text", None, None)
        record.created = at
        return record

    def test_the_next_window_opens_again_and_tells_the_count(self) -> None:
        """The first record after the pause carries how many were suppressed."""
        limit = RateLimit(["aiokafka"], lines_max=1, per_seconds=10)
        assert [limit.filter(self.record(at)) for at in (0.0, 1.0, 2.0)] == [True, False, False]
        after = self.record(11.0)
        assert limit.filter(after)
        assert after.__dict__["suppressed"] == 2

    def test_other_loggers_pass(self) -> None:
        """Only the named ones are held back."""
        limit = RateLimit(["aiokafka"], lines_max=0, per_seconds=10)
        assert limit.filter(self.record(0.0, "uvicorn.error"))

    def test_a_clock_set_back_opens_a_new_window(self) -> None:
        """A jump of the host's clock does not silence the library for ever."""
        limit = RateLimit(["aiokafka"], lines_max=1, per_seconds=10)
        assert limit.filter(self.record(1000.0))
        assert limit.filter(self.record(5.0))


class TestFullDisk:
    """N2: logs are told of the work, they are not the work."""

    def test_a_line_that_cannot_be_written_ends_nothing(self, stream: io.StringIO) -> None:
        """Found by chaos: with a full disk each request failed at its own log line."""

        class Full(io.StringIO):
            def write(self, _text: str) -> int:
                raise OSError(28, "No space left on device")

        configure_logging("matching", stream=Full())
        get_log().info(log_events.BATCH_CONSUMED, topic="tandem-profile-member", size=3)
        configure_logging("matching", stream=stream)
        get_log().info(log_events.BATCH_CONSUMED, topic="tandem-profile-member", size=4)
        assert [line["tandem"]["size"] for line in lines(stream)] == [4]
