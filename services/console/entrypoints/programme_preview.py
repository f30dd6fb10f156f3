"""A preview as a person reads it: tables and text histograms."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.console.entrypoints.output import print_histogram, print_line, print_table


def show_preview(told: Mapping[str, Any]) -> None:
    """Print a preview, the most useful first."""
    people, placed, gain = told["people"], told["sameness"], told["mutual_gain"]
    print_table(f"People of {told['programme_id']}", ["what", "value"], _people(people, told["reciprocity"]))
    gates = told["gates"]
    rows = [
        [each["gate"], _percent(each["share_of_pairs"]), each["people_who_lose_somebody"], each["people_cut_off"]]
        for each in gates["by_gate"]
    ]
    print_table(
        f"Whom the gates cut off ({people['looked_at']} people and {gates['pairs_looked_at']} useful pairs looked at)",
        ["gate", "of pairs", "lose somebody", "lose everybody"],
        rows,
    )
    print_histogram("Sameness of useful pairs", placed["histogram"], marks=_marks(placed))
    if told["kind"] == "mentor":
        print_histogram("What a mentee gains in pairs that no gate bars", gain["histogram_of_stronger_side"])
    else:
        print_histogram("Gain of the weaker side in pairs that no gate bars (0 = only one side gains)", gain["histogram_of_weaker_side"])
    print_line("A dash stands for fewer people than the programme's minimum group size.")


def _people(people: Mapping[str, Any], both: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    yield "enrolled and here", people["in_pool"]
    yield "with a free seat", people["with_seats"]
    for name, count in people["who_say_no"].items():
        yield f"say no {name}", count
    yield "without wants", _percent(both["share_without_wants"])
    yield "without offers", _percent(both["share_without_offers"])
    if "ceiling_of_two_way" in both:
        yield "two-way pairs, at most", _percent(both["ceiling_of_two_way"])


def _marks(placed: Mapping[str, Any]) -> dict[str, float]:
    """N5: return where the inverted U stands."""
    return {"rises to here": placed["plateau_from"], "falls from here": placed["plateau_to"], "nothing from here": placed["ceiling"]}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
