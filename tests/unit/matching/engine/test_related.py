"""Related skills count in part, by a documented worth, and are told as what they are (R6, R17, N6)."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain.rules import RuleSet
from services.matching.engine import Evidence, Person, solve
from services.matching.engine.explain import Explainer
from services.matching.engine.pairwise import gain_sums
from services.matching.engine.pool import build_pool
from services.matching.engine.snapshot import freeze
from tests.unit.matching.engine.crowds import SKILLS, crowd

NEAR = RuleSet.from_mapping({"gain": {"related_share": 0.5}, "related": [["python", "ruby", 0.8], ["python", "perl"]]})


def gained(people: list[Person], rules: RuleSet, wanter: int = 0, offerer: int = 1) -> int:
    """Return the gain sum of one person from another."""
    pool = build_pool(freeze(people, rules.placeholders), rules)
    return int(gain_sums(pool, np.array([wanter], np.int64), np.array([offerer], np.int64))[0])


class TestRelatedSkills:
    """R6: somebody who can do something near what I want can help in part."""

    def test_worth_is_strength_times_share_times_nearness(self) -> None:
        """R6: half the strength for a skill that stands in (nearness 1), four tenths at nearness .8."""
        wanter = Person(id="a", wants={"python": 2})
        itself, stand_in, near = ({"python": 5}, {"perl": 5}, {"ruby": 5})
        third = Person(id="c", offers={"perl": 1, "python": 1, "ruby": 1})
        full, half, part = (gained([wanter, Person(id="b", offers=offers), third], NEAR) for offers in (itself, stand_in, near))
        assert full > half > part > 0
        assert abs(half / full - 0.5) < 0.1
        assert abs(part / full - 0.4) < 0.1

    def test_the_most_useful_related_offer_counts_once(self) -> None:
        """R6: who offers many things near one want is no better than who offers the nearest of them."""
        wanter = Person(id="a", wants={"python": 2})
        one = gained([wanter, Person(id="b", offers={"perl": 4})], NEAR)
        both = gained([wanter, Person(id="b", offers={"perl": 4, "ruby": 4})], NEAR)
        assert both == one > 0

    def test_the_skill_itself_beats_what_is_near_it(self) -> None:
        """R6: a stated strength in the wanted skill is not talked up by a neighbour."""
        wanter = Person(id="a", wants={"python": 2})
        alone = gained([wanter, Person(id="b", offers={"python": 1})], NEAR)
        assert gained([wanter, Person(id="b", offers={"python": 1, "perl": 5})], NEAR) == alone > 0

    def test_who_knows_something_near_is_helped_by_the_skill_itself_only(self) -> None:
        """R6: a person who can Ruby and wants Python gains nothing from another Ruby."""
        wanter = Person(id="a", wants={"python": 2}, offers={"ruby": 3})
        assert gained([wanter, Person(id="b", offers={"ruby": 5})], NEAR) == 0
        assert gained([wanter, Person(id="b", offers={"perl": 5})], NEAR) == 0
        assert gained([wanter, Person(id="b", offers={"python": None})], NEAR) > 0

    def test_related_offerers_do_not_make_a_skill_common(self) -> None:
        """R6: scarcity counts those who offer the wanted skill itself."""
        people = [Person(id="a", wants={"python": 2, "sql": 2}), Person(id="b", offers={"python": 3, "sql": 3})]
        many = [*people, *(Person(id=f"p{n}", offers={"perl": 3}) for n in range(8))]
        pool = build_pool(freeze(many), NEAR)
        assert pool.wants.value[0] == pool.wants.value[1]

    def test_the_report_counts_who_offers_the_skill_itself(self) -> None:
        """Issue 5: "wishes that nobody offers" are not hidden by neighbours who stand in."""
        people = [Person(id=f"w{n}", wants={"python": 2}) for n in range(5)] + [Person(id="p", offers={"perl": 3})]
        skills: Any = solve(people, NEAR, 1).report["skills"]
        assert skills["wishes_that_nobody_offers"] == 5
        assert skills["scarcest"] == [{"skill": "python", "wanted": 5, "offered": 0, "offerers_partnered": 0}]

    def test_evidence_names_the_offered_code_as_related(self) -> None:
        """R17, N6: the list shows what the other really offers, and that it is only near the wish."""
        wanter, offerer = Person(id="a", wants={"python": 3, "sql": 1}), Person(id="b", offers={"ruby": 3, "sql": 3})
        assert Explainer(NEAR).explain(wanter, [offerer]).you_get == (Evidence("related", "ruby"), Evidence("skill", "sql"))

    @given(crowd(most=6), st.lists(st.tuples(SKILLS, SKILLS).filter(lambda pair: pair[0] != pair[1]), max_size=5))
    @settings(max_examples=150, deadline=None)
    def test_every_gain_is_explained_and_every_explanation_a_gain(self, people: list[Person], related: list[tuple[str, str]]) -> None:
        """I15: whatever is related to what, the score and the four lists agree on who helps whom."""
        rules = RuleSet.from_mapping({"related": [list(pair) for pair in related]})
        pool, explainer = build_pool(freeze(people), rules), Explainer(rules)
        pairs = [(i, j) for i in range(len(people)) for j in range(len(people)) if i != j]
        mine, yours = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
        for (i, j), total in zip(pairs, gain_sums(pool, mine, yours), strict=True):
            assert bool(total > 0) == bool(explainer.met(people[i], people[j])), (people[i], people[j])
