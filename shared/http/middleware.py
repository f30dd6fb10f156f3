"""Around every request: correlation id in and out, one log line, figures, and no fault without a problem answer."""

import asyncio
import re

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.bodies import LimitedBody
from shared.http.principals import Principal
from shared.http.problems import ProblemHandler
from shared.kernel.randomness import Randomness, new_id
from shared.observability import log_events
from shared.observability.logging import correlated, get_log
from shared.observability.metrics import Metrics

CORRELATION_HEADER = "X-Correlation-ID"
_CORRELATION_FORM = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_QUIET = ("/live", "/ready", "/metrics")
_FAULTS_FROM = 500
_REFUSALS_FROM = 400


class CanonicalRequest:
    """N17: pure ASGI, so that nothing is buffered and the endpoint runs in the caller's context."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, randomness: Randomness, answer: ProblemHandler) -> None:
        """Wrap `app`; `answer` renders what no route caught."""
        self._app = app
        self._metrics = metrics
        self._randomness = randomness
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        correlation_id = self._correlation_id(request)
        request.state.correlation_id = correlation_id
        answered = _Answered(send, correlation_id)
        began = asyncio.get_running_loop().time()
        with correlated(correlation_id):
            try:
                await self._app(scope, LimitedBody(scope, receive), answered)
            except Exception as fault:  # noqa: BLE001  # the outermost place: answered without text, logged without values
                get_log().error(log_events.REQUEST_FAILED, exc_info=fault, method=request.method, route=_route(scope))
                if answered.status is None:
                    await (await self._answer(request, fault))(scope, receive, answered)
            self._tell(request, answered.status or _FAULTS_FROM, asyncio.get_running_loop().time() - began)

    def _correlation_id(self, request: Request) -> str:
        given = request.headers.get(CORRELATION_HEADER, "")
        return given if _CORRELATION_FORM.fullmatch(given) else new_id(self._randomness)

    def _tell(self, request: Request, status: int, seconds: float) -> None:
        route, command = _route(request.scope), getattr(request.state, "command", None)
        code = getattr(request.state, "code", None)
        principal: Principal | None = getattr(request.state, "principal", None)
        self._metrics.requests.labels(request.method, route, str(status)).inc()
        self._metrics.request_seconds.labels(request.method, route).observe(seconds)
        action = log_events.REQUEST_SERVED
        if command is not None:
            action = log_events.COMMAND_ACCEPTED if status < _REFUSALS_FROM else log_events.COMMAND_REFUSED
            self._metrics.commands.labels(command, code or "ok").inc()
            self._metrics.command_seconds.labels(command).observe(seconds)
        write = get_log().debug if route in _QUIET else get_log().info
        write(
            action,
            method=request.method,
            route=route,
            status=status,
            ms=seconds * 1000,
            command=command,
            code=code,
            principal=None if principal is None else principal.opaque_id,
        )


def _route(scope: Scope) -> str:
    """Return the route's template; a path that no route has is not repeated (somebody may have typed words into it)."""
    template: str = getattr(scope.get("route"), "path", "unmatched")
    return template


class _Answered:
    """The `send` of one request: notes the status, adds the headers that every answer carries."""

    def __init__(self, send: Send, correlation_id: str) -> None:
        self._send = send
        self._headers = [(CORRELATION_HEADER.lower().encode(), correlation_id.encode()), (b"x-content-type-options", b"nosniff")]
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", []), *self._headers]}
        await self._send(message)
