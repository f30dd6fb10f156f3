"""The image's entry: `docker run tandem matching` becomes the service's process (same process id, so signals reach it)."""

import os
import sys

SERVICES = ("profile", "matching", "scheduling", "notification", "console")


def main(arguments: list[str]) -> int:
    """Become the service that the first argument names; further arguments are passed on (`console import people.csv`)."""
    if arguments and arguments[0] in SERVICES:
        os.execv(sys.executable, [sys.executable, "-m", f"services.{arguments[0]}", *arguments[1:]])  # noqa: S606  # no shell
    print(f"usage: <image> {'|'.join(SERVICES)} [arguments of the console]", file=sys.stderr)  # noqa: T201  # for people
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
