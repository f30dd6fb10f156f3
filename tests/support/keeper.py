"""Owns one server of a test run: `python -m tests.support.keeper kafka|mongo FOLDER`."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from deploy.local.processes import Processes
from deploy.local.server import Server
from deploy.local.servers import Backend, Place, find_or_start_kafka, find_or_start_mongo
from deploy.local.trouble import LaunchTrouble, NoServer
from shared.kernel.randomness import SystemRandomness
from tests.support.run_folder import RunFolder

LOOK_EVERY_SECONDS = 0.3


def place_in(folder: Path, *, synced: bool = False) -> Place:
    """Return where a server of the tests lives; the backend is asked for by `TANDEM_TEST_BACKEND`."""
    for part in ("kafka", "mongo", "logs", "pids"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    return Place(
        processes=Processes(folder / "pids"),
        kafka=folder / "kafka",
        mongo=folder / "mongo",
        logs=folder / "logs",
        randomness=SystemRandomness(),
        backend=Backend(os.environ.get("TANDEM_TEST_BACKEND", Backend.PROCESSES)),
        synced=synced,
    )


def _tell(path: Path, answer: dict[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(answer))
    draft.replace(path)


async def _start(kind: str, place: Place) -> Server:
    return await (find_or_start_kafka(place) if kind == "kafka" else find_or_start_mongo(place))


async def keep(kind: str, run: RunFolder) -> int:
    """Start the server, tell where it is, and stop it when nobody needs it any more."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    place = place_in(run.data(kind))
    try:
        server = await _start(kind, place)
    except LaunchTrouble as trouble:
        _tell(run.answer(kind), {"trouble": trouble.report(), "skip": isinstance(trouble, NoServer)})
        return 1
    _tell(run.answer(kind), server.as_plain())
    sys.stdout.write(server.banner() + "\n")
    while run.held() and not ended.is_set():  # noqa: ASYNC110 - a holder that dies rings no bell
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    await server.stop()
    return 0


def main() -> int:
    """Run as a program."""
    kind, folder = sys.argv[1], RunFolder(Path(sys.argv[2]))
    try:
        return asyncio.run(keep(kind, folder))
    finally:
        (folder.root / f"{kind}.keeper.pid").unlink(missing_ok=True)
        folder.remove_if_unused()


if __name__ == "__main__":
    sys.exit(main())
