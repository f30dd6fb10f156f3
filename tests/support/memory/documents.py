"""Filters, updates, orders and projections on plain documents, as MongoDB does them; every operator not listed is refused."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import bson
from bson.codec_options import CodecOptions

Document = dict[str, Any]
_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)
_RANKS: tuple[tuple[type | tuple[type, ...], int], ...] = (((int, float), 1), (str, 2), (dict, 3), (list, 4), (bytes, 5), (datetime, 8))
_AS_THEY_ARE = (str, int, bool, bytes, type(None))
_HOLLOW = (dict, list)
MISSING = object()


class Unknown(NotImplementedError):
    """An operator that the imitation does not know: use another, or teach it here and in the conformance suite."""


def through_bson(document: Mapping[str, Any]) -> Document:
    """Return what the database would give back: milliseconds, lists for tuples, an error for what cannot be stored."""
    return bson.decode(bson.encode(document), _OPTIONS)


def copied(stored: Any) -> Any:
    """Return a copy of what the database holds: its leaves cannot change."""
    if type(stored) is dict:
        return {name: copied(each) if type(each) in _HOLLOW else each for name, each in stored.items()}
    return [copied(each) if type(each) in _HOLLOW else each for each in stored] if type(stored) is list else stored


def value_at(document: Any, path: str) -> Any:
    """Return the value at a dotted path, or `MISSING`."""
    for step in path.split("."):
        if type(document) is dict:
            document = document.get(step, MISSING)
        elif type(document) is list and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return MISSING
        if document is MISSING:
            return MISSING
    return document


def _values_at(document: Any, path: str) -> list[Any]:
    """Return the values that a filter looks at: those inside arrays on the way as well."""
    first, _, rest = path.partition(".")
    if type(document) is list:
        return [found for each in document for found in _values_at(each, path)] if not first.isdecimal() else [value_at(document, path)]
    inner = document.get(first, MISSING) if type(document) is dict else MISSING
    if not rest:
        return [inner]
    return [MISSING] if inner is MISSING else _values_at(inner, rest) or [MISSING]


def matches(document: Mapping[str, Any], filter_: Mapping[str, Any]) -> bool:
    """Return whether a document meets a filter."""
    for name, wanted in filter_.items():
        if name == "$or":
            met = any(matches(document, each) for each in wanted)
        elif name == "$and":
            met = all(matches(document, each) for each in wanted)
        elif name == "$nor":
            met = not any(matches(document, each) for each in wanted)
        elif name.startswith("$"):
            raise Unknown(name)
        else:
            met = _field_meets(_values_at(document, name), wanted)
        if not met:
            return False
    return True


def _field_meets(values: list[Any], wanted: Any) -> bool:
    if type(wanted) is dict and any(key.startswith("$") for key in wanted):
        return all(_operator(name, values, argument) for name, argument in wanted.items())
    return _equal_any(values, wanted)


def _equal_any(values: Iterable[Any], wanted: Any) -> bool:
    wanted = plain(wanted)
    for value in values:
        if value is MISSING:
            if wanted is None:
                return True
        elif _equal(value, wanted) or (type(value) is list and any(_equal(each, wanted) for each in value)):
            return True
    return False


def _equal(value: Any, wanted: Any) -> bool:
    return bool(value == wanted) and (type(value) is bool) == (type(wanted) is bool)


def _operator(name: str, values: list[Any], argument: Any) -> bool:
    if name in _TESTS:
        return _TESTS[name](values, argument)
    if name not in _COMPARISONS:
        raise Unknown(name)
    bound = plain(argument)
    flat = [each for value in values for each in (value if isinstance(value, list) else [value])]
    return any(_rank(value) == _rank(bound) and _COMPARISONS[name](value, bound) for value in flat if value is not MISSING)


def _has_element(values: list[Any], filter_: Mapping[str, Any]) -> bool:
    return any(isinstance(value, list) and any(matches(each, filter_) for each in value) for value in values)


_TESTS: dict[str, Callable[[list[Any], Any], bool]] = {
    "$in": lambda values, argument: any(_equal_any(values, each) for each in argument),
    "$nin": lambda values, argument: not any(_equal_any(values, each) for each in argument),
    "$eq": _equal_any,
    "$ne": lambda values, argument: not _equal_any(values, argument),
    "$exists": lambda values, argument: (values[0] is not MISSING) == bool(argument),
    "$not": lambda values, argument: not _field_meets(values, argument),
    "$all": lambda values, argument: all(_equal_any(values, each) for each in argument),
    "$elemMatch": _has_element,
    "$size": lambda values, argument: any(isinstance(value, list) and len(value) == argument for value in values),
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda value, bound: value is not None and value > bound,
    "$gte": lambda value, bound: value is None or value >= bound,
    "$lt": lambda value, bound: value is not None and value < bound,
    "$lte": lambda value, bound: value is None or value <= bound,
}


def plain(value: Any) -> Any:
    """Return a value as the database would hold it."""
    if type(value) in _AS_THEY_ARE:
        return value
    if type(value) is datetime and value.tzinfo is UTC and value.microsecond % 1000 == 0:
        return value
    return through_bson({"value": value})["value"]


def _rank(value: Any) -> int:
    if value is None or value is MISSING:
        return 0
    if isinstance(value, bool):
        return 7
    return next(rank for kind, rank in _RANKS if isinstance(value, kind))


def ordered(documents: Iterable[Document], sort: Sequence[tuple[str, int]]) -> list[Document]:
    """Return the documents in order; equal ones keep their place."""
    result = list(documents)
    for path, direction in reversed(list(sort)):
        result.sort(key=lambda each: _order(value_at(each, path)), reverse=direction < 0)
    return result


def _order(value: Any) -> tuple[int, Any]:
    if isinstance(value, list):
        return min((_order(each) for each in value), default=(0, 0))
    rank = _rank(value)
    return (rank, 0) if rank == 0 else (rank, str(value) if isinstance(value, dict) else value)


def projected(document: Document, projection: Mapping[str, int] | None) -> Document:
    """Return a copy of the wanted part of a document (all of 1, or all of 0; whole top-level fields and dotted ones)."""
    if not projection:
        return dict(copied(document))
    kinds = {bool(wanted) for name, wanted in projection.items() if name != "_id"}
    if len(kinds) > 1:
        raise Unknown("a projection that mixes 0 and 1")
    if kinds == {False}:
        result: Document = copied(document)
        for name, wanted in projection.items():
            if not wanted:
                _remove(result, name)
        return result
    kept: Document = {"_id": document["_id"]} if projection.get("_id", 1) else {}
    for name in projection:
        value = value_at(document, name)
        if value is not MISSING and name != "_id":
            _put(kept, name, copied(value))
    return kept


def updated(document: Document, update: Mapping[str, Any], *, inserting: bool) -> Document:
    """Return the document after update operators."""
    result: Document = copied(document)
    for operator, changes in update.items():
        if operator not in _UPDATES:
            raise Unknown(operator)
        if operator == "$setOnInsert" and not inserting:
            continue
        for path, argument in changes.items():
            _UPDATES[operator](result, path, argument)
    return result


def _put(document: Document, path: str, value: Any) -> None:
    *way, last = path.split(".")
    for step in way:
        document = document.setdefault(step, {})
    document[last] = value


def _remove(document: Document, path: str, _: Any = None) -> None:
    *way, last = path.split(".")
    for step in way:
        document = document.get(step, {})
    document.pop(last, None)


def _now(document: Document, path: str, default: Any) -> Any:
    found = value_at(document, path)
    return default if found is MISSING else found


def _push(document: Document, path: str, argument: Any) -> None:
    if isinstance(argument, Mapping) and any(key.startswith("$") for key in argument):
        if set(argument) != {"$each"}:
            raise Unknown("$push with more than $each")
        new = list(argument["$each"])
    else:
        new = [argument]
    _put(document, path, [*_now(document, path, []), *new])


def _add_to_set(document: Document, path: str, argument: Any) -> None:
    new = argument["$each"] if isinstance(argument, Mapping) and "$each" in argument else [argument]
    there = list(_now(document, path, []))
    _put(document, path, there + [each for each in new if each not in there])


def _pull(document: Document, path: str, argument: Any) -> None:
    if isinstance(argument, Mapping):
        _put(document, path, [each for each in _now(document, path, []) if not matches(each, argument)])
    else:
        _put(document, path, [each for each in _now(document, path, []) if each != argument])


_UPDATES: dict[str, Callable[[Document, str, Any], None]] = {
    "$set": _put,
    "$setOnInsert": _put,
    "$unset": _remove,
    "$inc": lambda document, path, by: _put(document, path, _now(document, path, 0) + by),
    "$max": lambda document, path, other: _put(document, path, max(_now(document, path, other), other)),
    "$min": lambda document, path, other: _put(document, path, min(_now(document, path, other), other)),
    "$push": _push,
    "$addToSet": _add_to_set,
    "$pull": _pull,
}
