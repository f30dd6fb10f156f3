"""The company's list of skills: hierarchy, additions, merges, and what members have of it (R6)."""

from dataclasses import replace

import pytest

from services.profile.domain import refusals
from services.profile.domain.skill_list import COMPANY, SkillList, recodings
from services.profile.domain.values import Offer, Tag, Want, When
from services.profile.domain.vocabulary import ClashingTerms, Kind, Source, Term, Vocabulary
from tests.unit.profile.builders import REFERENCE, VOCABULARY, joined

GROUPS = (Term(code="data", labels={"en": "Data"}), Term(code="systems", labels={"en": "Systems"}, broader="data"))
SQL = Term(code="sql", labels={"en": "SQL"}, broader="systems", synonyms=("Structured query language",))
MONGO = Term(code="mongodb", labels={"en": "MongoDB"}, broader="systems", source=Source.ESCO)
BASE = Vocabulary({Kind.SKILL: (SQL, MONGO)}, groups=GROUPS)
MATLAB = Term(code="matlab", labels={"en": "Matlab"}, synonyms=("Matlab R2020",), broader="data")


def changes() -> SkillList:
    """Return a list without changes."""
    return SkillList(id=COMPANY)


def code_of(vocabulary: Vocabulary, words: str) -> str | None:
    """Return what a list makes of words."""
    return vocabulary.tag(Kind.SKILL, words).code


class TestShippedHierarchy:
    """R6: every skill of the shipped list has its place; ESCO comes second and says where it comes from."""

    def test_every_skill_leads_to_a_top_group(self) -> None:
        """R6: related skills are found through common steps upward."""
        groups = {group.code for group in VOCABULARY.groups}
        assert {term.code for term in VOCABULARY.skills if term.broader is None} == set()
        assert {term.broader for term in VOCABULARY.skills} <= groups | {term.code for term in VOCABULARY.skills}
        assert not groups & {term.code for term in VOCABULARY.skills}

    def test_esco_concepts_have_their_uri_and_never_take_a_companys_spelling(self) -> None:
        """R6: company list first; an extract of ESCO as data."""
        esco = [term for term in VOCABULARY.skills if term.source is Source.ESCO]
        assert len(esco) > 150
        assert all((term.uri or "").startswith("http://data.europa.eu/esco/skill/") for term in esco)
        assert code_of(VOCABULARY, "Haskell") == "haskell"
        assert code_of(VOCABULARY, "PostgreSQL") == "databases"

    @pytest.mark.parametrize("words", ["Matlab", "MATLAB", " mat\uff4cab "])
    def test_spelling_variants_meet(self, words: str) -> None:
        """C: `Matlab` and `MATLAB` never met: 42 wanters and 153 offerers."""
        assert code_of(VOCABULARY, words) == "matlab"

    def test_a_way_up_to_nothing_or_in_a_circle_is_refused(self) -> None:
        """A company's own file is checked at start."""
        with pytest.raises(ClashingTerms, match="neither a skill nor a group"):
            Vocabulary({Kind.SKILL: (replace(SQL, broader="nowhere"),)})
        with pytest.raises(ClashingTerms, match="part of itself"):
            Vocabulary({Kind.SKILL: (replace(SQL, broader="b"), Term(code="b", labels={"en": "B"}, broader="sql"))})


class TestAdding:
    """R6: HR adds what the file lacks."""

    def test_spellings_mean_the_new_skill_and_the_hierarchy_is_told(self) -> None:
        """N1: other services learn the place of a skill, no words."""
        skills = changes()
        assert skills.add(MATLAB, BASE)
        assert code_of(skills.over(BASE), "matlab r2020") == "matlab"
        ((_, told),) = skills.take_recorded()
        assert told.skills == {"data": None, "systems": "data", "sql": "systems", "mongodb": "systems", "matlab": "data"}  # type: ignore[attr-defined]

    def test_the_same_again_changes_and_tells_nothing(self) -> None:
        """Idempotent; another text for an added code replaces it."""
        skills = changes()
        skills.add(MATLAB, BASE)
        skills.take_recorded()
        assert not skills.add(MATLAB, BASE)
        assert skills.add(replace(MATLAB, synonyms=()), BASE)
        assert len(skills.added) == 1
        assert skills.take_recorded() == []

    @pytest.mark.parametrize(
        ("term", "refusal"),
        [
            (replace(SQL, labels={"en": "Other"}), refusals.SkillIsListed),
            (Term(code="data", labels={"en": "x"}), refusals.SkillIsListed),
            (Term(code="query", labels={"en": "structured  QUERY language"}), refusals.SpellingTaken),
            (Term(code="new", labels={"en": "New"}, broader="sistems"), refusals.UnknownSkill),
            (Term(code="new", labels={"en": "New"}, broader="new"), refusals.UnknownSkill),
        ],
    )
    def test_what_contradicts_the_list_is_refused(self, term: Term, refusal: type[refusals.UnknownSkill]) -> None:
        """One code, one skill; one spelling, one skill; a place that exists."""
        with pytest.raises(refusal):
            changes().add(term, BASE)

    def test_a_wrong_place_is_answered_with_the_nearest(self) -> None:
        """Clear errors: the remedy stands beside the fault."""
        with pytest.raises(refusals.UnknownSkill) as caught:
            changes().add(replace(MATLAB, broader="sistems"), BASE)
        assert caught.value.facts["nearest"] == ["systems"]

    def test_a_spelling_in_place_of_a_code_is_answered_with_its_owner(self) -> None:
        """Clear errors: "structured-query-language" is sql."""
        with pytest.raises(refusals.UnknownSkill) as caught:
            changes().merge("mongo", "structured-query-language", BASE)
        assert caught.value.facts["nearest"] == ["sql"]


class TestMerging:
    """R6: two spellings that nobody could know to be one."""

    def test_every_spelling_of_the_merged_means_the_other(self) -> None:
        """R6: the code, the label and the synonyms."""
        skills = changes()
        skills.merge("sql", "mongodb", BASE)
        now = skills.over(BASE)
        assert {code_of(now, words) for words in ("sql", "Structured Query Language", "MongoDB")} == {"mongodb"}
        assert now.skill("sql") is None
        assert recodings(now.skills, skills.merged)["sql"] == "mongodb"

    def test_a_free_tag_becomes_a_skill(self) -> None:
        """What people wrote is proposed to a person, and merged only by one."""
        skills = changes()
        assert skills.merge("mongo-db", "mongodb", BASE)
        assert code_of(skills.over(BASE), "Mongo DB") == "mongodb"

    def test_chains_are_shortened_and_circles_refused(self) -> None:
        """What was merged into the merged one follows."""
        skills = changes()
        skills.merge("mongo-db", "mongodb", BASE)
        skills.merge("mongodb", "sql", BASE)
        assert skills.merged == {"mongo-db": "sql", "mongodb": "sql"}
        assert not skills.merge("mongo-db", "mongodb", BASE)
        with pytest.raises(refusals.SkillIsPartOfItself):
            skills.merge("sql", "mongodb", BASE)
        with pytest.raises(refusals.UnknownSkill):
            skills.merge("a", "nowhere", BASE)

    def test_what_was_below_a_merged_skill_moves(self) -> None:
        """R6: no step upward leads to a code that is gone, nor round in a circle."""
        below = Vocabulary({Kind.SKILL: (SQL, MONGO, Term(code="t-sql", labels={"en": "T-SQL"}, broader="sql"))}, groups=GROUPS)
        moved, risen = changes(), changes()
        moved.merge("sql", "mongodb", below)
        assert moved.over(below).broader["t-sql"] == "mongodb"
        risen.merge("sql", "t-sql", below)
        assert risen.over(below).broader["t-sql"] == "systems"

    def test_changes_outlive_a_file_that_lost_a_skill(self) -> None:
        """A company may replace its file: what no longer fits is left out, the service starts."""
        skills = changes()
        skills.add(replace(MATLAB, broader="systems"), BASE)
        skills.merge("mongo-db", "mongodb", BASE)
        smaller = Vocabulary({Kind.SKILL: (replace(SQL, broader=None),)})
        assert skills.over(smaller).broader == {"sql": None, "matlab": None}


class TestMembers:
    """R6: members' codes follow, and with them their cards."""

    def test_codes_follow_and_duplicates_become_one(self) -> None:
        """R6: the stronger offer and the more urgent want stay; words stay as they were written."""
        ada = joined(
            offers=(
                Offer(tag=Tag(code="mongo-db", words="Mongo DB"), strength=2),
                Offer(tag=Tag(code="mongodb", words="MongoDB"), strength=4),
            ),
            wants=(
                Want(tag=Tag(code="sql", words="SQL"), when=When.LATER, priority=3),
                Want(tag=Tag(code="query", words="query"), priority=1),
                Want(tag=Tag(code=None, words="a long sentence")),
            ),
        )
        assert ada.recode({"mongo-db": "mongodb", "query": "sql"})
        assert ada.offers == (Offer(tag=Tag(code="mongodb", words="MongoDB"), strength=4),)
        assert [want.tag.code for want in ada.wants] == ["sql", None]
        assert ada.wants[0].when is When.NOW
        (due,) = ada.take_due_records(REFERENCE)
        assert [offer.code for offer in due.record.offers] == ["mongodb"]  # type: ignore[union-attr]
        assert not ada.recode({"mongo-db": "mongodb", "query": "sql"})
