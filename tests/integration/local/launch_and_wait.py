"""A launcher to be killed: starts a database in a temporary run, says where it is, and waits."""

import asyncio
import json
import signal
import sys

from deploy.local.folder import DataFolder
from deploy.local.leftovers import claim
from deploy.local.mongo.secantus import SecantusDB
from deploy.local.processes import Processes


async def launch() -> None:
    """Start and tell."""
    folder = DataFolder.temporary()
    claim(folder)
    mongo = SecantusDB(Processes(folder.pids), folder.mongo, folder.logs)
    await mongo.start()
    sys.stdout.write(json.dumps({"root": str(folder.root), "pid": mongo.running[0].pid}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(launch())
    signal.pause()
