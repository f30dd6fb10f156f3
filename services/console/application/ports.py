"""What the use cases need from outside."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from services.console.domain.facts import Fact

HR_ADMIN = "hr_admin"
OPERATOR = "operator"
SERVICES = ("profile", "matching", "scheduling", "notification")


class Api(Protocol):
    """The HTTP APIs of the four services. `role` is what the call needs; a given token is used for everything."""

    async def call(
        self, method: str, service: str, path: str, *, role: str, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Any:
        """Call a route and return its JSON answer (None when it has none).

        Raises:
            ServiceAway: when nobody answers there.
            Refused: when the service says no.

        """
        ...

    async def upload(self, service: str, path: str, *, role: str, query: Mapping[str, Any], file: Path) -> Any:
        """Send a file as the body, piece by piece, and return the JSON answer."""
        ...

    def lines(self, method: str, service: str, path: str, *, role: str, body: Any = None) -> AsyncIterator[str]:
        """Call a route and yield the lines of its answer as they come: for answers that take their time or are no JSON."""
        ...

    def url(self, service: str) -> str:
        """Return where the service is."""
        ...


class Facts(Protocol):
    """The fact topics, read by somebody who changes nothing: no group, no committed offset."""

    def tail(self, *, from_beginning: bool, until_end: bool) -> AsyncIterator[Fact]:
        """Yield facts as they come; with `until_end` stop at what was the end when reading began."""
        ...


LinesOf = Callable[[Collection[str]], Iterable[dict[str, Any]]]
"""Gives the log lines that carry one of some correlation ids."""


class Connections(Protocol):
    """Everything that a command may connect to; nothing is opened before it is asked for."""

    def api(self) -> AbstractAsyncContextManager[Api]:
        """Open the HTTP APIs."""
        ...

    def facts(self) -> Facts:
        """Return the reader of facts."""
        ...

    def log_lines(self, folder: Path | None) -> LinesOf:
        """Return the reader of the services' log files in `folder`, else where `tandem up` keeps them, else of none."""
        ...

    def mint(self, subject: str, roles: Sequence[str], programmes: Sequence[str], hours: float) -> str:
        """Return a token of the local issuer.

        Raises:
            ConsoleTrouble: when this deployment has no local issuer.

        """
        ...


Told = Callable[[str, int, int | None], None]
"""Hears of progress: stage, done, total (None while unknown)."""


def tell_nobody(_stage: str, _done: int, _total: int | None) -> None:
    """Show no progress."""
