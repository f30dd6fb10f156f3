"""Two full languages, no sentence forgotten, no build step to forget (N16)."""

import gettext
import re
import string
from dataclasses import replace
from html import unescape
from itertools import product

import pytest
from babel.messages.catalog import Catalog

from services.matching.domain.reasons import UnmatchedReason
from services.notification.adapters.wording.layouts import Layouts
from services.notification.adapters.wording.letter import Evidence, FourLists, Link
from services.notification.adapters.wording.letters.reasons import cancel_reason, closing_reason, review_reason, unmatched_reason
from services.notification.adapters.wording.voice import Catalogues, Voice
from services.notification.adapters.wording.write import LETTERS, write
from services.notification.domain.kinds import Kind
from services.notification.domain.matter import Matter
from services.scheduling.domain.session import CancelReason
from tests.unit.notification.catalogues import catalogue, template
from tests.unit.notification.scenes import ADA, BEN, CIA, MEETING, WHEN, scene

LANGUAGES = ("en", "de")
OPEN, CLOSE = "⟦", "⟧"
each_kind = pytest.mark.parametrize("kind", list(Kind))
each_language = pytest.mark.parametrize("language", LANGUAGES)
VARIANTS = [
    *[{"origin": origin, "actor_id": BEN} for origin in ("asked", "approached", "natural")],
    {"unanswered": (ADA,)},
    {"until": None},
    {"meeting": None},
    *[
        {"meeting": replace(MEETING, kind=kind, place_kind=place)}
        for kind, place in zip(("regular", "role_play"), ("in_person", "x"), strict=True)
    ],
    *[{"meeting": replace(MEETING, place_kind=place)} for place in ("phone", "chat")],
    *[{"reason": reason} for reason in ("member-left", "cadence-not-understood", "new-manager", "unheard-of")],
]


def names_in(text: str) -> list[str]:
    """Return the placeholders of a sentence."""
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})


class Pseudo(gettext.NullTranslations):
    """A language in which every translated sentence stands between marks."""

    def gettext(self, message: str) -> str:
        """Mark a sentence as translated."""
        return f"{OPEN}{message}{CLOSE}"


def unmarked(text: str) -> str:
    """Return the letters that stand outside all marks."""
    depth, found = 0, ""
    for character in text:
        depth += (character == OPEN) - (character == CLOSE)
        found += character if depth == 0 and character.isalpha() else ""
    return found


def pseudo_voice() -> Voice:
    """Return a voice of the pseudo-locale; what Babel writes (dates, lists) is left out of it."""
    voice = Catalogues().voice("en", "UTC")
    return Voice(Pseudo(), voice._locale, voice._zone, "UTC")


class TestCatalogues:
    """English and German are complete, and in step with the code."""

    def test_exactly_these_languages_are_spoken(self) -> None:
        """The folders are the list; they are compiled when the service starts."""
        assert Catalogues().languages == sorted(LANGUAGES)

    @each_language
    def test_every_sentence_is_translated_and_none_is_left_over(self, language: str) -> None:
        """Run `python -m tests.unit.notification.catalogues` and translate what is empty."""
        known = {message.id: message.string for message in catalogue(language) if message.id}
        said = {message.id for message in template() if message.id}
        assert known.keys() == said
        assert [sentence for sentence, words in known.items() if not words] == []
        assert [message.id for message in catalogue(language) if message.id and message.fuzzy] == []

    @each_language
    def test_placeholders_are_the_same(self, language: str) -> None:
        """A translator can lose no name and no date."""
        assert [
            message.id for message in catalogue(language) if message.id and names_in(str(message.id)) != names_in(str(message.string))
        ] == []

    def test_german_is_german(self) -> None:
        """Only what is a name or a pattern may read the same in both."""
        same = [message.id for message in catalogue("de") if message.id and message.id == message.string]
        assert same == []

    def test_the_reader_of_catalogues_bites(self) -> None:
        """A sentence that no catalogue has is found."""
        extra = Catalog()
        extra.add("never said")
        assert "never said" not in {message.id for message in template()}


class TestPseudoLocale:
    """Text that does not go through the catalogue is found by its missing marks."""

    @each_kind
    @pytest.mark.parametrize("variant", [{}, *VARIANTS], ids=str)
    def test_every_word_of_every_letter_is_translated(self, kind: Kind, variant: dict[str, object]) -> None:
        """N16: outside the marks there are names, codes, dates and addresses only."""
        given = scene(pseudo_voice(), kind)
        letter = write(replace(given, matter=replace(given.matter, **variant)))  # type: ignore[arg-type]
        texts = [letter.subject, letter.greeting, letter.why, letter.action.label, *letter.paragraphs, *letter.closing]
        texts += [fact.label for fact in letter.facts] + [section.heading for section in letter.sections]
        texts += [letter.quote_heading] if letter.quote_heading else []
        assert [text for text in texts if unmarked(text)] == []
        assert unmarked(letter.quote) == ""
        assert unmarked("".join(point for section in letter.sections[:1] for point in section.points if ":" in point)) == ""


class TestReasons:
    """N4: every code that others may give has a sentence of its own, in both languages."""

    @each_language
    def test_each_unmatched_reason_of_matching(self, language: str) -> None:
        """A code without a sentence would fall back to the vague one."""
        voice = Catalogues().voice(language, "UTC")
        vague = unmatched_reason(voice, "unheard-of")
        sentences = {code: unmatched_reason(voice, code) for code in UnmatchedReason}
        assert [code for code, sentence in sentences.items() if sentence == vague] == []
        assert len(set(sentences.values())) == len(sentences)

    @each_language
    def test_each_reason_to_close(self, language: str) -> None:
        """What a member or the system may give; a barred pair and `other` are never explained."""
        voice = Catalogues().voice(language, "UTC")
        vague = closing_reason(voice, "unheard-of")
        for code in ("goals-reached", "no-time", "no-fit", "moved-on", "by-agreement", "member-left", "reporting-line", "withdrawn"):
            assert closing_reason(voice, code) != vague
        for code in ("do-not-pair", "other"):
            assert closing_reason(voice, code) == vague

    @each_language
    def test_each_reason_to_cancel_and_to_review(self, language: str) -> None:
        """Every code of scheduling, and both that matching starts a review with."""
        voice = Catalogues().voice(language, "UTC")
        assert cancel_reason(voice, "unheard-of") not in {cancel_reason(voice, code) for code in CancelReason}
        assert review_reason(voice, "unheard-of") not in {review_reason(voice, code) for code in ("new-manager", "member-moved")}

    @each_language
    def test_unknown_codes_still_read_well(self, language: str) -> None:
        """A newer matching or scheduling may know more codes than we do; the code itself is never shown."""
        voice = Catalogues().voice(language, "UTC")
        for tell in (unmatched_reason, closing_reason, review_reason, cancel_reason):
            assert "unheard-of" not in tell(voice, "unheard-of")


class TestLetters:
    """Every kind, in every language, as text and HTML."""

    def test_every_kind_has_a_letter(self) -> None:
        """A new kind without words is found here."""
        assert set(LETTERS) == set(Kind)

    @pytest.mark.parametrize(("kind", "language"), list(product(Kind, LANGUAGES)))
    def test_says_who_why_and_where(self, kind: Kind, language: str) -> None:
        """N16: each mail says why it came, links the page, and names the peers; its subject is one plain line."""
        voice = Catalogues().voice(language, "Europe/Berlin")
        letter = write(scene(voice, kind))
        sheets = Layouts().lay_out(letter, voice.language, Link(label="L", url="https://tandem.corp.example/preferences"))
        assert letter.why
        for form in (" ".join(sheets.text.split()), unescape(sheets.html)):
            assert letter.why in form
            assert "https://tandem.corp.example/" in form
            assert all(paragraph in form for paragraph in letter.paragraphs)
        assert letter.subject.isprintable()
        assert not re.search(r"[\u200b-\u200f\u2060-\u2069\u202a-\u202f\u00a0]", letter.subject)
        assert f'lang="{language}"' in sheets.html

    @pytest.mark.parametrize("kind", list(Kind))
    def test_html_asks_for_nothing_from_outside(self, kind: Kind) -> None:
        """N15: no font, image, style or script from anywhere; links lead to the intranet page only."""
        voice = Catalogues().voice("en", "UTC")
        html = Layouts().lay_out(write(scene(voice, kind)), "en", Link(label="L", url="https://tandem.corp.example/p")).html
        addresses = re.findall(r"""(?:src|href|url\()\s*=?\s*["']?([^"'\s>)]+)""", html)
        assert [address for address in addresses if not address.startswith("https://tandem.corp.example")] == []
        assert "<script" not in html
        assert "@import" not in html

    def test_names_and_labels_are_escaped(self) -> None:
        """A name is text, never markup, also not inside MJML."""
        voice = Catalogues().voice("en", "UTC")
        evil = '<script>alert(1)</script>&amp;"</mj-text>'
        given = replace(scene(voice, Kind.PROPOSAL), name=evil, fellows={BEN: evil})
        html = Layouts().lay_out(write(given), "en", Link(label="L", url="https://tandem.corp.example/p")).html
        assert "<script" not in html
        assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;") >= 3

    def test_curly_braces_in_a_name_stay_as_they_are(self) -> None:
        """Values are never read as patterns."""
        voice = Catalogues().voice("de", "UTC")
        given = replace(scene(voice, Kind.FORMED), fellows={BEN: "{name} {0} %s"})
        assert "{name} {0} %s" in write(given).subject

    def test_two_of_three_peers_are_both_named(self) -> None:
        """N4: a trio's mail names everybody."""
        assert write(scene(Catalogues().voice("de", "UTC"), Kind.FORMED)).subject == "Ihr seid ein Tandem: FELLOW und OTHER"

    def test_an_erased_peer_is_called_your_peer(self) -> None:
        """N18: nothing is left of a name."""
        given = replace(scene(Catalogues().voice("en", "UTC"), Kind.CLOSED), fellows={})
        assert "Your pairing with your peer has ended." in write(given).paragraphs

    def test_the_leaver_is_thanked_and_not_asked_to_look_again(self) -> None:
        """R49: kind words for whoever goes."""
        voice = Catalogues().voice("en", "UTC")
        matter = Matter(members=(ADA, BEN, CIA), pairing_id="p", reason="member-left", until=WHEN)
        leaving = write(replace(scene(voice, Kind.CLOSED), matter=matter, leaving=True))
        staying = write(replace(scene(voice, Kind.CLOSED), matter=matter))
        assert "Thank you for what you gave" in " ".join(leaving.paragraphs)
        assert "look for a new peer" in " ".join(staying.paragraphs)
        assert "look for a new peer" not in " ".join(leaving.paragraphs)

    def test_nobody_is_shown_an_empty_list(self) -> None:
        """R17: only evidence that really matched; without any, no headings and no draft."""
        letter = write(replace(scene(Catalogues().voice("en", "UTC"), Kind.PROPOSAL), lists=None))
        assert letter.sections == ()
        assert letter.quote == ""

    @pytest.mark.parametrize("origin", ["natural", "asked", "approached"])
    def test_only_a_suggestion_of_ours_brings_a_first_line(self, origin: str) -> None:
        """R17: whoever was asked by a person answers them; a line that Tandem suggested it would be untrue."""
        given = scene(Catalogues().voice("en", "UTC"), Kind.PROPOSAL)
        assert "Tandem suggested" in write(given).quote
        asked = write(replace(given, matter=replace(given.matter, origin=origin, actor_id=BEN)))
        assert (asked.quote, asked.quote_heading) == ("", "")

    @pytest.mark.parametrize(
        ("give", "get", "said"),
        [
            (True, True, None),
            (False, False, None),
            (True, False, "you can help FELLOW and OTHER"),
            (False, True, "FELLOW and OTHER can help you"),
        ],
    )
    def test_a_one_way_pairing_is_named_so(self, give: bool, get: bool, said: str | None) -> None:
        """N4: whoever gains nothing by the profiles is told, and so is the one who does."""
        item = (Evidence(kind="skill", code="sql"),)
        lists = FourLists(you_give=item if give else (), you_get=item if get else ())
        told = write(replace(scene(Catalogues().voice("en", "UTC"), Kind.PROPOSAL), lists=lists)).paragraphs[2:]
        assert [said in sentence for sentence in told if said] == ([True] if said else [])
        assert len(told) == (1 if said else 0)

    def test_three_are_addressed_as_three(self) -> None:
        """N4: you, Ben and Cia, in both languages."""
        sentences = [write(scene(Catalogues().voice(language, "UTC"), Kind.PROPOSAL)).paragraphs[0] for language in LANGUAGES]
        assert sentences == [
            "We suggest that you, FELLOW and OTHER become peers.",
            "wir schlagen vor, dass du, FELLOW und OTHER ein Tandem bildet.",
        ]

    def test_places_without_a_label_read_as_names(self) -> None:
        """R17: no code in prose: `new-york` is New York, `hr` is HR; a first line says no level."""
        items = tuple(
            Evidence(kind=kind, code=code)
            for kind, code in (
                ("site", "new-york"),
                ("department", "hr"),
                ("skill", "graph-theory"),
                ("goal", "lead-a-team"),
                ("level", "4"),
            )
        )
        letter = write(replace(scene(Catalogues().voice("en", "UTC"), Kind.PROPOSAL), lists=FourLists(shared=items)))
        assert letter.sections[0].points == ("Site: New York", "Department: HR", "Graph theory", "Goal: Lead a team", "Level: 4")
        assert "we share graph theory and the goal “lead a team”." in letter.quote

    @pytest.mark.parametrize(("reason", "promised"), [("no-eligible-partner", True), ("paused", False), ("no-free-seat", False)])
    def test_only_who_waited_is_promised_to_come_first(self, reason: str, promised: bool) -> None:
        """N4: nobody is promised what the next round does not do."""
        given = scene(Catalogues().voice("en", "UTC"), Kind.UNMATCHED)
        assert bool(write(replace(given, matter=replace(given.matter, reason=reason))).closing) is promised

    def test_a_proposal_that_was_taken_back_is_not_thanked_for_time_together(self) -> None:
        """R49: a pairing that never formed ends with other words."""
        given = scene(Catalogues().voice("en", "UTC"), Kind.CLOSED)
        letter = write(replace(given, matter=replace(given.matter, reason="withdrawn", only_proposed=True)))
        assert letter.paragraphs == (
            "The pairing with FELLOW and OTHER that was proposed will not go ahead.",
            "The request was taken back.",
        )
        assert letter.closing == ()

    def test_a_proposal_ended_by_a_wish_reads_like_a_declined_one(self) -> None:
        """N9: nobody learns from a mail that somebody wishes never to be paired with them."""
        given = scene(Catalogues().voice("en", "UTC"), Kind.CLOSED)
        barred = write(replace(given, matter=replace(given.matter, reason="other", only_proposed=True)))
        assert barred == write(replace(given, kind=Kind.PROPOSAL_DECLINED))
