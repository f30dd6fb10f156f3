"""What a service consists of, as its `main.py` lists it; `shared.process` runs it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from shared.messaging.consuming import Consumer
from shared.persistence.indexes import Index
from shared.replay.replica import Replica
from shared.timers.runner import TimerRunner

Job = Callable[[], Awaitable[None]]
"""An endless background loop. It is cancelled at a stop and started anew, after a pause, when it fails."""
StatusBlock = Callable[[], Awaitable[Mapping[str, Any]]]
"""What a service adds to `/ops/status`: counts and ages, no people data."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """The table of contents of one service: how it is called, what it reacts to, what it does by itself."""

    title: str
    routers: Sequence[APIRouter]
    """HTTP; each route states who may call it."""
    consumer: Consumer[Any]
    """Facts of other services, one route per topic."""
    indexes: Sequence[Index] = ()
    """Of the service's own collections; those of the message path are added."""
    timers: TimerRunner[Any] | None = None
    """What becomes due."""
    jobs: Mapping[str, Job] = field(default_factory=dict)
    """Endless loops of its own, by name."""
    status: Mapping[str, StatusBlock] = field(default_factory=dict)
    """Its own blocks of `/ops/status`, by name."""
    replicas: Sequence[Replica] = ()
    """What it remembers of others' facts: a replay builds these anew, `tandem verify` holds them against the topics."""
