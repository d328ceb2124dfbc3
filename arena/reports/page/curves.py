"""Several models' curves in one chart, as inline SVG, and the key to their colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from arena.reports.page.charts import Scale, tick_labels
from arena.reports.page.markup import Html, join, tag

SERIES = 10
"""Colours that page.css has."""
_WIDTH, _HEIGHT = 340.0, 190.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of a curve, the ends of its interval, and what stands beside it."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """A model's points in their order."""

    name: str
    spots: Sequence[Spot]


def curves(drawn: Sequence[Curve], x_label: str, y_label: str, *, dots: bool = True) -> Html:
    """Lines over x from zero on, at the size of a phone."""
    spots = [spot for curve in drawn for spot in curve.spots]
    across = Scale(0.0, max(spot.x for spot in spots) * 1.08 or 1.0, _WIDTH)
    ends = [end for spot in spots for end in (spot.y, spot.high) if end is not None]
    up = Scale(0.0, max(ends) * 1.06 or 1.0, _HEIGHT)
    parts: list[Html] = []
    steps = up.ticks(4)
    for tick, label in zip(steps, tick_labels(steps), strict=True):
        y = _HEIGHT - up.at(tick)
        parts += [tag("line", x1=0, y1=y, x2=_WIDTH, y2=y, class_="grid"),
                  tag("text", label, x=-8, y=y + 4, text_anchor="end")]  # fmt: skip
    steps = across.ticks(5)
    for tick, label in zip(steps, tick_labels(steps), strict=True):
        parts.append(tag("text", label, x=across.at(tick), y=_HEIGHT + 18, text_anchor="middle"))
    for number, curve in enumerate(drawn):
        parts.append(_line(curve, across, up, f"s{number % SERIES}", dots=dots))
    parts.append(tag("text", x_label, x=_WIDTH / 2, y=_HEIGHT + 40, text_anchor="middle", class_="title"))
    parts.append(tag("text", y_label, x=-_HEIGHT / 2, y=-44, text_anchor="middle", class_="title",
                     transform="rotate(-90)"))  # fmt: skip
    return tag("svg", *parts, class_="map small", viewBox=f"-62 -12 {_WIDTH + 86:g} {_HEIGHT + 60:g}", role="img",
               aria_label=f"{y_label} / {x_label}")  # fmt: skip


def _line(curve: Curve, across: Scale, up: Scale, colour: str, *, dots: bool) -> Html:
    places = [(across.at(spot.x), _HEIGHT - up.at(spot.y)) for spot in curve.spots]
    parts = [tag("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places), class_="curve")]
    for (x, y), spot in zip(places, curve.spots, strict=True):
        if spot.low is not None and spot.high is not None:
            low, high = (_HEIGHT - up.at(end) for end in (spot.low, spot.high))
            parts.append(tag("line", x1=x, y1=low, x2=x, y2=high, class_="reach"))
        if dots:
            parts.append(tag("circle", cx=x, cy=y, r=3.5))
        if spot.label:
            parts.append(tag("text", spot.label, x=x + 6, y=y - 6))
    return tag("g", *parts, class_=colour)


def keys(names: Sequence[str]) -> Html:
    """Which colour is whose."""
    rows = [tag("li", tag("i", class_=f"s{n % SERIES}"), tag("span", name)) for n, name in enumerate(names)]
    return tag("ul", join(*rows), class_="keys")
