"""Child processes that cannot be left behind: own process group, own log, pid file, an orderly end and a hard one."""

import asyncio
import atexit
import json
import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deploy.local.trouble import LaunchTrouble, PortTaken

GRACE_SECONDS = 10.0
SAME_START_SECONDS = 3.0
"""The system derives start times from its boot time, which a corrected clock moves by a second or two."""
LOOK_EVERY_SECONDS = 0.05
WORDS_OF_A_TAKEN_PORT = ("address already in use", "failed to bind", "addrinuse", "error while attempting to bind")
LINE_CHARACTERS_MAX = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to start. `environment` replaces the inherited one when given; `log` gets everything it prints.

    A service writes its own log (`own_log`): then only what it prints to stderr goes to `log`, for a fault before its log begins.
    """

    name: str
    command: Sequence[str]
    folder: Path
    log: Path
    environment: Mapping[str, str] | None = None
    own_log: Path | None = None


@dataclass(slots=True)
class Running:
    """A process that we started."""

    program: Program
    pid_file: Path
    _child: subprocess.Popen[bytes] = field(repr=False)

    @property
    def name(self) -> str:
        """Return the program's name."""
        return self.program.name

    @property
    def pid(self) -> int:
        """Return the process id; it is the id of its process group, too."""
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """Return how it ended, or None while it is alive."""
        return self._child.poll()

    def last_lines(self, count: int = 15) -> tuple[str, ...]:
        """Return the end of its log; of a service what it printed last as well."""
        logs = [path for path in (self.program.own_log, self.program.log) if path is not None]
        return tuple(line for path in logs for line in _tail(path, count))

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and to all that it started itself."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def check_alive(self) -> None:
        """Raise with the log's last lines when it has ended.

        Raises:
            PortTaken: when its log says that the port belongs to somebody else.
            LaunchTrouble: for any other end.

        """
        code = self.exit_code
        if code is None:
            return
        lines = self.last_lines()
        said = "\n".join(lines).lower()
        kind = PortTaken if any(words in said for words in WORDS_OF_A_TAKEN_PORT) else LaunchTrouble
        raise kind(f"{self.name} ended with exit code {code}; its log is {self.program.own_log or self.program.log}:", lines)


def _tail(path: Path, count: int) -> list[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as log:
            return [line.rstrip()[:LINE_CHARACTERS_MAX] for line in deque(log, maxlen=count)]
    except OSError:
        return []


class Processes:
    """All children of one launcher. Whatever happens to the launcher short of kill -9, they end with it."""

    def __init__(self, pid_folder: Path) -> None:
        """Remember where pid files go, and see to it that leaving the interpreter ends what still runs."""
        self._pid_folder = pid_folder
        self._running: list[Running] = []
        atexit.register(self.end_now)

    @property
    def alive(self) -> list[Running]:
        """Return what runs at this moment, in the order of its start."""
        return [running for running in self._running if running.exit_code is None]

    def start(self, program: Program) -> Running:
        """Start `program` in a process group of its own, so that a Ctrl-C reaches the launcher alone, which ends all in order."""
        program.folder.mkdir(parents=True, exist_ok=True)
        try:
            with program.log.open("ab") as log:
                child = subprocess.Popen(  # noqa: S603 - commands are built here, never from input
                    list(program.command),
                    cwd=program.folder,
                    env=None if program.environment is None else dict(program.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log if program.own_log is None else subprocess.DEVNULL,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as fault:
            raise LaunchTrouble(f"{program.name} cannot be started: {fault.strerror} ({program.command[0]})") from fault
        running = Running(program, self._pid_folder / f"{program.name}.pid", child)
        write_pid_file(running.pid_file, running.pid)
        self._running.append(running)
        return running

    async def stop(self, several: Sequence[Running], within_seconds: float = GRACE_SECONDS) -> list[str]:
        """Ask all of `several` at once to end, wait, then force. Returns the names of those that had to be forced."""
        for running in several:
            running.signal_group(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                while any(running.exit_code is None for running in several):  # noqa: ASYNC110 - a process rings no bell
                    await asyncio.sleep(LOOK_EVERY_SECONDS)
        forced = [running for running in several if running.exit_code is None]
        for running in several:
            self._forget(running)
        return [running.name for running in forced]

    def kill(self, running: Running) -> None:
        """End it at once with -9, as a crash would (restart tests)."""
        self._forget(running)

    def end_now(self) -> None:
        """End everything without waiting for a good end: the last resort when the interpreter leaves."""
        for running in list(self._running):
            self._forget(running)
        atexit.unregister(self.end_now)

    def _forget(self, running: Running) -> None:
        running.signal_group(signal.SIGKILL)
        running._child.wait()  # noqa: SLF001 - the handle is private to this file
        running.pid_file.unlink(missing_ok=True)
        if running in self._running:
            self._running.remove(running)


def write_pid_file(path: Path, pid: int) -> None:
    """Write who runs: the id alone is not enough, the system gives it to somebody else one day."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        path.write_text(json.dumps({"pid": pid, "started_at": process.create_time(), "command": process.cmdline()}))


def end_leftovers(pid_folder: Path) -> list[str]:
    """End processes of an earlier run whose parent was killed; id, start time and command line must all agree.

    Returns their names. Foreign processes are never touched.
    """
    ended = []
    for path in sorted(pid_folder.glob("*.pid")):
        try:
            noted = json.loads(path.read_text())
            process = psutil.Process(int(noted["pid"]))
            ours = abs(process.create_time() - noted["started_at"]) < SAME_START_SECONDS and process.cmdline() == noted["command"]
        except (ValueError, KeyError, TypeError, psutil.Error):
            ours = False
        if ours:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                if not psutil.wait_procs([process], timeout=GRACE_SECONDS)[1]:
                    break
            ended.append(path.stem)
        path.unlink(missing_ok=True)
    return ended
