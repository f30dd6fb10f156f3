"""The work of one replay: read the topics into what stands beside, then judge window by window; every step is kept, so it can go on."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.contracts.topics import TOPICS, Topic
from shared.messaging.consuming import Consumer
from shared.messaging.decoding import Message
from shared.messaging.failures import AWAY, trouble_of
from shared.messaging.reading import Place, TopicReader
from shared.persistence.database import Database, Document, Transaction
from shared.persistence.indexes import Index
from shared.replay.comparing import CHUNK, Comparison, Documents, Verdict, names_of, windows
from shared.replay.rebuilding import PREFIX, READ, Rebuild, indexes_beside
from shared.replay.replica import Replica
from shared.replay.requests import Ended, State, step

BATCH, WINDOW, STRAYS_WINDOW = 200, 2_000, 50_000
BUSY_PASSES, BUSY_PAUSE_SECONDS, BUSY_KEPT = 8, 0.5, 5_000
EXAMPLES = 20
Judged = tuple[str, str, Verdict, int]
"""Collection, key, what was found of it, how many."""


class Work:
    """One process at it."""

    def __init__(
        self,
        *,
        consumer: Consumer[Any],
        replicas: Sequence[Replica],
        indexes: Sequence[Index],
        reader: TopicReader,
        inbox_begins: datetime,
    ) -> None:
        """`reader` may have been used before: where to read is in the row."""
        self._database: Database = consumer.database
        self._service = consumer.service
        self._rebuild = Rebuild(consumer)
        self._replicas = {replica.collection: replica for replica in replicas}
        self._indexes = indexes
        self._reader = reader
        self._inbox_begins = inbox_begins
        self._row: Document = {}

    @property
    def _topics(self) -> list[Topic]:
        wanted = frozenset[str]().union(*(names_of(replica.topics) for replica in self._replicas.values()))
        return [topic for topic in TOPICS if topic.name in wanted]

    async def do(self, row: Document) -> Document:
        """Carry a replay from where it stands to its end; return its last row.

        Raises:
            Ended: somebody stopped it.

        """
        self._row = row
        await self._reader.close()
        if row["state"] != State.CLEANING:
            await self._build_and_judge()
            await self._keep("replay.clean", {"state": State.CLEANING.value, "busy": []})
        await self._clean()
        await self._keep("replay.end", {"state": State.DONE.value})
        return self._row

    async def _build_and_judge(self) -> None:
        if self._row["positions"] is None:
            await self._begin()
        if self._row["state"] == State.READING:
            await self._read_to_the_end()
            await self._open_windows()
        await self._compare()
        if not self._row["strays"]:
            await self._judge_strays()
        await self._judge_busy()

    async def _clean(self) -> None:
        """Empty everything that stands beside."""
        for name in sorted({PREFIX + index.collection for index in self._indexes} | {READ}):
            await self._database.collection(name).delete_many({})

    async def _keep(self, label: str, change: Mapping[str, Any]) -> None:
        self._row = await self._database.transact(label, lambda tx: step(tx, self._row, change))

    async def _begin(self) -> None:
        await self._database.ensure_indexes(indexes_beside(self._indexes))
        await self._clean()
        places = await self._reader.begin(self._topics, self._row["since"])
        ends = await self._reader.ends(places)
        total = sum(ends[place] - offset for place, offset in places.items())
        await self._keep("replay.begin", {"positions": _stored(places), "total": total})

    async def _read_to_the_end(self) -> None:
        """Build everything that is on the topics by now."""
        ends = await self._reader.ends(self._places)
        while messages := await self._reader.take(self._places, ends, BATCH):
            await self._build(messages)

    @property
    def _places(self) -> dict[Place, int]:
        return _places(self._row["positions"])

    async def _build(self, messages: Sequence[Message]) -> None:
        """Build one batch beside; when it fails, record by record, so that only the culprit's key is given up."""
        try:
            await self._build_together(messages)
        except (*AWAY, Ended):
            raise
        except Exception as fault:  # noqa: BLE001 - whatever a handler raises: its code is noted with the key
            if len(messages) == 1:
                await self._leave(messages[0], trouble_of(fault).code)
                return
            for message in messages:
                await self._build([message])

    async def _build_together(self, messages: Sequence[Message]) -> None:
        async def work(tx: Transaction) -> Document:
            after = await step(tx, self._row, self._moved(messages))
            await self._rebuild.apply(tx, messages)
            return after

        self._row = await self._database.transact("replay.build", work)

    async def _leave(self, message: Message, code: str) -> None:
        async def work(tx: Transaction) -> Document:
            after = await step(tx, self._row, self._moved([message]))
            await self._rebuild.give_up(tx, message, code)
            return after

        self._row = await self._database.transact("replay.give-up", work)

    def _moved(self, messages: Sequence[Message]) -> dict[str, Any]:
        places = _places(self._row["positions"])
        for message in messages:
            places[message.topic, message.partition] = message.offset + 1
        read = self._row["read"] + len(messages)
        return {"positions": _stored(places), "read": read, "total": max(read, self._row["total"])}

    async def _open_windows(self) -> None:
        count = await self._database.collection(READ).count({})
        made = [list(each) for each in windows(count, WINDOW)]
        await self._keep("replay.compare", {"state": State.COMPARING.value, "windows": made})

    async def _compare(self) -> None:
        for number in range(self._row["window"], len(self._row["windows"])):
            low, high = self._row["windows"][number]
            judged = await self._judge_window((low, high))
            await self._keep("replay.window", {"window": number + 1} | self._told(judged))

    async def _judge_window(self, window: tuple[str, str]) -> list[Judged]:
        keys = {name: await self._comparison.keys_read(replica, window) for name, replica in self._replicas.items()}
        return await self._judge(keys)

    async def _judge_strays(self) -> None:
        """Judge what lives and no fact tells of."""
        judged: list[Judged] = []
        for name, replica in self._replicas.items():
            count = await self._database.collection(name).count({})
            for window in windows(count, STRAYS_WINDOW):
                judged += await self._judge({name: await self._comparison.keys_unread(replica, window)})
        await self._keep("replay.strays", {"strays": True} | self._told(judged))

    async def _judge(self, keys: Mapping[str, Sequence[str]]) -> list[Judged]:
        """Look at what lives, build all that is on the topics by then, and judge what does not look the same."""
        before = {name: await self._comparison.living(self._replicas[name], some) for name, some in keys.items()}
        await self._read_to_the_end()
        judged: list[Judged] = []
        for name, some in keys.items():
            differ, equal = await self._comparison.differing(self._replicas[name], some, before[name])
            judged.append((name, "", Verdict.EQUAL, equal))
            judged += await self._judged(name, differ, before[name])
        return judged

    async def _judged(self, name: str, keys: Sequence[str], before: Documents) -> list[Judged]:
        found: list[Judged] = []
        for begin in range(0, len(keys), CHUNK):
            chunk = keys[begin : begin + CHUNK]
            verdicts = await self._comparison.judge(self._replicas[name], chunk, before)
            found += [(name, key, verdict, 1) for key, verdict in verdicts.items()]
        return found

    async def _judge_busy(self) -> None:
        """Judge again what changed while it was looked at: under steady traffic a few keys, each for a moment."""
        for attempt in range(BUSY_PASSES):
            if not self._row["busy"]:
                return
            await asyncio.sleep(BUSY_PAUSE_SECONDS * (attempt + 1))
            judged: list[Judged] = []
            for name, replica in self._replicas.items():
                keys = [key for where, key in self._row["busy"] if where == name]
                before = await self._comparison.living(replica, keys)
                await self._read_to_the_end()
                judged += await self._judged(name, keys, before)
            await self._keep("replay.busy", self._told(judged, again=True))

    def _told(self, judged: Sequence[Judged], *, again: bool = False) -> dict[str, Any]:
        """Return the row's figures with these verdicts; those judged again are no longer counted as busy."""
        verdicts = {name: dict(counts) for name, counts in self._row["verdicts"].items()}
        for name, _, verdict, count in judged:
            counts = verdicts.setdefault(name, {})
            counts[verdict.value] = counts.get(verdict.value, 0) + count
            if again:
                counts[Verdict.BUSY.value] -= 1
        told = [[name, key, verdict.value] for name, key, verdict, _ in judged if verdict not in {Verdict.EQUAL, Verdict.BUSY}]
        busy = [[name, key] for name, key, verdict, _ in judged if verdict is Verdict.BUSY]
        earlier = [] if again else self._row["busy"]
        return {
            "verdicts": {name: {verdict: count for verdict, count in counts.items() if count} for name, counts in verdicts.items()},
            "examples": [*self._row["examples"], *told][:EXAMPLES],
            "busy": [*earlier, *busy][:BUSY_KEPT],
        }

    @property
    def _comparison(self) -> Comparison:
        return Comparison(
            database=self._database,
            service=self._service,
            repair=self._row["repair"],
            whole=self._row["since"] is None,
            inbox_begins=self._inbox_begins,
        )


def _stored(places: Mapping[Place, int]) -> list[list[Any]]:
    return [[topic, partition, offset] for (topic, partition), offset in sorted(places.items())]


def _places(stored: Sequence[Sequence[Any]]) -> dict[Place, int]:
    return {(topic, partition): offset for topic, partition, offset in stored}
