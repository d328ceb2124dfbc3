"""leaderboard.json read back: what is there, what older boards lack, what is damaged."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from arena.errors import DataError
from arena.files import to_json
from arena.ratings import Leaderboard, ModelRow
from arena.ratings.methods import METHODS
from arena.ratings.results import Pair
from arena.reports.board import Performance, Report, Standing, read_report, report_of
from arena.reports.performance import performance
from arena.types import JSON, Answer


def test_a_board_of_long_ago_is_read_with_nothing_where_it_says_nothing() -> None:
    report = report_of({"models": [{"model": "x", "rating": 1000, "categories": {"math": {"rank": 1}}}], "pairs": None})
    row = report.models[0]
    assert (row.rating, row.wins, row.flags, row.performance.ttft_p50_s) == (1000, None, (), None)
    assert (row.categories["math"].rank, row.categories["math"].thin) == (1, False)
    assert (report.mode, report.level, report.pairs, report.excluded, report.anchor) == (None, 0.95, (), {}, None)
    assert report_of({"models": [], "pairs": [{"a": "x", "b": "y"}]}).pairs == (
        Pair("x", "y", None, None, None, None, 0),
    )


def test_what_has_no_field_stays_in_what_is_stored() -> None:
    value: JSON = {"models": [{"model": "x", "later": [1]}], "verdict": {"code": "clear"}, "options": {"boundary": 2}}
    report = report_of(value)
    assert report.stored == value
    assert report.models[0].stored["later"] == [1] and report.options.stored["boundary"] == 2


DAMAGED: tuple[tuple[JSON, str], ...] = (
    (5, "no list `models`"),
    ({"models": {}}, "no list `models`"),
    ({"models": [None]}, r"models\[0\]: expected an object, found None"),
    ({"models": [{"model": "x"}, {}]}, r"models\[1\]\.model: missing"),
    ({"models": [{"model": 1}]}, r"models\[0\]\.model: expected a text, found 1"),
    ({"models": [{"model": "x", "rating": "high"}]}, r"models\[0\]\.rating: expected a number, found 'high'"),
    ({"models": [{"model": "x", "rank": 1.5}]}, r"models\[0\]\.rank: expected a whole number, found 1\.5"),
    ({"models": [{"model": "x", "wins": True}]}, r"models\[0\]\.wins: expected a whole number, found True"),
    ({"models": [{"model": "x", "flags": "odd"}]}, r"models\[0\]\.flags: expected a list, found 'odd'"),
    (
        {"models": [{"model": "x", "performance": {"ttft_p50_s": []}}]},
        r"models\[0\]\.performance\.ttft_p50_s: exp",
    ),
    ({"models": [{"model": "x", "categories": {"m": 1}}]}, r"models\[0\]\.categories\.m: expected an object"),
    ({"models": [], "pairs": [{"a": "x"}]}, r"pairs\[0\]\.b: missing"),
    ({"models": [], "simulated": 1}, "simulated: expected true or false, found 1"),
    ({"models": [], "warnings": ["x" * 99, 1]}, r"warnings\[1\]: expected a text, found 1"),
    ({"models": [], "anchor": {"model": "x"}}, "anchor.rating: missing"),
)


@pytest.mark.parametrize(("value", "told"), DAMAGED)
def test_a_damaged_board_is_one_line_that_names_the_field(tmp_path: Path, value: JSON, told: str) -> None:
    path = tmp_path / "leaderboard.json"
    path.write_bytes(to_json(value))
    with pytest.raises(DataError, match=told) as found:
        read_report(path)
    assert str(found.value).startswith(f"{path}: not a leaderboard") and "\n" not in str(found.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_what_is_not_json_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "leaderboard.json").write_bytes(content)
    with pytest.raises(DataError, match="not a leaderboard"):
        read_report(tmp_path / "leaderboard.json")


def test_a_board_that_was_not_rated_is_none(tmp_path: Path) -> None:
    assert read_report(tmp_path / "leaderboard.json") is None


def test_every_typed_field_is_one_that_is_written() -> None:
    """A renamed field of the ratings is noticed here, not as an empty column."""
    methods = {name for method in METHODS.values() for column in method.columns for name in column.fields}
    of_board = {"mode", "simulated", "excluded", "pending", "seed", "options", "inputs", "cluster", "stored"}
    assert _names(Report) - of_board <= _names(Leaderboard)
    assert (
        _names(Standing) - {"mean_length", "cost_usd", "performance", "answers", "benchmarks", "stored"}
        <= _names(ModelRow) | methods
    )
    answer = Answer("1", "m", 0, ("x",), "ok", "key", latency_s=1.0)
    assert _names(Performance) <= (performance([answer]) or {}).keys()


def _names(kind: type) -> set[str]:
    return {f.name for f in fields(kind)}
