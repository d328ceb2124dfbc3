"""Heat tables: who beats whom, how sure that is, and how models do in each category, language and criterion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from arena.reports.page.charts import heat_class, legend
from arena.reports.page.data import PageData, Row
from arena.reports.page.layout import as_float, section, table
from arena.reports.page.markup import Html, fill, join, number, percent, percent_ends, tag
from arena.reports.page.verdict import ranked
from arena.reports.page.words import Words


def matrices(data: PageData, w: Words) -> Html | None:
    """Win rates of every pair that met (all pairs only), and how sure every order of two models is."""
    names = [str(row["model"]) for row in ranked(data)] or [str(row["model"]) for row in data.models]
    parts = []
    if data.board.get("mode") == "pairwise" and data.met:
        cells = {
            pair: Cell(mean, f"{pair[0]} : {pair[1]} = {percent(mean, 1)}, n = {n}")
            for pair, (mean, n) in data.met.items()
        }
        parts.append(_heat_table(w["matrix"], w["matrix_note"], names, names, cells, "matrix"))
    sure: dict[tuple[str, str], Cell] = {}
    for pair in cast("Sequence[Row]", data.board.get("pairs") or ()):
        a, b, p = str(pair.get("a")), str(pair.get("b")), as_float(pair.get("p_better"))
        if p is not None:
            for one, other, chance in ((a, b, p), (b, a, 1 - p)):
                sure[one, other] = Cell(chance, f"P({one} > {other}) {_chance(chance, 1)}", _chance(chance).strip("= "))
    if sure:
        parts.append(_heat_table(w["surely"], w["surely_note"], names, names, sure, "surely"))
    return join(*parts) if parts else None


def categories(data: PageData, w: Words) -> Html | None:
    """Model by category, by language where there are several, and by criterion where the judge scored any."""
    what = w["score" if data.single else "win_rate"]
    parts = [
        _slices(data, "categories", w["categories"], fill(w["categories_note"], what=what)),
        _slices(data, "languages", w["languages"], fill(w["languages_note"], what=what)),
        _criteria(data, w),
    ]
    return join(*parts) if any(parts) else None


def _chance(p: float, digits: int = 0) -> str:
    """`= 92%`, `>99%` or `<1%`: nothing measured is certain."""
    least = 10.0 ** -(2 + digits)
    if least <= p <= 1 - least:
        return f"= {percent(p, digits)}"
    return f">{percent(1 - least, digits)}" if p > 0.5 else f"<{percent(least, digits)}"


def _slices(data: PageData, kind: str, title: str, note: str) -> Html | None:
    field = "score" if data.single else "win_rate"
    found: dict[tuple[str, str], Row] = {}
    for row in data.models:
        for name, cell in cast("Mapping[str, Row]", row.get(kind) or {}).items():
            found[str(row["model"]), name] = cell
    values = {key: value for key, cell in found.items() if (value := as_float(cell.get(field))) is not None}
    names = sorted({name for _, name in values})
    if len(names) < 2:
        return None
    low, high = _range(list(values.values())) if data.single else (0.0, 1.0)
    cells: dict[tuple[str, str], Cell] = {}
    for key, value in values.items():
        ends = [found[key].get(f"{field}_low"), found[key].get(f"{field}_high")]
        interval = " – ".join(number(end, 2) if data.single else percent(end) for end in ends)
        hint = f"{key[1]}: {interval}, n = {found[key].get('n_questions')}"
        label = number(value, 1) if data.single else percent(value)
        cells[key] = Cell((value - low) / (high - low), hint, label, bool(found[key].get("thin")))
    return _heat_table(title, note, [str(row["model"]) for row in data.models], names, cells, kind)


def _criteria(data: PageData, w: Words) -> Html | None:
    """The criteria of single mode with their intervals. One that is 0 or 1 is a rate. No colours: high may be bad."""
    found = [(str(row["model"]), row, cast("Row", row.get("criteria") or {})) for row in data.models]
    names = list(dict.fromkeys(name for _, _, criteria in found for name in criteria))
    if not names:
        return None
    rates = {name for name in names if all(0 <= (as_float(c.get(name)) or 0.0) <= 1 for _, _, c in found)}
    body = []
    for model, row, criteria in found:
        line = [tag("td", model, class_="left name")]
        for name in names:
            ends = [as_float(cast("Row", row.get(f"criteria_{end}") or {}).get(name)) for end in ("low", "high")]
            span = percent_ends(ends[0], ends[1])
            if name not in rates:
                span = f" [{number(ends[0], 2)}, {number(ends[1], 2)}]" if None not in ends else ""
            mean = criteria.get(name)
            shown = percent(mean, 1) if name in rates else number(mean, 2)
            line.append(tag("td", shown, tag("span", span, class_="ends")))
        body.append(tag("tr", *line))
    head = [tag("th", w["model"], class_="left"), *(tag("th", name) for name in names)]
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


def _heat_table(
    title: str,
    note: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Mapping[tuple[str, str], Cell],
    name: str,
) -> Html:
    head = [tag("th", "", class_="left")]
    head += [tag("th", tag("span", column), class_="turned", title=column) for column in columns]
    body = []
    for row in rows:
        line = [tag("th", row, class_="left name", scope="row")]
        for column in columns:
            cell = cells.get((row, column))
            if cell is None:
                line.append(tag("td", "", class_="heat none"))
                continue
            label = cell.label if cell.label is not None else percent(cell.share)
            line.append(
                tag("td", label, class_=heat_class(cell.share) + (" thin" if cell.thin else ""), title=cell.hint)
            )
        body.append(tag("tr", *line))
    scale = legend() if name in {"matrix", "surely"} else None
    return section(name, title, note, join(table(head, body, "heatmap"), scale))
