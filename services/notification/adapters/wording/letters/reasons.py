"""Reason codes in sentences. A test holds that every code of matching has one (N4)."""

from services.notification.adapters.wording.voice import Voice


def unmatched_reason(voice: Voice, code: str) -> str:
    """N4: why a round found nobody. Never tells what another person did or barred."""
    sayings = {
        "no-free-seat": voice.say("The reason: all the places you offer were taken. You can offer more places in your profile."),
        "nothing-offered-or-wanted": voice.say(
            "The reason: your profile names nothing yet that you offer or want. Two or three topics are enough."
        ),
        "wants-only-what-nobody-offers": voice.say(
            "The reason: nobody offers what you want at the moment, and nobody looks for what you offer. More topics widen the search."
        ),
        "offers-only-what-nobody-wants": voice.say(
            "The reason: nobody looks for what you offer at the moment. Tell us what you would like to learn, and the search widens."
        ),
        "no-eligible-partner": voice.say(
            "The reason: those with whom you could help each other are ruled out, for instance as managers or by the programme's rules."
        ),
        "no-overlap-in-time": voice.say(
            "The reason: nobody who fits shares enough working hours with you. You can adjust your hours in your profile."
        ),
        "met-everybody-eligible": voice.say(
            "The reason: you have already met everybody who fits. New colleagues or new topics will change that."
        ),
        "only-one-way-gain": voice.say(
            "The reason: with everybody who fits only one side would gain, and peers should both gain. More topics help."
        ),
        "all-eligible-partners-full": voice.say("The reason: everybody who fits has all places taken in this round."),
        "no-shared-challenge": voice.say("The reason: too few others name a challenge of yours for a circle. More challenges help."),
        "too-few-for-a-circle": voice.say("The reason: the circles around your challenges are complete, and too few are left for another."),
        "paused": voice.say("The reason: you have paused. As soon as you return, you take part again."),
        "away": voice.say("The reason: you are noted as away. As soon as you are back, you take part again."),
        "member-left": voice.say("The reason: you are no longer with the company."),
        "member-withdrew": voice.say("The reason: you withdrew from the programme before the round was published."),
        "partner-left": voice.say("The reason: the person we had found for you left the programme before we could tell you."),
        "partner-paused": voice.say("The reason: the person we had found for you is taking a break."),
        "partner-withdrew": voice.say("The reason: the person we had found for you no longer takes part."),
        "partner-not-free": voice.say("The reason: the person we had found for you no longer has a free place."),
        "round-overtaken": voice.say("The reason: something changed between you and the person we had found before we could tell you."),
    }
    return sayings.get(code) or voice.say("The reason: nobody was free who fits the programme's rules.")


def closing_reason(voice: Voice, code: str) -> str:
    """Why a pairing ended, kindly; what one person decided about another is not told."""
    sayings = {
        "goals-reached": voice.say("The goals are reached. Congratulations!"),
        "no-time": voice.say("There is too little time for it at the moment."),
        "no-fit": voice.say("It did not turn out to be the right fit, and that happens."),
        "moved-on": voice.say("Plans have changed, and it is time for something new."),
        "by-agreement": voice.say("You agreed to end it."),
        "member-left": voice.say("The reason is that a colleague leaves the company."),
        "reporting-line": voice.say("The reason is a change in the organisation: peers are not in one reporting line."),
        "withdrawn": voice.say("The request was taken back."),
    }
    return sayings.get(code) or voice.say("It has come to its end.")


def review_reason(voice: Voice, code: str) -> str:
    """N3: why a pairing is looked at again."""
    sayings = {
        "member-moved": voice.say("One of you has a new place in the organisation."),
        "new-manager": voice.say("One of you has a new manager."),
    }
    return sayings.get(code) or voice.say("Something has changed for one of you.")


def cancel_reason(voice: Voice, code: str) -> str:
    """Why a session is off."""
    sayings = {
        "cancelled-by-member": voice.say("It was called off by one of you."),
        "unable-to-attend": voice.say("One of you cannot attend."),
        "pairing-closed": voice.say("The pairing has ended."),
        "pairing-paused": voice.say("The pairing is taking a break."),
        "member-left": voice.say("A colleague has left the company."),
        "cadence-changed": voice.say("Your charter has a new rhythm; new sessions are booked by it."),
        "no-common-time": voice.say("Somebody's working hours changed, and no other time suits all of you."),
    }
    return sayings.get(code) or voice.say("It cannot take place as planned.")


def not_booked_reason(voice: Voice, code: str) -> str:
    """Why no time was found for a session."""
    if code == "cadence-not-understood":
        return voice.say("The rhythm in your charter could not be read. Please set it once more.")
    return voice.say("There is no time in the near future at which all of you work and are free.")
