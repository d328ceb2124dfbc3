"""The scales of the report's charts."""

from __future__ import annotations

import pytest

from arena.reports.page.charts import Scale, tick_labels


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([0.32, 0.3205, 0.321, 0.3215], ["0.3200", "0.3205", "0.3210", "0.3215"]),
        ([0.02, 0.022, 0.024], ["0.020", "0.022", "0.024"]),
        ([900.0, 1000.0, 1100.0], ["900", "1000", "1100"]),
        ([997.5, 1000.0, 1002.5], ["997.5", "1000.0", "1002.5"]),
        ([5.0, 5.2, 5.4], ["5.0", "5.2", "5.4"]),
        ([1.0, 3.0, 10.0, 30.0], ["1", "3", "10", "30"]),
        ([0.3, 1.0, 1000.0, 3000.0], ["0.3", "1", "1000", "3000"]),
        ([0.003, 0.01], ["0.003", "0.010"]),
        ([7.0], ["7"]),
        ([], []),
    ],
)
def test_ticks_are_told_apart(ticks: list[float], labels: list[str]) -> None:
    assert tick_labels(ticks) == labels


@pytest.mark.parametrize("width", [1e-7, 0.0004, 0.03, 1.7, 60.0, 9e5])
@pytest.mark.parametrize("low", [0.0, 0.32, 5.1, 987.6])
def test_no_two_ticks_of_a_scale_read_the_same(low: float, width: float) -> None:
    ticks = Scale(low, low + width, 620).ticks(6)
    labels = tick_labels(ticks)
    assert len(set(labels)) == len(ticks) > 2
    assert [float(label) for label in labels] == pytest.approx(ticks, abs=width / 100)
