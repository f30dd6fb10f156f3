"""From a delivery to a mail: the recipient's language and zone, their peers' names, fetched words, layout, calendar part."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.notification.adapters.calendar import METHODS, Attendee, Entry, calendar_part
from services.notification.adapters.post import Cover, Invitation, Mail, mail, one_line
from services.notification.adapters.wording.layouts import Layouts
from services.notification.adapters.wording.letter import Letter, Link, Links, Scene
from services.notification.adapters.wording.letters.sessions import place, title
from services.notification.adapters.wording.voice import Catalogues, Voice
from services.notification.adapters.wording.write import write
from services.notification.adapters.words import Words
from services.notification.domain.delivery import Delivery
from services.notification.domain.kinds import Kind
from services.notification.domain.recipient import Contact, Recipient
from shared.kernel.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who writes. `address` is a mailbox that nobody reads; its domain also makes the Message-IDs."""

    address: str
    name: str

    @property
    def domain(self) -> str:
        """Return the part behind the @."""
        return self.address.rsplit("@", 1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailComposer:
    """Composes mails; built once by `main.py`."""

    catalogues: Catalogues
    layouts: Layouts
    words: Words
    sender: Sender
    links: Links
    default_language: str
    clock: Clock

    async def compose(self, delivery: Delivery, recipient: Recipient, fellows: Mapping[str, Contact], *, without_words: bool) -> Mail:
        """Return the mail. The same delivery has the same Message-ID for ever, so that a repeat is recognised (N2)."""
        contact = recipient.contact or Contact(display_name="", email="", locale="", timezone="UTC")
        voice = self.voice(recipient)
        scene = await self._scene(delivery, recipient, fellows, voice, without_words=without_words)
        letter = write(scene)
        now = self.clock.now()
        cover = Cover(
            id=delivery.id,
            domain=self.sender.domain,
            sender=self.sender.address,
            sender_name=self.sender.name,
            recipient=contact.email,
            recipient_name=contact.display_name,
            subject=letter.subject,
            language=voice.language,
            date=now,
        )
        preferences = Link(label=voice.say("Choose what you hear by mail"), url=self.links.preferences())
        sheets = self.layouts.lay_out(letter, voice.language, preferences)
        return mail(cover, sheets, self._invitation(delivery, scene, letter, fellows, now))

    def voice(self, recipient: Recipient) -> Voice:
        """Return the voice of a recipient: their wish, else their contact's language; their zone."""
        zone = recipient.contact.timezone if recipient.contact else "UTC"
        return self.catalogues.voice(recipient.language(self.default_language), zone)

    def headline(self, delivery: Delivery, recipient: Recipient, fellows: Mapping[str, Contact]) -> str:
        """Return the message's subject for the in-app inbox."""
        return one_line(write(self._bare_scene(delivery, recipient, fellows, self.voice(recipient))).subject)

    def _bare_scene(self, delivery: Delivery, recipient: Recipient, fellows: Mapping[str, Contact], voice: Voice) -> Scene:
        others = [member for member in delivery.matter.members if member != delivery.member_id]
        return Scene(
            voice=voice,
            kind=delivery.kind,
            member_id=delivery.member_id,
            name=one_line(recipient.contact.display_name) if recipient.contact else "",
            matter=delivery.matter,
            links=self.links,
            fellows={member: one_line(fellows[member].display_name) for member in others if member in fellows},
            leaving=recipient.left,
        )

    async def _scene(
        self, delivery: Delivery, recipient: Recipient, fellows: Mapping[str, Contact], voice: Voice, *, without_words: bool
    ) -> Scene:
        scene = self._bare_scene(delivery, recipient, fellows, voice)
        pairing_id = delivery.matter.pairing_id
        if delivery.kind is not Kind.PROPOSAL or pairing_id is None or without_words:
            return scene
        lists = await self.words.four_lists(pairing_id, delivery.member_id, voice.language, delivery.correlation_id)
        return Scene(**{name: getattr(scene, name) for name in Scene.__slots__} | {"lists": lists})

    def _invitation(
        self, delivery: Delivery, scene: Scene, letter: Letter, fellows: Mapping[str, Contact], now: datetime
    ) -> Invitation | None:
        method, meeting = METHODS.get(delivery.kind), delivery.matter.meeting
        if method is None or meeting is None:
            return None
        members = [fellows[member] for member in delivery.matter.members if member in fellows]
        entry = Entry(
            method=method,
            meeting=meeting,
            stamp=now,
            title=title(scene),
            description="\n\n".join((*letter.paragraphs, letter.action.url)),
            place=place(scene.voice, meeting.place_kind),
            url=letter.action.url,
            organizer=self.sender.address,
            attendees=[Attendee(name=one_line(contact.display_name), email=contact.email) for contact in members],
        )
        return Invitation(content=calendar_part(entry), method=method.value)
