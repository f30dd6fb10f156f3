"""One person and many others side by side: columns, so that scores become vector code."""

from typing import NamedTuple

from services.matching.engine.compiled import lean
from services.matching.engine.score import cosine, equal_places, full_score, level_likeness
from services.matching.engine.shapes import Int, Model, Pool, Real


class Row(NamedTuple):
    """What the score of one person with others is made of, a place for each other; `score` is what comes out."""

    gain_in: Int
    """What the one gains from each, before the root; `gain_out`: what each gains from them."""
    gain_out: Int
    inverse_wish: Real
    experience: Int
    """The common weight, and below it the scale of each."""
    goals: Int
    challenges: Int
    experience_scale: Real
    goals_scale: Real
    challenges_scale: Real
    level: Int
    years: Int
    family: Int
    department: Int
    site: Int
    extra: Real
    score: Int


@lean
def score_row(pool: Pool, model: Model, i: int, row: Row) -> None:
    """Turn the columns into scores: no branch, no call, so that it becomes vector code."""
    exp_i, goal_i, chal_i = pool.experience.scale[i], pool.goals.scale[i], pool.challenges.scale[i]
    inverse_i, level_i, years_i = pool.inverse_wish[i], pool.level[i], pool.years[i]
    family_i, department_i, site_i = pool.family[i], pool.department[i], pool.site[i]
    gain_in, gain_out, inverse, out = row.gain_in, row.gain_out, row.inverse_wish, row.score
    exp_total, goal_total, chal_total = row.experience, row.goals, row.challenges
    exp_scale, goal_scale, chal_scale = row.experience_scale, row.goals_scale, row.challenges_scale
    levels, years, families, departments, sites, extra = row.level, row.years, row.family, row.department, row.site, row.extra
    for k in range(len(out)):
        exp = cosine(exp_total[k], exp_i * exp_scale[k], model.neutral_experience)
        goal = cosine(goal_total[k], goal_i * goal_scale[k], model.neutral_goals)
        chal = cosine(chal_total[k], chal_i * chal_scale[k], model.neutral_challenges)
        level = level_likeness(level_i, levels[k], years_i, years[k], model)
        known, same = equal_places(family_i, families[k], department_i, departments[k], site_i, sites[k])
        out[k] = full_score(gain_in[k], gain_out[k], inverse_i, inverse[k], exp, goal, chal, level, known, same, extra[k], model)
