"""Opens what a command asks for, and nothing before."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

from services.console.adapters import local_tokens
from services.console.adapters.target import Target
from services.console.application.ports import Api, Facts, LinesOf
from shared.kernel.randomness import SystemRandomness

COMMAND_HOURS = 1.0
"""A command's own tokens live no longer than a long import."""


class TargetConnections:
    """The connections to one deployment."""

    def __init__(self, target: Target) -> None:
        """Nothing is opened yet."""
        self._target = target

    def api(self) -> AbstractAsyncContextManager[Api]:
        """Open the HTTP APIs."""
        from services.console.adapters.http_api import opened_api  # noqa: PLC0415 - `tandem --help` needs no HTTP client

        return opened_api(self._target.url, self._token_for, SystemRandomness())

    def facts(self) -> Facts:
        """Return the reader of facts."""
        from services.console.adapters.kafka_facts import KafkaFacts  # noqa: PLC0415 - as above

        return KafkaFacts(self._target.kafka_settings())

    def log_lines(self, folder: Path | None) -> LinesOf:
        """Return the reader of the services' log files."""
        from services.console.adapters.log_files import lines_of  # noqa: PLC0415 - as above

        stack = self._target.stack
        place = folder or (Path(stack.logs) if stack is not None else None)
        return partial(lines_of, place)

    def mint(self, subject: str, roles: Sequence[str], programmes: Sequence[str], hours: float) -> str:
        """Return a token of the local issuer."""
        return local_tokens.mint(self._target.stack, subject, roles, programmes, hours)

    def _token_for(self, role: str) -> str:
        return self._target.token or self.mint(f"console-{role}", [role], (), COMMAND_HOURS)
