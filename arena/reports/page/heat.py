"""Heat tables: who beats whom, how sure that is, and how models do in each category, language and criterion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from arena.reports.board import Ends, Report, Slice
from arena.reports.page.charts import heat_class, legend
from arena.reports.page.data import PageData
from arena.reports.page.layout import section, table
from arena.reports.page.markup import Html, fill, join, number, percent, percent_ends, tag
from arena.reports.page.words import Words
from arena.reports.verdict import ranked

MATRIX_MODELS = 50
"""The matrices of a file of battles, which may be of thousands, hold no more."""


def matrices(data: PageData, w: Words) -> Html | None:
    """Win rates of every pair that met (all pairs only), and how sure every order of two models is."""
    report = data.report
    names = [row.model for row in ranked(report) or report.models][: data.top]
    parts = []
    if report.mode is None:
        names = names[:MATRIX_MODELS]
    if report.mode in ("pairwise", None) and data.met:
        cells = {
            pair: Cell(mean, f"{pair[0]} : {pair[1]} = {percent(mean, 1)}, n = {n:,}")
            for pair, (mean, n) in data.met.items()
        }
        absent = w["never_drawn"] if report.adaptive else None
        parts.append(heat_table(w["matrix"], w["matrix_note"], names, names, cells, "matrix", absent))
    sure: dict[tuple[str, str], Cell] = {}
    for pair in report.pairs:
        if (p := pair.p_better) is not None:
            for one, other, chance in ((pair.a, pair.b, p), (pair.b, pair.a, 1 - p)):
                sure[one, other] = Cell(chance, f"P({one} > {other}) {_chance(chance, 1)}", _chance(chance).strip("= "))
    if sure:
        parts.append(heat_table(w["surely"], w["surely_note"], names, names, sure, "surely"))
    return join(*parts) if parts else None


def categories(data: PageData, w: Words) -> Html | None:
    """Model by category, by language where there are several, and by criterion where the judge scored any."""
    report = replace(data.report, models=data.report.models[: data.top])
    what = w["score" if report.single else "win_rate"]
    parts = [
        _slices(report, "categories", w["categories"], fill(w["categories_note"], what=what)),
        _slices(report, "languages", w["languages"], fill(w["languages_note"], what=what)),
        _criteria(report, w),
    ]
    return join(*parts) if any(parts) else None


def _chance(p: float, digits: int = 0) -> str:
    """`= 92%`, `>99%` or `<1%`: nothing measured is certain."""
    least = 10.0 ** -(2 + digits)
    if least <= p <= 1 - least:
        return f"= {percent(p, digits)}"
    return f">{percent(1 - least, digits)}" if p > 0.5 else f"<{percent(least, digits)}"


def _slices(report: Report, kind: str, title: str, note: str) -> Html | None:
    found: dict[tuple[str, str], tuple[float, Ends, Slice]] = {}
    for row in report.models:
        for name, own in row.slices(kind).items():
            ends = own.interval("score" if report.single else "win_rate")
            if ends.value is not None:
                found[row.model, name] = ends.value, ends, own
    names = sorted({name for _, name in found})
    if len(names) < 2:
        return None
    low, high = _range([value for value, _, _ in found.values()]) if report.single else (0.0, 1.0)
    cells: dict[tuple[str, str], Cell] = {}
    for key, (value, ends, own) in found.items():
        told = [number(end, 2) if report.single else percent(end) for end in (ends.low, ends.high) if end is not None]
        hint = f"{key[1]}: " + ", ".join([*([" – ".join(told)] if len(told) == 2 else []), f"n = {own.n_questions}"])
        label = number(value, 1) if report.single else percent(value)
        cells[key] = Cell((value - low) / (high - low), hint, label, own.thin)
    return heat_table(title, note, [row.model for row in report.models], names, cells, kind)


def _criteria(report: Report, w: Words) -> Html | None:
    """The criteria of single mode with their intervals. One that is 0 or 1 is a rate. No colours: high may be bad."""
    if not report.criteria:
        return None
    rates = {name for name in report.criteria if report.is_rate(name)}
    body = []
    for row in report.models:
        line = [tag("td", row.model, class_="left name")]
        for name in report.criteria:
            ends = row.criterion(name)
            shown, span = percent(ends.value, 1), percent_ends(ends.low, ends.high)
            if name not in rates:
                known = ends.low is not None and ends.high is not None
                shown = number(ends.value, 2)
                span = f" [{number(ends.low, 2)}, {number(ends.high, 2)}]" if known else ""
            line.append(tag("td", shown, tag("span", span, class_="ends")))
        body.append(tag("tr", *line))
    head = [tag("th", w["model"], class_="left"), *(tag("th", name) for name in report.criteria)]
    return section("criteria", w["criteria"], w["criteria_note"], table(head, body))


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


class Cell(NamedTuple):
    """One cell of a heat table: its colour from 0 to 1, what hovering says, what stands in it."""

    share: float
    hint: str | None = None
    label: str | None = None
    thin: bool = False


def heat_table(
    title: str,
    note: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Mapping[tuple[str, str], Cell],
    name: str,
    absent: str | None = None,
) -> Html:
    """A section with a table of coloured cells. `absent` says why a cell off the diagonal is empty."""
    head = [tag("th", "", class_="left")]
    head += [tag("th", tag("span", column), class_="turned", title=column) for column in columns]
    body = []
    for row in rows:
        line = [tag("th", row, class_="left name", scope="row")]
        for column in columns:
            cell = cells.get((row, column))
            if cell is None:
                missing = absent if row != column else None
                line.append(tag("td", "" if missing is None else "·", class_="heat none", title=missing))
                continue
            label = cell.label if cell.label is not None else percent(cell.share)
            line.append(
                tag("td", label, class_=heat_class(cell.share) + (" thin" if cell.thin else ""), title=cell.hint)
            )
        body.append(tag("tr", *line))
    scale = legend() if name in {"matrix", "surely"} else None
    return section(name, title, note, join(table(head, body, "heatmap"), scale))
