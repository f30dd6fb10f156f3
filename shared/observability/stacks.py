"""A stack trace that says where, never with which values: an error's text may quote private words (N9)."""

import traceback
from collections.abc import Iterator

_LINKS_MAX = 6
_FRAMES_MAX = 25


def kind_of(fault: BaseException) -> str:
    """Return the full name of the error's class."""
    kind = type(fault)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def stack_without_values(fault: BaseException) -> str:
    """N9: return class names and code places of `fault` and of what caused it, without any message text."""
    lines: list[str] = []
    for link in _chain(fault):
        lines.append(kind_of(link))
        lines += [f"  {place.filename}:{place.lineno} in {place.name}" for place in traceback.extract_tb(link.__traceback__)[-_FRAMES_MAX:]]
    return "\n".join(lines)


def _chain(fault: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    waiting = [fault]
    while waiting and len(seen) < _LINKS_MAX:
        link = waiting.pop(0)
        if any(link is other for other in seen):
            continue
        seen.append(link)
        yield link
        if isinstance(link, BaseExceptionGroup):
            waiting += list(link.exceptions)
        before = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
        if before is not None:
            waiting.append(before)
