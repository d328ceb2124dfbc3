"""Boards in time as a chart: one line per model, a break where a new scale begins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from arena.reports.page.charts import Scale, scale_over, tick_labels
from arena.reports.page.layout import document, section, table
from arena.reports.page.markup import Html, join, percent, tag
from arena.reports.trend import Trend, TrendPoint
from arena.reports.trend_words import number, sentences, word
from arena.reports.verdict import Language

DRAWN = 12
"""More models than this are in the table, not in the chart."""
_HEIGHT, _STEP = 300.0, 150.0
_NAME = 22


def render_trend(found: Trend, language: Language = "en") -> str:
    """The whole page; it loads nothing and runs nothing."""
    banner = tag("p", word("simulated", language), class_="banner") if found.simulated else None
    title = word("title", language)
    header = tag("header", tag("div", tag("strong", title), class_="bar-top"), banner)
    return document(title, join(header, tag("main", over_time(found, language))), language)


def over_time(found: Trend, language: Language) -> Html:
    """The section: a chart, the same as a table, and why lines end."""
    said = tag("ul", *(tag("li", tag("span", line, class_="isolate")) for line in sentences(found, language)))
    note = word("note", language, level=percent(found.level))
    return section("trend", word("title", language), note, join(_chart(found, language), _table(found, language), said))


def _table(found: Trend, language: Language) -> Html:
    heads = [tag("th", word("model", language), class_="left", scope="col")]
    for board in found.boards:
        mark = tag("span", word("new_line", language), class_="pill warn") if board.begins else None
        heads.append(tag("th", tag("span", board.name, class_="isolate"), " " if mark else None, mark, scope="col"))
    body = []
    for model, points in found.models:
        by_board = {point.board: point for point in points}
        cells = [tag("td", number(by_board.get(place), found)) for place in range(len(found.boards))]
        name = tag("th", tag("span", model, class_="isolate"), class_="left name", scope="row")
        body.append(tag("tr", name, *cells))
    return table(heads, body)


def _chart(found: Trend, language: Language) -> Html | None:
    drawn = [(model, [p for p in points if p.number.value is not None]) for model, points in found.models]
    drawn = [(model, points) for model, points in drawn if points][:DRAWN]
    numbers = [p.number for _, points in drawn for p in points]
    ends = [x for ends in numbers for x in (ends.low, ends.value, ends.high) if x is not None]
    if not ends:
        return None
    width = _STEP * (len(found.boards) - 1)
    up = scale_over(ends, _HEIGHT, 0.06)
    parts: list[Html] = []
    steps = up.ticks(5)
    for tick, label in zip(steps, tick_labels(steps), strict=True):
        y = _HEIGHT - up.at(tick)
        parts += [tag("line", x1=-20, y1=y, x2=width + 20, y2=y, class_="grid"),
                  tag("text", label, x=-28, y=y + 4, text_anchor="end")]  # fmt: skip
    for place, board in enumerate(found.boards):
        x = _STEP * place
        parts.append(tag("text", _short(board.name, 20), x=x, y=_HEIGHT + 22, text_anchor="middle"))
        if board.begins:
            parts.append(tag("line", x1=x - _STEP / 2, y1=0, x2=x - _STEP / 2, y2=_HEIGHT, class_="mark"))
    for n, (_, points) in enumerate(drawn):
        parts += _line(points, up, n)
    parts += _names(drawn, up, width)
    label = f"{word(found.measure, language)}: " + "; ".join(
        f"{model} " + ", ".join(f"{found.boards[p.board].name} {number(p, found)}" for p in points)
        for model, points in drawn
    )
    return tag("svg", *parts, class_="map trend", viewBox=f"-74 -14 {width + 254:g} {_HEIGHT + 50:g}", role="img",
               aria_label=label)  # fmt: skip


def _line(points: Sequence[TrendPoint], up: Scale, n: int) -> list[Html]:
    """A model's points, joined within a scale; those of several models stand a little beside each other."""
    aside, colour = 4.0 * (n % 5 - 2), f"s{n % 10}"
    parts: list[Html] = []
    for _, group in groupby(points, key=lambda p: p.line):
        own = list(group)
        places = [(_STEP * p.board + aside, _HEIGHT - up.at(p.number.value or 0.0)) for p in own]
        if len(places) > 1:
            told = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(tag("polyline", points=told, class_=f"trend-line {colour}"))
        for (x, y), p in zip(places, own, strict=True):
            if p.number.low is not None and p.number.high is not None:
                low, high = (_HEIGHT - up.at(end) for end in (p.number.low, p.number.high))
                parts.append(tag("line", x1=x, y1=low, x2=x, y2=high, class_=f"trend-line thin {colour}"))
            parts.append(tag("circle", cx=x, cy=y, r=4.5, class_=f"trend-dot {colour}"))
    return parts


def _names(drawn: Sequence[tuple[str, Sequence[TrendPoint]]], up: Scale, width: float) -> list[Html]:
    """Names at the right, in the order of the last points, pushed apart where they would meet."""
    ends = [(points[-1].number.value or 0.0, n, model) for n, (model, points) in enumerate(drawn)]
    wanted = sorted((_HEIGHT - up.at(end), n, model) for end, n, model in ends)
    parts, last = [], -20.0
    for y, n, model in wanted:
        last = max(y + 4, last + 16)
        parts.append(tag("text", _short(model, _NAME), x=width + 26, y=last, class_=f"name s{n % 10}"))
    return parts


def _short(name: str, most: int) -> str:
    line = " ".join(name.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
