"""One round from people to result: a pure function of (people, rules, seed) (N4-N7)."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from services.matching.domain.reasons import UnmatchedReason
from services.matching.domain.rules import RuleSet
from services.matching.engine.around import free_pool, free_to_learn, joined
from services.matching.engine.explain import Explainer
from services.matching.engine.kinds import calibrated, solve_kind
from services.matching.engine.person import Person
from services.matching.engine.pool import build_pool
from services.matching.engine.report import report_of
from services.matching.engine.result import Match, Result, Settled
from services.matching.engine.snapshot import Snapshot, freeze
from services.matching.engine.solver import Solved

ENGINE, VERSION = "auction", "1"
Progress = Callable[[str, float], None]


def _silent(stage: str, share: float) -> None:
    """Hear nothing."""


def run(
    people: Sequence[Person],
    rules: RuleSet,
    seed: int,
    *,
    threads: int = 1,
    progress: Progress | None = None,
    settled: Settled | None = None,
) -> Result:
    """Solve a round; see `services.matching.engine.solve`."""
    tell = progress or _silent
    tell("freeze", 0.0)
    snapshot = freeze(people, rules.placeholders)
    pool, around = build_pool(snapshot, rules), settled or Settled()
    placed = calibrated(pool, rules, seed, mentee_seats=snapshot.mentee_seats)
    rest = free_pool(pool, snapshot.ids, around)
    learn = free_to_learn(snapshot.mentee_seats, snapshot.ids, around)
    solved = solve_kind(rest, rules, seed, mentee_seats=learn, threads=threads, progress=tell, placed=placed)
    solved = joined(solved, pool, rules, placed, ids=snapshot.ids, settled=around)
    tell("explain", 0.0)
    by_id = {person.id: person for person in people}
    crowd = [by_id[member] for member in snapshot.ids]
    return assemble(crowd, snapshot, solved, rules, seed)


def assemble(crowd: Sequence[Person], snapshot: Snapshot, solved: Solved, rules: RuleSet, seed: int) -> Result:
    """Turn places into ids, and explain every pair and trio. `crowd` is in the snapshot's order."""
    explainer = Explainer(rules)
    of_pairs, of_trios = solved.gains()
    pairs = tuple(
        _match(crowd, pair, weight, gains, explainer, solved.mentees.get(pair))
        for pair, weight, gains in zip(solved.pairs, solved.weights, of_pairs, strict=True)
    )
    trios = tuple(_match(crowd, trio, weight, gains, explainer) for (trio, weight), gains in zip(solved.trios, of_trios, strict=True))
    unmatched = {snapshot.ids[i]: reason for i, reason in sorted(solved.unmatched.items())}
    return Result(
        pairs=pairs,
        trios=trios,
        unmatched=unmatched,
        weight=solved.certificate.score,
        certificate=solved.certificate,
        quantiles=solved.quantiles,
        prices={member: max(0, int(net)) / 2 for member, net in zip(snapshot.ids, solved.net2, strict=True)},
        engine=ENGINE,
        engine_version=VERSION,
        rules_version=rules.version,
        seed=seed,
        size=snapshot.size,
        candidates=len(solved.edges),
        snapshot_hash=snapshot.hash,
        result_hash=result_hash(pairs, trios, unmatched),
        report=report_of(snapshot, solved, rules),
    )


def _match(
    crowd: Sequence[Person], members: Sequence[int], weight: int, gains: Sequence[float], explainer: Explainer, mentee: int | None = None
) -> Match:
    people = [crowd[i] for i in members]
    explained = tuple(explainer.explain(one, [other for other in people if other is not one]) for one in people)
    helped = None if mentee is None else crowd[mentee].id
    if helped is not None:
        explained = tuple(replace(side, you_give=()) if side.member == helped else replace(side, you_get=()) for side in explained)
    return Match(tuple(one.id for one in people), weight, tuple(round(gain, 6) for gain in gains), explained, helped)


def result_hash(pairs: Sequence[Match], trios: Sequence[Match], unmatched: Mapping[str, UnmatchedReason]) -> str:
    """Return a hash of who is with whom, at which score, and who is not, for which reason."""
    said = {
        "pairs": [[*match.members, match.weight, *(math.floor(gain * 1e6) for gain in match.gains)] for match in pairs],
        "trios": [[*match.members, match.weight] for match in trios],
        "unmatched": {member: str(reason) for member, reason in unmatched.items()},
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
