"""The worker process of one round: reads an order and members from stdin, writes progress, leaves and a solution to stdout.

Started by `round_engine.py` as `python -m services.matching.adapters.round_worker`. Knows no database, broker or clock.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from pydantic import TypeAdapter

from services.matching.adapters.packing import person_of
from services.matching.domain.rules import RuleSet
from services.matching.domain.snapshot import Explanation, FrozenMember, Group, Leaf, digest_of, leaves_of
from services.matching.engine import Evidence, Match, Person, Result, solve

GROUPS_PER_LEAF = 50
UNMATCHED_PER_LEAF = 200
PARENT_CHECK_SECONDS = 1.0
END_MARK = "end\n"


class Incomplete(Exception):
    """The members ended without the end mark: the service died or lost its database in the middle."""


def main(source: TextIO, sink: TextIO) -> None:
    """Solve one round; whatever fails is told in one line that quotes no data (N9)."""
    try:
        for answer in answers(source, sink):
            _say(sink, answer)
    except Exception as fault:  # noqa: BLE001 - the other side decides what becomes of the round
        _say(sink, {"failed": f"{type(fault).__name__} in {_place_of(fault)}"})


def _place_of(fault: BaseException) -> str:
    """Return where it happened: file and line, no values."""
    last = traceback.extract_tb(fault.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def answers(source: Iterable[str], sink: TextIO) -> Iterable[dict[str, Any]]:
    """Yield the leaves and, last, the solution."""
    lines = iter(source)
    head = json.loads(next(lines))
    shape, leaf_shape = TypeAdapter(list[FrozenMember]), TypeAdapter(Leaf)
    frozen: list[FrozenMember] = []
    for line in lines:
        if line == END_MARK:
            break
        frozen += shape.validate_json(line)
    else:
        raise Incomplete
    at = datetime.fromisoformat(head["frozen_at"])
    resting = {member.card.member_id: member.resting for member in frozen if member.resting is not None}
    people = [person_of(member, at) for member in frozen if member.resting is None]
    outcome = solved(people, RuleSet.from_mapping(head["rules"]), head["seed"], head["threads"], sink)
    groups = [] if outcome is None else [_group(match) for match in (*outcome.pairs, *outcome.trios)]
    unmatched = resting | ({} if outcome is None else {member: reason.value for member, reason in outcome.unmatched.items()})
    leaves = 0
    for leaf in leaves_of(groups, unmatched, groups_max=GROUPS_PER_LEAF, unmatched_max=UNMATCHED_PER_LEAF):
        leaves += 1
        yield {"leaf": leaf_shape.dump_python(leaf, mode="json")}
    yield {"solution": _solution(outcome, size=len(frozen), unmatched=unmatched, leaves=leaves)}


def solved(people: Sequence[Person], rules: RuleSet, seed: int, threads: int, sink: TextIO) -> Result | None:
    """Run the engine; an empty pool has no result."""
    if not people:
        return None
    return solve(people, rules, seed, threads=threads, progress=lambda stage, share: _say(sink, {"stage": stage, "share": share}))


def _say(sink: TextIO, answer: dict[str, Any]) -> None:
    sink.write(json.dumps(answer, separators=(",", ":")) + "\n")
    sink.flush()


def _group(match: Match) -> Group:
    return Group(
        members=match.members,
        weight=match.weight,
        explanations={
            side.member: Explanation(
                shared=_items(side.shared), different=_items(side.different), you_give=_items(side.you_give), you_get=_items(side.you_get)
            )
            for side in match.explanations
        },
    )


def _items(evidence: Sequence[Evidence]) -> tuple[tuple[str, str], ...]:
    return tuple((each.kind, each.code) for each in evidence)


def _solution(outcome: Result | None, *, size: int, unmatched: dict[str, str], leaves: int) -> dict[str, Any]:
    said = {"size": size, "unmatched": len(unmatched), "leaves": leaves}
    if outcome is None:
        nothing = {"pairs": 0, "trios": 0, "weight": 0, "bound": 0, "engine": "none", "engine_version": "0"}
        return said | nothing | {"result_hash": digest_of(sorted(unmatched.items()))}
    return said | {
        "pairs": len(outcome.pairs),
        "trios": len(outcome.trios),
        "weight": outcome.weight,
        "bound": outcome.bound,
        "engine": outcome.engine,
        "engine_version": outcome.engine_version,
        "result_hash": outcome.result_hash,
    }


def end_with(parent: int) -> None:
    """Look once a second whether the parent lives: a round whose service was killed is solved anew by the next one."""

    def look(_signal: int, _frame: object) -> None:
        if os.getppid() != parent:
            os._exit(1)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, PARENT_CHECK_SECONDS, PARENT_CHECK_SECONDS)


if __name__ == "__main__":
    end_with(os.getppid())
    answers_to = sys.stdout
    sys.stdout = sys.stderr  # a library that prints must not garble the answer
    main(sys.stdin, answers_to)
