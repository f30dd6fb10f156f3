"""The demo's story on a small company while each service is killed once with -9 and once told to stop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx2

from deploy.demo import evidence
from deploy.demo.api import Api
from deploy.demo.crowd import Crowd
from deploy.demo.reader import FactReader
from deploy.demo.run import ADMIN_ROLES, COMPANY, SETTINGS, START
from deploy.demo.story import HR, SERVICES, Story
from deploy.local.stack import Stack, StackOptions, running_stack
from shared.kernel.randomness import seeded
from shared.kernel.tasks import Tasks
from tests.support.probing import until

PEOPLE = 40
RATE = 43_200.0
"""Half a day in a second: a service that is away for some seconds misses a day or two, not a fortnight."""
END, SOMEBODY_LEAVES = START + timedelta(days=32), START + timedelta(days=18)
PREPARE = timedelta(seconds=15)
WITHIN_SECONDS = 120.0
"""How long a moment of the story may take to come, on a busy machine."""


@dataclass(kw_only=True)
class WatchedStory(Story):
    """A story that says when its import is under way."""

    progressed: bool = False

    def __post_init__(self) -> None:
        """Listen to the progress bar."""
        self.progress = self._note

    def _note(self, _what: str, _done: float, _total: float) -> None:
        self.progressed = True


@dataclass
class Trouble:
    """Ends services at moments of the story and starts them again; remembers what it did."""

    stack: Stack
    story: WatchedStory
    killed: list[str] = field(default_factory=list)
    stopped: dict[str, float] = field(default_factory=dict)
    """How many seconds each took to end when it was told to."""

    async def make(self) -> None:
        """Kill each service in the middle of its own work, the one that plans rounds twice; then stop each in peace, under load."""
        await self._kill("profile", lambda: self.story.progressed, "the import has begun")
        await self._kill("matching", lambda: self._seen("matching.round.opened"), "a round is being solved")
        await self._kill("notification", lambda: len(self.stack.mail.received), "mails go out")
        await self._kill("matching", lambda: self._seen("matching.pairing.accepted"), "members answer")
        await self._kill("scheduling", lambda: self._seen("scheduling.session.booked"), "sessions are booked")
        loop = asyncio.get_running_loop()
        for name in SERVICES:
            began = loop.time()
            await self.stack.services.stop_one(name)
            self.stopped[name] = loop.time() - began
            await self.stack.services.restart(name)

    def _seen(self, kind: str) -> bool:
        return self.story.reader.count(kind) > 0

    async def _kill(self, name: str, moment: Callable[[], object], saying: str) -> None:
        await until(moment, within=WITHIN_SECONDS, saying=saying)
        self.stack.services.kill(name)
        self.killed.append(name)
        await self.stack.services.restart(name)


@dataclass(frozen=True)
class Outcome:
    """Where the evidence lies, and what was done to the services."""

    out: Path
    people: Path
    killed: list[str]
    stopped: dict[str, float]
    deaths: list[str]


def small_company(folder: Path) -> Path:
    """Write the first people of the demo's company."""
    people = folder / "people.csv"
    lines = COMPANY.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    people.write_text("".join(lines[: PEOPLE + 1]), encoding="utf-8")
    return people


async def live_through(folder: Path) -> Outcome:
    """Tell the story amid the trouble and leave the evidence in `folder`."""
    out, people, deaths = folder / "out", small_company(folder), list[str]()
    tasks = Tasks(lambda name, fault: deaths.append(f"{name}: {fault!r}"))
    options = StackOptions(
        logs=out / "logs",
        mail_folder=out / "mail",
        clock_start=START,
        clock_delay=PREPARE,
        clock_rate=RATE,
        clock_until=END,
        settings=SETTINGS,
    )
    async with running_stack(options) as stack, httpx2.AsyncClient(timeout=30.0) as client:
        story = story_on(stack, tasks, client)
        reading = tasks.spawn("reader", story.reader.run())
        trouble = Trouble(stack, story)
        making = tasks.spawn("trouble", trouble.make())
        await tell(story, people)
        await making
        await story.become_quiet()
        evidence.write(out, story, evidence.summary(story, stack.mail, {}))
        reading.cancel()
        await tasks.stop(5)
    return Outcome(out, people, trouble.killed, trouble.stopped, deaths)


def story_on(stack: Stack, tasks: Tasks, client: httpx2.AsyncClient) -> WatchedStory:
    """Return a story with a crowd of its own."""

    def token(who: str) -> str:
        return stack.token(who, ADMIN_ROLES if who == HR else ("member",), ("*",) if who == HR else ())

    api = Api(stack.urls, token, client, seeded("chaos"))
    crowd = Crowd(api=api, clock=stack.clock, tasks=tasks, seed="chaos")
    return WatchedStory(
        api=api,
        client=client,
        urls=stack.urls,
        clock=stack.clock,
        crowd=crowd,
        reader=FactReader(stack.kafka.address, crowd.hear),
        say=lambda _: None,
        progress=lambda *_: None,
    )


async def tell(story: Story, people: Path) -> None:
    """Go through the stages of the demo."""
    await story.import_people(people)
    await story.run_round(await story.open_programme())
    await story.let_weeks_pass(END, SOMEBODY_LEAVES)
