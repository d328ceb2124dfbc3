"""Two boards compared over their indexes: what `arena diff` finds, at any size."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from arena.errors import DataError
from arena.reports.diff import compare_boards, read_board
from measurements.make_board import Plan, make_board
from viz.data.comparing import compare


@pytest.fixture
def boards(board_folder: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A board, and one with another seed, another set of models and one judge."""
    return board_folder, make_board(tmp_path / "other", Plan(models=3, questions=15, seed=5, judges=("judge-large",)))


def test_it_finds_what_arena_diff_finds(boards: tuple[Path, Path]) -> None:
    for before, after in (boards, boards[::-1]):
        found = compare(before, after, most=10_000)
        expected = compare_boards(read_board(before), read_board(after))
        assert (found.both, found.same) == (expected.battles_both, expected.same_winner)
        assert found.changed == expected.changed
        assert found.changed
        assert (found.boards.models, found.boards.kendall) == (expected.models, expected.kendall)


def test_a_battle_written_the_other_way_round_is_the_same_battle(board_folder: Path, tmp_path: Path) -> None:
    """In baseline mode the baseline stands second, whatever its name."""
    turned = tmp_path / "turned"
    shutil.copytree(board_folder, turned)
    path = turned / "reports" / "battles.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    sides = {"model_a": "model_b", "model_b": "model_a", "answer_key_a": "answer_key_b", "answer_key_b": "answer_key_a"}
    for number, line in enumerate(lines):
        if number % 2:
            winner = sides.get(line["winner"], line["winner"])
            lines[number] |= {name: line[other] for name, other in sides.items()} | {"winner": winner}
        if number % 5 == 0 and line["winner"]:
            line["winner"] = "tie"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found, expected = (
        compare(board_folder, turned, 10_000),
        compare_boards(read_board(board_folder), read_board(turned)),
    )
    assert (found.both, found.same) == (expected.battles_both, expected.same_winner)
    assert found.changed == expected.changed
    assert found.changed


def test_no_more_battles_are_named_than_asked_for(boards: tuple[Path, Path]) -> None:
    found = compare(*boards, most=2)
    assert len(found.changed) == 2
    assert found.both - found.same > 2


def test_of_a_board_beside_itself_nothing_changed(board_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(board_folder, copy)
    path = copy / "reports" / "battles.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in reversed(lines)))  # the order says nothing
    found = compare(board_folder, copy, most=10)
    assert found.both == found.same > 0
    assert found.changed == ()


def test_boards_of_scores_are_compared_by_model_alone(score_folder: Path) -> None:
    found = compare(score_folder, score_folder, most=10)
    assert (found.both, len(found.boards.models)) == (0, 3)


def test_an_unrated_board_is_said(board_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing has been rated"):
        compare(board_folder, tmp_path, most=10)
