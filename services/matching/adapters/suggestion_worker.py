"""The worker process of one programme's suggestions: builds an index, then answers questions line by line (R3, R15-R17).

Started by `suggestion_desk.py` as `python -m services.matching.adapters.suggestion_worker`. The event loop of the service never
loads the engine; a new index is built in a new process while the old one goes on answering.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, TextIO

import numpy as np
from pydantic import TypeAdapter

from services.matching.adapters.packing import person_of, rules_for
from services.matching.adapters.round_worker import end_with
from services.matching.adapters.worker_lines import END_MARK, Job
from services.matching.domain.rules import RuleSet
from services.matching.domain.snapshot import FrozenMember
from services.matching.engine.person import Person
from services.matching.engine.solver import solve_pool
from services.matching.engine.suggestions import FULL, Index, SuggestionIndex, build_index, searched

MEMBERS: TypeAdapter[list[FrozenMember]] = TypeAdapter(list[FrozenMember])


class Answers:
    """One index and who changed since; fulfils what the desk asks."""

    def __init__(self, job: Job, members: Sequence[FrozenMember]) -> None:
        """Build the index, ordered by the seat prices of a round that is solved for them alone."""
        self._at: datetime = job.order.frozen_at
        people = [self._person(member) for member in members]
        rules = rules_for(people, job.order.draft.rules, job.order.skills)
        rules = replace(rules, kind="mentor" if rules.kind == "mentor" else "peer")  # a circle begins with two
        self._index = SuggestionIndex(_priced(build_index(people, rules, job.order.draft.seed, prices={}), rules, job.order.draft.seed))

    def _person(self, member: FrozenMember) -> Person:
        """Seats, ties and rest are looked up when somebody asks: here everybody has a seat and nobody is barred by a wish."""
        return person_of(replace(member, seats=1, resting=None, barred=(), live=(), met=()), self._at)

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer one question; nobody who is unknown here makes a difference to a full partner."""
        if "changed" in question:
            changed: dict[str, Person | None] = dict.fromkeys(question["gone"])
            changed |= {one.id: one for one in map(self._person, MEMBERS.validate_python(question["changed"]))}
            self._index = self._index.with_changed(changed)
            return {"changed": self._index.changed}
        member, offers = question["member"], question["offers"]
        if "other" in question:
            known = member in self._index and question["other"] in self._index
            return {"why": asdict(self._index.why_not(member, question["other"], offers=offers) if known else FULL)}
        found = self._index.suggest(member, question["count"], question["without"], offers=offers) if member in self._index else []
        return {"suggested": [[each.member, each.weight] for each in found]}


def _priced(index: Index, rules: RuleSet, seed: int) -> Index:
    """Return the index with what a seat of everybody is worth: a round without second looks tells."""
    if not index.ids:
        return index
    quick = replace(rules, search=replace(rules.search, pricing_passes=0), objective=replace(rules.objective, trios=False))
    solved = solve_pool(searched(index.pool, rules), quick, seed, threads=1, progress=lambda _stage, _share: None)
    return replace(index, half_price=np.maximum(solved.net2, 0) / 4)


def main(source: Iterable[str], sink: TextIO) -> None:
    """Read a job and members, say ready, answer until the input ends."""
    lines = iter(source)
    job = TypeAdapter(Job).validate_json(next(lines))
    members = [member for line in _until_end_mark(lines) for member in MEMBERS.validate_json(line)]
    desk = Answers(job, members)
    _say(sink, {"ready": len(members)})
    for line in lines:
        _say(sink, desk.answer(json.loads(line)))


def _until_end_mark(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line == END_MARK:
            return
        yield line
    raise SystemExit(1)  # the service died in the middle


def _say(sink: TextIO, answer: dict[str, Any]) -> None:
    sink.write(json.dumps(answer, separators=(",", ":")) + "\n")
    sink.flush()


if __name__ == "__main__":
    end_with(os.getppid())
    answers_to = sys.stdout
    sys.stdout = sys.stderr  # a library that prints must not garble the answer
    main(sys.stdin, answers_to)
