"""The report as one HTML page that needs nothing else: tables and SVG charts, readable in print and in the dark."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _PAD = 560, 150, 24
_STYLE = """
:root{color-scheme:light dark;
--ink:#1b2a33;--soft:#5b6b75;--line:#d5dde2;--bar:#2f7d8c;--mark:#d9822b;--paper:#fff}
@media(prefers-color-scheme:dark){:root{
--ink:#e6edf1;--soft:#9fb0ba;--line:#33424c;--bar:#58b3c4;--mark:#f0a95b;--paper:#11181d}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem}

h1{font-size:1.7rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .5rem}p{max-width:46rem}.soft{color:var(--soft)}
.cards{display:flex;flex-wrap:wrap;gap:.8rem;margin:1.2rem 0}.card{
border:1px solid var(--line);border-radius:.6rem;padding:.6rem 1rem;min-width:8rem}
.card b{
display:block;font-size:1.5rem}table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid var(--line);padding:.3rem .5rem;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto;max-width:40rem}svg text{fill:var(--soft);font-size:11px}
.bar{fill:var(--bar)}.two{fill:var(--mark);opacity:.75}.axis{stroke:var(--line)}
"""
_REASONS = {
    "nothing-offered-or-wanted": "offer and want nothing yet",
    "wants-only-what-nobody-offers": "want only what nobody offers",
    "offers-only-what-nobody-wants": "offer only what nobody wants",
    "no-eligible-partner": "a rule bars everybody with whom there would be a gain",
    "all-eligible-partners-full": "everybody allowed has no seat left",
    "only-one-way-gain": "only one side would gain, and both must",
    "met-everybody-eligible": "have met everybody allowed",
    "no-free-seat": "have no free seat",
    "no-shared-challenge": "share a challenge with too few others for a circle",
    "too-few-for-a-circle": "no circle around their challenges has a place for them",
    "no-overlap-in-time": "share too little weekly time with anybody allowed",
}


def page_of(report: Mapping[str, Any]) -> str:
    """Return the page."""
    parts = [_head(report), _cards(report), _left_over(report), _give_and_take(report), _score(report), _alike(report), _skills(report)]
    parts += [_levels(report), _fairness(report), _what_if(report), _input(report), _foot(report)]
    body = "\n".join(part for part in parts if part)
    head = f'<meta charset="utf-8"><title>Tandem: report of a round</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table; every column but the first is numbers where the first row's is."""
    if not rows:
        return ""
    numeric = [isinstance(cell, int | float) or str(cell).endswith(" %") for cell in rows[0]]

    def line(tag: str, cells: Sequence[object]) -> str:
        return "".join(
            f"<{tag}{' class=n' if is_number else ''}>{escape(str(cell))}</{tag}>" for cell, is_number in zip(cells, numeric, strict=True)
        )

    return f"<table><tr>{line('th', head)}</tr>" + "".join(f"<tr>{line('td', row)}</tr>" for row in rows) + "</table>"


def bars(values: Sequence[int], label: str, second: Sequence[int] | None = None) -> str:
    """Return a histogram over 0..1 as SVG; `second` is drawn over it on its own scale."""
    if not any(values):
        return ""
    step = _WIDTH / len(values)

    def drawn(series: Sequence[int], style: str, inset: float) -> str:
        top = max(series) or 1
        return "".join(
            f'<rect class="{style}" x="{at * step + inset:.1f}" y="{_HEIGHT - _HEIGHT * value / top:.1f}" '
            f'width="{step - 2 * inset:.1f}" height="{_HEIGHT * value / top:.1f}"><title>{at / len(series):.2f}: {value}</title></rect>'
            for at, value in enumerate(series)
        )

    over = drawn(second, "two", step * 0.3) if second is not None and any(second) else ""
    ticks = "".join(f'<text x="{_WIDTH * at / 4:.0f}" y="{_HEIGHT + 16}" text-anchor="middle">{at / 4:g}</text>' for at in range(5))
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="-8 -6 {_WIDTH + 16} {_HEIGHT + _PAD}">{drawn(values, "bar", 0.5)}{over}'
        f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}"/>{ticks}</svg>'
    )


def _head(report: Mapping[str, Any]) -> str:
    people = report["people"]
    return (
        "<h1>Report of a round</h1><p class=soft>"
        f"{people['in_pool']} people, one pool: everybody may give and take. "
        f"{people['pairs']} pairs and {people['trios']} trios were found.</p>"
    )


def _cards(report: Mapping[str, Any]) -> str:
    people, both, proof = report["people"], report["reciprocity"], report["certificate"]
    gap = proof["gap_on_all_eligible_pairs"]
    gap = proof["gap_on_candidates"] if gap is None else gap
    shown = (
        (_percent(people["coverage"]), "have a partner"),
        (_percent(people["coverage_of_complete_profiles"]), "of complete profiles"),
        (_percent(both["two_way"]), "gain both ways"),
        (_percent(both["wanters_who_get_something"]), "of those who want something get some of it"),
        (f"{report['scores']['mean']:.3f}", "mean mutual score"),
        (f"{100 * (1 - gap):.3f} %", "of the best possible round, proved"),
    )
    return "<div class=cards>" + "".join(f"<div class=card><b>{escape(value)}</b>{escape(text)}</div>" for value, text in shown) + "</div>"


def _left_over(report: Mapping[str, Any]) -> str:
    reasons = report["people"]["unmatched_by_reason"]
    rows = [(_REASONS.get(code, code), code, count) for code, count in sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0]))]
    return "<h2>Who was left over, and why</h2>" + (_table(("they …", "reason", "people"), rows) or "<p>Nobody.</p>")


def _give_and_take(report: Mapping[str, Any]) -> str:
    both = report["reciprocity"]
    rows = [
        ("state no want", _percent(both["share_without_wants"])),
        ("state no offer", _percent(both["share_without_offers"])),
        ("so at most this share of pairs can be two-way, if everybody is to have a partner", _percent(both["ceiling_of_two_way"])),
        ("pairs that are two-way", _percent(both["two_way"])),
        ("… among complete profiles", _percent(both["two_way_among_complete_profiles"])),
        ("gain of the weaker side, mean", both["weaker_side_gain_mean"]),
    ]
    return "<h2>Give and take</h2>" + _table(("", "share"), rows) + bars(both["gain_histogram"], "What each side gains, 0 to 1")


def _score(report: Mapping[str, Any]) -> str:
    scores = report["scores"]
    spread = f"Gini of what it is worth to each {scores['gini']}, stability {scores['stability']}"
    told = f"mean {scores['mean']}, lowest twentieth below {scores['p5']}, {spread}"
    return "<h2>Mutual score of the pairs</h2>" + bars(scores["histogram"], "Mutual score, 0 to 1") + f"<p class=soft>{escape(told)}</p>"


def _alike(report: Mapping[str, Any]) -> str:
    variety = report["variety"]
    same = variety["sameness"]
    rows = [
        ("across departments", _percent(variety["cross_department"])),
        ("across sites", _percent(variety["cross_site"])),
        ("across job families", _percent(variety["cross_job_family"])),
        ("so alike that the score falls", _percent(variety["too_alike"])),
        ("hardly alike", _percent(variety["hardly_alike"])),
        ("among the least alike tenth of the pool", _percent(variety["among_the_least_alike_tenth"])),
    ]
    text = f"The score rises to {same['plateau_from']}, is flat to {same['plateau_to']}, and falls to nothing at {same['ceiling']}."
    chart = bars(same["pool_histogram"], "How alike useful pairs are, and the pairs of the round", same["pairs_histogram"])
    return (
        f"<h2>Alike, but not the same</h2><p>Wide bars: useful pairs of the pool; narrow: the round's pairs. {escape(text)}</p>"
        + chart
        + _table(("pairs", "share"), rows)
    )


def _skills(report: Mapping[str, Any]) -> str:
    skills = report["skills"]
    rows = [(one["skill"], one["wanted"], one["offered"], one["offerers_partnered"]) for one in skills["scarcest"]]
    text = f"{skills['wishes_that_nobody_offers']} of {skills['wishes']} wishes name a skill that nobody offers."
    return f"<h2>Scarce skills</h2><p>{text}</p>" + _table(("skill", "wanted by", "offered by", "of these with a partner"), rows)


def _levels(report: Mapping[str, Any]) -> str:
    rows = [
        (f"level {one['level']}", one["people"], _percent(one["partnered"]), _percent(one["wanters_without_partner"]))
        for one in report["by_level"]
    ]
    return "<h2>Reach by level</h2>" + _table(("", "people", "have a partner", "want something, have nobody"), rows) if rows else ""


def _fairness(report: Mapping[str, Any]) -> str:
    people, shown = report["people"], report["suggestions"]
    rows = [
        ("left out in this round and the one before", people["left_out_twice_running"]),
        ("longest wait, in rounds", people.get("longest_wait_in_rounds", "-")),
        ("met again within the window (must be 0)", people["repeated_partners"]),
        ("seats used", f"{people['seats_used']} of {people['seats']}"),
        ("chains of managers that end outside the pool", people["chains_of_managers_that_end_outside"]),
        ("share of top-ten places that the most shown percent of people fill", _percent(shown["share_of_the_top_percent"])),
        ("on nobody's list", _percent(shown["never_shown"])),
        ("blocking pairs per person (two who would both rather have each other)", report["scores"]["blocking_pairs_per_person"]),
    ]
    return "<h2>Fairness and exposure</h2>" + _table(("", ""), rows)


def _what_if(report: Mapping[str, Any]) -> str:
    told = report.get("what_if")
    if not told:
        return ""
    rows = [(name, value, told["other"][name]) for name, value in told["this"].items() if not isinstance(value, list)]
    pairs = [(name, told["pairs"][name]) for name in told["pairs"]]
    chart = bars(told["this"]["score histogram"], "Scores by these rules and by the others", told["other"]["score histogram"])
    figures = _table(("", "these rules", "other rules"), rows)
    return (
        "<h2>What if the other rules held</h2>"
        + _table(("pairs", "count"), pairs)
        + figures
        + f"<p class=soft>Scores. Wide bars: these rules; narrow: the others.</p>{chart}"
    )


def _input(report: Mapping[str, Any]) -> str:
    given = report.get("input")
    if given is None:
        return ""
    rows = [(one["means"], one["column"], one["count"], ", ".join(map(str, one["first_lines"][:5]))) for one in given["findings"]]
    text = f"{given['rows']} rows, {given['people']} people. Columns used: {', '.join(given['columns'])}."
    if given["unknown_columns"]:
        text += f" Not known, not used: {', '.join(given['unknown_columns'])}."
    alike = [(" | ".join(one["labels"]), " | ".join(map(str, one["times"]))) for one in given["labels_written_alike"]]
    return (
        f"<h2>What was read</h2><p>{escape(text)}</p>"
        + _table(("finding", "column", "times", "first lines"), rows)
        + _table(("written much alike, kept apart: one thing or several?", "times"), alike)
    )


def _foot(report: Mapping[str, Any]) -> str:
    proof, identity = report["certificate"], report["identity"]
    told = (
        f"value {proof['value']}, bound {proof['bound_on_candidates']} on {proof['candidates']} candidate pairs, "
        f"{proof['bound_on_all_eligible_pairs']} on all eligible pairs (micro-points: score and bonuses); seed {identity['seed']}, "
        f"rules version {identity['rules_version']}, snapshot {identity['snapshot_hash'][:12]}, result {identity['result_hash'][:12]}"
    )
    if effort := report.get("effort"):
        told += f"; {effort['cpu_seconds']} CPU s, {effort['peak_memory_mib']} MiB at most"
    return f"<h2>Proof and identity</h2><p class=soft>{escape(told)}</p>"
