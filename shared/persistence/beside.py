"""A session whose collections stand beside the real ones: what is tried there touches nothing that lives (replays)."""

from typing import Any


class Beside:
    """Gives each collection under another name; begins, commits and aborts nothing of its own."""

    def __init__(self, session: Any, prefix: str) -> None:
        """Take the open session of a transaction."""
        self._session = session
        self._prefix = prefix

    def collection(self, name: str) -> Any:
        """Return the collection that stands beside `name`."""
        return self._session.collection(self._prefix + name)

    async def commit(self) -> None:
        """Leave it to the transaction."""

    async def abort(self) -> None:
        """Leave it to the transaction."""

    async def end(self) -> None:
        """Leave it to the transaction."""
