"""Where the deployment is: what the command line names, else the environment, else what `tandem up` wrote."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.stack_file import StackFile, stack_path
from services.console.application.ports import SERVICES
from services.console.domain.endings import Unusable

TOKEN_NAME = "TANDEM_CONSOLE_TOKEN"  # noqa: S105 - the name of a variable
KAFKA_PREFIX = "TANDEM_KAFKA__"
KAFKA_ADDRESS = f"{KAFKA_PREFIX}BOOTSTRAP_SERVERS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What was said about the deployment. Nothing is checked before it is needed."""

    urls: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    kafka: str | None = None
    stack: StackFile | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_outside(cls, urls: Mapping[str, str], token: str | None, kafka: str | None, stack: Path | None) -> "Target":
        """Read environment and stack file."""
        environment = dict(os.environ)
        return cls(
            urls=urls,
            token=token or environment.get(TOKEN_NAME),
            kafka=kafka,
            stack=StackFile.read(stack or stack_path(environment)),
            environment=environment,
        )

    def url(self, service: str) -> str:
        """Return the base URL of a service.

        Raises:
            Unusable: when nothing names it.

        """
        named = self.urls.get(service) or self.environment.get(f"TANDEM_PEERS__{service.upper()}_URL")
        found = named or (self.stack.urls.get(service) if self.stack else None)
        if not found:
            raise Unusable(
                f"Where is {service}? Start everything here with `tandem up`, or name it: --{service}-url, "
                f"or TANDEM_PEERS__{service.upper()}_URL"
            )
        return found.rstrip("/")

    def kafka_settings(self) -> dict[str, str]:
        """Return Kafka's settings by field name.

        Raises:
            Unusable: when nothing names a broker.

        """
        named = {name: value for name, value in self.environment.items() if name.startswith(KAFKA_PREFIX)}
        if self.kafka is not None:
            named[KAFKA_ADDRESS] = self.kafka
        elif KAFKA_ADDRESS not in named and self.stack is not None:
            named = dict(self.stack.kafka)
        if KAFKA_ADDRESS not in named:
            raise Unusable(f"Where is Kafka? Start everything here with `tandem up`, or name it: --kafka, or {KAFKA_ADDRESS}")
        return {name.removeprefix(KAFKA_PREFIX).lower(): value for name, value in named.items()}

    def known_services(self) -> list[str]:
        """Return the services whose place is known."""
        return [name for name in SERVICES if self.urls.get(name) or (self.stack and name in self.stack.urls)]
