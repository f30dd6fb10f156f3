"""The four lists in words, and a first line drafted from them (R17, R21)."""

from collections.abc import Sequence

from services.notification.adapters.wording.letter import Evidence, Scene, Section
from services.notification.adapters.wording.voice import Voice

DRAFTED_MAX = 3
"""A first line names few things; the lists name all."""
SAID_IN_A_LINE = ("goal", "skill", "experience", "language")
"""What one person would tell another; that both work on one level or at one site needs no saying, and nobody wished for a related skill."""
PLACES = ("department", "job_family", "site")
SHORT_WORD = 2


def sections(scene: Scene) -> tuple[Section, ...]:
    """R17: shared, different, you give, you get; an empty list is left out. Only evidence that really matched."""
    voice, lists = scene.voice, scene.lists
    if lists is None:
        return ()
    headed = (
        (voice.say("What you share"), lists.shared),
        (voice.say("Where you differ"), lists.different),
        (voice.say("What you can give"), lists.you_give),
        (voice.say("What you can get"), lists.you_get),
    )
    return tuple(Section(heading=heading, points=tuple(point(voice, item) for item in items)) for heading, items in headed if items)


def point(voice: Voice, item: Evidence) -> str:
    """Return one item with what kind of thing it is."""
    what = _capital(thing(voice, item))
    sayings = {
        "goal": voice.say("Goal: {what}", what=what),
        "related": voice.say("{what} (close to a wish)", what=what),
        "experience": voice.say("Experience: {what}", what=what),
        "language": voice.say("Language: {what}", what=what),
        "level": voice.say("Level: {what}", what=what),
        "years": voice.say("Years of experience: {what}", what=what),
        "department": voice.say("Department: {what}", what=what),
        "job_family": voice.say("Job family: {what}", what=what),
        "site": voice.say("Site: {what}", what=what),
    }
    return sayings.get(item.kind, what)


def thing(voice: Voice, item: Evidence) -> str:
    """Return the label; a code without one is shown as words (`project-planning` as `project planning`)."""
    if item.label:
        return item.label
    if item.kind == "language":
        return voice.language_name(item.code)
    words = item.code.replace("-", " ").replace("_", " ")
    return " ".join(_name(word) for word in words.split()) if item.kind in PLACES else words


def _name(word: str) -> str:
    """Return a word of a department or site as names are written: `berlin` as `Berlin`, `hr` as `HR`."""
    return word.upper() if len(word) <= SHORT_WORD else _capital(word)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def introduction(scene: Scene) -> str:
    """R17: a text that the recipient may send as it is, drafted from their own lists."""
    voice, lists = scene.voice, scene.lists
    if lists is None or lists.empty:
        return ""
    lines = [voice.say("Hello {names}, Tandem suggested that we meet as peers.", names=scene.names)]
    if shared := _few(voice, lists.shared):
        lines.append(voice.say("It seems that we share {things}.", things=shared))
    if gets := _few(voice, lists.you_get):
        lines.append(voice.say("I would like to learn from you about {things}.", things=gets))
    if gives := _few(voice, lists.you_give):
        lines.append(voice.say("In return I can help with {things}.", things=gives))
    lines.append(voice.say("Shall we give it a try?"))
    return " ".join(lines)


def _few(voice: Voice, items: Sequence[Evidence]) -> str:
    said = [item for item in items if item.kind in SAID_IN_A_LINE][:DRAFTED_MAX]
    return voice.listing([_phrase(voice, item) for item in said])


def _phrase(voice: Voice, item: Evidence) -> str:
    what = thing(voice, item)
    return voice.say("the goal “{what}”", what=what) if item.kind == "goal" else what
