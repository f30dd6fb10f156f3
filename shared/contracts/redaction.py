"""What an operator may read of a record's data: what its contract calls an id, a code, a time or a number, and nothing else (N9)."""

import json
import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.contracts.base import PRIVATE, Contract

HIDDEN = "[redacted]"
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+;=,\-]{0,199}(@[a-z]+)?")
"""Ids (a calendar's end in `@tandem`), codes, instants, durations, rules: no space, no mail address.

A poisoned record may have words where its contract says a code.
"""


def redacted(contract: type[Contract], value: bytes | None) -> dict[str, Any] | None:
    """Return the data with everything hidden that may be private: fields so marked, unknown ones, values that are no codes.

    None when the value is no JSON object.
    """
    try:
        data = json.loads(value or b"")
    except ValueError:
        return None
    return _of_model(contract, data) if isinstance(data, dict) else None


def _of_model(model: type[BaseModel], data: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name in data:
            hidden = PRIVATE in field.metadata or not _fits(field.annotation, data[name])
            shown[name] = HIDDEN if hidden and data[name] is not None else _of_value(field.annotation, data[name])
    unknown = len(data.keys() - model.model_fields.keys())
    return shown | ({HIDDEN: f"{unknown} unknown fields"} if unknown else {})


def _fits(annotation: Any, value: Any) -> bool:
    try:
        TypeAdapter(annotation).validate_python(value, strict=False)
    except ValidationError:
        return False
    return True


def _of_value(annotation: Any, value: Any) -> Any:
    if isinstance(value, dict):
        model = _model_in(annotation)
        return HIDDEN if model is None else _of_model(model, value)
    if isinstance(value, list):
        return [_of_value(annotation, each) for each in value]
    if isinstance(value, str):
        return value if CODE.fullmatch(value) else HIDDEN
    return value


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each)) is not None), None)
