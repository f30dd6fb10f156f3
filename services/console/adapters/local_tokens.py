"""Tokens of the issuer that `tandem up` made; a real deployment has its own issuer and gives `--token`."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from deploy.local.stack_file import StackFile
from services.console.domain.endings import ConsoleTrouble
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness


def mint(stack: StackFile | None, subject: str, roles: Sequence[str], programmes: Sequence[str], hours: float) -> str:
    """Return a token for `subject`.

    Raises:
        ConsoleTrouble: when there is no local issuer here.

    """
    if stack is None or not Path(stack.keys, "issuer.json").exists():
        raise ConsoleTrouble(
            "There is no local issuer here: start one with `tandem up`, or get a token from your identity provider and pass it "
            "with --token (or TANDEM_CONSOLE_TOKEN)"
        )
    from deploy.local.tokens import TokenIssuer  # noqa: PLC0415 - loads cryptography, which most commands never need

    issuer = TokenIssuer(Path(stack.keys), WallClock(), SystemRandomness())
    return issuer.token(subject, roles, programmes, lifetime=timedelta(hours=hours))
