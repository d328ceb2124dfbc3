"""The section `benchmarks`: what may stand there, and what a typo is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from arena.config.loading import load_config
from arena.config.schema import Config
from arena.errors import ConfigError


def loaded(tmp_path: Path, section: object) -> Config:
    path = tmp_path / "configs/board.yaml"
    path.parent.mkdir(exist_ok=True)
    board = {"question_file": "q.jsonl", "output_dir": "out", "answers_gen": {"m": {"backend": "openai"}}}
    path.write_text(yaml.safe_dump(board | {"benchmarks": section}))
    return load_config(str(path)).config


def test_paths_are_relative_to_the_config_and_a_task_may_stand_alone(tmp_path: Path) -> None:
    tasks = {"gsm8k": None, "mmlu": {"subjects": ["anatomy"], "shots": 5}, "mine": {"path": "my.yaml"}}
    section = loaded(tmp_path, {"data_dir": "../data", "tasks": tasks}).benchmarks
    assert section is not None
    assert section.data_dir == tmp_path / "data"
    assert section.tasks["mine"].path == tmp_path / "configs/my.yaml"
    assert section.tasks["gsm8k"].shots is None and section.tasks["mmlu"].shots == 5
    listed = loaded(tmp_path, {"tasks": ["gsm8k"]}).benchmarks
    assert listed is not None and list(listed.tasks) == ["gsm8k"]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"tasks": {}}, "benchmarks.tasks: expected at least 1"),
        ({"tasks": {"mmlu": {"shot": 5}}}, "benchmarks.tasks.mmlu.shot: unknown key; did you mean shots"),
        ({"task": {"mmlu": {}}}, "benchmarks.task: unknown key; did you mean tasks"),
        ({"tasks": {"mmlu": {}}, "limit": 0}, "benchmarks.limit"),
        ({"tasks": {"mine": {"path": "a.yaml", "file": "a.csv"}}}, "not both"),
        ({"tasks": {"mmlu": {}}, "sandbox": "docker"}, "benchmarks.sandbox"),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(tmp_path: Path, section: object, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, section)
    assert said in str(error.value)
