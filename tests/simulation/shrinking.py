"""Making a failing run small: a shorter life of the company first, then fewer faults, as long as the same rule breaks."""

from collections.abc import Callable
from dataclasses import replace

from tests.simulation.faults import Plan
from tests.simulation.run import Verdict

TRIES_MAX = 80
LIFE_SHORTEST = 4.0
Run = Callable[[Plan], Verdict]


class Shrinking:
    """One search for a small plan under which `rule` still breaks (another rule would be another bug)."""

    def __init__(self, rule: str, once: Run, tries: int = TRIES_MAX) -> None:
        """Ask `once`, at most `tries` times."""
        self._rule, self._once, self.tries = rule, once, tries

    def shrink(self, plan: Plan) -> Plan:
        """Return the smallest plan that was found."""
        return self._with_fewer_faults(self._with_fewer_acts(plan))

    def _breaks(self, plan: Plan) -> bool:
        self.tries -= 1
        return any(found.rule == self._rule for found in self._once(plan).violations)

    def _with_fewer_acts(self, plan: Plan) -> Plan:
        """Let people rest earlier: what nobody does any more needs no reading."""
        cut = plan.lasts / 2
        while cut >= 1.0 and self.tries > 0:
            shorter = replace(plan, lasts=max(LIFE_SHORTEST, plan.lasts - cut))
            if shorter.lasts < plan.lasts and self._breaks(shorter):
                plan = shorter
            cut /= 2
        return plan

    def _with_fewer_faults(self, plan: Plan) -> Plan:
        """Delta debugging: leave out halves, quarters … single faults."""
        size = max(1, len(plan.faults) // 2)
        while plan.faults and size and self.tries > 0:
            smaller = self._without_some(plan, size)
            if smaller is None:
                size //= 2
            else:
                plan, size = smaller, min(size, max(1, len(smaller.faults)))
        return plan

    def _without_some(self, plan: Plan, size: int) -> Plan | None:
        for begin in range(0, len(plan.faults), size):
            candidate = replace(plan, faults=(*plan.faults[:begin], *plan.faults[begin + size :]))
            if self.tries > 0 and self._breaks(candidate):
                return candidate
        return None
