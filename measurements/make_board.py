"""Writes a synthetic board in the layout of docs, of any size: for the viewer's benchmark and its tests.

Model strengths, the judges' noise and their taste for whatever stands first are known, so pages can be checked.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from arena.battles.counted import counted_rows
from arena.files import round_floats
from arena.judging.style import battle_style
from arena.ratings import BattleTable, Leaderboard, RatingOptions, ScoreTable, rate, rate_scores
from arena.terms import PANEL

NAMES = ("atlas-70b", "beacon-mini", "cirrus-2", "delta/instruct", "ember-8b", "fjord-pro", "garnet", "halcyon-xl")
CATEGORIES = ("coding", "math", "writing", "reasoning", "翻译")
_WORDS = [
    "the",
    "model",
    "answers",
    "with",
    "care",
    "and",
    "explains",
    "each",
    "step",
    "before",
    "it",
    "gives",
    "a",
    "final",
    "result",
    "so",
    "that",
    "a",
    "reader",
    "can",
    "follow",
    "why",
    "one",
    "choice",
    "is",
    "better",
    "than",
    "another",
    "when",
    "the",
    "data",
    "is",
    "noisy",
    "sparse",
    "or",
    "simply",
    "missing",
    "from",
    "the",
    "question",
]
_CODE = "```python\ndef mean(xs: list[float]) -> float:\n    return sum(xs) / len(xs)\n```"
_LETTERS = {"first_strong": "A>>B", "first": "A>B", "tie": "A=B", "second": "B>A", "second_strong": "B>>A", None: "?"}
_MATH = "The roots are $x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}$, so the discriminant decides."
_TABLE = "| n | value |\n| --- | --- |\n| 1 | 0.5 |\n| 2 | 0.25 |"


@dataclass(frozen=True)
class Plan:
    """How large a board is made."""

    models: int = 6
    questions: int = 40
    judges: tuple[str, ...] = ("judge-large", "judge-small")
    seed: int = 0
    words: int = 120
    first_bias: float = 0.25
    """Added to the log-odds of whatever stands first."""
    single: bool = False
    ledger: bool = True
    """Also write the judges' replies, by far the largest files."""


def model_names(count: int) -> list[str]:
    """Names in an order that is not alphabetic in strength."""
    return [NAMES[i] if i < len(NAMES) else f"model-{i:02d}" for i in range(count)]


def make_board(folder: Path, plan: Plan = Plan()) -> Path:
    """Write questions.jsonl beside the board folder and the whole board inside it. Returns the folder."""
    rng = random.Random(plan.seed)
    models = model_names(plan.models)
    questions = [_question(number, rng, plan) for number in range(plan.questions)]
    for sub in ("answers", "reviews", "reports"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    _write(folder.parent / "questions.jsonl", questions)
    answers = {model: [_answer(q, model, place, rng, plan) for q in questions] for place, model in enumerate(models)}
    for model, lines in answers.items():
        _write(folder / "answers" / f"{model.replace('/', '%2F')}.jsonl", lines)
    if plan.single:
        rows = _score_rows(questions, answers, rng, plan)
        _write(folder / "reports" / "scores.jsonl", rows)
    else:
        ledger, rows = _battle_rows(questions, answers, rng, plan)
        for judge, lines in ledger.items():
            _write(folder / "reviews" / f"{judge}.jsonl", lines)
        _write(folder / "reports" / "battles.jsonl", rows)
    board = _leaderboard(models, rows, answers, plan)
    (folder / "reports" / "leaderboard.json").write_text(json.dumps(board, ensure_ascii=False), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps(_run(models, plan)), encoding="utf-8")
    return folder


def _question(number: int, rng: random.Random, plan: Plan) -> dict[str, Any]:
    category = CATEGORIES[number % len(CATEGORIES)]
    chinese = category == "翻译"
    text = f"把第 {number} 句话翻译成英文，并解释你的选择。" if chinese else f"Question {number}: {_prose(rng, 18)}?"
    turns = [text, f"Now do it again, {_prose(rng, 6)}."] if number % 10 == 3 else [text]
    question = {"question_id": number, "category": category, "turns": turns, "language": "zh" if chinese else "en"}
    return question | ({"reference": [f"{number * 7} is right."]} if category == "math" else {})


def _answer(question: dict[str, Any], model: str, place: int, rng: random.Random, plan: Plan) -> dict[str, Any]:
    extra = {"coding": _CODE, "math": _MATH, "writing": _TABLE}.get(question["category"], "")
    turns = [
        f"**{_prose(rng, 4)}**\n\n{_prose(rng, plan.words + 12 * place)}.\n\n{extra}\n\n"
        f"- {_prose(rng, 8)}\n- {_prose(rng, 9)}"
        for _ in question["turns"]
    ]
    key = hashlib.sha256(f"{model}{question['question_id']}{turns}".encode()).hexdigest()
    failed = rng.random() < 0.02
    tokens = sum(len(turn) // 4 for turn in turns)
    return {
        "question_id": question["question_id"], "model": model, "sample": 0,
        "turns": [] if failed else turns, "reasoning": None, "status": "error" if failed else "ok",
        "error": "HTTP 503" if failed else None, "finish_reason": None if failed else "stop",
        "usage": {"input_tokens": 40, "output_tokens": tokens, "reasoning_tokens": None},
        "ttft_s": round(0.2 + 0.1 * place + rng.random() * 0.1, 3),
        "latency_s": round(1 + tokens / (40 + 15 * place), 3),
        "load": "api", "cost_usd": round(tokens * 1e-6 * 2 ** (5 - place), 8), "model_returned": model, "key": key,
        "created_at": "2026-11-21T10:00:00Z",
    }  # fmt: skip


def _battle_rows(
    questions: list[dict[str, Any]], answers: dict[str, list[dict[str, Any]]], rng: random.Random, plan: Plan
) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    ledger: dict[str, list[dict[str, Any]]] = {judge: [] for judge in plan.judges}
    rows = []
    place = {model: number for number, model in enumerate(answers)}
    for number, question in enumerate(questions):
        for a, b in itertools.combinations(sorted(answers), 2):
            pair = (a, b, answers[a][number], answers[b][number])
            gap = 0.45 * (place[b] - place[a])
            judged = [_judged(question, pair, gap, judge, rng, plan, ledger) for judge in plan.judges]
            rows += judged
            if len(judged) > 1:
                rows.append(_panel(judged))
    return ledger, rows


def _judged(
    question: dict[str, Any], pair: tuple[str, str, dict[str, Any], dict[str, Any]], gap: float, judge: str,
    rng: random.Random, plan: Plan, ledger: dict[str, list[dict[str, Any]]],
) -> dict[str, Any]:  # fmt: skip
    row = _blank(question, pair, judge)
    if "error" in {pair[2]["status"], pair[3]["status"]}:
        return row | {"state": "excluded", "reason": "answer_error"}
    if rng.random() < 0.003:
        return row | {"state": "pending"}
    verdicts = []
    for order in ("a_first", "b_first"):
        verdict = _verdict(order, gap, judge, rng, plan)
        verdict["key"] = hashlib.sha256(f"{judge}{order}{pair[2]['key']}{pair[3]['key']}".encode()).hexdigest()[:32]
        verdicts.append(verdict)
        if plan.ledger:
            ledger[judge].append(_reply(question, pair, judge, verdict))
    return row | _combined(verdicts) | {"verdicts": verdicts}


def _blank(
    question: dict[str, Any], pair: tuple[str, str, dict[str, Any], dict[str, Any]], judge: str
) -> dict[str, Any]:
    return {
        "question_id": str(question["question_id"]), "category": question["category"],
        "language": question["language"], "model_a": pair[0], "model_b": pair[1],
        "answer_key_a": pair[2]["key"], "answer_key_b": pair[3]["key"], "judge": judge, "sample": 0,
        "state": "rated", "reason": None, "outcome": None, "winner": None, "weight": 1.0, "verdicts": [],
        "consistent": None, "style": dict(battle_style(pair[2]["turns"], pair[3]["turns"])),
    }  # fmt: skip


def _verdict(order: str, gap: float, judge: str, rng: random.Random, plan: Plan) -> dict[str, Any]:
    noise = 1.0 if judge.endswith("large") else 1.8
    first_is_a = order == "a_first"
    odds = (gap if first_is_a else -gap) / noise + plan.first_bias * noise
    if rng.random() < 0.006 * noise:
        return {"order": order, "answer_sample": 0, "sample": 0, "label": None, "score_a": None, "score_b": None,
                "probability": None, "explanation": None, "status": "unparsed", "reason": "unparsed"}  # fmt: skip
    tie = rng.random() < 0.12
    first = rng.random() < 1 / (1 + math.exp(-odds))
    label = "tie" if tie else ("first" if first else "second") + ("_strong" if rng.random() < 0.2 else "")
    return {"order": order, "answer_sample": 0, "sample": 0, "label": label, "score_a": None, "score_b": None,
            "probability": None, "explanation": f"{_prose(rng, 30).capitalize()}.",
            "status": "ok", "reason": None}  # fmt: skip


def _value(verdict: dict[str, Any]) -> float:
    if verdict["label"] == "tie":
        return 0.5
    return float(verdict["label"].startswith("first") == (verdict["order"] == "a_first"))


def _combined(verdicts: list[dict[str, Any]]) -> dict[str, Any]:
    if any(verdict["status"] != "ok" for verdict in verdicts):
        return {"state": "excluded", "reason": "unparsed"}
    values = [_value(verdict) for verdict in verdicts]
    return _settled(sum(values) / len(values)) | {"consistent": len(set(values)) == 1}


def _settled(outcome: float) -> dict[str, Any]:
    return {"outcome": outcome, "winner": "tie" if outcome == 0.5 else "model_a" if outcome > 0.5 else "model_b"}


def _panel(judged: list[dict[str, Any]]) -> dict[str, Any]:
    row = judged[0] | {"judge": PANEL, "verdicts": [], "consistent": None, "outcome": None, "winner": None}
    outcomes = [r["outcome"] for r in judged if r["state"] == "rated"]
    if not outcomes:
        return row
    return row | {"state": "rated", "reason": None} | _settled(sum(outcomes) / len(outcomes))


def _reply(
    question: dict[str, Any], pair: tuple[str, str, dict[str, Any], dict[str, Any]], judge: str, verdict: dict[str, Any]
) -> dict[str, Any]:
    return {
        "key": verdict["key"], "status": "ok", "judge": judge, "model_requested": judge, "model_returned": judge,
        "prompt": "pair-v1", "prompt_sha256": "0" * 64, "format": "levels", "nonce": "0123456789ab",
        "request": {"messages": [{"role": "user", "content": f"Compare two answers to: {question['turns'][0]}"}],
                    "params": {"temperature": 0.0}},
        "order": verdict["order"], "question_id": str(question["question_id"]), "model_a": pair[0], "model_b": pair[1],
        "sample": 0, "text": f"{verdict['explanation']}\n[[0123456789ab {_LETTERS[verdict['label']]}]]",
        "reasoning": None,
        "finish_reason": "stop", "logprobs": None, "usage": {"in": 400, "in_cached": 0, "out": 60, "reasoning": 0},
        "via": "live", "cost_usd": 0.0004, "latency_s": 1.5, "attempts": 1, "maybe_billed": False,
        "request_id": None, "created_at": "2026-11-21T10:01:00Z", "arena_version": "0",
    }  # fmt: skip


def _score_rows(
    questions: list[dict[str, Any]], answers: dict[str, list[dict[str, Any]]], rng: random.Random, plan: Plan
) -> list[dict[str, Any]]:
    rows = []
    for number, question in enumerate(questions):
        for place, (model, lines) in enumerate(answers.items()):
            ok = lines[number]["status"] == "ok"
            score = float(max(1, min(10, round(8 - place * 0.7 + rng.gauss(0, 1.2))))) if ok else None
            rows.append({
                "question_id": str(question["question_id"]), "category": question["category"],
                "language": question["language"], "model": model, "judge": plan.judges[0], "sample": 0,
                "score": score, "criteria": {"accuracy": score, "clarity": score} if ok else {},
                "explanation": _prose(rng, 20), "state": "rated" if ok else "excluded",
                "reason": None if ok else "answer_error", "key": None, "answer_key": lines[number]["key"],
            })  # fmt: skip
    return rows


def _leaderboard(
    models: list[str], rows: list[dict[str, Any]], answers: dict[str, list[dict[str, Any]]], plan: Plan
) -> dict[str, Any]:
    counted = counted_rows(rows, lambda row: row["judge"])
    rated = [row for row in counted if row["state"] == "rated"]
    board = (_rate_scores if plan.single else _rate_battles)(rated, models)
    document: dict[str, Any] = board.to_json()
    document |= {
        "simulated": False,
        "mode": "single" if plan.single else "pairwise",
        "judges": sorted(plan.judges),
        "excluded": dict(Counter(row["reason"] for row in counted if row["state"] == "excluded")),
        "pending": sum(row["state"] == "pending" for row in counted),
        "seed": plan.seed,
        "inputs": {},
    }
    for row in document["models"]:
        row.update(_measured(row["model"], answers))
    return cast("dict[str, Any]", round_floats(document))


def _rate_battles(rated: list[dict[str, Any]], models: list[str]) -> Leaderboard:
    table = BattleTable.from_columns(
        [row["model_a"] for row in rated],
        [row["model_b"] for row in rated],
        [row["outcome"] for row in rated],
        question_id=[row["question_id"] for row in rated],
        judge=[row["judge"] for row in rated],
        category=[row["category"] for row in rated],
        language=[row["language"] for row in rated],
        models=models,
    )
    return rate(table, RatingOptions(methods=("bradley_terry", "elo", "win_rate")))


def _rate_scores(rated: list[dict[str, Any]], models: list[str]) -> Leaderboard:
    table = ScoreTable.from_columns(
        [row["model"] for row in rated],
        [row["question_id"] for row in rated],
        [row["score"] for row in rated],
        judge=[row["judge"] for row in rated],
        category=[row["category"] for row in rated],
        language=[row["language"] for row in rated],
        models=models,
    )
    return rate_scores(table, RatingOptions())


def _measured(model: str, answers: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    done = [a for a in answers[model] if a["status"] == "ok"]
    mean = {field: sum(a[field] for a in done) / len(done) for field in ("ttft_s", "latency_s", "cost_usd")}
    tokens = sum(a["usage"]["output_tokens"] for a in done)
    return {
        "mean_length": sum(len(t) for a in done for t in a["turns"]) / len(done),
        "cost_usd": sum(a["cost_usd"] for a in done),
        "performance": {"load": "api", "ttft_s": mean["ttft_s"], "latency_s": mean["latency_s"],
                        "output_tokens_per_s": tokens / sum(a["latency_s"] for a in done)},
    }  # fmt: skip


def _run(models: list[str], plan: Plan) -> dict[str, Any]:
    def tally(calls: int) -> dict[str, Any]:
        usage = {"input_tokens": 40 * calls, "output_tokens": 200 * calls}
        return {"planned": calls, "stored_before": 0, "done": calls, "errors": {}, "usage": usage,
                "cost_usd": 0.001 * calls, "cost_known_usd": 0.001 * calls}  # fmt: skip

    battles = plan.questions * plan.models * (plan.models - 1)
    answers = {model: tally(plan.questions) for model in models}
    reviews = {judge: tally(plan.questions * plan.models if plan.single else battles) for judge in plan.judges}
    calls = sum(t["planned"] for t in (*answers.values(), *reviews.values()))
    entry = {
        "started": "2026-11-21T10:00:00Z", "finished": "2026-11-21T10:05:00Z", "outcome": "done", "plan": calls,
        "done": calls, "spent_usd": 0.001 * calls, "spent_known_usd": 0.001 * calls, "errors": {}, "notes": [],
        "answers": answers, "reviews": reviews,
    }  # fmt: skip
    return {"arena_version": "0", "versions": {}, "simulated": False, "config": {}, "prompts": {}, "git_commit": None,
            "runs": [entry]}  # fmt: skip


def _prose(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(_WORDS, k=words))


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
