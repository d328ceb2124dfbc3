"""The page of load tests: models side by side, level by level, and what limits them; their speed on the value map."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from kit.load_runs import load_board

pytestmark = pytest.mark.slow
PAGE = "views/load.py"


@pytest.fixture
def tested(board_folder: Path, tmp_path: Path) -> Path:
    """A board whose two first models were tested."""
    folder = shutil.copytree(board_folder, tmp_path / "board")
    models = [row["model"] for row in json.loads((folder / "reports/leaderboard.json").read_text())["models"]]
    return load_board(folder, {models[0]: 0.1, models[1]: 0.4})


def levels_of(board: Path) -> list[dict]:
    run = json.loads((board / "load/load.json").read_text())["runs"][-1]
    return [level for model in run["models"].values() for level in model["levels"]]


def test_every_level_of_every_model_stands_with_its_figures(app, tested: Path) -> None:
    at = app("--board", tested, page=PAGE, time="latency_s")
    assert not at.exception
    stored, (levels, percentiles) = levels_of(tested), (table.value for table in at.dataframe[:2])
    assert list(levels["Level"]) == ["1 at once", "4 at once", "16 at once"] * 2
    assert list(levels["Replies"]) == [f"{row['succeeded']}/{row['expected']}" for row in stored]
    p95 = stored[2]["latency_s"]["p95"]
    told = f"{1000 * p95['value']:.0f} ms [{1000 * p95['low']:.0f}, {1000 * p95['high']:.0f}]"
    assert percentiles["p95"][2] == told
    said = " ".join(caption.value for caption in at.caption)
    assert "limited by this machine" in said and "server error" in said and "SLO missed" not in said


def test_it_speaks_chinese(app, tested: Path) -> None:
    at = app("--board", tested, page=PAGE, lang="zh")
    assert not at.exception
    assert list(at.dataframe[0].value["负载"])[:3] == ["并发 1", "并发 4", "并发 16"]
    assert any("受发送端限制" in caption.value for caption in at.caption)


def test_latency_under_load_joins_the_value_map(app, tested: Path) -> None:
    at = app("--board", tested, against="load")
    assert not at.exception
    assert any("models without this number are not drawn" in caption.value for caption in at.caption)
    titles = [chart.proto.spec for chart in at.get("vega_lite_chart")]
    assert any("Median latency under load, 16 at once, seconds" in spec for spec in titles)


def test_a_damaged_file_is_named_and_hurts_no_other_page(app, tested: Path) -> None:
    (tested / "load/load.json").write_text('{"runs": [{"run": "x", "started": "", "complete": true, "models": 3}]}')
    at = app("--board", tested, page=PAGE)
    assert "expected an object, found 3" in at.error[0].value
    assert not app("--board", tested).exception
