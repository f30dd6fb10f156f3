"""What differs by the kind of relationship (R43, R44): which pool places the inverted U, and how the round is solved."""

from services.matching.domain.rules import RuleSet
from services.matching.engine.calibrate import Calibration, calibrate
from services.matching.engine.circling import solve_circle
from services.matching.engine.mentoring import in_two_roles, solve_mentor
from services.matching.engine.shapes import Int, Pool
from services.matching.engine.solver import Progress, Solved, solve_pool


def calibrated(pool: Pool, rules: RuleSet, seed: int, *, mentee_seats: Int) -> Calibration:
    """Return the calibration by useful pairs: in kind `mentor` those of a mentee with a mentor."""
    return calibrate(in_two_roles(pool, rules, mentee_seats) if rules.kind == "mentor" else pool, rules, seed)


def solve_kind(
    pool: Pool, rules: RuleSet, seed: int, *, mentee_seats: Int, threads: int, progress: Progress, placed: Calibration
) -> Solved:
    """Solve one pool as the programme's kind asks."""
    if rules.kind == "mentor":
        return solve_mentor(pool, rules, seed, mentee_seats=mentee_seats, threads=threads, progress=progress, placed=placed)
    if rules.kind == "circle":
        return solve_circle(pool, rules, seed, progress=progress, placed=placed)
    return solve_pool(pool, rules, seed, threads=threads, progress=progress, placed=placed)
