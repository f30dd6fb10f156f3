"""What a handler gets, and how the records of a topic are told to handlers."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

from shared.contracts.base import Contract
from shared.contracts.envelope import Envelope
from shared.contracts.topics import Topic
from shared.kernel.values import value

C = TypeVar("C", bound=Contract)
U = TypeVar("U")


@value
class Received(Generic[C]):
    """One fact as it arrived: its data, and who said it about whom, when and why."""

    data: C
    envelope: Envelope


Handler = Callable[[Received[Any], U], Awaitable[None]]
TombstoneHandler = Callable[[str, U], Awaitable[None]]


class Route(Generic[U]):
    """Which event types of one topic a service reacts to, and by which function. Types without a handler are skipped."""

    def __init__(
        self,
        topic: Topic,
        handlers: Mapping[type[Contract], Handler[U]],
        tombstone: TombstoneHandler[U] | None = None,
        ignoring: Collection[str] = (),
    ) -> None:
        """`ignoring` names types that look like another major version of a handled one and are left aside on purpose."""
        self.topic = topic
        self.tombstone = tombstone
        self._handlers = {contract.TYPE: (contract, handler) for contract, handler in handlers.items()}
        self._families = frozenset(contract.TYPE.rpartition(".v")[0] for contract in handlers)
        self._ignored = frozenset(ignoring)

    def handler_of(self, type_: str) -> tuple[type[Contract], Handler[U]] | None:
        """Return the contract and the function for a type, or None."""
        return self._handlers.get(type_)

    def is_unknown_major(self, type_: str) -> bool:
        """Return whether `type_` is a handled fact in a version that we cannot read."""
        family, _, major = type_.rpartition(".v")
        return major.isdecimal() and family in self._families and type_ not in self._handlers and type_ not in self._ignored
