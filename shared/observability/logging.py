"""JSON log lines with ECS names on stdout and, when asked for, in a file (N17).

The one place that makes loggers. Own code writes `get_log().info(log_events.SOMETHING, field=value)`; lines of
libraries pass through the same formatter, cut to their first line, without values of exceptions.
"""

import logging
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextvars import ContextVar, Token
from pathlib import Path
from typing import Any, TextIO, cast

import ecs_logging
import structlog

from shared.observability import log_events
from shared.observability.rate_limit import RateLimit
from shared.observability.stacks import kind_of, stack_without_values

Log = structlog.typing.FilteringBoundLogger
_Line = MutableMapping[str, Any]

_NAMES: Mapping[str, str] = {
    "correlation_id": "trace.id",
    "principal": "user.id",
    "method": "http.request.method",
    "status": "http.response.status_code",
    "code": "error.code",
    "logger": "log.logger",
}
_MESSAGE_MAX = 500
_NOISY = ("aiokafka", "kafka")
"""Written many times a second while a broker is away: rate-limited."""
_CHATTY = ("uvicorn.error", "faststream", "aiokafka", "httpx2", "httpcore2")
"""Own lines tell of starts, stops, batches and calls; what these say below a warning is for debugging."""
_RETRIED = ("aiokafka.consumer.group_coordinator", "Group Coordinator Request failed")
"""Logged as an error although the library tries again by itself: a fresh broker has to make its groups' topic first."""
_NANOSECONDS_PER_MILLISECOND = 1_000_000
_CORRELATION: ContextVar[str] = ContextVar("correlation_id")


def get_log() -> Log:
    """Return the logger of own code. Its first positional argument is an action of `log_events`."""
    return cast(Log, structlog.get_logger())


def library_logger(name: str) -> logging.Logger:
    """Return a standard logger to hand to a library that wants one (FastStream, uvicorn); "root" is the root of all."""
    return logging.getLogger(name)


class correlated:  # noqa: N801 - reads like a function, as context managers do
    """N17: every line written inside carries this correlation id as `trace.id`. Entered for each event, so it is kept cheap."""

    __slots__ = ("_id", "_token")

    def __init__(self, correlation_id: str) -> None:
        """Nothing is bound before `with`."""
        self._id = correlation_id
        self._token: Token[str]

    def __enter__(self) -> None:
        """Bind the id."""
        self._token = _CORRELATION.set(self._id)

    def __exit__(self, *_: object) -> None:
        """Go back to what was bound before."""
        _CORRELATION.reset(self._token)


class _Sink:
    """Where finished lines go. Has the methods that structlog calls. A full disk costs lines, never the work that they tell of."""

    def __init__(self, streams: Iterable[TextIO]) -> None:
        self._streams = tuple(streams)

    def msg(self, line: str) -> None:
        for stream in self._streams:
            try:
                stream.write(line + "\n")
                stream.flush()
            except OSError:
                continue

    debug = info = warning = error = critical = exception = fatal = msg


class _LibraryHandler(logging.Handler):
    """Turns a library's record into a line of the same form: first line of the text only, no values of exceptions."""

    def __init__(self, sink: _Sink, chain: Iterable[structlog.typing.Processor]) -> None:
        super().__init__()
        self._sink = sink
        self._chain = tuple(chain)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = (record.getMessage().splitlines() or [""])[0][:_MESSAGE_MAX]
            line: Any = {"event": log_events.LIBRARY_LOGGED, "text": text, "logger": record.name}
            if record.exc_info and record.exc_info[1] is not None:
                line["exc_info"] = record.exc_info[1]
            if suppressed := getattr(record, "suppressed", 0):
                line["suppressed"] = suppressed
            for step in self._chain:
                line = step(None, record.levelname.lower(), line)
            self._sink.msg(str(line))
        except Exception:  # noqa: BLE001  # a line that cannot be written must not end the work it tells of
            self.handleError(record)


def _with_correlation(_logger: Any, _level: str, line: _Line) -> _Line:
    correlation_id = _CORRELATION.get(None)
    if correlation_id is not None:
        line.setdefault("correlation_id", correlation_id)
    return line


def _without_values(_logger: Any, _level: str, line: _Line) -> _Line:
    fault = line.pop("exc_info", None)
    if fault is True:
        fault = sys.exc_info()[1]
    if isinstance(fault, tuple):
        fault = fault[1]
    if isinstance(fault, BaseException):
        line["error.type"] = kind_of(fault)
        line["error.stack_trace"] = stack_without_values(fault)
    return line


def _rendered(formatter: Any) -> structlog.typing.Processor:
    # its own annotation asks for a plain dict, which every line here is
    return cast(structlog.typing.Processor, formatter)


class _EcsNames:
    """Gives fields their ECS names; what ECS does not know stands under `tandem`."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: Any, _level: str, line: _Line) -> _Line:
        action = line.pop("event")
        named: dict[str, Any] = {"event": line.pop("text", action), "event.action": action, "service.name": self._service}
        milliseconds = line.pop("ms", None)
        if milliseconds is not None:
            named["event.duration"] = round(milliseconds * _NANOSECONDS_PER_MILLISECOND)
        for key in sorted(line):
            value = line[key]
            if value is not None:
                named[key if "." in key else _NAMES.get(key, f"tandem.{key}")] = value
        return named


def configure_logging(service: str, *, level: str = "info", file: Path | None = None, stream: TextIO | None = None) -> Callable[[], None]:
    """Send own and libraries' lines as JSON to `stream` (stdout) and, when given, also to `file` (appended); return what closes it."""
    files = [] if file is None else [_opened(file)]
    sink = _Sink([stream or sys.stdout, *files])
    formatter = _rendered(ecs_logging.StructlogFormatter())
    chain: list[structlog.typing.Processor] = [_with_correlation, _without_values, _EcsNames(service), formatter]
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=False,
    )
    handler = _LibraryHandler(sink, chain)
    handler.addFilter(_soften)
    handler.addFilter(RateLimit(_NOISY, lines_max=5, per_seconds=10.0))
    _adopt_libraries(handler, threshold)

    def close() -> None:
        handler.addFilter(lambda _record: False)
        for opened in files:
            opened.close()

    return close


def _soften(record: logging.LogRecord) -> bool:
    """Let what a library retries by itself be a warning: an error is for an operator to act on."""
    name, beginning = _RETRIED
    if record.levelno == logging.ERROR and record.name == name and record.getMessage().startswith(beginning):
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
    return True


def _adopt_libraries(handler: logging.Handler, threshold: int) -> None:
    """Let every line of every library pass through `handler`, and nothing else (FastStream brings its own handlers)."""
    root = logging.getLogger()
    for name in sorted(root.manager.loggerDict):
        library = logging.getLogger(name)
        library.handlers[:] = []
        library.propagate = True
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.INFO))
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.INFO if threshold < logging.INFO else logging.WARNING)
    logging.captureWarnings(capture=True)


def _opened(file: Path) -> TextIO:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.open("a", encoding="utf-8")
