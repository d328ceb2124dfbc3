"""Boards in time, in the viewer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from kit.boards import arithmetic_board
from kit.commands import output_of


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Boards side by side: two that share a scale, one of another prompt, one of scores."""
    root = tmp_path_factory.mktemp("several")
    for name, more in (
        ("monday", {}), ("tuesday", {}), ("wednesday", {"prompt": "pair-json-v1"}),
        ("scored", {"mode": "single", "baseline": None}),
    ):  # fmt: skip
        output_of("run", "-c", arithmetic_board(root / "of" / name, **more))
        shutil.copytree(root / "of" / name / "out", root / "boards" / name)
    return root / "boards"


@pytest.fixture
def tidy(several: Path, tmp_path: Path) -> Path:
    shutil.copytree(several, tmp_path / "boards")
    return tmp_path / "boards"


@pytest.mark.slow
def test_boards_of_one_kind_are_put_in_order(app, tidy: Path) -> None:
    at = app("--board", tidy / "monday", page="views/trend.py")
    assert not at.exception
    table = at.dataframe[0].value
    assert list(table.columns) == ["Model", "monday", "tuesday", "‖ wednesday"]
    said = [caption.value for caption in at.caption]
    assert any("A new line begins at wednesday" in text for text in said)
    assert any("verdicts on the same answers changed" in text for text in said)


def test_a_choice_of_boards_leaves_the_others_out(app, tidy: Path) -> None:
    at = app("--board", tidy / "monday", page="views/trend.py", boards=["monday", "tuesday"])
    assert list(at.dataframe[0].value.columns) == ["Model", "monday", "tuesday"]
    assert any("All boards share one scale" in caption.value for caption in at.caption)


@pytest.mark.slow
def test_a_board_alone_says_how_to_add_another(app, tidy: Path) -> None:
    at = app("--board", tidy / "scored", page="views/trend.py")
    assert not at.exception
    assert not at.dataframe
    assert any("arena view --other" in element.value for element in [*at.info, *at.markdown, *at.caption])


@pytest.mark.slow
def test_the_leaderboard_says_how_firm_its_order_is(app, tidy: Path) -> None:
    at = app("--board", tidy / "monday")
    assert any("decide" in caption.value and "between place 1 and 2" in caption.value for caption in at.caption)
    assert any(expander.label == "How firm is the order?" for expander in at.expander)
    at.session_state["folded-firmness"] = True
    at.run()
    assert not at.exception
    assert len(at.dataframe) == 2


@pytest.mark.slow
def test_a_board_of_several_baselines_shows_the_rate_against_each(app, tmp_path: Path) -> None:
    output_of("run", "-c", arithmetic_board(tmp_path, baseline=["half", "wrong"]))
    at = app("--board", tmp_path / "out")
    assert not at.exception
    assert any(expander.label == "Against each baseline" for expander in at.expander)
    at.session_state["folded-baselines"] = True
    at.run()
    table = next(frame.value for frame in at.dataframe if "half " in frame.value.columns)
    assert [name.strip() for name in table.columns] == ["Model", "half", "wrong"]
    chips = " ".join(html.proto.body for html in at.get("html"))
    assert "baseline half" in chips and "baseline wrong" in chips
