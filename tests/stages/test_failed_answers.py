"""Answers that failed end a run with 3 whatever its stages, and the line names the commonest reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.api_boards import board_on
from kit.boards import edit_config
from kit.commands import arena
from kit.judges import read_prompt, sum_judge
from kit.servers import Action, Call, Fail, FakeServer, Say

STAGES = [[], ["--stage", "answers"], ["--stage", "answers", "--stage", "reviews"]]


def with_candidate(server: FakeServer, folder: Path, n: int = 6) -> Path:
    config = board_on(server, folder, n_questions=n)
    api = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None, "model": "m"}
    edit_config(config, answers_gen={"half": {"backend": "recorded", "file": "half.jsonl"}, "api": api})
    return config


@pytest.mark.parametrize("stages", STAGES)
def test_failed_answers_end_a_run_of_any_stages_with_3(stages: list[str], tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        if call.body["model"] != "m":
            return sum_judge(call)
        number = int(str(call.body["messages"][-1]["content"]).split()[2])
        return Say("It is 7.") if number < 2 else Fail(400, "too hot" if number < 5 else "too cold")

    with FakeServer(script) as server:
        done = arena("run", "-c", with_candidate(server, tmp_path), *stages)
    assert done.returncode == 3
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("arena: api: 4 of 6 answers failed"))
    assert "mostly: " in line and "too hot" in line


def test_judges_failures_name_their_reason_with_and_without_rating(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        return Say("I will not say.") if "What is 1 +" in read_prompt(call).question else Fail(400, "no such luck")

    for stages in ([], ["--stage", "reviews"]):
        folder = tmp_path / str(len(stages))
        with FakeServer(script) as server:
            config = board_on(server, folder)
            assert arena("run", "-c", config, "--stage", "answers").returncode == 0
            done = arena("run", "-c", config, *stages)
        assert done.returncode == 3
        (line,) = (line for line in done.stderr.splitlines() if "replies failed" in line)
        assert "mostly: " in line and "no such luck" in line


def test_a_run_of_the_answers_that_all_came_back_ends_with_0(tmp_path: Path) -> None:
    with FakeServer(lambda call: Say("It is 7.")) as server:
        assert arena("run", "-c", with_candidate(server, tmp_path), "--stage", "answers").returncode == 0
