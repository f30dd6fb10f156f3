"""The mail server of a run: keeps every message it took."""

import re
from dataclasses import dataclass, field

from tests.simulation.world import World

MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)


@dataclass
class SimulatedMailServer:
    """Takes mails; `taken` holds recipient and Message-ID in order."""

    world: World
    taken: list[tuple[str, str]] = field(default_factory=list)

    def take(self, recipient: str, content: bytes) -> int:
        """Take a message and say so."""
        found = MESSAGE_ID.search(content)
        self.taken.append((recipient, found.group(1).decode() if found else ""))
        return 250
