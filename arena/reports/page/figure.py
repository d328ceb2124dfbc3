"""The leaderboard as one figure: an SVG that needs nothing else, with every model's rating and its interval."""

from __future__ import annotations

from arena.reports.board import Report, Standing
from arena.reports.leaderboard import BANNER, basis, open_end, rank_text
from arena.reports.page.charts import Scale, scale_over, tick_labels
from arena.reports.page.markup import Html, join, plain_number, tag

MOST_MODELS = 100
"""A figure holds no more, whatever is asked for."""
_WIDTH, _ROW, _TOP = 420.0, 26.0, 74.0
_INK, _SOFT, _LINE, _ACCENT = "#1b1d22", "#646a76", "#e2e3e0", "#2d5fd0"
_LONGEST_NAME = 40


def board_svg(report: Report, top: int | None = None) -> str:
    """Models from the best down, a point with its interval each; an open end is an arrow."""
    rows = report.models[: min(top or MOST_MODELS, MOST_MODELS)]
    ends = [row.interval(report.drawn) for row in rows]
    scale = scale_over([x for end in ends for x in (end.low, end.value, end.high) if x is not None], _WIDTH)
    left = 60.0 + 7.6 * max([_width(_name(row)) for row in rows], default=4.0)
    width, height = left + _WIDTH + 190, _TOP + _ROW * len(rows) + 34
    title = {"rating": "Rating", "win_rate": "Win rate", "score": "Score"}[report.drawn]
    more = len(report.models) - len(rows)
    drawn = [
        tag("rect", width=width, height=height, fill="#ffffff"),
        _text(BANNER if report.simulated else title, 16, 26, size=17, weight="bold"),
        _text(basis(report), 16, 48, fill=_SOFT),
        tag("g", *_grid(scale, len(rows)), transform=f"translate({left:g} {_TOP:g})"),
    ]
    for place, row in enumerate(rows):
        drawn.append(tag("g", *_row(row, report, scale, left), transform=f"translate(0 {_TOP + _ROW * place:g})"))
    if more:
        drawn.append(_text(f"and {more:,} more", 16, height - 12, fill=_SOFT))
    return str(
        tag(
            "svg", *drawn, xmlns="http://www.w3.org/2000/svg", width=width, height=height, role="img",
            viewBox=f"0 0 {width:g} {height:g}", font_family="Liberation Sans, Arial, Helvetica, sans-serif",
            font_size=13, aria_label=title,
        )
    )  # fmt: skip


def _row(row: Standing, report: Report, scale: Scale, left: float) -> list[Html]:
    ends, digits = row.interval(report.drawn), 2 if report.single else 0
    value, low, high = (_plain(end, digits) for end in (ends.value, ends.low, ends.high))
    value, low, high = value or open_end(row), low or "−∞", high or "+∞"
    known = ends.low is not None or ends.high is not None
    drawn = [
        _text(rank_text(row).split(" ")[0], 40, 17, anchor="end", fill=_SOFT),
        _text(_name(row), 52, 17),
        _text(f"{value} [{low}, {high}]" if known else value, left + _WIDTH + 14, 17),
    ]
    if known:
        start, end = scale.at(scale.low if ends.low is None else ends.low), _WIDTH
        end = scale.at(ends.high) if ends.high is not None else _WIDTH
        drawn.append(_line(left + start, 13, left + end, 13, _ACCENT, 2))
        drawn += [_end(left + start, ends.low is None, -1), _end(left + end, ends.high is None, 1)]
    if ends.value is not None:
        drawn.append(tag("circle", cx=left + scale.at(ends.value), cy=13, r=4.5, fill=_ACCENT))
    return drawn


def _grid(scale: Scale, rows: int) -> list[Html]:
    lines = []
    ticks = scale.ticks(5)
    for tick, label in zip(ticks, tick_labels(ticks), strict=True):
        x = scale.at(tick)
        lines.append(_line(x, 0, x, _ROW * rows, _LINE, 1))
        lines.append(_text(label, x, -6, anchor="middle", fill=_SOFT))
    return lines


def _end(x: float, is_open: bool, direction: int) -> Html:
    if is_open:
        path = f"M{x:g} 8 l{5 * direction} 5 l{-5 * direction} 5"
        return tag("path", d=path, fill="none", stroke=_ACCENT, stroke_width=2)
    return _line(x, 8, x, 18, _ACCENT, 2)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> Html:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_width=width)


def _text(
    shown: str, x: float, y: float, *, size: float = 13, anchor: str | None = None, fill: str = _INK,
    weight: str | None = None,
) -> Html:  # fmt: skip
    return tag("text", join(shown), x=x, y=y, font_size=size, text_anchor=anchor, fill=fill, font_weight=weight)


def _plain(value: float | None, digits: int) -> str:
    return plain_number(value, digits, "")


def _name(row: Standing) -> str:
    """A model's name on one line, without what XML cannot hold."""
    line = "".join(letter if letter.isprintable() else " " for letter in row.model)
    line = " ".join(line.split())
    return line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1]}…"


def _width(name: str) -> float:
    """In widths of a letter."""
    return sum(1.8 if ord(letter) > 0x2E80 else 1.0 for letter in name)
