"""The oracle bites: each of its rules is broken on purpose, and the simulation finds each break."""

import pytest

from tests.simulation.mutations import PATH, Mutation
from tests.simulation.mutations_business import BUSINESS
from tests.simulation.oracle import name_of
from tests.simulation.run import RULES, run

MUTATIONS = (*PATH, *BUSINESS)
SEEDS_MAX = 4
SETTLES_WITHIN = 12.0


class TestMutations:
    """N2: a proof is worth what it would have found."""

    @pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: str(mutation.name))
    def test_a_planted_break_is_found(self, mutation: Mutation) -> None:
        """Each break is found within a few seeds, by the rule that it breaks."""
        found: list[str] = []
        for seed in range(mutation.seed, mutation.seed + SEEDS_MAX):
            with mutation.planted():
                found += [each.rule for each in run(seed, mutation.faults, lasts=mutation.lasts, settles=SETTLES_WITHIN).violations]
            if mutation.rule in found:
                return
        raise AssertionError(f"{mutation.name} was not found by {mutation.rule}, only by {found}")

    def test_every_rule_has_its_break(self) -> None:
        """A rule that nothing can break says nothing."""
        assert {mutation.rule for mutation in MUTATIONS} >= {name_of(rule) for rule in RULES}
