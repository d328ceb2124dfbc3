"""Labels of charts stay apart, and text stays readable on every colour."""

from __future__ import annotations

import pandas as pd
import pytest

from viz.charts.leaderboard import _boxes, _reach, _span, place_labels
from viz.charts.looks import DARK, LIGHT, Look
from viz.charts.matrix import Heat, _needs_other_ink


def _points(xs: list[float], ys: list[float], name: str = "model") -> pd.DataFrame:
    rows = [
        {"model": f"{name}-{n}", "x": x, "y": y, "front": n == 0} for n, (x, y) in enumerate(zip(xs, ys, strict=True))
    ]
    return pd.DataFrame(rows)


def test_points_far_apart_all_have_a_label() -> None:
    assert place_labels(_points([1, 2, 3], [1000, 1100, 1200]), log=False) == ["right", "right", "left"]
    assert "" not in place_labels(_points([1, 10, 100], [1000, 1100, 1200]), log=True)


def test_labels_in_a_crowd_are_left_out_those_on_the_front_last() -> None:
    places = place_labels(_points([1 + n / 1000 for n in range(40)], [1000 + n / 10 for n in range(40)]), log=False)
    assert places[0]
    assert "" in places


def test_a_label_lies_on_no_point_and_on_no_interval_where_there_is_room() -> None:
    points = _points([0.0198, 0.0234, 0.0239, 0.0257, 0.0253, 0.0239], [876, 1145, 1123, 1105, 1064, 1000], "tiny")
    points = points.assign(low=points["y"] - 30, high=points["y"] + 30)
    points.loc[5, ["low", "high"]] = None  # the baseline's rating is no estimate
    places = place_labels(points, log=False)
    assert "" not in places
    span, reach = _span(points["x"]), _span(_reach(points))
    boxes = []
    for n, place in enumerate(places):
        x = 300 * (points["x"][n] - span[0]) / (span[1] - span[0])
        y = 380 - 380 * (points["y"][n] - reach[0]) / (reach[1] - reach[0])
        boxes.append(_boxes(x, y, 6.6 * len("tiny-0"))[place])
        for other in range(len(points)):
            at = 300 * (points["x"][other] - span[0]) / (span[1] - span[0])
            up = 380 - 380 * (points["y"][other] - reach[0]) / (reach[1] - reach[0])
            left, right, top, bottom = boxes[n]
            assert not (left < at + 6 and right > at - 6 and top < up + 6 and bottom > up - 6), (n, other)


def test_one_point_has_a_label() -> None:
    assert place_labels(_points([1.0], [1000.0]), log=False) == ["right"]


def test_labels_of_neighbours_take_different_sides() -> None:
    places = place_labels(_points([1, 1.02, 3], [1000, 1001, 1200]), log=False)
    assert places[0] != places[1]


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_cells_bear_readable_text(look: Look) -> None:
    """WCAG's 3:1 for numbers in cells, over the whole scale of a matrix."""
    rule = _needs_other_ink(Heat((0.0, 1.0)), look).replace("||", "or").replace("&&", "and")
    rule = rule.replace("isValid(datum.value)", "True").replace("datum.value", "value")
    for step in range(101):
        value = step / 100
        near = look.a if value > 0.5 else look.b
        cell = _mixed(look.middle, near, abs(value - 0.5) * 2)
        other = eval(rule, {"value": value})
        assert _contrast(look.ink if other else look.text, cell) >= 3.0, value


def _mixed(one: str, other: str, share: float) -> tuple[float, float, float]:
    a, b = ([int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (one, other))
    red, green, blue = (x + (y - x) * share for x, y in zip(a, b, strict=True))
    return red, green, blue


def _contrast(ink: str, ground: tuple[float, float, float]) -> float:
    light = sorted((_luminance(_mixed(ink, ink, 0)), _luminance(ground)))
    return (light[1] + 0.05) / (light[0] + 0.05)


def _luminance(colour: tuple[float, float, float]) -> float:
    parts = [c / 255 / 12.92 if c / 255 <= 0.03928 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
