"""The OpenAPI document says all that a caller needs: one sentence a route, who may call it, the headers that commands take."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

_NUMBERS = re.compile(r"^(?:[RN]\d+|C)(?:, (?:[RN]\d+|C))*: ")
COMMANDS = ("POST", "PUT", "PATCH", "DELETE")
IF_MATCH: dict[str, Any] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "The ETag that was read; `*` for any. Missing: 428, changed meanwhile: 412.",
            "schema": {"type": "string"},
        }
    ]
}
"""`openapi_extra` of a route that replaces what its caller has read."""
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeat with the same key gets the first answer, be it a refusal, and changes nothing.",
    "schema": {"type": "string", "maxLength": 200},
}
FILE_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
"""`openapi_extra` of a route whose body is a file's bytes."""
REPEATABLE: dict[str, Any] = {"x-repeatable": True}
"""`openapi_extra` of a command that may simply be sent again and therefore takes no key."""


def describe(app: FastAPI, roles_of: Callable[[Dependant], tuple[Any, ...] | None]) -> None:
    """Complete the document that FastAPI makes of the routes, once, when it is asked for first."""
    plain = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            for context in iter_route_contexts(app.routes):
                if isinstance(context.original_route, APIRoute):
                    for method in sorted(context.methods or ()):
                        operation = document["paths"].get(context.path, {}).get(method.lower())
                        if operation is not None:
                            if operation["summary"] == str(context.name).replace("_", " ").title():  # nobody wrote one
                                operation["summary"] = _summary(operation)
                            _complete(operation, context.path or "", method, roles_of(context.dependant))
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]


def _complete(operation: dict[str, Any], path: str, method: str, roles: tuple[Any, ...] | None) -> None:
    if roles is None:
        return
    operation["x-roles"] = [str(role) for role in roles]
    if method in COMMANDS and not path.startswith("/ops/") and "x-repeatable" not in operation:
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)


def _summary(operation: Mapping[str, Any]) -> str:
    """Return the first sentence of the description, without requirement numbers; a route without one keeps its name."""
    first = str(operation.get("description") or operation["summary"]).split("\n")[0]
    sentence = first.split(". ")[0].rstrip(".")
    said = _NUMBERS.sub("", sentence)
    return said[:1].upper() + said[1:]
