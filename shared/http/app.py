"""One FastAPI application as every service has it: problems, probes, figures, correlation, and a caller named on each route."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from shared.http.auth import Authenticator, Requires
from shared.http.description import describe
from shared.http.middleware import CanonicalRequest
from shared.http.probes import probes_router
from shared.http.problems import install_problems
from shared.kernel.randomness import Randomness
from shared.observability.health import Health
from shared.observability.metrics import Metrics

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
VERSION = "1"


class OpenRoute(Exception):
    """A route does not state who may call it; the service does not start."""


def create_app(
    *,
    title: str,
    service: str,
    routers: Sequence[APIRouter],
    health: Health,
    auth: Authenticator,
    randomness: Randomness,
    metrics: Metrics | None = None,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """Build the application of `service`.

    Raises:
        OpenRoute: when a route of `routers` does not say who may call it (architecture, identity).

    """
    figures = metrics or Metrics()
    app = FastAPI(title=title, version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.service = service
    app.state.authenticator = auth
    answer = install_problems(app)
    app.add_middleware(CanonicalRequest, metrics=figures, randomness=randomness, answer=answer)
    app.include_router(probes_router(health, figures))
    for router in routers:
        refuse_open_routes(router)
        app.include_router(router)
    describe(app, required_roles)
    return app


def refuse_open_routes(router: APIRouter) -> None:
    """Refuse a router with a route that names no roles.

    Raises:
        OpenRoute: names the route.

    """
    for route, dependant in api_routes(router.routes):
        if required_roles(dependant) is None:
            raise OpenRoute(f"{sorted(route.methods or ())} {route.path}: add Annotated[Principal, requires(…)]")


def api_routes(routes: Sequence[Any]) -> Iterator[tuple[RouteContext, Dependant]]:
    """Yield every API route under `routes`, included routers too, with what it depends on."""
    for context in iter_route_contexts(routes):
        if isinstance(context.original_route, APIRoute):
            yield context, context.dependant


def required_roles(dependant: Dependant) -> tuple[Any, ...] | None:
    """Return the roles a route asks for (empty: any principal), None when it asks for no principal."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Requires):
            return dependency.call.roles
        inner = required_roles(dependency)
        if inner is not None:
            return inner
    return None
