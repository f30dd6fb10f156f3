"""Is the process alive, is it ready: two questions with two answers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.observability.stacks import kind_of

Check = Callable[[], Awaitable[None]]
"""Returns when all is well, raises when not."""

CHECK_SECONDS_MAX = 2.0


class NotReady(Exception):
    """A check says in a short code what is missing (no text from elsewhere)."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Report:
    """What a probe answers: each check by name with `ok` or a code."""

    ok: bool
    checks: dict[str, str]


class Health:
    """Named checks of one process. A broker or database that is away makes it not ready; HTTP goes on answering."""

    def __init__(self) -> None:
        """Start without checks: ready."""
        self._checks: dict[str, Check] = {}
        self._failing: dict[str, str] = {}
        self._lost: dict[str, str] = {}

    def add(self, name: str, check: Check) -> None:
        """Add a readiness check."""
        self._checks[name] = check

    def failing(self, part: str, fault: BaseException, *, for_good: bool = False) -> None:
        """Note that a background part failed and waits to be started again; `for_good`: it failed too often in a row."""
        self._failing[part] = kind_of(fault)
        if for_good:
            self._lost[part] = kind_of(fault)

    def running(self, part: str) -> None:
        """Note that a background part runs (again)."""
        self._failing.pop(part, None)

    def live(self) -> Report:
        """Say whether every background part runs or may come back; if not, the process should be started anew."""
        return Report(ok=not self._lost, checks=dict(sorted(self._lost.items())))

    async def ready(self) -> Report:
        """Ask all checks at once, each for two seconds at most."""
        names = sorted(self._checks)
        answers = await asyncio.gather(*(_ask(self._checks[name]) for name in names))
        checks = dict(zip(names, answers, strict=True)) | dict(sorted(self._failing.items()))
        return Report(ok=all(answer == "ok" for answer in checks.values()), checks=checks)


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            await check()
    except NotReady as missing:
        return missing.code
    except TimeoutError:
        return "no-answer"
    except Exception as fault:  # noqa: BLE001  # a check may fail in any way; its text stays out of the answer
        return kind_of(fault)
    return "ok"
