"""The oracle bites: the path is broken in a dozen ways, and the simulation finds each of them."""

import pytest

from tests.simulation.mutations import MUTATIONS, Mutation
from tests.simulation.run import run

SEEDS_MAX = 3
SETTLES_WITHIN = 25.0


class TestMutations:
    """N2: a proof is worth what it would have found."""

    @pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: str(mutation.name))
    def test_a_planted_break_is_found(self, mutation: Mutation) -> None:
        """Each break is found within three seeds, by the rule that it breaks."""
        found: list[str] = []
        for seed in range(1, SEEDS_MAX + 1):
            with mutation.planted():
                found += [
                    violation.rule for violation in run(seed, mutation.faults, lasts=mutation.lasts, settles=SETTLES_WITHIN).violations
                ]
            if mutation.rule in found:
                return
        raise AssertionError(f"{mutation.name} was not found by {mutation.rule}, only {found}")
