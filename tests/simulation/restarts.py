"""Cheap restarts: what a process reads from its own package, and would read alike after every restart, is made once for all runs.

Only pure functions of code and package files stand here; nothing that a run could change. Routes are built when they are first called:
a process that lives three virtual seconds is asked for three of its forty.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache  # noqa: TID251 - what is remembered cannot differ between two runs
from typing import Any, ClassVar
from unittest.mock import patch

from fastapi import APIRouter, FastAPI, routing
from fastapi._body_limit import wrap_app_with_body_limit
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from httpx2._transports import asgi
from pydantic import TypeAdapter
from starlette.routing import compile_path

from services.matching.adapters import round_engine
from services.matching.adapters import shapes as matching_shapes
from services.matching.domain import rules
from services.notification import main as notification
from services.notification.adapters import composer
from services.notification.adapters import records as notification_records
from services.notification.adapters.post import Cover, Mail, usable
from services.notification.adapters.wording import voice
from services.notification.settings import SmtpSettings
from services.profile import main as profile
from services.profile.adapters.reference import load_reference
from services.profile.adapters.vocabulary import load_vocabulary
from shared.http import app, commands
from shared.persistence import codecs

once = cache
_path_of = once(compile_path)


class LazyRoute(APIRoute):
    """A route that is analysed when it is first called; the routes of the same code in later processes take the analysis over."""

    analysed: ClassVar[dict[Any, dict[str, Any]]] = {}
    """What is known of a route by its code; nothing of the process that had it."""

    def __init__(self, path: str, endpoint: Callable[..., Any], *, methods: Any = None, **more: Any) -> None:
        """Keep what is needed to be found."""
        self._given: Any = (path, endpoint, methods, more)
        self.path, self.endpoint, self.methods = path, endpoint, {each.upper() for each in methods or ("GET",)}
        self.path_regex, self.path_format, self.param_convertors = _path_of(path)

    def __getattr__(self, name: str) -> Any:
        """Become a whole route at the first look at anything else."""
        given = self.__dict__.pop("_given", None)
        if given is None:
            raise AttributeError(name)
        path, endpoint, methods, more = given
        code = getattr(endpoint, "__func__", endpoint).__code__
        known = self.analysed.get((code, path))
        if known is None:
            super().__init__(path, endpoint, methods=methods, **more)
            if all(_is_of_the_code(each) for each in self.dependant.dependencies):
                bare = {"endpoint": None, "app": None, "dependant": replace(self.dependant, call=None)}
                self.analysed[code, path] = self.__dict__ | bare
        else:
            self.__dict__ |= known | {"endpoint": endpoint, "dependant": replace(known["dependant"], call=endpoint)}
            self.app = wrap_app_with_body_limit(routing.request_response(self.get_route_handler()), self.max_body_size)
        return getattr(self, name)


def _is_of_the_code(dependant: Dependant) -> bool:
    """Return whether a dependency is the same object in every process: none that a process has made for itself."""
    closes_over = getattr(dependant.call, "__closure__", None) is not None or hasattr(dependant.call, "__self__")
    return not closes_over and all(map(_is_of_the_code, dependant.dependencies))


def _flat(self: FastAPI, router: APIRouter, **_: Any) -> None:
    """Take a router's routes over as they are: no service of ours includes one under a prefix."""
    self.router.routes.extend(router.routes)


def _let_pass(_: Any) -> None:
    """Every route names its roles: tests/unit and tests/architecture look."""


def _in_range(_: Any) -> tuple[()]:
    """Find nothing: what was stored is in its ranges, and tests/unit look at those."""
    return ()


def _bare_mail(cover: Cover, *_: Any) -> Mail:
    """Return a mail without its looks: other tests look at those."""
    return Mail(recipient=usable(cover.recipient), content=f"Message-ID: <{cover.id}@{cover.domain}>".encode())


class _NoLayouts:
    """No layout."""

    def lay_out(self, *_: Any) -> None:
        """Lay nothing out."""


_ONCE: tuple[tuple[Any, str, Any], ...] = (
    *((room, "TypeAdapter", once(TypeAdapter)) for room in (codecs, commands, matching_shapes, round_engine)),
    (notification_records, "TypeAdapter", once(TypeAdapter)),
    (notification, "Layouts", _NoLayouts),
    (notification, "SmtpSettings", once(SmtpSettings)),
    (composer, "mail", _bare_mail),
    (composer, "calendar_part", lambda _: b""),
    (voice, "compiled", once(voice.compiled)),
    (profile, "load_reference", once(load_reference)),
    (profile, "load_vocabulary", once(load_vocabulary)),
    (app, "refuse_open_routes", _let_pass),
    (rules, "ranges", _in_range),
    (FastAPI, "include_router", _flat),
    (routing, "_extract_endpoint_context", lambda _: {}),
    (asgi, "is_running_trio", lambda: False),
)


@contextmanager
def cheap_restarts() -> Iterator[None]:
    """Have restarts cheap inside."""
    with ExitStack() as stack:
        for owner, name, cheap in _ONCE:
            stack.enter_context(patch.object(owner, name, cheap))
        stack.enter_context(patch.dict(APIRouter.__init__.__kwdefaults__, route_class=LazyRoute))
        yield
