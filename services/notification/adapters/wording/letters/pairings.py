"""Balance and support: formed, charter, active, review, and the kind ending (R14, R22, R49)."""

from services.notification.adapters.wording.letter import Fact, Letter, Link, Scene
from services.notification.adapters.wording.letters.proposals import declined
from services.notification.adapters.wording.letters.reasons import closing_reason, review_reason
from services.notification.adapters.wording.voice import Voice

TOLD_OF_PROPOSALS = ("withdrawn", "member-left", "reporting-line")
"""Why a proposal that nobody declined is over, where that may be said."""


def _why(voice: Voice) -> str:
    return voice.say("You get this mail because you are a member of this pairing.")


def formed(scene: Scene) -> Letter:
    """R2, R22: everybody said yes; the charter is the gate to the first session (N8)."""
    voice = scene.voice
    return Letter(
        subject=voice.say("You are peers: {names}", names=scene.names),
        greeting=scene.greeting,
        paragraphs=(
            voice.say("Everybody said yes: {everybody} are peers.", everybody=scene.everybody),
            voice.say(
                "Next, write your charter together: its purpose, at least one goal for each of you, what is open and what is off-limits, "
                "and how often you meet. It is private to you, and a quarter of an hour is enough."
            ),
        ),
        action=Link(label=voice.say("Write the charter"), url=scene.links.pairing(scene.matter.pairing_id)),
        closing=(voice.say("As soon as all of you have signed, we book your first session."),),
        why=_why(voice),
    )


def charter_to_sign(scene: Scene) -> Letter:
    """R22, N8: somebody signed; the others are asked."""
    voice, who = scene.voice, scene.name_of(scene.matter.actor_id)
    return Letter(
        subject=voice.say("{name} signed your charter", name=who),
        greeting=scene.greeting,
        paragraphs=(
            voice.say("{name} signed the charter of your pairing. Now it waits for you.", name=who),
            voice.say("Read it and sign it if it suits you, or change what does not: then all of you sign the new text."),
        ),
        action=Link(label=voice.say("Read and sign"), url=scene.links.pairing(scene.matter.pairing_id)),
        why=_why(voice),
    )


def activated(scene: Scene) -> Letter:
    """N8: all signed; sessions are booked now."""
    voice = scene.voice
    return Letter(
        subject=voice.say("Your pairing is active"),
        greeting=scene.greeting,
        paragraphs=(
            voice.say("All of you have signed: the pairing with {names} is active.", names=scene.names),
            voice.say("The first session is booked in your working hours; the invitation comes in a mail of its own."),
        ),
        action=Link(label=voice.say("Open your pairing"), url=scene.links.pairing(scene.matter.pairing_id)),
        closing=(voice.say("Goals, rhythm and dates belong to all of you: each of you may move, change or end them."),),
        why=_why(voice),
    )


def review(scene: Scene) -> Letter:
    """N3, R49: something changed; both are asked, and silence keeps the pairing."""
    voice, matter = scene.voice, scene.matter
    return Letter(
        subject=voice.say("Would you like to go on as peers?"),
        greeting=scene.greeting,
        paragraphs=(
            review_reason(voice, matter.reason or ""),
            voice.say("Most pairings outlive such changes. Please tell us whether you and {names} would like to go on.", names=scene.names),
        ),
        facts=(Fact(label=voice.say("Please answer by"), value=voice.moment(matter.until)),) if matter.until else (),
        action=Link(label=voice.say("Go on or end it"), url=scene.links.pairing(matter.pairing_id)),
        closing=(voice.say("If nobody objects, the pairing simply goes on."),),
        why=_why(voice),
    )


def closed(scene: Scene) -> Letter:
    """R49: a kind ending, and an offer to look again; whoever leaves the company hears thanks."""
    if scene.matter.only_proposed:
        return _never_formed(scene)
    voice, reason = scene.voice, scene.matter.reason or ""
    farewell = scene.leaving
    again = (
        voice.say("Thank you for what you gave, and all the best on your way.")
        if farewell
        else voice.say("Thank you for the time you gave each other. When you feel like it, look for a new peer: your place is free.")
    )
    return Letter(
        subject=voice.say("Your pairing has ended"),
        greeting=scene.greeting,
        paragraphs=(
            voice.say("Your pairing with {names} has ended.", names=scene.names),
            voice.say("You are leaving the company, and the pairing ends with it.") if farewell else closing_reason(voice, reason),
            again,
        ),
        action=Link(label=voice.say("Open Tandem"), url=scene.links.home())
        if farewell
        else Link(label=voice.say("Look for a new peer"), url=scene.links.home()),
        closing=() if farewell else (voice.say("Sessions that were still planned are taken out of your calendar."),),
        why=_why(voice),
    )


def _never_formed(scene: Scene) -> Letter:
    """Kindly: a proposal that is over though nobody declined; there was no time together to give thanks for.

    Whose cause is not told (one of them wishes never to be paired with the other) reads like any declined proposal.
    """
    voice, farewell = scene.voice, scene.leaving
    if not farewell and scene.matter.reason not in TOLD_OF_PROPOSALS:
        return declined(scene)
    return Letter(
        subject=voice.say("Your proposed pairing will not go ahead"),
        greeting=scene.greeting,
        paragraphs=(
            voice.say("The pairing with {names} that was proposed will not go ahead.", names=scene.names),
            voice.say("You are leaving the company. All the best on your way.")
            if farewell
            else closing_reason(voice, scene.matter.reason or ""),
        ),
        action=Link(label=voice.say("Open Tandem"), url=scene.links.home())
        if farewell
        else Link(label=voice.say("Look for another peer"), url=scene.links.home()),
        why=voice.say("You get this mail because a pairing was proposed to you."),
    )
