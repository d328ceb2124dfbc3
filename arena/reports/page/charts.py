"""Charts as inline SVG: no script, no style attribute (the page's policy forbids both), readable in light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from arena.reports.page.markup import Html, join, plain_number, tag


@dataclass(frozen=True, slots=True)
class Scale:
    """Where values fall on a stretch of `width` pixels."""

    low: float
    high: float
    width: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value, kept inside the stretch."""
        ends = (self.low, value, self.high)
        low, here, high = (math.log(max(end, 1e-12)) for end in ends) if self.logarithmic else ends
        return min(self.width, max(0.0, (here - low) / ((high - low) or 1.0) * self.width))

    def ticks(self, wanted: int = 4) -> list[float]:
        """Round values inside the stretch."""
        if self.logarithmic:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            steps = (1.0, 3.0) if len(powers) <= 4 else (1.0,)
            return [v for p in powers for s in steps if self.low <= (v := s * 10.0**p) <= self.high]
        raw = (self.high - self.low) / max(1, wanted) or 1.0
        power = 10 ** math.floor(math.log10(raw))
        step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw)
        first = math.ceil(self.low / step)
        return [step * k for k in range(first, math.floor(self.high / step) + 1)]


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """With as many decimals as tell the ticks from each other: 0.320, 0.325, 0.330; 950, 1000. Those of a logarithmic
    scale by three figures each."""
    steps = [after - before for before, after in pairwise(ticks)]
    if not steps or max(steps) > 1.5 * min(steps):
        return [f"{tick:.0f}" if tick >= 100 else f"{tick:.3g}" for tick in ticks]
    digits = next((d for d in range(12) if abs(round(steps[0], d) - steps[0]) < 1e-6 * steps[0]), 12)
    return [plain_number(tick, digits) for tick in ticks]


def scale_over(values: Sequence[float], width: float, pad: float = 0.05) -> Scale:
    """A linear scale that holds all values with some room at both ends."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = (high - low) * pad or 1.0
    return Scale(low - room, high + room, width)


def whisker(scale: Scale, value: float | None, low: float | None, high: float | None, mark: float | None) -> Html:
    """One row's interval and point on the shared scale; an end that is open gets an arrow."""
    left = scale.at(low) if low is not None else 0.0
    right = scale.at(high) if high is not None else scale.width
    parts = [tag("line", x1=0, y1=12, x2=scale.width, y2=12, class_="rail")]
    if mark is not None:
        parts.append(tag("line", x1=scale.at(mark), y1=0, x2=scale.at(mark), y2=24, class_="mark"))
    if low is not None or high is not None:
        parts.append(tag("line", x1=left, y1=12, x2=right, y2=12, class_="span"))
        parts += [_end(left, low is None, -1), _end(right, high is None, 1)]
    if value is not None:
        parts.append(tag("circle", cx=scale.at(value), cy=12, r=4.5, class_="dot"))
    return tag(
        "svg", *parts, class_="whisker", viewBox=f"-6 0 {scale.width + 12:g} 24", width=scale.width + 12, height=24,
        role="img", aria_label=f"{plain_number(value)} [{plain_number(low)}, {plain_number(high)}]",
    )  # fmt: skip


def _end(x: float, is_open: bool, direction: int) -> Html:
    if is_open:
        return tag("path", d=f"M{x:g} 7 l{5 * direction} 5 l{-5 * direction} 5", class_="arrow")
    return tag("line", x1=x, y1=7, x2=x, y2=17, class_="span")


def axis(scale: Scale) -> Html:
    """The scale's numbers, for the head of the column of whiskers."""
    ticks = scale.ticks()
    labels = [
        tag("text", label, x=scale.at(tick), y=12, text_anchor="middle")
        for tick, label in zip(ticks, tick_labels(ticks), strict=True)
    ]
    return tag(
        "svg", *labels, class_="axis", viewBox=f"-6 0 {scale.width + 12:g} 16", width=scale.width + 12, height=16,
        aria_hidden="true",
    )  # fmt: skip


def bar(share: float, kind: str = "") -> Html:
    """A horizontal bar of a share in [0, 1]."""
    width = 110.0
    filled = max(1.5, min(1.0, share) * width)
    return tag(
        "svg",
        tag("rect", x=0, y=3, width=width, height=8, rx=4, class_="track"),
        tag("rect", x=0, y=3, width=filled, height=8, rx=4, class_=f"fill {kind}".strip()),
        class_="bar", viewBox=f"0 0 {width:g} 14", width=width, height=14, aria_hidden="true",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Point:
    """One model on the value map."""

    name: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None


def frontier(points: Sequence[Point]) -> list[Point]:
    """The points that no other beats in both: from the cheapest on, each better than all before it."""
    best: list[Point] = []
    for point in sorted(points, key=lambda p: (p.x, -p.y)):
        if not best or point.y > best[-1].y:
            best.append(point)
    return best


def value_map(points: Sequence[Point], x_label: str, y_label: str) -> Html:
    """Quality against price, with the frontier as a line and labels that do not cover each other."""
    width, height = 620.0, 330.0
    xs = [point.x for point in points]
    logarithmic = min(xs) > 0 and max(xs) / min(xs) > 8
    across = Scale(min(xs) / 1.4, max(xs) * 1.4, width, True) if logarithmic else scale_over(xs, width, 0.1)
    ends = [end for p in points for end in (p.low, p.high, p.y) if end is not None]
    up = scale_over(ends, height, 0.06)
    parts: list[Html] = []
    steps = up.ticks(5)
    for tick, label in zip(steps, tick_labels(steps), strict=True):
        y = height - up.at(tick)
        parts.append(tag("line", x1=0, y1=y, x2=width, y2=y, class_="grid"))
        parts.append(tag("text", label, x=-8, y=y + 4, text_anchor="end"))
    steps = across.ticks(6)
    for tick, label in zip(steps, tick_labels(steps), strict=True):
        parts.append(tag("text", label, x=across.at(tick), y=height + 18, text_anchor="middle"))
    line = " ".join(f"{across.at(p.x):.1f},{height - up.at(p.y):.1f}" for p in frontier(points))
    parts.append(tag("polyline", points=line, class_="frontier"))
    best = {point.name for point in frontier(points)}
    for point in points:
        x, y = across.at(point.x), height - up.at(point.y)
        if point.low is not None and point.high is not None:
            parts.append(
                tag("line", x1=x, y1=height - up.at(point.low), x2=x, y2=height - up.at(point.high), class_="faint")
            )
        parts.append(tag("circle", cx=x, cy=y, r=5.5, class_="dot" if point.name in best else "dot other"))
    parts += _labels(points, across, up, height)
    parts.append(tag("text", x_label, x=width / 2, y=height + 40, text_anchor="middle", class_="title"))
    parts.append(
        tag("text", y_label, x=-height / 2, y=-56, text_anchor="middle", transform="rotate(-90)", class_="title")
    )
    return tag("svg", *parts, class_="map", viewBox=f"-74 -12 {width + 200:g} {height + 60:g}", role="img",
               aria_label=f"{y_label} / {x_label}")  # fmt: skip


def _labels(points: Sequence[Point], across: Scale, up: Scale, height: float) -> list[Html]:
    """Names beside their points, pushed apart where they would meet."""
    placed: list[tuple[float, float, float]] = []
    labels = []
    for point in sorted(points, key=lambda p: -p.y):
        name = point.name if len(point.name) <= 28 else f"{point.name[:27]}…"
        x, y = across.at(point.x) + 10, height - up.at(point.y) + 4
        long = sum(13.0 if ord(letter) > 0x2E80 else 7.2 for letter in name)
        while any(abs(y - other) < 15 and x < end and begin < x + long for begin, end, other in placed):
            y += 3
        placed.append((x, x + long, y))
        labels.append(tag("text", name, x=x, y=y, class_="name"))
    return labels


def heat_class(share: float) -> str:
    """The CSS class of a cell's colour: 0 is all lost, ½ neutral, 1 all won, in 21 steps."""
    return f"heat h{round(20 * min(1.0, max(0.0, share)))}"


def legend() -> Html:
    """The colours of a heat table, from lost to won."""
    cells = [tag("span", "", class_=f"heat h{step}") for step in range(0, 21, 2)]
    return tag("div", "0%", join(*cells), "100%", class_="legend", aria_hidden="true")
