"""The page of benchmarks: every task and model, and the documents on which two models part."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from kit.commands import arena
from kit.paths import FIXTURES

from arena.files import read_objects, to_json
from arena.reports.benchmarks import BenchmarkRow
from arena.reports.typed import write_typed_rows

pytestmark = pytest.mark.slow
PAGE = "views/benchmarks.py"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board of two finished runs, rated by their references."""
    out = tmp_path_factory.mktemp("runs") / "b"
    runs = [FIXTURES / "evalscope" / name for name in ("sparrow-run", "wren-run")]
    assert arena("import", "evalscope", *runs, "--out", out).returncode == 0
    assert arena("run", "-c", out / "config.yaml").returncode == 0
    return out / "runs/pairwise"


def shown(at) -> str:
    return " ".join([*(m.value for m in at.markdown), *(c.value for c in at.caption), *(i.value for i in at.info)])


def test_scores_stand_by_model_and_task_with_whiskers(app, imported: Path) -> None:
    at = app("--board", imported, page=PAGE)
    assert not at.exception
    matrix = at.dataframe[0].value
    assert list(matrix["Model"]) == ["sparrow", "wren"]
    assert matrix["general_mcq"][0].startswith("75.0 [") and matrix["general_mcq"][1].startswith("50.0 [")
    assert matrix["general_mcq ⟷"][0].startswith("data:image/svg+xml")
    heads = json.loads(at.dataframe[0].proto.columns)
    assert heads["general_mcq ⟷"]["label"] == "Interval"


@pytest.mark.parametrize(
    ("which", "documents"),
    [("a", ["example/1", "example/2"]), ("b", ["example/3"]), ("unread", ["example/3"])],
)
def test_documents_are_filtered_by_who_was_right(app, imported: Path, which: str, documents: list[str]) -> None:
    at = app("--board", imported, page=PAGE, task="general_mcq", a="sparrow", b="wren", which=which)
    assert not at.exception
    listed = at.dataframe[-1].value
    assert list(listed["Document"]) == documents
    assert "Only the score is stored." not in shown(at)


def test_a_filter_that_nothing_matches_says_so(app, imported: Path) -> None:
    at = app("--board", imported, page=PAGE, task="general_qa", a="wren", b="sparrow", which="a")
    assert not at.exception
    assert "No document matches this filter." in shown(at)


def test_hostile_names_and_replies_are_text(app, imported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "board"
    shutil.copytree(imported, folder)
    path = folder / "benchmarks/general_mcq/sparrow.jsonl"
    lines = [line | {"reply": "<script>alert(1)</script> ![x](http://evil)"} for _, line in read_objects(path)]
    path.write_bytes(b"".join(to_json(line) + b"\n" for line in lines))
    at = app("--board", folder, page=PAGE, task="general_mcq")
    assert not at.exception
    assert "![x](http://evil)" not in shown(at) and "<script>" not in shown(at)


def test_three_models_show_how_tasks_go_with_the_judges(app, board_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    models = [row["model"] for row in json.loads((folder / "reports/leaderboard.json").read_text())["models"]]
    rows = [
        BenchmarkRow(question_id=f"s/{n}", category="", model=model, task="t", item=str(n), score=float(n > 3 * place))
        for place, model in enumerate(models) for n in range(20)
    ]  # fmt: skip
    write_typed_rows(folder / "reports/benchmarks.jsonl", rows)
    at = app("--board", folder, page=PAGE)
    assert not at.exception
    assert list(at.dataframe[1].value["Spearman"]) == ["1.00"]
    assert not app("--board", folder, page=PAGE, lang="zh").exception


def test_a_damaged_row_is_named(app, imported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "board"
    shutil.copytree(imported, folder)
    (folder / "reports/benchmarks.jsonl").write_text('{"model": 1}\n')
    at = app("--board", folder, page=PAGE)
    assert not at.exception
    assert "not a row of a benchmark" in at.error[0].value
