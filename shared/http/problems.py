"""Every error is `application/problem+json` with a stable `type` and `code`, and never with words that somebody sent (N9)."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import fastapi_problem.error
import fastapi_problem.handler as problems
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.kernel.errors import OutcomeUnknown, Refusal, StaleVersion
from shared.persistence.errors import CommitUnknown, DatabaseAway, TransientFault

TYPE_TEMPLATE = "urn:tandem:problem:{type}"
RETRY_AFTER_SECONDS = "2"
_QUOTING = ("value_error", "assertion_error", "union_tag_invalid", "json_invalid")
"""Kinds of validation errors whose message may quote the refused input."""

_HTTP_ERRORS = {
    400: ("bad-request", "The request cannot be read."),
    404: ("not-found", "There is no such thing here."),
    405: ("method-not-allowed", "This cannot be done here."),
    413: ("content-too-large", "The body is larger than this route takes."),
    415: ("unsupported-media-type", "This kind of body is not understood here."),
}
"""Ours rather than the library's phrases: those change from one Python to the next."""

_UNKNOWN = (OutcomeUnknown, CommitUnknown)
_PASSING = (DatabaseAway, TransientFault, StaleVersion)
"""Faults that pass by themselves, after the edge waited for them as long as a caller may be kept waiting."""

Problem = fastapi_problem.error.Problem
ProblemHandler = Callable[[Request, Exception], Awaitable[Response]]


class Unavailable(Refusal):
    """Something this service needs is away, or the outcome is unknown. The same command may be sent again."""

    code = "unavailable"
    status = 503
    title = "Not possible right now; send the same request again, with the same Idempotency-Key."


def _correlation(request: Request) -> dict[str, Any]:
    correlation_id = getattr(request.state, "correlation_id", None)
    return {} if correlation_id is None else {"correlation_id": correlation_id}


def _refused(_handler: object, request: Request, refusal: Refusal) -> Problem:
    request.state.code = refusal.code
    headers = {}
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return Problem(
        title=refusal.title,
        type_=refusal.code,
        status=refusal.status,
        headers=headers or None,
        code=refusal.code,
        facts=dict(refusal.facts),
        **_correlation(request),
    )


def _unknown_outcome(handler: object, request: Request, _fault: Exception) -> Problem:
    return _refused(handler, request, Unavailable(outcome="unknown"))


def _nothing_happened(handler: object, request: Request, _fault: Exception) -> Problem:
    return _refused(handler, request, Unavailable(outcome="nothing-happened"))


def _http(_handler: object, request: Request, fault: HTTPException) -> Problem:
    code, title = _HTTP_ERRORS.get(fault.status_code, (f"http-{fault.status_code}", "The request cannot be served."))
    request.state.code = code
    headers = dict(fault.headers) if fault.headers else None
    facts = {"code": code, "facts": {}} | _correlation(request)
    return Problem(title=title, type_=code, status=fault.status_code, headers=headers, **facts)


def _invalid(_handler: object, request: Request, fault: RequestValidationError) -> Problem:
    request.state.code = "invalid-request"
    return Problem(
        title="The request does not have the form it must have.",
        type_="invalid-request",
        status=HTTPStatus.UNPROCESSABLE_ENTITY.value,
        code="invalid-request",
        facts={},
        errors=[_without_input(error) for error in fault.errors()],
        **_correlation(request),
    )


def _without_input(error: dict[str, Any]) -> dict[str, Any]:
    kind = str(error["type"])
    return {"loc": list(error["loc"]), "type": kind, "msg": "This value is not valid." if kind in _QUOTING else error["msg"]}


def _unhandled(_handler: object, request: Request, _fault: Exception) -> Problem:
    request.state.code = "internal-error"
    return Problem(
        title="Something went wrong on our side.",
        type_="internal-error",
        status=HTTPStatus.INTERNAL_SERVER_ERROR.value,
        code="internal-error",
        facts={},
        **_correlation(request),
    )


def install_problems(app: FastAPI) -> ProblemHandler:
    """Answer every error of `app` as a problem; return the handler for faults that no route caught."""
    handler = problems.new_exception_handler(
        handlers={Refusal: _refused, **dict.fromkeys(_UNKNOWN, _unknown_outcome), **dict.fromkeys(_PASSING, _nothing_happened)},
        http_exception_handler=_http,
        request_validation_handler=_invalid,
        documentation_uri_template=TYPE_TEMPLATE,
    )
    handler.handlers[Exception] = _unhandled

    async def answer(request: Request, fault: Exception) -> Response:
        response: Response = handler(request, fault)
        return response

    problems.add_exception_handler(app, handler)
    # a plain function would be run in a thread; ours is awaited
    for kind in (Exception, Problem, HTTPException, RequestValidationError, Refusal, *_UNKNOWN, *_PASSING):
        app.add_exception_handler(kind, answer)
    return answer
