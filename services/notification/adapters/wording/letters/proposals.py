"""Find: proposals and their endings, and the round that found nobody (R10, R17, N4)."""

from services.notification.adapters.wording.letter import Fact, Layout, Letter, Link, Scene
from services.notification.adapters.wording.letters.evidence import introduction, sections
from services.notification.adapters.wording.letters.reasons import unmatched_reason

NO_WAITING = ("no-free-seat", "paused", "away", "member-left", "member-withdrew")


def proposal(scene: Scene) -> Letter:
    """R4, R10, R17: who, why, what it entails, and until when an answer is awaited."""
    voice, matter = scene.voice, scene.matter
    facts = (Fact(label=voice.say("Please answer by"), value=voice.moment(matter.until)),) if matter.until else ()
    draft = "" if matter.actor_id else introduction(scene)  # who was asked has an answer to give, not a first line
    return Letter(
        layout=Layout.INTRODUCTION,
        subject=_subject(scene),
        greeting=scene.greeting,
        paragraphs=(_opening(scene), _what_it_entails(scene), *_one_way(scene)),
        facts=facts,
        sections=sections(scene),
        quote_heading=voice.say("A first line, if you would like one") if draft else "",
        quote=draft,
        action=Link(label=voice.say("Answer the proposal"), url=scene.links.pairing(matter.pairing_id)),
        closing=(voice.say("Yes and no are both fine. A no needs no reason, and we pass it on kindly."),),
        why=voice.say("You get this mail because you take part in a peer programme and a pairing with you was proposed."),
    )


def _subject(scene: Scene) -> str:
    voice, who = scene.voice, scene.name_of(scene.matter.actor_id)
    if scene.matter.origin in {"asked", "approached"} and scene.matter.actor_id:
        return voice.say("{name} would like to be your peer", name=who)
    if scene.matter.origin == "natural" and scene.matter.actor_id:
        return voice.say("{name} registered you as peers", name=who)
    return voice.say("A peer for you: {names}", names=scene.names)


def _opening(scene: Scene) -> str:
    voice, who = scene.voice, scene.name_of(scene.matter.actor_id)
    if scene.matter.actor_id:
        if scene.matter.origin == "asked":
            return voice.say("{name} asks whether you would like to be peers and hopes to learn from you.", name=who)
        if scene.matter.origin == "approached":
            return voice.say("{name} offers to be your peer and thinks that you could help each other.", name=who)
        if scene.matter.origin == "natural":
            return voice.say("{name} says that you already help each other as peers. Please confirm it.", name=who)
    return voice.say("We suggest that {everybody} become peers.", everybody=scene.everybody)


def _what_it_entails(scene: Scene) -> str:
    return scene.voice.say(
        "Peers are colleagues who help each other, and nobody is the boss. If everybody says yes, you agree on goals and a rhythm "
        "in a short charter and then meet for a first conversation."
    )


def _one_way(scene: Scene) -> tuple[str, ...]:
    """N4: where profiles show help in one direction only, both are told so; the gain of one never hides in a good mean."""
    voice, lists = scene.voice, scene.lists
    if scene.matter.actor_id or lists is None or bool(lists.you_give) is bool(lists.you_get):
        return ()
    if lists.you_give:
        return (
            voice.say(
                "As far as your profiles tell, you can help {names}, and not yet the other way round. Your first talk may show more, "
                "and so may a topic that you add to your wishes.",
                names=scene.names,
            ),
        )
    return (
        voice.say(
            "As far as your profiles tell, {names} can help you, and not yet the other way round. What you can give may show in your "
            "first talk.",
            names=scene.names,
        ),
    )


def declined(scene: Scene) -> Letter:
    """Kindly, without a reason and without blame."""
    voice = scene.voice
    return Letter(
        subject=voice.say("Your proposed pairing will not go ahead"),
        greeting=scene.greeting,
        paragraphs=(
            voice.say("The pairing that was proposed to you and {names} will not go ahead: it does not fit right now.", names=scene.names),
            voice.say("That says nothing about you. Time, topics or plans of the moment decide this, and all of them change."),
        ),
        action=Link(label=voice.say("Look for another peer"), url=scene.links.home()),
        closing=(voice.say("Your place is free again, and you take part in the next round."),),
        why=voice.say("You get this mail because a pairing was proposed to you."),
    )


def expired(scene: Scene) -> Letter:
    """Kindly; those who did not answer hear it differently from those who waited."""
    voice = scene.voice
    silent = scene.member_id in scene.matter.unanswered
    happened = (
        voice.say("The time to answer the proposal with {names} has run out, so it was withdrawn.", names=scene.names)
        if silent
        else voice.say("Not everybody could answer the proposal with {names} in time, so it was withdrawn.", names=scene.names)
    )
    return Letter(
        subject=voice.say("Your proposed pairing has expired"),
        greeting=scene.greeting,
        paragraphs=(happened, voice.say("Nothing is lost: you can look for a peer again whenever it suits you.")),
        action=Link(label=voice.say("Look for another peer"), url=scene.links.home()),
        closing=(voice.say("If now is not a good time, you can pause and we will not propose anybody until you return."),),
        why=voice.say("You get this mail because a pairing was proposed to you."),
    )


def unmatched(scene: Scene) -> Letter:
    """N4: a named reason, never silence. Only who waited with a free place is promised to come first."""
    voice = scene.voice
    waits = scene.matter.reason not in NO_WAITING
    return Letter(
        subject=voice.say("No peer for you in this round"),
        greeting=scene.greeting,
        paragraphs=(
            voice.say("In this round we did not find a peer for you."),
            unmatched_reason(voice, scene.matter.reason or ""),
        ),
        action=Link(label=voice.say("Review your profile"), url=scene.links.home()),
        closing=(voice.say("Those who were left over come first in the next round."),) if waits else (),
        why=voice.say("You get this mail because you took part in this round."),
    )
