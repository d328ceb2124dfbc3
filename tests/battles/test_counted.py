"""Which rows count: one rule, whether rows are objects, names or columns, and for all who compare boards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from arena.battles.counted import counted_codes, counted_judges, counted_rows, single_judges_rows
from arena.battles.read.files import read_battles
from arena.battles.read.wanted import Wanted
from arena.reports.diff import compare_boards, read_board
from measurements.make_board import Plan, make_board
from viz.data.comparing import compare


@pytest.mark.parametrize(
    ("judges", "counted"),
    [
        ([], []),
        (["x", "y", "x"], [0, 1, 2]),
        (["x", "y", "panel", "x", "panel"], [2, 4]),
        (["panel"], [0]),
        (["panel-of-mine", "x"], [0, 1]),
    ],
)
def test_rows_names_and_columns_say_the_same(judges: list[str], counted: list[int]) -> None:
    rows = [SimpleNamespace(judge=judge, number=number) for number, judge in enumerate(judges)]
    names = tuple(dict.fromkeys(judges))
    codes = np.array([names.index(judge) for judge in judges], dtype=np.int32)
    assert [row.number for row in counted_rows(rows)] == counted
    assert counted_rows([{"judge": judge} for judge in judges], lambda row: row["judge"]) == [
        {"judge": judges[number]} for number in counted
    ]
    assert np.flatnonzero(counted_codes(names, codes)).tolist() == counted
    assert set(counted_judges(names)) == {judges[number] for number in counted}
    assert [row.judge for row in single_judges_rows(rows)] == [judge for judge in judges if judge != "panel"]


def test_a_panel_without_a_rated_row_still_counts_alone(tmp_path: Path) -> None:
    """A board whose panel never had its quorum has rated nothing: nobody takes its judges' rows instead."""
    before = make_board(tmp_path / "before", Plan(models=3, questions=4, judges=("one", "two")))
    after = tmp_path / "after"
    shutil.copytree(before, after)
    path = after / "reports" / "battles.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    silenced = {"state": "excluded", "reason": "no_quorum", "outcome": None, "winner": None}
    path.write_text("".join(json.dumps(x | (silenced if x["judge"] == "panel" else {})) + "\n" for x in lines))
    read = read_battles(path, Wanted())
    assert len(read.table) == 0
    assert read.every_judge is not None and len(read.every_judge)
    assert compare_boards(read_board(before), read_board(after)).battles_both == 0
    assert compare(before, after, most=10).both == 0
