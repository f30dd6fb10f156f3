"""Private words and labels, fetched from their owners at the moment of sending (architecture section 5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.notification.adapters.wording.letter import Evidence, FourLists
from services.notification.application.ports import WordsUnavailable
from shared.http.client import PeerUnavailable
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound

LABELS_KEPT_MAX = 20_000
GROUPS = {"skills": "skill", "goals": "goal", "departments": "department", "job_families": "job_family", "sites": "site"}
"""Profile's lists of labels, and the kind of evidence that each names."""
OWN = "und"
"""The company's own name of a department or site, in whatever language it is."""
ITEMS_MAX = 12
"""A mail shows so many points a list; the page shows all."""


class Peer(Protocol):
    """A read on another service (`shared.http.client.ServiceClient`)."""

    async def get(self, path: str, *, correlation_id: str, params: Mapping[str, str] | None = None) -> Any:
        """Return the JSON answer."""
        ...


class Labels:
    """Profile's names of skills, goals, departments and sites: a bounded copy that hangs on `main.py`, renewed after `keep_for`."""

    def __init__(self, profile: Peer, wall: Clock, keep_for: timedelta = timedelta(minutes=10)) -> None:
        """`wall` is technical time."""
        self._profile, self._wall, self._keep_for = profile, wall, keep_for
        self._known: dict[str, Mapping[str, str]] = {}
        self._good_until: datetime | None = None

    async def label(self, kind: str, code: str, language: str, correlation_id: str) -> str | None:
        """Return a code's label in `language`, else in English, else None. An old copy serves while profile is away."""
        await self._refresh(correlation_id)
        names = self._known.get(f"{kind}/{code}") or self._known.get(f"skill/{code}") or {}
        return names.get(language) or names.get("en") or names.get(OWN)

    async def _refresh(self, correlation_id: str) -> None:
        now = self._wall.now()
        if self._good_until is not None and now < self._good_until:
            return
        try:
            answer = await self._profile.get("/skills", correlation_id=correlation_id)
        except (PeerUnavailable, NotFound):
            if self._good_until is None:
                raise WordsUnavailable from None
            return
        self._known = dict(list(_labels(answer).items())[:LABELS_KEPT_MAX])
        self._good_until = now + self._keep_for


def _labels(answer: Any) -> dict[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for group, kind in GROUPS.items():
        for code, names in dict(answer.get(group) or {}).items():
            found[f"{kind}/{code}"] = {str(language): str(name) for language, name in dict(names).items()}
    return found


class Words:
    """The four lists of a pairing for one member, with labels in their language."""

    def __init__(self, matching: Peer, labels: Labels) -> None:
        """Read `matching` with our service token."""
        self._matching, self._labels = matching, labels

    async def four_lists(self, pairing_id: str, member_id: str, language: str, correlation_id: str) -> FourLists | None:
        """R17: return the recipient's own side; None when matching knows no explanation (a natural pairing has none).

        Raises:
            WordsUnavailable: matching or profile does not answer.

        """
        try:
            answer = await self._matching.get(
                f"/pairings/{pairing_id}/explanation", correlation_id=correlation_id, params={"member_id": member_id}
            )
        except NotFound:
            return None
        except PeerUnavailable:
            raise WordsUnavailable from None
        lists = {name: await self._evidence(answer.get(name) or (), language, correlation_id) for name in FourLists.__slots__}
        return FourLists(**lists)

    async def _evidence(self, items: Sequence[Mapping[str, Any]], language: str, correlation_id: str) -> tuple[Evidence, ...]:
        found = []
        for item in items[:ITEMS_MAX]:
            kind, code = str(item["kind"]), str(item["code"])
            found.append(Evidence(kind=kind, code=code, label=await self._labels.label(kind, code, language, correlation_id)))
        return tuple(found)
