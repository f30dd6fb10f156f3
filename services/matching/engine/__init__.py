"""The matching engine: pure functions from a frozen snapshot to a solved, explained and certified round (N4-N7).

Arrays and frozen values in, frozen values out; no broker, no database, no clock, no global state. Heavy: call it in
a worker process, never in an event loop. `README.md` beside this file is the model's specification.
"""

from services.matching.engine.person import Person
from services.matching.engine.result import Certificate, Evidence, Explanation, Match, Quantiles, Result
from services.matching.engine.round import solve

__all__ = ["Certificate", "Evidence", "Explanation", "Match", "Person", "Quantiles", "Result", "solve"]
