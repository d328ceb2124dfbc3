"""The real verdicts of AlpacaEval, replayed by a judge over HTTP through the whole run.

Of four models, so that the suite stays quick; ARENA_ALPACA=all replays all eight that have recorded verdicts.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from kit.boards import edit_config, read_jsonl, write_config, write_jsonl
from kit.commands import arena
from kit.judges import read_prompt
from kit.servers import Action, Call, FakeServer, Say

pytestmark = pytest.mark.slow

BASELINE = "gpt4_1106_preview"
MORE = ("FuseChat-Llama-3.1-8B-Instruct", "claude-2", "gemma-7b-it", "vicuna-7b-v1.5")
MODELS = ("alpaca-7b", "gpt4_0613_concise", "NullModel", *(MORE if os.environ.get("ARENA_ALPACA") == "all" else ()))
ADDED = "gpt-3.5-turbo-1106"


def texts(source: Path, model: str) -> dict[str, str]:
    return {str(row["question_id"]): row["answer"] for row in read_jsonl(source / "answers" / f"{model}.jsonl")}


def board_on(server: FakeServer, folder: Path, answers: Mapping[str, Mapping[str, str]]) -> Path:
    for model, rows in answers.items():
        write_jsonl(folder / f"{model}.jsonl", [{"question_id": i, "answer": text} for i, text in rows.items()])
    judge = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None, "concurrency": 32}
    config = {
        "question_file": "questions.jsonl",
        "output_dir": "out",
        "answers_gen": {name: {"backend": "recorded", "file": f"{name}.jsonl"} for name in (BASELINE, *MODELS)},
        "reviews_gen": {
            "mode": "pairwise_baseline",
            "baseline": BASELINE,
            "judges": {"gpt-4": judge},
            "order": "fixed",
        },
        "rating_gen": {"metrics": ["win_rate"]},
    }
    return write_config(folder, config)


def win_rates(folder: Path) -> dict[str, float]:
    board = json.loads((folder / "out/reports/leaderboard.json").read_text(encoding="utf-8"))
    return {row["model"]: row["win_rate"] for row in board["models"]}


@pytest.mark.shared
def test_published_discrete_win_rates_and_the_price_of_one_more_model(shared_dir: Path, tmp_path: Path) -> None:
    source = shared_dir / "data/alpaca_eval"
    questions = read_jsonl(source / "questions.jsonl")
    write_jsonl(
        tmp_path / "questions.jsonl", [{"question_id": q["question_id"], "text": q["instruction"]} for q in questions]
    )
    ids = {q["instruction"]: str(q["question_id"]) for q in questions}
    answers = {model: texts(source, model) for model in (BASELINE, *MODELS, ADDED)}
    preferred = {  # preference is 1 to 2: how much the model is preferred to the baseline
        (str(row["question_id"]), answers[model][str(row["question_id"])]): row["preference"]
        for model in (*MODELS, ADDED)
        for row in read_jsonl(source / "judgments" / f"{model}.jsonl")
    }

    def script(call: Call) -> Action:
        shown = read_prompt(call)
        preference = preferred[ids[shown.question], shown.answers[0]]
        label = "A" if preference > 1.5 else "B" if preference < 1.5 else "C"
        return Say(f"[[{shown.nonce} {label}]]")

    def distinct(*models: str) -> int:
        shown = {(i, text) for model in models for i, text in answers[model].items()}
        return sum(text.strip() != answers[BASELINE][i].strip() for i, text in shown)

    with (source / "published_leaderboard.csv").open(encoding="utf-8") as handle:
        published = {row[""]: float(row["discrete_win_rate"]) / 100 for row in csv.DictReader(handle)}

    with FakeServer(script) as server:
        config = board_on(server, tmp_path, answers)
        done = arena("run", "-c", config)
        assert done.returncode == 0, done.stderr
        found = win_rates(tmp_path)
        assert {model: found[model] for model in MODELS} == {m: pytest.approx(published[m], abs=1e-9) for m in MODELS}
        assert len(server.calls) == distinct(*MODELS) < len(MODELS) * 805  # equal answers are asked about once

        candidates = {name: {"backend": "recorded", "file": f"{name}.jsonl"} for name in answers}
        edit_config(config, answers_gen=candidates)
        assert arena("run", "-c", config).returncode == 0
        assert win_rates(tmp_path)[ADDED] == pytest.approx(published[ADDED], abs=1e-9)
        assert len(server.calls) == distinct(*MODELS, ADDED) < distinct(*MODELS) + 801
        assert set(server.counts.values()) == {1}
