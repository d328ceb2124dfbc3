"""How far two models are apart, in the words of the terminal, the report and the viewer."""

from __future__ import annotations

from typing import Any

import pytest

from arena.cli.table import conclusion
from arena.reports.board import report_of
from arena.reports.difference import difference, main_difference

MODELS = [
    {"model": name, "rank": n, "rank_low": n, "component": 0} for n, name in enumerate(("best", "base", "last"), 1)
]


def pair(a: str, b: str, diff: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    return {"a": a, "b": b, "diff": diff, "low": low, "high": high}


PAIRS = [pair("base", "best", -104.6, -132.7, -76.2), pair("best", "last", 300.0, 250.0, 350.0),
         pair("base", "last", 195.4, 150.0, 240.0)]  # fmt: skip


def report(**fields: Any) -> Any:
    return report_of({"models": MODELS, "pairs": PAIRS, "n_battles": 90, "n_questions": 30} | fields)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"baseline": "base"}, "best − base: +105 [76, 133]"),
        ({"baseline": "last"}, "best − last: +300 [250, 350]"),
        ({"baseline": "best"}, "base − best: −105 [−133, −76]"),
        ({}, "best − base: +105 [76, 133]"),
        ({"pairs": [pair("base", "best", None, None, -852.2)]}, "best − base: ≥ +852"),
        ({"pairs": [pair("best", "base", None, -15.2, None)]}, "best − base: ≥ −15"),
        ({"baseline": "best", "pairs": [pair("base", "best", None, None, -852.2)]}, "base − best: ≤ −852"),
        ({"pairs": [pair("best", "base", 0.2, None, None)]}, "best − base: 0"),
        ({"pairs": [pair("best", "base", -0.2, -4.4, 0.3)]}, "best − base: 0 [−4, 0]"),
        ({"mode": "single", "pairs": [pair("best", "base", 0.514, 0.1, 0.9)]}, "best − base: +0.51 [0.10, 0.90]"),
    ],
)
def test_the_main_difference(fields: dict[str, Any], told: str) -> None:
    found = main_difference(report(**fields))
    assert found is not None and found.text == told


@pytest.mark.parametrize(
    "fields",
    [
        {"pairs": []},
        {"pairs": [pair("best", "base", None, None, None)]},
        {"models": MODELS[:1]},
        {"models": [MODELS[0], MODELS[1] | {"component": 1}]},
    ],
)
def test_there_may_be_none(fields: dict[str, Any]) -> None:
    assert main_difference(report(**fields)) is None


def test_a_pair_is_shown_in_the_direction_it_is_asked_for() -> None:
    there, back = difference(report(), "base", "last"), difference(report(), "last", "base")
    assert there is not None and there.text == "base − last: +195 [150, 240]"
    assert back is not None and back.text == "last − base: −195 [−240, −150]"
    assert conclusion(report(), ("last", "base"))[-1] == "last − base: −195 [−240, −150]"
    assert conclusion(report(pairs=[]), ("last", "base"))[-1] == "last − base: no difference is known"
