"""Finds fields of a contract that could carry private words."""

import re

from pydantic import BaseModel

WORDY = re.compile(
    r"(^|_)(name|display_name|email|mail|address|phone|handle|note|notes|text|title|description|comment|message|subject|body|label|"
    r"goal_text|purpose|reflection|vision|agenda|feedback|boundar(y|ies)|challenges?|goals?|offers?|wants?)($|_)"
)
HARMLESS = frozenset({"agenda_template", "message_key"})
"""Codes whose names only look like words."""


def private_fields(contract: type[BaseModel]) -> list[str]:
    """Return the names of fields whose name says that they may hold words, nested models included."""
    found = []
    for name, field in contract.model_fields.items():
        if WORDY.search(name) and name not in HARMLESS:
            found.append(name)
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found += private_fields(annotation)
    return found
