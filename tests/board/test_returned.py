"""What a server says it is, compared with what was asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, leaderboard
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import Action, Call, FakeServer, Say

from arena.board.open import open_board
from arena.board.returned import other_models
from arena.config.loading import load_config
from arena.types import Answer


@dataclass(frozen=True)
class JudgedAs:
    """A ledger of one reply."""

    model: str

    def models_returned(self, asked: str) -> frozenset[str]:
        return frozenset([self.model])


def told(folder: Path, asked: dict[str, tuple[str, str]], judge: str = "judge-model") -> list[str]:
    """The warnings about candidates that were asked for the first of each pair and answered as the second."""
    config = arithmetic_board(folder)
    at = {"backend": "openai", "base_url": "http://127.0.0.1:9/v1", "api_key_env": None}
    judges = {"j": {**at, "model": "judge-model"}}
    edit_config(config, answers_gen={name: {**at, "model": model} for name, (model, _) in asked.items()},
                reviews_gen={"judges": judges, "mode": "pairwise", "baseline": None})  # fmt: skip
    board = open_board(load_config(str(config)))
    answer = Answer("0", "m", 0, ("x",), "ok", "key")
    answers = {name: {("0", 0): replace(answer, model_returned=said)} for name, (_, said) in asked.items()}
    return list(other_models(board, answers, {"j": JudgedAs(judge)}))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("gpt-4.1", "gpt-4.1"),
        ("gpt-4.1", "gpt-4.1-2025-04-14"),
        ("Qwen/Qwen3-4B", "qwen3-4b"),
        ("qwen3-4b", "Qwen/Qwen3-4B"),
        ("llama3", "llama3:latest"),
        ("x.gguf", "/models/x.gguf"),
        ("x", None),
    ],
)
def test_another_form_of_the_name_is_the_same_model(asked: str, said: str, tmp_path: Path) -> None:
    assert told(tmp_path, {"a": (asked, said)}) == []


def test_another_model_than_was_asked_for_is_named(tmp_path: Path) -> None:
    assert told(tmp_path, {"a": ("qwen3-4b", "llama-3-8b")}, judge="gpt-2") == [
        "a: asked for qwen3-4b, but the server says it was llama-3-8b",
        "judge j: asked for judge-model, but the server says it was gpt-2",
    ]


def test_one_model_behind_two_names_is_said_once(tmp_path: Path) -> None:
    found = told(tmp_path, {"a": ("qwen3-4b", "x.gguf"), "b": ("llama-3", "x.gguf")})
    assert found == ["one model, x.gguf, answered under several names: a (asked for qwen3-4b), b (asked for llama-3)"]


def test_two_entries_that_ask_for_the_same_model_are_what_they_say(tmp_path: Path) -> None:
    assert told(tmp_path, {"cold": ("qwen3", "qwen3"), "hot": ("qwen3", "qwen3")}) == []


def test_a_run_says_so_of_candidates_and_judges(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        said = sum_judge(call) if call.body["model"] == "judge-model" else Say("It is 7.")
        return replace(said, model="elsewhere-7b")

    with FakeServer(script) as server:
        at = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        config = arithmetic_board(tmp_path, judges={"j": {**at, "model": "judge-model"}})
        answers = {"half": {"backend": "recorded", "file": "half.jsonl"}, "api": {**at, "model": "m"}}
        edit_config(config, answers_gen=answers)
        assert arena("run", "-c", config).returncode == 0
    told = "one model, elsewhere-7b, answered under several names: api (asked for m), judge j (asked for judge-model)"
    assert told in leaderboard(tmp_path)["warnings"]
