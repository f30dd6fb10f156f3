"""FastStream's own log lines, in our form: quiet unless something is wrong, and never with a record's content."""

import logging
from collections.abc import Mapping
from typing import Any

from shared.observability import log_events
from shared.observability.logging import get_log

LINE_MAX = 200


class FastStreamLines:
    """What FastStream takes for a logger.

    Below error everything goes to debug. A critical line means that an offset commit was refused: the batch will come again, and the
    inbox drops what was applied (trap 8).
    """

    def __init__(self) -> None:
        self._log = get_log()

    def log(self, level: int, msg: Any, /, *, exc_info: Any = None, extra: Mapping[str, Any] | None = None) -> None:
        """Write one line; `extra` holds topic and group, which our own line for the batch has already."""
        fault = exc_info if isinstance(exc_info, BaseException) else None
        if level >= logging.CRITICAL:
            self._log.warning(log_events.OFFSET_COMMIT_FAILED, topic=(extra or {}).get("topic"), code=type(fault).__name__)
        elif level >= logging.ERROR:
            self._log.error(log_events.LIBRARY_LOGGED, logger="faststream", text=_first_line(msg), exc_info=fault)
        else:
            self._log.debug(log_events.LIBRARY_LOGGED, logger="faststream", text=_first_line(msg))


def _first_line(msg: Any) -> str:
    return (str(msg).splitlines() or [""])[0][:LINE_MAX]
