"""The report's table of benchmarks: what was asked, how sure it is, and no section where nobody was asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.commands import arena
from kit.paths import FIXTURES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "b"
    runs = [FIXTURES / "evalscope" / name for name in ("sparrow-run", "wren-run")]
    assert arena("import", "evalscope", *runs, "--out", out).returncode == 0
    assert arena("run", "-c", out / "config.yaml").returncode == 0
    return out / "config.yaml"


def page_of(config: Path, lang: str = "en") -> str:
    target = config.parent / f"{lang}.html"
    assert arena("report", "-c", config, "--lang", lang, "--out", target).returncode == 0
    return target.read_text(encoding="utf-8")


def test_the_report_has_every_task_and_model_with_its_interval(config: Path) -> None:
    page = page_of(config)
    table = page.split('id="benchmarks"')[1].split("</section>")[0]
    for text in ("general_mcq", "general_qa", "sparrow", "75.0%", "50.0%", "accuracy, generate"):
        assert text in table
    board = json.loads((config.parent / "runs/pairwise/reports/leaderboard.json").read_text())
    score = next(row for row in board["models"] if row["model"] == "sparrow")["benchmarks"]["general_mcq"]
    assert f"[{100 * score['low']:.1f}, {100 * score['high']:.1f}]" in table
    assert 'href="#benchmarks"' in page


def test_it_speaks_chinese(config: Path) -> None:
    assert "有标准答案的题目" in page_of(config, "zh")


def test_scores_asked_otherwise_are_said_not_to_compare(config: Path) -> None:
    path = config.parent / "runs/pairwise/reports/leaderboard.json"
    board = json.loads(path.read_text())
    board["models"][0]["benchmarks"]["general_mcq"]["shots"] = 5
    path.write_text(json.dumps(board))
    assert "general_mcq: not all were asked alike" in page_of(config)


def test_a_board_without_benchmarks_has_no_such_section(config: Path) -> None:
    path = config.parent / "runs/pairwise/reports/leaderboard.json"
    board = json.loads(path.read_text())
    for row in board["models"]:
        del row["benchmarks"]
    path.write_text(json.dumps(board))
    assert 'id="benchmarks"' not in page_of(config)
