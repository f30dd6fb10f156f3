"""The benchmark as one HTML page that needs nothing else: goals, cases, and bars on a logarithmic scale."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tests.bench.report import Figure

Told = Mapping[str, Any]
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1b2a33}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #d5dde2;padding:.2rem .5rem;text-align:left}"
    ".no{color:#b3401f;font-weight:600}.yes{color:#2f7d4c}svg{width:100%;height:auto}svg text{font-size:11px;fill:#456}rect{fill:#2f7d8c}"
)
_WIDTH, _LABEL, _ROW = 900, 330, 18


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table."""

    def line(tag: str, cells: Sequence[object]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    return f"<table>{line('th', head)}{''.join(line('td', row) for row in rows)}</table>"


def bars(values: Sequence[tuple[str, float]], unit: str) -> str:
    """Return one bar a value on a logarithmic scale, as SVG."""
    known = [(name, value) for name, value in values if value > 0]
    if not known:
        return ""
    low = math.floor(math.log10(min(value for _, value in known)))
    high = max(low + 1, math.ceil(math.log10(max(value for _, value in known))))
    room = _WIDTH - _LABEL - 90
    drawn = ""
    for at, (name, value) in enumerate(known):
        length = max(1.0, room * (math.log10(value) - low) / (high - low))
        y = at * _ROW
        drawn += (
            f'<text x="{_LABEL - 6}" y="{y + 12}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{_LABEL}" y="{y + 2}" width="{length:.1f}" height="{_ROW - 5}"/>'
            f'<text x="{_LABEL + length + 5:.1f}" y="{y + 12}">{value:.3g} {escape(unit)}</text>'
        )
    return f'<svg role="img" aria-label="{escape(unit)}" viewBox="0 0 {_WIDTH} {len(known) * _ROW + 4}">{drawn}</svg>'


def page(cases: Sequence[Told], figures: Sequence[Figure], missing: Sequence[str], machine: Mapping[str, Any]) -> str:
    """Return the page."""
    goals = [
        (
            figure.name,
            f"{figure.value:.4g} {figure.unit}",
            f"{'≥' if figure.better == 'higher' else '≤'} {figure.goal:g}",
            "yes" if figure.reached else "no",
        )
        for figure in figures
    ]
    rivals = [
        (
            f"{told['case']}: {rival['rival']}",
            rival["times_our_cpu"],
            rival["times_our_solver"],
            f"{100 * rival['loss_against_ours']:.3f} %",
        )
        for told in cases
        for rival in told["rivals"]
    ]
    parts = [
        "<h1>The matching engine, measured</h1>",
        f"<p>{escape(str(dict(machine)))}</p>",
        "<h2>Goals</h2>",
        table(("goal", "measured", "wanted", "met"), goals)
        .replace("<td>no</td>", "<td class=no>no</td>")
        .replace(">yes<", " class=yes>yes<"),
        f"<p>Not measured in this run: {escape(', '.join(missing) or 'nothing')}.</p>",
        "<h2>CPU seconds by case</h2>",
        bars([(str(told["case"]), float(told["cpu_seconds"])) for told in cases], "CPU s"),
        "<h2>Cases</h2>",
        table(HEAD, [row(told) for told in cases]),
        "<h2>Others on the same people</h2>",
        "<p>Their CPU time over ours for the same graph (candidates included), over our solver's alone, and what they lose.</p>",
        table(("who", "x our CPU", "x our solver", "loss"), rivals),
        bars([(name, float(times)) for name, times, _, _ in rivals], "x"),
    ]
    head = f'<meta charset="utf-8"><title>Tandem: the matching engine, measured</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


HEAD = ("case", "CPU s", "wall s", "MiB", "certified %", "all pairs %", "coverage", "top-10 p99 ms")


def row(told: Told) -> tuple[str, ...]:
    """Return one case as cells."""
    return (
        str(told["case"]),
        f"{told['cpu_seconds']:.3f}",
        f"{told['wall_seconds']:.3f}",
        str(told["peak_mib"]),
        f"{100 * (1 - told['gap']):.4f}",
        "-" if told["gap_all"] is None else f"{100 * (1 - told['gap_all']):.4f}",
        f"{told['coverage']:.3f}",
        f"{told['suggestions']['p99_ms']:.2f}",
    )
