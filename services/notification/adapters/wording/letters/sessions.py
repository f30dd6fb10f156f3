"""Sessions: booked, moved, cancelled, another time proposed, no time found, reminder (N15, N16)."""

from services.notification.adapters.wording.letter import Fact, Layout, Letter, Link, Scene
from services.notification.adapters.wording.letters.reasons import cancel_reason, not_booked_reason
from services.notification.adapters.wording.voice import Voice
from services.notification.domain.matter import Meeting

NOTHING = Meeting(session_id="")


def _why(voice: Voice) -> str:
    return voice.say("You get this mail because you are invited to this session.")


def _facts(scene: Scene, *, when: str) -> tuple[Fact, ...]:
    """Return the time in the recipient's zone with the zone named, how long, and where."""
    voice, meeting = scene.voice, scene.matter.meeting or NOTHING
    if meeting.starts_at is None or meeting.ends_at is None:
        return ()
    return (
        Fact(label=when, value=voice.span(meeting.starts_at, meeting.ends_at)),
        Fact(label=voice.say("Length"), value=voice.length(meeting.ends_at - meeting.starts_at)),
        Fact(label=voice.say("Place"), value=place(voice, meeting.place_kind)),
    )


def place(voice: Voice, kind: str) -> str:
    """Return where a session takes place, as agreed in the charter."""
    sayings = {
        "video": voice.say("Video call"),
        "phone": voice.say("Phone call"),
        "in_person": voice.say("In person"),
        "chat": voice.say("Chat"),
    }
    return sayings.get(kind) or voice.say("As you agree")


def title(scene: Scene) -> str:
    """Return the session's name in mail and calendar."""
    voice, kind = scene.voice, (scene.matter.meeting or NOTHING).kind
    if kind == "first":
        return voice.say("First peer session with {names}", names=scene.names)
    if kind == "role_play":
        return voice.say("Role play with {names}", names=scene.names)
    return voice.say("Peer session with {names}", names=scene.names)


def _action(scene: Scene) -> Link:
    return Link(label=scene.voice.say("Open the session"), url=scene.links.pairing(scene.matter.pairing_id))


def booked(scene: Scene) -> Letter:
    """N15: an invitation that any calendar understands."""
    voice = scene.voice
    return Letter(
        layout=Layout.INVITATION,
        subject=voice.say("Booked: {title}", title=title(scene)),
        greeting=scene.greeting,
        paragraphs=(voice.say("A session with {names} is booked. It lies in the working hours of all of you.", names=scene.names),),
        facts=_facts(scene, when=voice.say("When")),
        action=_action(scene),
        closing=(
            voice.say("The invitation is attached for your calendar."),
            voice.say("If the time does not suit you, propose another one on the page. Answers to this mail are not read."),
        ),
        why=_why(voice),
    )


def moved(scene: Scene) -> Letter:
    """N15: the same calendar entry at a new time."""
    voice = scene.voice
    return Letter(
        layout=Layout.INVITATION,
        subject=voice.say("Moved: {title}", title=title(scene)),
        greeting=scene.greeting,
        paragraphs=(voice.say("The session with {names} has a new time.", names=scene.names),),
        facts=_facts(scene, when=voice.say("New time")),
        action=_action(scene),
        closing=(
            voice.say("The attached invitation moves the entry in your calendar."),
            voice.say("If the time does not suit you, propose another one on the page. Answers to this mail are not read."),
        ),
        why=_why(voice),
    )


def cancelled(scene: Scene) -> Letter:
    """N15: the entry leaves the calendar."""
    voice = scene.voice
    return Letter(
        layout=Layout.INVITATION,
        subject=voice.say("Cancelled: {title}", title=title(scene)),
        greeting=scene.greeting,
        paragraphs=(
            voice.say("The session with {names} will not take place.", names=scene.names),
            cancel_reason(voice, scene.matter.reason or ""),
        ),
        facts=_facts(scene, when=voice.say("It was planned for")),
        action=_action(scene),
        closing=(voice.say("The attached notice takes the entry out of your calendar."),),
        why=_why(voice),
    )


def time_proposed(scene: Scene) -> Letter:
    """R7: either may reschedule; it moves when the others accept."""
    voice, who = scene.voice, scene.name_of(scene.matter.actor_id)
    meeting = scene.matter.meeting or NOTHING
    known = meeting.starts_at is not None and meeting.ends_at is not None
    return Letter(
        layout=Layout.INVITATION,
        subject=voice.say("{name} proposes another time", name=who),
        greeting=scene.greeting,
        paragraphs=(voice.say("{name} proposes another time for your session.", name=who),),
        facts=_facts(scene, when=voice.say("Proposed time"))[:2] if known else (),
        action=Link(label=voice.say("Accept or propose another time"), url=scene.links.pairing(scene.matter.pairing_id)),
        closing=(voice.say("Until everybody accepts, the session stays where it is."),),
        why=_why(voice),
    )


def not_booked(scene: Scene) -> Letter:
    """N4: no time was found, and why; never silence."""
    voice = scene.voice
    return Letter(
        subject=voice.say("No common time was found for your session"),
        greeting=scene.greeting,
        paragraphs=(
            voice.say("We could not book a session with {names}.", names=scene.names),
            not_booked_reason(voice, scene.matter.reason or ""),
        ),
        action=Link(label=voice.say("Propose a time or adjust your hours"), url=scene.links.pairing(scene.matter.pairing_id)),
        closing=(voice.say("As soon as working hours change, we try again by ourselves."),),
        why=_why(voice),
    )


def reminder(scene: Scene) -> Letter:
    """N16: before the start, never after it."""
    voice = scene.voice
    return Letter(
        layout=Layout.INVITATION,
        subject=voice.say("Reminder: {title}", title=title(scene)),
        greeting=scene.greeting,
        paragraphs=(voice.say("Your session with {names} is coming up.", names=scene.names),),
        facts=_facts(scene, when=voice.say("When")),
        action=_action(scene),
        closing=(voice.say("A minute of preparation helps: what would you like to have talked about afterwards?"),),
        why=_why(voice),
    )
