"""What probes found: a table for every group of them, and a grid for each model that searched long texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from arena.reports.page.charts import Scale, whisker
from arena.reports.page.data import PageData
from arena.reports.page.heat import Cell, heat_table
from arena.reports.page.layout import section, table
from arena.reports.page.markup import Html, fill, join, number, percent, tag
from arena.reports.page.words import Words
from arena.reports.probes import CROSSED, ProbePart, ProbeScore

_WIDTH = 110.0
_GROUPS = ("disturbance", "safety", "fairness", "context")

Scores = Mapping[str, ProbeScore]


def probes(data: PageData, w: Words) -> Html | None:
    """Models down, probes across; None where nobody probed."""
    ranks = {row.model: place for place, row in enumerate(data.report.models)}
    models = sorted(data.probes, key=lambda model: ranks.get(model, len(ranks)))[: data.top]
    if not models:
        return None
    parts = []
    for group in _GROUPS:
        own = {model: {n: s for n, s in data.probes[model].items() if s.group == group} for model in models}
        names = list(dict.fromkeys(name for scores in own.values() for name in scores))
        if names:
            note = tag("p", w[f"probes_{group}"], class_="note")
            parts.append(join(tag("h3", w[group]), note, _table(own, names, w)))
    grids = [grid for place, model in enumerate(models) for grid in _grids(model, data.probes[model], place, w)]
    return join(section("probes", w["probes"], w["probes_note"], join(*parts)), *grids)


def _table(own: Mapping[str, Scores], names: Sequence[str], w: Words) -> Html:
    head = [tag("th", w["model"], class_="left", scope="col")]
    head += [tag("th", tag("span", name, class_="isolate"), scope="col") for name in names]
    body = []
    for model, scores in own.items():
        if scores:
            name = tag("th", tag("span", model, class_="isolate"), class_="left name", scope="row")
            body.append(tag("tr", name, *[_cell(scores.get(probe)) for probe in names]))
    return table(head, body)


def _cell(score: ProbeScore | None) -> Html:
    """The effect where there is one, else the share."""
    value, low, high = (None, None, None) if score is None else _ends(score)
    if score is None or value is None:
        return tag("td", "–")
    known = low is not None and high is not None
    ends = f"[{number(100 * (low or 0), 1)}, {number(100 * (high or 0), 1)}]" if known else ""
    hint = f"n = {score.n:,}"
    if score.control is not None:
        hint += f", {percent(score.value, 1)} : {percent(score.control, 1)}"
    signed = score.effect is not None
    picture = whisker(Scale(-1.0 if signed else 0.0, 1.0, _WIDTH), value, low, high, 0.0 if signed else None)
    told = tag("b", number(100 * value, 1) if signed else percent(value, 1))
    return tag("td", told, " ", tag("span", ends, class_="ends"), tag("div", picture), title=hint)


def _ends(part: ProbePart) -> tuple[float | None, float | None, float | None]:
    if part.effect is None:
        return part.value, part.low, part.high
    return part.effect, part.effect_low, part.effect_high


def _grids(model: str, scores: Scores, place: int, w: Words) -> list[Html]:
    """Facts found by depth and length, as a heat table for every probe that has one."""
    found: list[Html] = []
    for name, score in scores.items():
        for fact, parts in score.parts.items():
            if CROSSED not in fact:
                continue
            cells = {
                (key.partition(CROSSED)[0], key.partition(CROSSED)[2]): Cell(part.value, f"{key}: n = {part.n:,}")
                for key, part in parts.items()
                if part.value is not None
            }
            rows, columns = (list(dict.fromkeys(key[place] for key in cells)) for place in (0, 1))
            title = fill(w["probe_grid"], model=model, probe=name)
            found.append(heat_table(title, fact, rows, columns, cells, f"grid-{place}-{len(found)}"))
    return found
