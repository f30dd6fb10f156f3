"""What both benchmarks of the running system share: parts that may fail alone, and the addresses of a stack's servers."""

import time
from collections.abc import Awaitable, Callable

from deploy.local.stack import Stack
from shared.messaging.settings import KafkaSettings
from shared.persistence.mongo import MongoSettings
from tests.bench.report import Figure, Report

Say = Callable[[str], None]


class Parts:
    """Measures part after part into a report."""

    def __init__(self, report: Report, say: Say) -> None:
        """`say` tells progress."""
        self.report = report
        self.say = say

    async def part(self, name: str, measure: Callable[[], Awaitable[list[Figure]]]) -> None:
        """Measure one part; when it fails, say so and go on."""
        self.say(f"{name} …")
        began = time.perf_counter()
        try:
            self.report.figures += await measure()
        except Exception as fault:  # noqa: BLE001 - whatever it is, the other parts are worth measuring
            self.report.unmeasured[name] = f"{type(fault).__name__}: {fault}"
            self.say(f"  could not be measured: {type(fault).__name__}: {fault}")
        self.report.seconds[name] = round(time.perf_counter() - began, 1)


def addresses(stack: Stack) -> tuple[KafkaSettings, MongoSettings]:
    """Return how to reach the stack's broker and database."""
    told = {**stack.kafka.settings, **stack.mongo.settings}
    kafka = {name.removeprefix("TANDEM_KAFKA__").lower(): value for name, value in told.items() if name.startswith("TANDEM_KAFKA__")}
    mongo = {name.removeprefix("TANDEM_MONGO__").lower(): value for name, value in told.items() if name.startswith("TANDEM_MONGO__")}
    return KafkaSettings.model_validate(kafka), MongoSettings.model_validate(mongo)
