"""`tandem demo`: from a people file to held sessions, in at most a minute and a half; OUT holds the evidence."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from deploy.demo import evidence
from deploy.demo.api import Api, Refused
from deploy.demo.crowd import Crowd
from deploy.demo.reader import FactReader
from deploy.demo.story import HR, DemoTrouble, Story
from deploy.local.stack import Stack, StackOptions, running_stack
from shared.kernel.randomness import seeded
from shared.kernel.tasks import Tasks

COMPANY = Path(__file__).with_name("company.csv")
START = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
"""A Monday. The same in every run, so that the story is the same."""
RATE = 86_400.0
"""A day of business time passes in a second."""
DAYS, LEAVES_AFTER_DAYS = 38, 22
PREPARE = timedelta(seconds=15)
"""Business time stands still while services start, people are imported and the round is solved."""
SETTINGS = {"TANDEM_SCHEDULING_SESSIONS_AHEAD": "1"}
"""Two sessions in sight instead of four: enough for the story, and half the mails in a minute."""
ADMIN_ROLES = ("hr_admin", "programme_admin", "operator", "service")


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the caller may choose."""

    people: Path | None = None
    out: Path = Path("demo-out")


async def run(options: DemoOptions) -> int:
    """Tell the story and leave the evidence in `options.out`; 0 when nothing was lost or done twice."""
    console = Console(stderr=True, highlight=False)
    out = _emptied(options.out)
    seconds: dict[str, float] = {}
    deaths: list[str] = []
    tasks = Tasks(lambda name, fault: deaths.append(f"{name}: {fault!r}"))
    stack_options = StackOptions(
        logs=out / "logs",
        mail_folder=out / "mail",
        clock_start=START,
        clock_delay=PREPARE,
        clock_rate=RATE,
        clock_until=START + timedelta(days=DAYS),
        settings=SETTINGS,
    )
    began = asyncio.get_running_loop().time()
    async with running_stack(stack_options, console.print) as stack:
        seconds["start"] = asyncio.get_running_loop().time() - began
        for line in stack.banner:
            console.print(f"  {line}", style="dim")
        watch = tasks.spawn("watch", stack.died())
        counts = await _first_of(tasks, watch, _told(stack, options.people or COMPANY, out, seconds, tasks, console))
        await tasks.stop(within_seconds=5)
    console.print(_table(counts))
    console.print(f"Evidence: {out}/summary.json, import-report.json, events.ndjson, mail/, logs/")
    for death in deaths:
        console.print(f"trouble: {death}", style="red")
    return 0 if counts["lost"] == counts["doubled"] == 0 and not deaths else 1


async def _first_of(tasks: Tasks, watch: asyncio.Task[None], telling: Any) -> dict[str, Any]:
    """Return what the story counted, or raise as soon as a process dies."""
    story = tasks.spawn("story", telling)
    await asyncio.wait({watch, story}, return_when=asyncio.FIRST_COMPLETED)
    if watch.done() and not story.done():
        story.cancel()
        watch.result()
    result: dict[str, Any] = await story
    return result


async def _told(  # noqa: PLR0917 - one call, in the order of the story
    stack: Stack, people: Path, out: Path, seconds: dict[str, float], tasks: Tasks, console: Console
) -> dict[str, Any]:
    with _Bar(console) as progress:
        async with _story(stack, tasks, console, progress) as story:
            await _stages(story, people, seconds, console)
            _say_what_members_did(story.crowd, console)
            counts = evidence.summary(story, stack.mail, seconds)
            evidence.write(out, story, counts)
            return counts


async def _stages(story: Story, people: Path, seconds: dict[str, float], console: Console) -> None:

    async def stage(name: str, why: str, doing: Any) -> Any:
        console.print(f"[bold]{name}[/bold]: {why}")
        began = asyncio.get_running_loop().time()
        try:
            done = await doing
        except Refused as refusal:
            raise DemoTrouble(f"{name}: a service refused what the demo asked for: {refusal}") from refusal
        seconds[name.lower()] = asyncio.get_running_loop().time() - began
        return done

    await stage("Import", "HR's file becomes members; a bad row never stops a good one.", story.import_people(people))
    programme = await stage("Programme", "the rules are data, versioned; members take part.", story.open_programme())
    await stage("Round", "one optimum over one pool: give and take counts, nobody is dropped in silence.", story.run_round(programme))
    await stage(
        "Weeks",
        "answers, charters, signatures, sessions; a day passes in a second.",
        story.let_weeks_pass(START + timedelta(days=DAYS), START + timedelta(days=LEAVES_AFTER_DAYS)),
    )
    await stage("Quiet", "every fact has arrived, every mail is out.", story.become_quiet())


@asynccontextmanager
async def _story(stack: Stack, tasks: Tasks, console: Console, progress: Callable[[str, float, float], None]) -> AsyncIterator[Story]:
    tokens: dict[str, str] = {}

    def token(who: str) -> str:
        if who not in tokens:
            tokens[who] = stack.token(who, ADMIN_ROLES if who == HR else ("member",), ("*",) if who == HR else ())
        return tokens[who]

    async with httpx.AsyncClient(timeout=30.0, limits=httpx.Limits(max_connections=32)) as client:
        api = Api(stack.urls, token, client, seeded("demo commands"))
        crowd = Crowd(api=api, clock=stack.clock, tasks=tasks, seed="demo")
        reader = FactReader(stack.kafka.address, crowd.hear)
        tasks.spawn("reader", reader.run())
        yield Story(
            api=api,
            client=client,
            urls=stack.urls,
            clock=stack.clock,
            crowd=crowd,
            reader=reader,
            say=console.print,
            progress=progress,
        )


class _Bar:
    """A progress bar on a terminal; nothing in a log file."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(TextColumn("  {task.description}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}"),
                                  console=console, transient=True, disable=not console.is_terminal)  # fmt: skip
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Callable[[str, float, float], None]:
        self._progress.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _show(self, what: str, done: float, total: float) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)


def _say_what_members_did(crowd: Crowd, console: Console) -> None:
    did = ", ".join(f"{count} {what}" for what, count in sorted(crowd.did.items()))
    console.print(f"Members, over HTTP with their own tokens: {did}.")
    if crowd.refused:
        refused = ", ".join(f"{count} {code}" for code, count in sorted(crowd.refused.items()))
        console.print(f"  and met a clear refusal: {refused} (a rule held).", style="dim")


def _emptied(out: Path) -> Path:
    """Return OUT, without what an earlier demo left there (nothing else is touched)."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise DemoTrouble(f"{out} cannot hold the evidence: {fault.strerror}") from fault
    for name in ("mail", "logs"):
        shutil.rmtree(out / name, ignore_errors=True)
    for name in ("summary.json", "import-report.json", "events.ndjson"):
        (out / name).unlink(missing_ok=True)
    return out


def _table(counts: dict[str, Any]) -> Table:
    table = Table(title="What came of it")
    table.add_column("what")
    table.add_column("count", justify="right")
    for name, value in counts.items():
        if not isinstance(value, dict):
            table.add_row(name.replace("_", " "), str(value))
    return table


__all__ = ["DemoOptions", "DemoTrouble", "run"]
