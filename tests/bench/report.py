"""What a benchmark says: figures with unit, goal and whether it was reached, as JSON and as a table."""

import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import psutil
from pydantic import BaseModel, ConfigDict
from rich.table import Table

LIBRARIES = ("aiokafka", "faststream", "motor", "pymongo", "pydantic", "fastapi", "secantusdb")
GIBIBYTE = 1024**3


class Figure(BaseModel):
    """One measured number. `low` and `high` are its range over the repetitions; without a goal it is only told."""

    model_config = ConfigDict(frozen=True)

    part: str
    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    goal: float | None = None
    better: Literal["higher", "lower"] = "higher"

    @property
    def reached(self) -> bool | None:
        """Return whether the goal was reached; None when there is none."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.better == "higher" else self.value <= self.goal

    def plain(self) -> dict[str, Any]:
        """Return it as the report holds it."""
        return self.model_dump(exclude_none=True) | ({} if self.reached is None else {"reached": self.reached})


class Report(BaseModel):
    """All of one run. What could not be measured is named with the reason; it makes the exit code 1, a missed goal does not."""

    quick: bool
    figures: list[Figure] = []
    unmeasured: dict[str, str] = {}
    servers: list[str] = []
    jvm_flags: list[str] = []
    seconds: dict[str, float] = {}
    """How long each part took."""

    @property
    def exit_code(self) -> int:
        """Return 0 when everything was measured."""
        return 1 if self.unmeasured else 0

    def write(self, folder: Path) -> Path:
        """Write `report.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / "report.json"
        plain = {
            "quick": self.quick,
            "machine": machine(),
            "versions": versions(),
            "servers": self.servers,
            "jvm_flags": self.jvm_flags,
            "figures": [figure.plain() for figure in self.figures],
            "unmeasured": self.unmeasured,
            "seconds": self.seconds,
        }
        target.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
        return target

    def table(self) -> Table:
        """Return the figures for a terminal."""
        table = Table(title="Tandem, measured" + (" (quick)" if self.quick else ""))
        for column in ("part", "figure"):
            table.add_column(column)
        for column in ("value", "range", "goal"):
            table.add_column(column, justify="right")
        table.add_column("reached")
        for figure in self.figures:
            table.add_row(
                figure.part, figure.name, f"{_short(figure.value)} {figure.unit}", _range(figure), _goal(figure), _reached(figure)
            )
        for part, why in self.unmeasured.items():
            table.add_row(part, "could not be measured", "", "", "", f"[red]{why}[/red]")
        return table


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _range(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f"{_short(figure.low)} to {_short(figure.high)}"


def _goal(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    return f"{'≥' if figure.better == 'higher' else '≤'} {_short(figure.goal)}"


def _reached(figure: Figure) -> str:
    return {None: "", True: "[green]yes[/green]", False: "[red]no[/red]"}[figure.reached]


def machine() -> dict[str, Any]:
    """Return what the figures depend on; no host name."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / GIBIBYTE, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_at_end": [round(each, 2) for each in psutil.getloadavg()],
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries on the path measured."""
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def jvm_flags(pids: Sequence[int]) -> list[str]:
    """Return the `-X…` flags of those of the processes that are a Java machine."""
    flags: list[str] = []
    for pid in pids:
        try:
            command = psutil.Process(pid).cmdline()
        except psutil.Error:
            continue
        if command and Path(command[0]).name.startswith("java"):
            flags += [word for word in command if word.startswith("-X")]
    return flags
