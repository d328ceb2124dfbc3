"""Load tests as they are read: which run counts, and at which load models are compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from kit.load_runs import load_board

from arena.errors import DataError
from arena.load.columns import columns_of
from arena.load.folder import LoadFolder
from arena.load.served import Served
from arena.load.spreads import lag_of, spread_of, units_of
from arena.reports.load_runs import newest, read_load_runs, shared_load
from arena.reports.load_words import told_reason


def test_the_last_run_of_each_model_counts_and_the_load_of_most(tmp_path: Path) -> None:
    file = load_board(tmp_path, {"a": 0.1, "b": 0.2}, (1, 4)) / "load" / "load.json"
    folder = LoadFolder(file.parent)
    (later,) = folder.runs()
    later |= {
        "run": "20261130T120000Z-def456",
        "models": {"a": later["models"]["a"], "c": {"api": "chat", "levels": []}},
    }  # type: ignore[index]
    folder.keep(later)
    tested = newest(read_load_runs(file))
    assert [(one.model, one.run.settings) for one in tested] == [("a", "def456"), ("b", "abc123")]
    assert shared_load(tested) == (False, 4)
    assert shared_load(()) is None


@pytest.mark.parametrize("text", ["", "[]", '{"runs": 1}', '{"runs": [{"run": "x"}]}'])
def test_another_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "load.json").write_text(text)
    with pytest.raises(DataError, match=r"load\.json: not the load\.json"):
        read_load_runs(tmp_path / "load.json")


def test_no_file_is_no_run(tmp_path: Path) -> None:
    assert read_load_runs(tmp_path / "load.json") == ()


def test_every_reason_for_no_interval_is_told_in_chinese_too() -> None:
    def without(requests: int, runs: int = 1, *, closed: bool = False) -> str | None:
        latencies = np.random.default_rng(0).exponential(size=requests).tolist()
        served = [Served(0, 0, n, False, float(n), float(n), n + took, repeat=n * runs // requests)
                  for n, took in enumerate(latencies)]  # fmt: skip
        measured = columns_of(served).measured()
        return spread_of(measured, units_of(measured, runs), "latency_s", closed=closed).without

    lag = lag_of(columns_of([]).measured()).without
    found = [without(50), without(600), without(60, 3), without(60, 6), without(50, closed=True), lag]
    assert None not in found and len(set(found)) == len(found)
    for why in found:
        assert why is not None and told_reason(why) == why
        assert told_reason(why, "zh") != why
    assert told_reason("another reason", "zh") == "another reason"
