"""The driver's errors in our own words. Their text may quote documents, so it is dropped with the chain (N9)."""

from typing import Any, NoReturn

from pymongo.errors import BulkWriteError, ConnectionFailure, PyMongoError

from shared.persistence.errors import DatabaseAway, DatabaseFault, DuplicateKey, RefusedByDatabase, TransientFault

DUPLICATE_KEY, WRITE_CONFLICT = 11000, 112


class _Translated:
    """Stands around every call of the driver, hence no generator: one would cost more than all else that we add to a call."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: object) -> None:
        if isinstance(fault, PyMongoError):
            raise_ours(fault)


translated = _Translated()
"""`with translated:` raises our own error in place of the driver's."""


def raise_ours(fault: PyMongoError) -> NoReturn:
    """Raise our own error for one of the driver's."""
    raise _ours(fault) from None


def code_of(fault: PyMongoError) -> int | None:
    """Return the server's code, if it gave one."""
    if isinstance(fault, BulkWriteError):
        errors: list[dict[str, Any]] = (fault.details or {}).get("writeErrors", [])
        return errors[0].get("code") if errors else None
    code: int | None = getattr(fault, "code", None)
    return code


def detail_of(fault: PyMongoError) -> str:
    """Return names and numbers that say what happened."""
    code = code_of(fault)
    return type(fault).__name__ if code is None else f"{type(fault).__name__} {code}"


def _ours(fault: PyMongoError) -> DatabaseFault:
    code, detail = code_of(fault), detail_of(fault)
    if fault.has_error_label("TransientTransactionError") or code == WRITE_CONFLICT:
        return TransientFault(detail)
    if code == DUPLICATE_KEY:
        return DuplicateKey(detail)
    if isinstance(fault, ConnectionFailure) or fault.has_error_label("RetryableWriteError"):
        return DatabaseAway(detail)
    return RefusedByDatabase(detail)
