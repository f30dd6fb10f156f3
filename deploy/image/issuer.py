"""The throw-away token issuer of a trial with Compose: makes keys once, hands out the public part and the services' own tokens.

A real deployment has none of this: `TANDEM_AUTH__ISSUER` and `TANDEM_AUTH__JWKS` name the company's issuer. The check of the tokens
is the same one.
"""

import sys
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path

from deploy.local.tokens import TokenIssuer
from shared.http.principals import Role
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness

SERVICES = ("profile", "matching", "scheduling", "notification")
SERVICE_TOKEN_LASTS = timedelta(days=365)


def hand_out(private: Path, public: Path) -> None:
    """Make the keys if there are none; write the public keys and one folder with the own token of each service."""
    issuer = TokenIssuer(private, WallClock(), SystemRandomness())
    public.mkdir(parents=True, exist_ok=True)
    (public / "jwks.json").write_bytes(issuer.jwks_file.read_bytes())
    for service in SERVICES:
        folder = public / service
        folder.mkdir(exist_ok=True)
        token = issuer.token(service, [Role.SERVICE], lifetime=SERVICE_TOKEN_LASTS)
        (folder / "tandem_auth__service_token").write_text(token)


def main(arguments: list[str]) -> int:
    """Run `hand-out` (the Compose service) or print a token: `token SUBJECT --role hr_admin`."""
    parser = ArgumentParser(prog="issuer")
    parser.add_argument("--private", type=Path, default=Path("/issuer"))
    parser.add_argument("--public", type=Path, default=Path("/identity"))
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("hand-out")
    token = commands.add_parser("token")
    token.add_argument("subject")
    token.add_argument("--role", action="append", choices=[role.value for role in Role])
    token.add_argument("--programme", action="append", default=[])
    chosen = parser.parse_args(arguments)
    if chosen.command == "hand-out":
        hand_out(chosen.private, chosen.public)
    else:
        issuer = TokenIssuer(chosen.private, WallClock(), SystemRandomness())
        print(issuer.token(chosen.subject, chosen.role or [Role.MEMBER], chosen.programme))  # noqa: T201  # its answer
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
