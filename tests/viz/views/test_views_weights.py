"""Your own weights and models set aside on the leaderboard page, without a browser."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
from kit.commands import arena

from measurements.make_board import Plan, make_board


@pytest.fixture(scope="module")
def weighted_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board whose leaderboard was made with weights and a model set aside, by the command line."""
    folder = make_board(tmp_path_factory.mktemp("weighted") / "board", Plan(models=4, questions=15))
    path = folder / "reports/leaderboard.json"
    before = json.loads(path.read_text())
    name = before["models"][1]["model"]
    (folder / "weights.yaml").write_text("category: {coding: 4}\n")
    done = arena(
        "rate", folder / "reports/battles.jsonl", "--method", "bradley_terry,elo,win_rate", "--json",
        "--weights", folder / "weights.yaml", "--set-aside", name, "--by", "category", "--by", "language",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    path.write_text(json.dumps(before | json.loads(done.stdout) | {"mode": "pairwise"}))
    return folder


def weighted(at) -> list[float]:
    return list(at.dataframe[0].value["Weighted rating"])


def rated_by(folder: Path, weights: str) -> list[float]:
    """The weighted ratings of the command line, in the order of the board."""
    (folder / "w.yaml").write_text(weights)
    done = arena("rate", folder / "reports/battles.jsonl", "--json", "--weights", folder / "w.yaml")
    return [row["weighted"]["rating"] for row in json.loads(done.stdout)["models"]]


@pytest.mark.slow
def test_a_board_without_weights_gets_them_from_the_sliders(app, board_folder: Path, tmp_path: Path) -> None:
    at = app("--board", board_folder)
    assert "Weighted rating" not in at.dataframe[0].value
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    at = app("--board", folder, weigh="balanced")
    assert not at.exception
    assert weighted(at) == pytest.approx(rated_by(folder, "balanced\n"))
    at = app("--board", folder, weigh="own")
    at.slider(key="category-weight-coding").set_value(5.0).run()
    assert not at.exception
    assert weighted(at) == pytest.approx(rated_by(folder, "category: {coding: 5}\n"))
    assert at.query_params["category-weight-coding"] == "5.0"
    own = [m["rating"] for m in json.loads((folder / "reports/leaderboard.json").read_text())["models"]]
    assert list(at.dataframe[0].value["Rating"]) == pytest.approx(own)  # the board's own numbers stay


def test_a_board_with_weights_begins_with_them_and_has_a_line(app, weighted_folder: Path) -> None:
    stored = json.loads((weighted_folder / "reports/leaderboard.json").read_text())
    at = app("--board", weighted_folder)
    assert not at.exception
    assert at.slider(key="category-weight-coding").value == 4.0
    table = at.dataframe[0].value
    assert weighted(at) == pytest.approx([m["weighted"]["rating"] for m in stored["models"]])
    assert list(table["Rank"])[-1] == "–"
    assert list(table["Remarks"])[-1].startswith("set aside")
    cards = " ".join(element.proto.body for element in at.main if element.type == "html")
    assert f"weighted rank {stored['models'][0]['weighted']['rank']}" in cards
    told = " ".join(caption.value for caption in at.caption).replace("\\", "")
    assert "Weighted numbers: category coding 4" in told
    assert "Set aside, below the line and without a rank" in told


def test_a_filter_keeps_who_is_set_aside(app, weighted_folder: Path) -> None:
    stored = json.loads((weighted_folder / "reports/leaderboard.json").read_text())
    aside = stored["models"][-1]["model"]
    at = app("--board", weighted_folder, category=["coding"])
    assert not at.exception
    table = at.dataframe[0].value
    assert (list(table["Model"])[-1], list(table["Rank"])[-1]) == (aside, "–")


def test_the_page_shows_the_command_that_gives_its_numbers(app, weighted_folder: Path) -> None:
    at = app("--board", weighted_folder)
    assert not at.code, "what is folded is not made"
    at.session_state["folded-command"] = True
    at.run()
    command = next(code.value for code in at.code if code.value.startswith("arena rate"))
    done = arena(*shlex.split(command)[1:], "--json")
    assert done.returncode == 0, done.stderr
    stored = json.loads((weighted_folder / "reports/leaderboard.json").read_text())
    assert [row["weighted"] for row in json.loads(done.stdout)["models"]] == [
        row["weighted"] for row in stored["models"]
    ]


@pytest.mark.slow
def test_every_weight_at_nothing_is_said_and_no_number_shown(app, board_folder: Path) -> None:
    names = {"coding", "math", "writing", "reasoning", "general"}
    board = json.loads((board_folder / "reports/leaderboard.json").read_text())
    there = set(board["models"][0]["categories"]) | names
    at = app("--board", board_folder, weigh="own", **{f"category-weight-{name}": "0" for name in there})
    assert not at.exception
    assert any("nothing is left to rate" in warning.value for warning in at.warning)


def test_a_category_that_marks_up_is_a_text_on_its_slider(app, board_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    path, hostile = folder / "reports/battles.jsonl", "[x](http://evil.example) **b**"
    path.write_text(path.read_text().replace('"coding"', json.dumps(hostile)))
    at = app("--board", folder, weigh="own")
    assert not at.exception
    slider = at.slider(key=f"category-weight-{hostile}")
    assert r"\[x\]" in slider.label
    assert r"\*\*b" in slider.label
