"""Scenes of every kind, for tests of words and layouts."""

from datetime import UTC, datetime, timedelta

from services.notification.adapters.wording.letter import Evidence, FourLists, Links, Scene
from services.notification.adapters.wording.voice import Voice
from services.notification.domain.kinds import Kind
from services.notification.domain.matter import Matter, Meeting

ADA, BEN, CIA = "member-ada", "member-ben", "member-cia"
WHEN = datetime(2027, 3, 28, 8, 0, tzinfo=UTC)
KINDS_OF_EVIDENCE = ("skill", "related", "goal", "experience", "language", "level", "years", "department", "job_family", "site")
LISTS = FourLists(
    shared=tuple(Evidence(kind=kind, code="xx-yy") for kind in KINDS_OF_EVIDENCE),
    different=(Evidence(kind="site", code="xx", label="Xx"),),
    you_give=(Evidence(kind="skill", code="zz"),),
    you_get=(Evidence(kind="level", code="4"),),
)
MEETING = Meeting(
    session_id="s", kind="first", starts_at=WHEN, ends_at=WHEN + timedelta(hours=1), place_kind="video", calendar_uid="s@tandem"
)


def scene(voice: Voice, kind: Kind, **changes: object) -> Scene:
    """Return a scene in which Ada hears something about Ben and Cia."""
    matter = Matter(
        members=(ADA, BEN, CIA), pairing_id="p", actor_id=None, origin="assigned", reason="no-time", until=WHEN, meeting=MEETING
    )
    given: dict[str, object] = {
        "voice": voice,
        "kind": kind,
        "member_id": ADA,
        "name": "NAME",
        "matter": matter,
        "links": Links(base_url="https://tandem.corp.example"),
        "fellows": {BEN: "FELLOW", CIA: "OTHER"},
        "lists": LISTS,
    }
    return Scene(**(given | changes))  # type: ignore[arg-type]
