"""Soft verdicts through the whole run: a judge over HTTP gives log-probabilities, the board their mean."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from kit.boards import models_of, read_jsonl, write_config, write_jsonl
from kit.commands import arena
from kit.judges import read_prompt
from kit.servers import Action, Call, FakeServer, Say

from arena.board.candidates import judge_of
from arena.config.kinds import KINDS

Top = Sequence[Mapping[str, object]]
PROMPT = """\
kind: pairwise
format: label_only
labels: [m, M]
user: |
  {question}

  {answer_a}

  {answer_b}
"""


def say(word: str, top: Top) -> Say:
    said = next((entry["logprob"] for entry in top if entry["token"] == word), -9.0)
    return Say(word, logprobs=[{"token": word, "logprob": said, "bytes": None, "top_logprobs": list(top)}])


def mirrored(word: str, top: Top) -> Say:
    """What the same judge would say, without a preference for a slot, had it seen the answers the other way round."""
    other = {"m": "M", "M": "m"}
    return say(
        other.get(word, word), [{**entry, "token": other.get(str(entry["token"]), entry["token"])} for entry in top]
    )


def soft_board(folder: Path, answers: Mapping[str, Sequence[Mapping[str, object]]], url: str, baseline: str) -> Path:
    (folder / "soft.yaml").write_text(PROMPT, encoding="utf-8")
    for model, rows in answers.items():
        write_jsonl(folder / f"{model}.jsonl", rows)
    judge = {"backend": "openai", "base_url": url, "api_key_env": None, "concurrency": 32}
    return write_config(
        folder,
        {
            "question_file": "questions.jsonl",
            "output_dir": "out",
            "answers_gen": {model: {"backend": "recorded", "file": f"{model}.jsonl"} for model in answers},
            "reviews_gen": {
                "mode": "pairwise_baseline",
                "baseline": baseline,
                "judges": {"soft": judge},
                "prompt": "soft",
            },
            "rating_gen": {"metrics": ["win_rate"]},
        },
    )


def test_the_outcome_is_the_mean_of_the_probabilities(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "questions.jsonl", [{"question_id": 1, "text": "Which is better?"}])
    answers = {name: [{"question_id": 1, "answer": f"I am {name}."}] for name in ("base", "new")}

    def script(call: Call) -> Action:
        assert (call.body["logprobs"], call.body["top_logprobs"]) == (True, 10)
        p_first = 0.9 if read_prompt(call).answers[0] == "I am new." else 0.4
        tokens = {"m": p_first * 0.95, "M": (1 - p_first) * 0.95, "The": 0.05}
        return say("m" if p_first > 0.5 else "M", [{"token": t, "logprob": math.log(p)} for t, p in tokens.items()])

    with FakeServer(script) as server:
        config = soft_board(tmp_path, answers, server.openai_url, "base")
        assert arena("run", "-c", config).returncode == 0
    (battle,) = read_jsonl(tmp_path / "out" / "reports" / "battles.jsonl")
    assert (battle["model_a"], battle["winner"]) == ("new", "model_a")
    assert battle["outcome"] == pytest.approx((0.9 + 0.6) / 2)
    assert [v["probability"] for v in battle["verdicts"]] == pytest.approx([0.9, 0.6])
    assert len(read_jsonl(tmp_path / "out" / "reviews" / "soft.jsonl")[0]["logprobs"]) == 1


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("model", ["NullModel", "gpt-3.5-turbo-1106"])
def test_published_win_rates_of_alpaca_eval_come_out(shared_dir: Path, tmp_path: Path, model: str) -> None:
    source = shared_dir / "data" / "alpaca_eval"
    questions = read_jsonl(source / "questions.jsonl")
    write_jsonl(
        tmp_path / "questions.jsonl", [{"question_id": q["question_id"], "text": q["instruction"]} for q in questions]
    )
    baseline = "gpt4_1106_preview"
    answers = {name: read_jsonl(source / "answers" / f"{name}.jsonl") for name in (model, baseline)}
    answers = {name: [{k: row[k] for k in ("question_id", "answer")} for row in rows] for name, rows in answers.items()}
    texts = {row["question_id"]: row["answer"] for row in answers[model]}
    asked = {str(q["instruction"]): q["question_id"] for q in questions}
    recorded = {row["question_id"]: row for row in read_jsonl(source / "judgments" / f"{model}.jsonl")}

    def script(call: Call) -> Action:
        shown = read_prompt(call)
        question_id = asked[shown.question]
        verdict = recorded[question_id]
        model_first = shown.answers[0] == texts[question_id]
        as_recorded = model_first == (verdict["first"] == "model_2")
        reply = say if as_recorded else mirrored
        return reply(str(verdict["text"]), verdict["top_logprobs"])

    with FakeServer(script) as server:
        config = soft_board(tmp_path, answers, server.openai_url, baseline)
        done = arena("run", "-c", config)
        assert done.returncode == 0, done.stderr
    with (source / "published_leaderboard.csv").open(encoding="utf-8") as handle:
        published = {row[""]: float(row["win_rate"]) / 100 for row in csv.DictReader(handle)}
    assert models_of(config.parent)[model]["win_rate"] == pytest.approx(published[model], abs=1e-6)


def test_a_letter_is_tried_with_a_small_limit_and_an_earlier_boards_letters_count(tmp_path: Path) -> None:
    """A model that does not stop behind its letter costs 16 tokens; one that needs more gets what the default is."""
    answers = {m: [{"question_id": "1", "turns": [m]}] for m in ("a", "b")}
    write_jsonl(tmp_path / "questions.jsonl", [{"question_id": "1", "turns": ["Which?"]}])

    def think(call: Call) -> Action:
        return Say("m") if call.body["max_tokens"] > 16 else Say("Let me think", finish="length")

    with FakeServer(think) as server:
        config = soft_board(tmp_path, answers, server.openai_url, "a")
        text = config.read_text(encoding="utf-8")
        limited = text.replace("backend: openai", "generation_config: {max_tokens: 4096}\n      backend: openai")
        config.write_text(limited, encoding="utf-8")
        assert arena("run", "-c", config).returncode in {0, 3}
        assert [call.body["max_tokens"] for call in server.calls] == [4096, 4096]
        config.write_text(text, encoding="utf-8")
        assert arena("run", "-c", config).returncode in {0, 3}
        assert len(server.calls) == 2
        assert arena("run", "-c", config, "--redo", "judge=soft").returncode in {0, 3}
        assert sorted(call.body["max_tokens"] for call in server.calls[2:]) == [16, 16, 4096, 4096]
    assert {line["status"] for line in read_jsonl(tmp_path / "out" / "reviews" / "soft.jsonl")} == {"ok", "truncated"}


@pytest.mark.parametrize(
    ("entry", "tried"),
    [
        ({}, True),
        ({"generation_config": {"temperature": 0.5}}, True),
        ({"generation_config": {"max_tokens": 4096}}, False),
        ({"generation_config": {"reasoning_effort": "low"}}, False),
        ({"extra_body": {"thinking": {"type": "enabled", "budget_tokens": 1024}}}, False),
    ],
)
def test_nobody_who_may_have_to_think_is_tried(entry: dict[str, object], tried: bool) -> None:
    config = KINDS["openai"].judge_model.model_validate({"backend": "openai", "model": "m", **entry})
    assert (judge_of("judge", config).trial_tokens is not None) == tried
