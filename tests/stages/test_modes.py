"""Every mode through the whole run against a local server: the plan's count of calls is the server's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, read_jsonl, write_jsonl
from kit.commands import arena
from kit.judges import is_right, read_prompt, sum_judge
from kit.servers import Action, Call, FakeServer, Say

from arena.board.open import open_board
from arena.config.loading import load_config
from arena.stages.options import RunOptions
from arena.stages.plan import make_plan


def judge_of_any_prompt(call: Call) -> Action:
    """Right sums win pairs and get a 9 alone; wrong ones get a 2."""
    shown = read_prompt(call)
    if len(shown.answers) == 2:
        return sum_judge(call)
    score = 9 if is_right(shown.question, shown.answers[0]) else 2
    return Say(f"I have checked it.\n[[{shown.nonce} {score}]]")


PAIRWISE = {"mode": "pairwise", "baseline": None}
MODES: dict[str, tuple[dict[str, object], int]] = {
    # 12 questions; half = right on 6 of them, so that many pairs are equal and need no call
    "baseline, both orders": ({}, 36),
    "baseline, random order": ({"order": "random"}, 18),
    "baseline, fixed order": ({"order": "fixed"}, 18),
    "all pairs": (PAIRWISE, 48),
    "all pairs, random order": (PAIRWISE | {"order": "random"}, 27),
    "single": ({"mode": "single", "baseline": None}, 30),
}
"""Distinct requests. Equal answers share theirs: in single mode hence 36 − 6, and among all pairs `right` and `half`
meet `wrong` with the same answers six times."""


def board_on(server: FakeServer, folder: Path, reviews: dict[str, object], **judge: object) -> Path:
    entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None, **judge}
    return arithmetic_board(folder, judges={"j": entry}, **reviews)


def planned(config: Path) -> int:
    return sum(row.calls for row in make_plan(open_board(load_config(str(config))), RunOptions()).rows)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_the_plan_of_every_mode_is_what_the_server_counts(tmp_path: Path, mode: str) -> None:
    reviews, calls = MODES[mode]
    with FakeServer(judge_of_any_prompt) as server:
        config = board_on(server, tmp_path, reviews)
        assert planned(config) == calls
        done = arena("run", "-c", config)
        assert done.returncode == 0, done.stderr
        assert len(server.calls) == calls
        assert set(server.counts.values()) == {1}
        assert planned(config) == 0
    board = json.loads((tmp_path / "out/reports/leaderboard.json").read_text())
    assert [row["model"] for row in board["models"]] == ["right", "half", "wrong"]


def test_two_judges_and_two_samples_multiply_the_plan(tmp_path: Path) -> None:
    with FakeServer(judge_of_any_prompt) as one, FakeServer(judge_of_any_prompt) as two:
        config = board_on(one, tmp_path, {})
        judges = {
            name: {"backend": "openai", "base_url": server.openai_url, "api_key_env": None, "samples": samples}
            for name, server, samples in (("one", one, 1), ("two", two, 2))
        }
        edit_config(config, reviews_gen={"mode": "pairwise_baseline", "baseline": "half", "judges": judges})
        assert planned(config) == 36 + 72
        assert arena("run", "-c", config).returncode == 0
        assert (len(one.calls), len(two.calls)) == (36, 72)
    rows = read_jsonl(tmp_path / "out/reports/battles.jsonl")
    assert {row["judge"] for row in rows} == {"one", "two", "panel"}


def echo(call: Call) -> Action:
    """A candidate that counts the turns it has been asked."""
    turns = [m for m in call.body["messages"] if m["role"] == "user"]
    return Say(f"turn {len(turns)}: {turns[-1]['content']}")


def test_a_candidate_with_two_answers_per_question_meets_answer_by_answer(tmp_path: Path) -> None:
    with FakeServer(echo) as candidate, FakeServer(judge_of_any_prompt) as server:
        config = board_on(server, tmp_path, {"mode": "single", "baseline": None})
        entry = {"backend": "openai", "base_url": candidate.openai_url, "api_key_env": None}
        entry["generation_config"] = {"n": 2, "seed": 1}
        edit_config(config, answers_gen={"twice": entry})
        assert planned(config) == 24 + 24  # two answers to 12 questions, and a reply to each while they are not known
        assert arena("run", "-c", config).returncode == 0
        assert len(candidate.calls) == 24
        seeds = {call.body["seed"] for call in candidate.calls}
        assert len(seeds) == 24  # no two requests share a seed
        assert len(server.calls) == 12  # the two answers to a question are equal, so they share the reply
    scores = read_jsonl(tmp_path / "out/reports/scores.jsonl")
    assert sorted((int(row["question_id"]), row["sample"]) for row in scores) == [
        (q, s) for q in range(12) for s in (0, 1)
    ]


def test_plan_and_progress_count_answers_and_replies_alike(tmp_path: Path) -> None:
    """Turns and repairs are calls of their own, but an answer of two turns is one, and so is a reply repaired."""

    def unclear_at_first(call: Call) -> Action:
        if all(message["role"] != "assistant" for message in call.body["messages"]):
            return Say("I cannot decide.")
        return Say(f"[[{re.findall(r'[0-9a-f]{12}', str(call.body['messages']))[0]} A]]")

    questions = [{"question_id": n, "category": "x", "turns": [f"What is {n}?", "And twice that?"]} for n in range(5)]
    with FakeServer(echo) as candidate, FakeServer(unclear_at_first) as server:
        config = board_on(server, tmp_path, {"mode": "pairwise", "baseline": None})
        write_jsonl(tmp_path / "questions.jsonl", questions)
        asked = {"backend": "openai", "base_url": candidate.openai_url, "api_key_env": None}
        write_jsonl(tmp_path / "own.jsonl", [{"question_id": n, "turns": [f"{n}", f"{n + n}"]} for n in range(5)])
        own = {"backend": "recorded", "file": "own.jsonl"}
        edit_config(config, answers_gen={"asked": asked | {"generation_config": {"n": 2}}, "own": own})
        plan = arena("plan", "-c", config).stdout
        done = arena("run", "-c", config, "--yes")
        assert done.returncode == 0, done.stderr
        assert (len(candidate.calls), len(server.calls)) == (20, 20)  # turns; a repair each
    to_ask = {name: int(n) for name, n in re.findall(r"(answers of asked|reviews by j) +(\d+)", plan)}
    assert (
        to_ask == {"answers of asked": 10, "reviews by j": 10} and "an answer takes a call per turn: asked 20" in plan
    )
    for name, n in to_ask.items():
        assert f"{name}: {n} to ask" in done.stderr and f"{name}: {n}/{n} ·" in done.stderr
    [run] = json.loads((tmp_path / "out/run.json").read_text())["runs"]
    assert run["plan"] == run["done"] == 25  # with five answers read from a file
