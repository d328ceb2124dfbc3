"""Two boards compared: arithmetic against scipy, the battles against cases worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from arena.cli import group
from arena.cli.diff import sentences
from arena.errors import InputError
from arena.reports.board import report_of
from arena.reports.diff import BoardFile, compare_boards, kendall, read_board, spearman
from arena.types import JSON

RANKS = st.integers(2, 8).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(1, n), min_size=n, max_size=n) for _ in range(2)))
)


@given(RANKS)
def test_rank_correlations_are_scipys(ranks: tuple[list[int], list[int]]) -> None:
    first, second = ([float(rank) for rank in side] for side in ranks)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert spearman(first, second) is None and kendall(first, second) is None
    else:
        assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)
        assert kendall(first, second) == pytest.approx(stats.kendalltau(first, second).statistic)


def model(name: str, rank: int, rating: float, half: float = 10.0) -> dict[str, JSON]:
    return {
        "model": name, "rank": rank, "rating": rating, "rating_low": rating - half, "rating_high": rating + half,
        "win_rate": 0.5, "score": None,
    }  # fmt: skip


def battle(question: str, a: str, b: str, winner: str, judge: str = "j", key: str = "k") -> dict[str, JSON]:
    return {
        "question_id": question, "model_a": a, "model_b": b, "sample": 0, "judge": judge, "state": "rated",
        "winner": winner, "answer_key_a": key, "answer_key_b": "k",
    }  # fmt: skip


def board(
    models: list[dict[str, JSON]], battles: list[dict[str, JSON]], simulated: bool = False, anchor: str | None = None
) -> BoardFile:
    held: JSON = {"model": anchor, "rating": 1000.0} if anchor else None
    report = report_of({"models": [*models], "simulated": simulated, "anchor": held})
    return BoardFile(Path("leaderboard.json"), report, tuple(battles))


def test_a_battle_written_the_other_way_round_is_the_same_battle() -> None:
    before = board([], [battle("1", "x", "y", "model_a"), battle("2", "x", "y", "tie")])
    after = board([], [battle("1", "y", "x", "model_b"), battle("2", "y", "x", "model_a")])
    found = compare_boards(before, after)
    assert (found.battles_both, found.same_winner) == (2, 1)
    assert [(c.question_id, c.winner_before, c.winner_after) for c in found.changed] == [("2", "tie", "y")]


def test_only_the_panels_rows_count_where_there_is_a_panel() -> None:
    before = board([], [battle("1", "x", "y", "model_a", "j1"), battle("1", "x", "y", "model_b", "panel")])
    after = board([], [battle("1", "x", "y", "model_b", "other")])
    assert compare_boards(before, after).changed == ()


def test_excluded_and_missing_battles_are_counted_apart() -> None:
    lost = battle("3", "x", "y", "model_a") | {"state": "excluded", "winner": None}
    before = board([], [battle("1", "x", "y", "model_a"), battle("2", "x", "y", "model_a"), lost])
    after = board([], [battle("2", "x", "y", "model_a"), battle("3", "x", "y", "model_a")])
    found = compare_boards(before, after)
    assert (found.battles_both, found.battles_only_before, found.battles_only_after) == (1, 1, 1)


def test_a_changed_answer_is_said() -> None:
    before = board([], [battle("1", "x", "y", "model_a", key="old")])
    after = board([], [battle("1", "x", "y", "model_b", key="new")])
    assert compare_boards(before, after).changed[0].answers_changed


def test_models_that_moved_beyond_both_intervals_stand_out() -> None:
    before = board([model("x", 1, 1100), model("y", 2, 1000), model("gone", 3, 900)], [], anchor="base")
    after = board([model("y", 1, 1105), model("x", 2, 1095), model("new", 3, 900)], [], simulated=True, anchor="base")
    found = compare_boards(before, after)
    assert [(row.model, row.rank_before, row.rank_after, row.apart) for row in found.models] == [
        ("y", 2, 1, True), ("x", 1, 2, False)
    ]  # fmt: skip
    assert (found.only_before, found.only_after, found.simulated) == (("gone",), ("new",), True)
    assert found.spearman == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [
        ({"x": 1, "y": 2}, {"new": 1, "x": 2, "y": 3}, {"x": 0, "y": 0}),
        ({"gone": 1, "x": 2, "y": 3}, {"x": 1, "y": 2}, {"x": 0, "y": 0}),
        ({"x": 1, "y": 2}, {"new": 1, "y": 2, "x": 3}, {"x": -1, "y": 1}),
        ({"x": 1, "y": 1, "z": 3}, {"x": 1, "y": 2, "z": 2}, {"x": 0, "y": -1, "z": 1}),
    ],
)
def test_a_model_is_moved_by_models_of_both_boards_alone(
    before: dict[str, int], after: dict[str, int], steps: dict[str, int]
) -> None:
    sides = [board([model(name, rank, 1000) for name, rank in ranks.items()], []) for ranks in (before, after)]
    assert {row.model: row.step for row in compare_boards(*sides).models} == steps


@pytest.mark.parametrize(
    ("anchors", "models", "same"),
    [
        (("base", "base"), (("x", "y"), ("x", "z")), True),
        (("base", "x"), (("x", "y"), ("x", "y")), False),
        (("base", None), (("x", "y"), ("x", "y")), False),
        ((None, None), (("x", "y"), ("x", "y")), True),
        ((None, None), (("x", "y"), ("x", "z")), False),
    ],
)
def test_ratings_on_different_scales_are_not_subtracted(
    anchors: tuple[str | None, str | None], models: tuple[tuple[str, ...], tuple[str, ...]], same: bool
) -> None:
    """A board whose ratings have mean 1000 moves as a whole when a model joins it."""
    sides = [
        board([model(name, i + 1, 1000 + 100 * i * side) for i, name in enumerate(names)], [], anchor=anchor)
        for side, (anchor, names) in enumerate(zip(anchors, models, strict=True))
    ]
    found = compare_boards(*sides)
    assert found.same_scale is same
    assert [row.apart for row in found.models if row.model == "x"] == [False if same else None]
    assert any("do not compare" in line for line in sentences(found)) is not same


def test_a_board_is_the_same_as_itself_from_any_place_it_can_be_named_by(plain_board: Path) -> None:
    out = plain_board.parent / "runs" / "pairwise"
    places = [str(plain_board), str(plain_board.parent), str(out), str(out / "reports" / "leaderboard.json")]
    for place in places:
        result = CliRunner().invoke(group, ["diff", str(plain_board), place, "--json"], catch_exceptions=False)
        found = json.loads(result.output)
        assert found["changed"] == [] and found["spearman"] == 1.0
        assert found["battles_both"] == found["same_winner"] == 83


def test_the_table_names_who_moved_and_what_changed(plain_board: Path, tmp_path: Path) -> None:
    reports = plain_board.parent / "runs" / "pairwise" / "reports"
    lines = (reports / "battles.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    place = next(n for n, row in enumerate(rows) if row["winner"] == "model_a")
    rows[place]["winner"] = "tie"
    (tmp_path / "leaderboard.json").write_bytes((reports / "leaderboard.json").read_bytes())
    (tmp_path / "battles.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    output = CliRunner().invoke(group, ["diff", str(plain_board), str(tmp_path)], catch_exceptions=False).output
    assert "98.8% with the same winner, 1 changed" in output
    assert f"{rows[place]['model_a']} → tie" in output


@pytest.mark.parametrize("models", ["[{}]", "[1]", "5"])
def test_a_file_that_is_no_leaderboard_is_refused(tmp_path: Path, models: str) -> None:
    (tmp_path / "leaderboard.json").write_text(f'{{"models": {models}}}')
    with pytest.raises(InputError, match=r"leaderboard\.json: "):
        read_board(tmp_path)


def test_a_folder_without_a_board_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rate the board first"):
        read_board(tmp_path)
