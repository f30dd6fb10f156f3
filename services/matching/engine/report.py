"""The figures of a round's report, from places to JSON-able numbers (N4, N19)."""

from typing import Any

from services.matching.domain.rules import RuleSet
from services.matching.engine.snapshot import Snapshot
from services.matching.engine.solver import Solved


def report_of(snapshot: Snapshot, solved: Solved, rules: RuleSet) -> dict[str, Any]:
    """Return the report of a solved round."""
    return {"people": snapshot.size, "pairs": len(solved.pairs), "trios": len(solved.trios)}
