"""The report's load tests: a chart and a table of every model and level; quality against speed under load."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from kit.commands import output_of
from kit.load_runs import load_board
from kit.paths import ROOT

from arena.cli import group

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    text = (ROOT / "configs" / "cfg_demo.yaml").read_text(encoding="utf-8").replace("../data", str(ROOT / "data"))
    (folder / "c.yaml").write_text(text.replace("runs/demo", "out"), encoding="utf-8")
    assert CliRunner().invoke(group, ["run", "-c", str(folder / "c.yaml")]).exit_code == 0
    load_board(folder / "out", {"tiny-50": 0.1, "tiny-500": 0.5})
    return folder / "c.yaml"


def page_of(config: Path, lang: str = "en") -> str:
    out = config.parent / f"{lang}.html"
    output_of("report", "-c", str(config), "--out", str(out), "--lang", lang)
    return out.read_text(encoding="utf-8")


def test_every_level_has_a_row_and_a_point(config: Path) -> None:
    page = page_of(config).split('id="load"')[1].split("</section>")[0]
    levels = [
        level for model in json.loads((config.parent / "out/load/load.json").read_text())["runs"][0]["models"].values()
        for level in model["levels"]
    ]  # fmt: skip
    for level in levels:
        assert f"<td>{level['succeeded']}/{level['expected']}</td>" in page
    assert page.count("<circle") == 2 * len(levels)
    assert page.count("<svg") == 3  # time to first token, latency, and latency along the time
    assert "limited by this machine" in page and "127.0.0.1" not in page
    assert 'href="#load"' in page_of(config)


def test_speed_under_load_stands_beside_quality(config: Path) -> None:
    page = page_of(config)
    assert "Quality against speed under load" in page and "median latency, 16 at once, seconds" in page


def test_the_section_speaks_chinese(config: Path) -> None:
    page = page_of(config, "zh")
    assert "负载测试" in page and "并发 16" in page and "at once" not in page


def test_a_board_that_nobody_tested_has_no_such_section(config: Path) -> None:
    file = config.parent / "out/load/load.json"
    file.rename(file.with_suffix(".gone"))
    assert 'id="load"' not in page_of(config)
    file.with_suffix(".gone").rename(file)
