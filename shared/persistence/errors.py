"""What can go wrong with the database, in our own words: codes and names only, never a value of a document (N9)."""


class DatabaseFault(Exception):
    """A database call failed. `code` is stable; the driver's text, which may quote data, is never carried along."""

    code = "database-fault"

    def __init__(self, detail: str = "") -> None:
        """Keep a detail made of names and numbers only (error class, server code)."""
        super().__init__(f"{self.code}: {detail}" if detail else self.code)
        self.detail = detail


class DatabaseAway(DatabaseFault):
    """The server cannot be reached, or has no primary. Waiting helps; nothing may be skipped meanwhile."""

    code = "database-away"


class TransientFault(DatabaseFault):
    """The transaction was aborted through no fault of its own (write conflict, fail-over). Running it again helps."""

    code = "transaction-transient"


class CommitUnknown(DatabaseFault):
    """The answer to a commit was lost. The same commit may be asked for again; it is applied once."""

    code = "commit-unknown"


class DuplicateKey(DatabaseFault):
    """A unique key exists already. Inside a transaction it aborts the whole; `transact` runs the work again."""

    code = "duplicate-key"


class RefusedByDatabase(DatabaseFault):
    """The server understood and refused: a fault of ours. Repeating does not help."""

    code = "refused-by-database"
