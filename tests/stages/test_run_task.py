"""`arena.run_task` takes llmuses's dictionary and returns llmuses's report fields."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from kit.downloads import write_downloads
from kit.examinees import knows
from kit.servers import FakeServer

import arena
from arena.errors import ConfigError, InputError


def entry(server: FakeServer) -> dict[str, object]:
    return {"backend": "openai", "model": "org/planted", "base_url": server.openai_url, "api_key_env": None}


def test_a_planted_model_has_its_weighted_average_and_its_distance_to_the_target(tmp_path: Path) -> None:
    data = write_downloads(tmp_path / "data", 12)
    task_cfg: dict[str, object] = {
        "datasets": ["mmlu", "arc_easy"], "dataset_dir": str(data), "work_dir": str(tmp_path / "out"),
        "generation_config": {"do_sample": False, "max_new_tokens": 32}, "targets": {"arc_easy": 0.75},
    }  # fmt: skip
    with FakeServer(knows(2)) as server:
        found = arena.run_task(task_cfg | {"model": entry(server)})
        asked = len(server.calls)
        again = arena.run_task(task_cfg | {"model": entry(server)})
        assert len(server.calls) == asked  # what is stored is not asked again
    assert again == found and found["problems"] == [] and found["model"] == "planted"
    reports = {report["name"]: report for report in found["reports"]}
    assert reports["arc_easy"]["metric"] == "WeightedAverageAccuracy"
    assert [reports["arc_easy"][field] for field in ("score", "target", "delta")] == [0.5, 0.75, -0.25]
    mmlu = reports["mmlu"]
    (category,) = mmlu["category"]
    weighted = sum(part["score"] * part["num"] for part in category["subset"]) / mmlu["total_num"]
    assert mmlu["score"] == pytest.approx(weighted) and mmlu["delta"] is None
    assert [part["name"] for part in category["subset"]] == ["anatomy", "world_religions"]


def test_a_dry_run_asks_nobody(tmp_path: Path) -> None:
    data = write_downloads(tmp_path / "data", 12)
    with FakeServer(knows(4)) as server:
        found = arena.run_task({"model": entry(server), "datasets": "arc_easy", "dataset_dir": data, "limit": 5,
                                "work_dir": tmp_path / "out", "dry_run": True})  # fmt: skip
        assert server.calls == []
    assert found["dry_run"] is True and found["reports"][0]["total_num"] == 5


def test_a_gguf_file_is_llama_cpps_and_is_looked_for_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_downloads(tmp_path / "data", 4)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"there is no file {tmp_path}/mine.gguf; backend llamacpp takes") as raised:
        arena.run_task({"model": "mine.gguf", "datasets": "general_qa", "dataset_dir": data, "work_dir": "out"})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data_set": "x"}, "task_cfg: no key 'data_set'; did you mean datasets"),
        ({"datasets": ["arc_eazy"]}, "no task 'arc_eazy'; did you mean arc_easy"),
        ({"datasets": []}, "datasets must name at least one benchmark"),
        ({"model": None}, "model must be a hub id, a folder, a GGUF file, or a mapping"),
        ({"generation_config": {"max_new_token": 5}}, "did you mean max_new_tokens"),
        ({"targets": {"mmlu": 0.5}}, "a share from 0 to 1 of one of arc_easy"),
    ],
)
def test_what_is_wrong_names_the_nearest_right_thing(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        arena.run_task({"model": "m", "datasets": ["arc_easy"], "work_dir": tmp_path / "out"} | changed)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_what_is_no_dictionary_is_refused() -> None:
    with pytest.raises(ConfigError, match="a dictionary is expected, not int"):
        arena.run_task(7)  # type: ignore[arg-type]


def test_importing_arena_stays_light() -> None:
    code = "import sys, arena; print(sorted({'numpy', 'pydantic'} & set(sys.modules)), hasattr(arena, 'nothing'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"
