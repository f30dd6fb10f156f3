"""The relay's sender with a span for each record, below the work that committed it (N17). Only made when telemetry is on."""

from collections.abc import Sequence
from contextlib import ExitStack

from shared.kernel.cause import Cause
from shared.messaging.sending import Sender, SendFailed
from shared.observability.tracing import Step
from shared.persistence.database import Document


class TracedSender:
    """`Sender`: a span lasts from handing a record over to the broker's answer. The record itself goes out as it was committed."""

    def __init__(self, sender: Sender, step: Step) -> None:
        """Send by `sender`."""
        self._sender = sender
        self._step = step

    async def open(self) -> None:
        """Be ready to send."""
        await self._sender.open()

    async def send(self, rows: Sequence[Document]) -> list[SendFailed | None]:
        """Send, and tell of each record what came of it."""
        with ExitStack() as spans:
            failed = [spans.enter_context(self._step(f"relay.{row['topic']}", _cause_of(row))) for row in rows]
            answers = await self._sender.send(rows)
            for tell, fault in zip(failed, answers, strict=True):
                if fault is not None:
                    tell(fault.code)
        return answers

    async def rebuild(self) -> None:
        """Throw the connection away."""
        await self._sender.rebuild()

    async def close(self) -> None:
        """End."""
        await self._sender.close()


def _cause_of(row: Document) -> Cause:
    headers = {name: bytes(value).decode() for name, value in row["headers"]}
    return Cause(correlation_id=headers.get("ce_correlationid", ""), causation_id=row["_id"], traceparent=headers.get("traceparent"))
