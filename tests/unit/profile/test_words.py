"""Words to codes: token-wise, never by substring; working hours; slugs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.adapters.vocabulary import BadVocabulary, load_vocabulary
from services.profile.domain.text import has_controls, slug, tidy, tokens
from services.profile.domain.values import WorkingSpan
from services.profile.domain.vocabulary import ClashingTerms, Kind, Source, Term, TermList
from services.profile.domain.working_hours import UnreadableHours, hours_text, parse_hours
from tests.unit.profile.builders import VOCABULARY


def code(words: str, kind: Kind = Kind.SKILL) -> str | None:
    """Return what the shipped list makes of words."""
    return VOCABULARY.tag(kind, words).code


class TestInvisibleSigns:
    """What nobody sees must not make two keys differ, nor turn a name round in a mail."""

    @pytest.mark.parametrize("sign", ["\u200b", "\ufeff", "\u202e", "\u2066", "\u00ad", "\u200f"])
    def test_they_are_dropped(self, sign: str) -> None:
        """Copied cells bring them along."""
        assert tidy(f"{sign}E-1{sign}") == "E-1"

    def test_joiners_of_emoji_and_persian_stay(self) -> None:
        """They are part of how a name is written."""
        name = "👩\u200d💻 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
        assert tidy(name) == name


class TestSkills:
    """Issue 3: normalised against the company's list."""

    @pytest.mark.parametrize("words", ["AI", "ai", "\uff21\uff29", "Künstliche Intelligenz", "kuenstliche  intelligenz", "KI"])
    def test_case_width_blanks_and_umlauts_do_not_matter(self, words: str) -> None:
        """One skill, one code, in English and German."""
        assert code(words) == "artificial-intelligence"

    @pytest.mark.parametrize(
        ("words", "wanted"), [("Retail", "retail"), ("Retail analytics", "retail-analytics"), ("Email", "email"), ("Paint", "paint")]
    )
    def test_a_word_inside_a_word_never_counts(self, words: str, wanted: str) -> None:
        """C: "AI" is not in "retail"."""
        assert code(words) == wanted

    @pytest.mark.parametrize(
        ("words", "wanted"), [("C", "c"), ("C++", "cpp"), ("C#", "csharp"), ("R", "r-language"), ("R&D", "r&d"), ("Go", "go-language")]
    )
    def test_signs_that_matter_stay(self, words: str, wanted: str) -> None:
        """C, C++ and C# are three skills."""
        assert code(words) == wanted

    @pytest.mark.parametrize("words", ["Python basics", "Python (advanced)", "Python-Kenntnisse", "python programming"])
    def test_words_that_say_nothing_are_left_out(self, words: str) -> None:
        """The company's list of fillers."""
        assert code(words) == "python"

    def test_unknown_skill_becomes_a_free_tag(self) -> None:
        """A slug; a sentence is no tag and stays private (N9)."""
        assert code("Kite building workshops") == "kite-building-workshops"
        assert code("Everything that has to do with my time at the old plant") is None
        assert code("???") is None

    @pytest.mark.parametrize(
        ("words", "wanted"),
        [
            ("Project A 1", "project-a-1"),
            ("PROJECT  a-1", "project-a\u20101"),
            ("Project-A-1", "project\u2010a\u20101"),
            ("Größe/Süd", "groesse\u2044sued"),
            ("Kite.js", "kite\u00b7js"),
            ("Notepad++", "notepadplusplus"),
        ],
    )
    def test_signs_keep_free_tags_apart(self, words: str, wanted: str) -> None:
        """Matching 10: case, width and blanks are one thing; two projects may differ by a hyphen."""
        assert code(words) == code(f" {words.swapcase()} ") == wanted
        assert code(words, Kind.GOAL) == wanted

    def test_signs_do_not_matter_to_the_list(self) -> None:
        """A person has said what its spellings mean."""
        assert code("Künstliche-Intelligenz") == "artificial-intelligence"

    def test_unknown_challenge_is_opaque_but_equal_to_itself(self) -> None:
        """R9: matching may compare it, nobody can read it."""
        found = code("My boss Bob", Kind.CHALLENGE)
        assert found is not None
        assert found.startswith("free-")
        assert "bob" not in found
        assert found == code("my  BOSS bob", Kind.CHALLENGE)
        assert code("Too much work", Kind.CHALLENGE) == "workload"

    def test_goal_in_a_sentence_is_found(self) -> None:
        """R3: goals are written as sentences; skills are not searched in sentences (R17: only evidence that really matched)."""
        assert code("I would like to lead a team within two years", Kind.GOAL) == "lead-a-team"
        assert code("Lead a teamwork session", Kind.GOAL) == "lead-a-teamwork-session"

    def test_one_spelling_belongs_to_one_code(self) -> None:
        """A list that contradicts itself is refused at start."""
        with pytest.raises(ClashingTerms):
            TermList((Term(code="a", labels={"en": "Same"}), Term(code="b", labels={"en": "same"})))

    def test_every_shipped_term_finds_itself(self) -> None:
        """No term shadows another one."""
        english_only = {term.code for term in VOCABULARY.skills if term.source is Source.ESCO}
        for kind in Kind:
            for known, labels in VOCABULARY.labels(kind).items():
                assert {code(words, kind) for words in (known, *labels.values())} == {known}
                assert set(labels) == ({"en"} if known in english_only else {"en", "de"})

    def test_shipped_list_is_a_companys(self) -> None:
        """About 120 skills, some with other spellings."""
        assert len(VOCABULARY.labels(Kind.SKILL)) >= 120

    @pytest.mark.parametrize(
        "text", ["skills = 1", "skills = [{code = 'A b', en = 'x'}]", "nonsense", "skills = [{code='a', en='x'}, {code='b', en='x'}]"]
    )
    def test_bad_list_says_where(self, text: str, tmp_path: Path) -> None:
        """One readable line at start."""
        path = tmp_path / "list.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadVocabulary, match=r"list\.toml"):
            load_vocabulary(path)


class TestSlugs:
    """Organisation codes."""

    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("Finance & Controlling", "finance-controlling"),
            ("Größe/Süd", "groesse-sued"),
            ("São Paulo", "sao-paulo"),
            ("東京 支社", "東京-支社"),
        ],
    )
    def test_names_become_codes(self, name: str, wanted: str) -> None:
        """Equal spellings, equal codes."""
        assert slug(name) == wanted

    @given(st.text(max_size=40))
    def test_a_code_is_its_own_code(self, text: str) -> None:
        """Folding twice changes nothing."""
        assert slug(slug(text)) == slug(text)
        assert all(" " not in token for token in tokens(text))

    def test_invisible_signs_are_noticed(self) -> None:
        """NUL, line ends and broken text; letters of any script are fine."""
        assert [has_controls(text) for text in ("a\x00", "a\nb", "a\u2028b", "\udcff")] == [True] * 4
        assert not has_controls("Zoë O'Neil 東京 é")


class TestWorkingHours:
    """N16: `mo-fr 09:00-17:00`."""

    def test_usual_form(self) -> None:
        """Five days of eight hours."""
        spans = parse_hours("mo-fr 09:00-17:00")
        assert spans[0] == WorkingSpan(weekday=0, start_minute=540, end_minute=1020)
        assert [span.weekday for span in spans] == [0, 1, 2, 3, 4]

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("Mo,Mi 8:00-12:00, fr 9:00-13:00", "mo 08:00-12:00; we 08:00-12:00; fr 09:00-13:00"),
            ("mo 09:00-12:00; mo 13:00-17:00", "mo 09:00-12:00; mo 13:00-17:00"),
            ("fr 22:00-02:00", "fr 22:00-24:00; sa 00:00-02:00"),
            ("sa-mo 10:00-12:00", "mo 10:00-12:00; sa 10:00-12:00; su 10:00-12:00"),
            ("th 00:00-24:00", "th 00:00-24:00"),
        ],
    )
    def test_other_forms(self, text: str, shown: str) -> None:
        """Lists, two parts a day, nights, weekends; what is shown is read again."""
        assert hours_text(parse_hours(text)) == shown
        assert parse_hours(shown) == parse_hours(text)

    @pytest.mark.parametrize(
        "text",
        [
            "nine to five",
            "mo-fr",
            "mo 25:00-26:00",
            "mo 09:60-10:00",
            "mo 9-17",
            "mo 09:00-09:00",
            "mo 9:00-12:00, mo 11:00-13:00",
            "xx 09:00-17:00",
        ],
    )
    def test_what_cannot_be_read_is_refused(self, text: str) -> None:
        """Overlaps too."""
        with pytest.raises(UnreadableHours):
            parse_hours(text)
