"""The member: one symmetric role (R1); who helps whom belongs to a topic, never to the person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from services.profile.domain import events
from services.profile.domain.events import Placement
from services.profile.domain.records import Card, Contact, DueRecord, Gone, OfferCode, Published, WantCode, digest_of
from services.profile.domain.reference import Reference
from services.profile.domain.refusals import MemberHasLeft, NotEnrolled, NotPaused, PauseInThePast, PauseTooLong
from services.profile.domain.text import slug
from services.profile.domain.values import CareerStep, Enrolment, Offer, Pause, PauseReason, Status, Tag, Vision, Want, When, WorkingSpan
from shared.kernel.aggregate import Aggregate

S = TypeVar("S", Offer, Want)
PLACEMENT = tuple(part.name for part in fields(Placement))
PAUSE_LONGEST = timedelta(days=731)


@dataclass(kw_only=True)
class Member(Aggregate):
    """A person of the company who may be paired (R42: everybody is).

    `owned` names the fields that the member edited; a people file leaves those alone from then on (field ownership).
    """

    company_key: str
    email: str
    joined_at: datetime
    status: Status = Status.ACTIVE
    left_at: datetime | None = None
    erased_at: datetime | None = None
    display_name: str = ""
    chat_handle: str | None = None
    department: str | None = None
    site: str | None = None
    country: str | None = None
    job_family: str | None = None
    level: int | None = None
    manager_id: str | None = None
    manager_chain: tuple[str, ...] = ()
    years: float | None = None
    start_date: str | None = None
    timezone: str | None = None
    languages: tuple[str, ...] = ()
    working_hours: tuple[WorkingSpan, ...] = ()
    communication: str | None = None
    offers: tuple[Offer, ...] = ()
    wants: tuple[Want, ...] = ()
    goals: tuple[Tag, ...] = ()
    challenges: tuple[Tag, ...] = ()
    challenges_long: tuple[Tag, ...] = ()
    capacity: int = 1
    journey: tuple[CareerStep, ...] = ()
    journey_searchable: bool = False
    vision: Vision | None = None
    reflection: str = ""
    enrolments: tuple[Enrolment, ...] = ()
    pause: Pause | None = None
    owned: tuple[str, ...] = ()
    card_published: Published = field(default_factory=Published)
    contact_published: Published = field(default_factory=Published)
    recorded_at: datetime | None = None
    """Where the newest of these records stands in the outbox's order."""

    @classmethod
    def join(cls, member_id: str, company_key: str, values: Mapping[str, Any], *, now: datetime) -> "Member":
        """Make a member of a person whom a people file names for the first time."""
        member = cls(id=member_id, company_key=company_key, joined_at=now, **values)
        member.record(events.MemberJoined(member_id=member.id, placement=member.placement))
        return member

    @property
    def placement(self) -> Placement:
        """Return where the member stands in the organisation."""
        return Placement(**{name: getattr(self, name) for name in PLACEMENT})

    def update_from_file(self, values: Mapping[str, Any]) -> tuple[bool, tuple[str, ...]]:
        """Take what a later file says. Return whether anything changed, and the fields kept because the member owns them."""
        self._must_be_here()
        kept = tuple(name for name in values if name in self.owned and getattr(self, name) != values[name])
        changed = self._set({name: value for name, value in values.items() if name not in self.owned})
        if moved := tuple(name for name in PLACEMENT if name in changed):
            self.record(events.MemberMoved(member_id=self.id, placement=self.placement, changed=moved))
        return bool(changed), kept

    def edit(self, values: Mapping[str, Any]) -> None:
        """Take what the member says of themselves; what they said belongs to them from now on."""
        self._must_be_here()
        self._set(values)
        self.owned = tuple(sorted({*self.owned, *values}))

    def follow_chain(self, chain: tuple[str, ...]) -> None:
        """Somebody above the member changed their manager: the line of managers is another (R5)."""
        self.manager_chain = chain

    def recode(self, codes: Mapping[str, str]) -> bool:
        """R6: follow a merge of skills. Of two that have become one the stronger offer and the more urgent want stay."""
        offers = _recoded(self.offers, codes, lambda offer: offer.strength or 0)
        wants = _recoded(self.wants, codes, lambda want: (want.when is When.NOW, want.priority or 0))
        return bool(self._set({"offers": offers, "wants": wants}))

    def enrol(self, programme_id: str, capacity: int | None) -> bool:
        """Take part in a programme, or change the seats. Return False when that is so already."""
        self._must_be_here()
        wanted = Enrolment(programme_id=programme_id, capacity=self.capacity if capacity is None else capacity)
        if wanted in self.enrolments:
            return False
        others = [enrolment for enrolment in self.enrolments if enrolment.programme_id != programme_id]
        self.enrolments = tuple(sorted([*others, wanted], key=lambda enrolment: enrolment.programme_id))
        self.record(events.MemberEnrolled(member_id=self.id, programme_id=programme_id, capacity=wanted.capacity))
        return True

    def withdraw(self, programme_id: str) -> None:
        """No longer take part in a programme; pairings that exist go on."""
        self._must_be_here()
        if all(enrolment.programme_id != programme_id for enrolment in self.enrolments):
            raise NotEnrolled(member_id=self.id, programme_id=programme_id)
        self._drop_enrolments(programme_id)

    def pause_until(self, until: datetime, reason: PauseReason, *, now: datetime) -> None:
        """Not be paired until a date: by wish, or because of absence."""
        self._must_be_here()
        if until <= now:
            raise PauseInThePast(member_id=self.id)
        if until - now > PAUSE_LONGEST:
            raise PauseTooLong(member_id=self.id)
        wanted = Pause(until=until, reason=reason)
        if wanted != self.pause:
            self.pause = wanted
            self.record(events.MemberPaused(member_id=self.id, until=until, reason=reason))

    def resume(self) -> None:
        """Be paired again."""
        self._must_be_here()
        if self.pause is None:
            raise NotPaused(member_id=self.id)
        self.pause = None
        self.record(events.MemberResumed(member_id=self.id))

    def pause_is_over(self, *, now: datetime) -> bool:
        """Tell whether a pause has reached its date (the timer may be late, or the pause longer by now)."""
        return self.status is Status.ACTIVE and self.pause is not None and self.pause.until <= now

    def leave(self, *, now: datetime) -> bool:
        """Leave the company: every enrolment closes (N3). Return False when they left before."""
        if self.status is not Status.ACTIVE:
            return False
        for enrolment in self.enrolments:
            self._drop_enrolments(enrolment.programme_id)
        self.status, self.left_at, self.pause = Status.LEFT, now, None
        self.record(events.MemberLeft(member_id=self.id))
        return True

    def erase(self, *, now: datetime) -> bool:
        """Forget the person (N18): only the opaque id and the count of facts stay. Return False when that was done before."""
        if self.status is Status.ERASED:
            return False
        self.leave(now=now)
        kept = {"id", "version", "revision", "joined_at", "left_at", "card_published", "contact_published", "recorded_at", "_recorded"}
        nobody = Member(id=self.id, company_key="", email="", joined_at=self.joined_at)
        for part in fields(self):
            if part.name not in kept:
                setattr(self, part.name, getattr(nobody, part.name))
        self.status, self.erased_at = Status.ERASED, now
        self.record(events.MemberErased(member_id=self.id))
        return True

    def card(self, reference: Reference) -> Card:
        """Return what matching may know (codes only; challenges in words, vision and reflections stay here, N9)."""
        return Card(
            member_id=self.id,
            status=self.status,
            placement=self.placement,
            manager_chain=self.manager_chain,
            years=self.years,
            offers=tuple(OfferCode(code=offer.tag.code, strength=offer.strength) for offer in self.offers if offer.tag.code),
            wants=tuple(WantCode(code=want.tag.code, priority=want.priority, when=want.when) for want in self.wants if want.tag.code),
            goals=_codes(self.goals),
            challenges=_codes(self.challenges),
            challenges_long=_codes(self.challenges_long),
            vision_themes=_codes(self.vision.themes) if self.vision else (),
            journey=tuple(dict.fromkeys(step.code for step in self.journey)) if self.journey_searchable else (),
            timezone=reference.zone_for(self.timezone, self.country),
            languages=self.languages,
            working_hours=self.working_hours or reference.default_hours,
            communication=self.communication,
            enrolments=self.enrolments,
            pause=self.pause,
        )

    def contact(self, reference: Reference) -> Contact:
        """Return how notification reaches the member."""
        return Contact(
            member_id=self.id,
            company_key=self.company_key,
            display_name=self.display_name,
            email=self.email,
            locale=reference.locale_for(self.languages, self.country),
            timezone=reference.zone_for(self.timezone, self.country),
            working_hours=self.working_hours or reference.default_hours,
            chat_handle=self.chat_handle,
        )

    def take_due_records(self, reference: Reference) -> list[DueRecord]:
        """Return the state records that changed since they were published, and count them as published."""
        card, contact = (None, None) if self.status is Status.ERASED else (self.card(reference), self.contact(reference))
        self.card_published, due_cards = _due(self.id, Card, card, self.card_published)
        self.contact_published, due_contacts = _due(self.id, Contact, contact, self.contact_published)
        return due_cards + due_contacts

    def _set(self, values: Mapping[str, Any]) -> list[str]:
        changed = [name for name, value in values.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, values[name])
        return changed

    def _drop_enrolments(self, programme_id: str) -> None:
        self.enrolments = tuple(enrolment for enrolment in self.enrolments if enrolment.programme_id != programme_id)
        self.record(events.MemberWithdrew(member_id=self.id, programme_id=programme_id))

    def _must_be_here(self) -> None:
        if self.status is not Status.ACTIVE:
            raise MemberHasLeft(member_id=self.id)


def _recoded(said: tuple[S, ...], codes: Mapping[str, str], weight: Callable[[S], Any]) -> tuple[S, ...]:
    """Give tags the codes that theirs mean now. What is on the list is spelled word by word, so free tags follow whatever their signs."""
    means = {each.tag.code: codes.get(each.tag.code) or codes.get(slug(each.tag.code)) for each in said if each.tag.code}
    if not any(means.values()):
        return said
    found: dict[str, S] = {}
    for each in said:
        code = means.get(each.tag.code or "") or each.tag.code
        mine = replace(each, tag=replace(each.tag, code=code))
        known = found.setdefault(code or each.tag.words, mine)
        if weight(mine) > weight(known):
            found[code or each.tag.words] = mine
    return tuple(found.values())


def _codes(tags: tuple[Tag, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag.code for tag in tags if tag.code))


def _due(
    member_id: str, of: type[Card] | type[Contact], record: Card | Contact | None, known: Published
) -> tuple[Published, list[DueRecord]]:
    digest = digest_of(record) if record else ""
    if digest == known.digest:
        return known, []
    now_known = Published(version=known.version + 1, digest=digest)
    return now_known, [DueRecord(record=record or Gone(member_id=member_id, of=of), version=now_known.version)]
