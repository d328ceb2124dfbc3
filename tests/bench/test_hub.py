"""`hub: true` against a stand-in for the hub: what is in no folder is fetched, once; without it nothing is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.downloads import write_text
from kit.examinees import exam_board, knows
from kit.hub import Hub
from kit.running import arena
from kit.servers import FakeServer

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("default")]
N = 8


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The hub's folder of ARC."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    home = tmp_path / "hub/allenai/ai2_arc"
    (home / "ARC-Easy").mkdir(parents=True)
    splits = ("train", "validation", "test")
    for split in splits:
        rows = [
            {"id": f"{split}{n}", "question": f"{split} {n}?", "answerKey": "B",
             "choices": {"text": [f"wrong {split} {n}", f"right {split} {n}"], "label": ["A", "B"]}}
            for n in range(N)
        ]  # fmt: skip
        pq.write_table(pa.Table.from_pylist(rows), home / f"ARC-Easy/{split}-00000-of-00001.parquet")
    files = "".join(f"  - split: {split}\n    path: ARC-Easy/{split}-*\n" for split in splits)
    write_text(home / "README.md", f"---\nconfigs:\n- config_name: ARC-Easy\n  data_files:\n{files}---\n")
    (tmp_path / "data").mkdir()
    return tmp_path / "hub"


def test_what_is_in_no_folder_is_fetched_once(tmp_path: Path, root: Path) -> None:
    with FakeServer(knows(2)) as server, Hub(root) as hub:
        config = exam_board(tmp_path, server, ["half"], {"arc_easy": {"mode": "letter"}}, tmp_path / "data", hub=True)
        done = arena("bench", "-c", config, environment=hub.environment)
        assert done.returncode == 0, done.stderr
        fetched = {path for path in hub.asked if path.endswith(".parquet")}
        assert fetched and all("ARC-Easy" in path for path in fetched)
        calls, offline = len(server.calls), hub.environment | {"HF_HUB_OFFLINE": "1"}
        assert calls == N
        again = arena("bench", "-c", config, environment=offline)
        assert again.returncode == 0, again.stderr
        assert len(server.calls) == calls
    score = json.loads((tmp_path / "out/reports/benchmarks.json").read_text())["models"]["half"]["arc_easy"]
    assert (score["score"], score["n"]) == (0.5, N)


@pytest.mark.parametrize(("section", "environment", "said"), [
    ({"hub": True}, {"HF_HUB_OFFLINE": "1"}, "the hub cannot be reached"),
    ({"hub": True}, {}, "arc_easy: allenai/ai2_arc"),
    ({"hub": False}, {}, "no folder arc_easy/"),
    ({"hub": False, "tasks": {"own": {"path": "own.yaml"}}}, {}, "nothing is fetched without `hub: true`"),
], ids=["offline", "not there", "not wanted", "a task file"])  # fmt: skip
def test_without_it_one_line_ends_check_and_bench_before_any_call(
    tmp_path: Path, section: dict[str, object], environment: dict[str, str], said: str
) -> None:
    own = "task: own\ndataset_path: some/body\ntest_split: test\noutput_type: generate_until\ndoc_to_text: x\n"
    write_text(tmp_path / "own.yaml", own + "metric_list: [{metric: exact_match}]\n")
    (tmp_path / "data").mkdir()
    with FakeServer(knows(2)) as server, Hub(tmp_path / "nothing") as hub:
        settings = {"tasks": {"arc_easy": {"mode": "letter"}}} | section
        tasks = settings.pop("tasks")
        config = exam_board(tmp_path, server, ["m"], tasks, tmp_path / "data", **settings)
        for command in ("check", "bench"):
            done = arena(command, "-c", config, environment=hub.environment | environment)
            assert done.returncode == 2, done
            assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert server.calls == []
        assert bool(hub.asked) == bool(section["hub"] and not environment), hub.asked
