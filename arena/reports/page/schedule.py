"""What an adaptive board drew: a sentence, and the pairs told apart by then against judge requests."""

from __future__ import annotations

from arena.reports.page.charts import Scale, tick_labels
from arena.reports.page.data import PageData
from arena.reports.page.layout import section
from arena.reports.page.markup import Html, tag
from arena.reports.page.words import Words
from arena.reports.schedule import Scheduled, scheduled
from arena.reports.verdict import Language

_WIDTH, _HEIGHT = 340.0, 170.0
"""So that a phone shows all of it, at a size that can be read."""


def drawn(data: PageData, w: Words, language: Language) -> Html | None:
    """The section; None on a board where everything is judged."""
    about = scheduled(data.report)
    if about is None:
        return None
    sentence = about.sentence(len(data.report.models), 0 if language == "en" else 1)
    chart = _curve(about, w) if len(about.curve) > 1 else None
    note = sentence[:1].upper() + sentence[1:] + ("." if language == "en" else "。")
    return section("schedule", w["schedule"], note, chart)


def _curve(about: Scheduled, w: Words) -> Html:
    across = Scale(0.0, float(about.curve[-1][0]), _WIDTH)
    up = Scale(0.0, float(max(1, *(pairs for _, pairs in about.curve))), _HEIGHT)
    parts: list[Html] = []
    steps = [tick for tick in up.ticks(4) if tick == round(tick)]
    for tick, label in zip(steps, tick_labels(steps), strict=True):
        y = _HEIGHT - up.at(tick)
        parts += [tag("line", x1=0, y1=y, x2=_WIDTH, y2=y, class_="grid"),
                  tag("text", label, x=-8, y=y + 4, text_anchor="end")]  # fmt: skip
    for tick in across.ticks(5):
        parts.append(tag("text", f"{tick:,.0f}", x=across.at(tick), y=_HEIGHT + 18, text_anchor="middle"))
    places = [(across.at(calls), _HEIGHT - up.at(pairs)) for calls, pairs in about.curve]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in [(0.0, _HEIGHT), *places])
    parts.append(tag("polyline", points=line, class_="frontier"))
    parts += [tag("circle", cx=x, cy=y, r=3.5, class_="dot") for x, y in places]
    parts.append(tag("text", w["requests"], x=_WIDTH / 2, y=_HEIGHT + 40, text_anchor="middle", class_="title"))
    parts.append(tag("text", w["told_apart"], x=-_HEIGHT / 2, y=-44, text_anchor="middle", class_="title",
                     transform="rotate(-90)"))  # fmt: skip
    said = ", ".join(f"{calls:,}: {pairs:,}" for calls, pairs in about.curve)
    return tag("svg", *parts, class_="map small", viewBox=f"-62 -12 {_WIDTH + 86:g} {_HEIGHT + 60:g}", role="img",
               aria_label=f"{w['told_apart']} / {w['requests']}: {said}")  # fmt: skip
