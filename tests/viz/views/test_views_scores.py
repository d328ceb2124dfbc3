"""The page of scores by rule: numbers with whiskers, strengths, mistakes, and the answers behind a row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, read_jsonl, write_jsonl
from kit.commands import arena
from kit.hostile_board import hostile_board

PAGE = "views/scores.py"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scored")
    section = {"metrics": ["accuracy", "wer"], "overall": {"quality": 2, "safety": 1}}
    config = edit_config(arithmetic_board(folder, 40), scores=section)
    answers = read_jsonl(folder / "half.jsonl")
    write_jsonl(folder / "half.jsonl", [{**answers[0], "answer": " "}, *answers[1:]])
    assert arena("run", "-c", config).returncode == 0
    likely = {"bits_per_byte": 1.25, "low": 1.0, "high": 1.5, "token_perplexity": 9.5, "n_documents": 7}
    (folder / "out/reports/perplexity.json").write_text(json.dumps({"models": {"half": likely}}))
    return folder / "out"


def shown(at) -> str:
    return " ".join([*(m.value for m in at.markdown), *(c.value for c in at.caption), *(i.value for i in at.info)])


def test_numbers_stand_with_whiskers_and_what_less_of_is_better_is_marked(app, scored: Path) -> None:
    at = app("--board", scored, page=PAGE)
    assert not at.exception
    matrix = at.dataframe[0].value
    assert list(matrix["accuracy"].str.partition(" ")[0]) == ["100.0", "47.5", "0.0"]
    assert "wer ↓" in matrix.columns and matrix["wer ⟷"][0].startswith("data:image/svg+xml")
    assert [header.value for header in at.header] == [
        "Perplexity",
        "Weighted overall",
        "Strengths and weaknesses",
        "Mistakes",
        "Answers",
    ]
    likely, overall = at.dataframe[1].value, at.dataframe[2].value
    assert list(likely["Bits per byte"]) == ["1.250 [1.000, 1.500]"] and list(likely["Documents"]) == ["7"]
    assert list(overall["quality × 2"]) == ["0.76", "0.50", "0.26"] and set(overall["Overall"]) == {"–"}
    assert "1 said nothing" in shown(at) and "Nothing is sure" in shown(at)
    part = app("--board", scored, page=PAGE, part="math").dataframe[0].value
    assert part["accuracy"][1].partition(" ")[0] == "50.0"


@pytest.mark.parametrize(("kind", "n"), [("any", 40), ("empty", 1), ("out", 0)])
def test_answers_are_filtered_and_stand_beside_their_reference(app, scored: Path, kind: str, n: int) -> None:
    at = app("--board", scored, page=PAGE, metric="accuracy", model="half", kind=kind)
    assert not at.exception
    if n == 0:
        assert "No answer matches this filter." in shown(at)
        return
    assert len(at.dataframe[-1].value) == n
    assert {"**Answer**", "**Reference answer**"} <= {m.value for m in at.markdown}


def test_a_board_without_scores_says_how_to_get_some(app, board_folder: Path) -> None:
    at = app("--board", board_folder, page=PAGE)
    assert not at.exception and "No scores by rule yet" in shown(at)


def test_hostile_texts_are_texts(app, tmp_path: Path) -> None:
    folder = hostile_board(tmp_path / "b" / "board", "127.0.0.1:9")
    at = app("--board", folder, page=PAGE)
    assert not at.exception
    assert len(at.dataframe) == 4
    assert not any(bad in text.value for text in at.markdown for bad in ("<img", "<script", "](http"))


def test_a_few_categories_are_chosen_by_names_that_draw_nothing(app, tmp_path: Path) -> None:
    folder = hostile_board(tmp_path / "b" / "board", "127.0.0.1:9")
    parts = {"![x](http://127.0.0.1:9/x.png)": {"score": 0.5}, ":material/home:": {"score": 0.5}}
    score = {"score": 0.5, "signature": "chrF", "categories": parts}
    (folder / "reports/metrics.json").write_text(json.dumps({"models": {"m": {"chrf": score}}}))
    at = app("--board", folder, page=PAGE)
    assert not at.exception
    labels = [option.content for group in at.segmented_control for option in group.proto.options]
    assert not any(bad in label for label in labels for bad in ("![x](", ":material/home:"))
    assert r"\!\[x\]\(" in "".join(labels)


def test_it_is_all_chinese_on_request(app, scored: Path) -> None:
    at = app("--board", scored, page=PAGE, lang="zh")
    assert [header.value for header in at.header] == ["困惑度", "加权总分", "强项与弱项", "错误类型", "回答"]
