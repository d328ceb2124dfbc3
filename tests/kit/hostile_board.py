"""A board with an attack in every field that can hold a text."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

from kit.hostile import HOSTILE
from kit.load_runs import load_board

from arena.ratings import BattleTable, RatingOptions, rate

MODELS = ("img", "markdown image", "directive", "attribute breaker")


def hostile_board(folder: Path, beacon: str) -> Path:
    """Write the board. Every name in `HOSTILE` is the text of one question, its answers and all that is around it."""
    texts = {name: text.replace("BEACON", beacon).encode("utf-8", "replace").decode() for name, text in HOSTILE.items()}
    models = sorted(texts[name] for name in MODELS)
    for sub in ("answers", "reviews", "reports"):
        (folder / sub).mkdir(parents=True)
    questions = [
        {"question_id": f"{n} {t}", "category": t, "turns": [t, t], "reference": [t], "language": t}
        for n, t in enumerate(texts.values())
    ]
    _write(folder.parent / "questions.jsonl", questions)
    for number, model in enumerate(models):
        _write(folder / "answers" / f"{number}.jsonl", [_answer(q, model, number) for q in questions])
    battles = [
        _battle(q, n, a, b, texts["img"])
        for n, q in enumerate(questions)
        for a, b in combinations(range(len(models)), 2)
    ]
    for row in battles:
        row["model_a"], row["model_b"] = models[row["model_a"]], models[row["model_b"]]
    _write(folder / "reports" / "battles.jsonl", battles)
    _write(folder / "reviews" / "judge.jsonl", [_reply(row, v) for row in battles for v in row["verdicts"]])
    board: dict[str, Any] = rate(_table(battles), RatingOptions()).to_json()
    board |= {"mode": "pairwise", "simulated": False, "excluded": {texts["img"]: 3}, "pending": 1,
              "warnings": list(texts.values()), "judges": [texts["img"]]}  # fmt: skip
    for row in board["models"]:
        row |= {"flags": [texts["svg"]], "cost_usd": 0.1, "performance": {"latency_p50_s": 1.0}, "mean_length": 10.0}
    (folder / "reports" / "leaderboard.json").write_text(json.dumps(board))
    load_board(folder, {model: 0.1 + n / 10 for n, model in enumerate(models)})
    _write_probes(folder / "reports", list(texts.values()), models)
    _write_scores(folder / "reports", list(texts.values()), models)
    lost = {"n": 3, "of": 9, "share": {"value": 0.3, "low": 0.1, "high": 0.5},
            "against_others": {"value": 0.2, "low": 0.1, "high": 0.3}}  # fmt: skip
    reasons = [
        {"words": [text, text], "label": text if n % 2 else None, "n": 3, "share": lost["share"], "evidence": ["side"],
         "models": dict.fromkeys(models, lost), "categories": {text: 3},
         "examples": [{"question_id": f"{n} {text}", "model_a": models[0], "model_b": models[1], "loser": models[0]}]}
        for n, text in enumerate(texts.values())
    ]  # fmt: skip
    found = {"n_losses": 9, "n_explained": 9, "without": 0.5, "reasons": reasons}
    (folder / "reports" / "reasons.json").write_text(json.dumps(found))
    run = {"started": texts["img"], "finished": None, "outcome": texts["script"], "plan": 10, "done": 5, "errors": {},
           "notes": list(texts.values()), "spent_known_usd": 0.0,
           "answers": {texts["img"]: {"planned": 3, "done": 1}},
           "reviews": {texts["svg"]: {"planned": 3, "done": 1}}}  # fmt: skip
    (folder / "run.json").write_text(json.dumps({"runs": [run]}))
    return folder


def _write_probes(reports: Path, texts: list[str], models: list[str]) -> None:
    """What probes found, with an attack for every name and text."""
    part = {"value": 0.5, "low": 0.1, "high": 0.9, "n": 2}
    score = part | {"group": "safety", "metric": texts[0], "worse": "low", "title": texts[0], "by": {texts[0]: 2},
                    "parts": {text: {text: part, "x": part} for text in texts}}  # fmt: skip
    found = {model: dict.fromkeys(texts, score) for model in models}
    (reports / "probes.json").write_text(json.dumps({"level": 0.95, "models": found}))
    rows = [
        {"probe": text, "model": model, "question_id": text, "of": text, "category": text, "language": text,
         "state": "rated", "value": 0.5, "control": 1.0, "by": text, "asked": text, "facts": {text: text}}
        for text in texts for model in models
    ]  # fmt: skip
    _write(reports / "probes.jsonl", rows)


def _write_scores(reports: Path, texts: list[str], models: list[str]) -> None:
    """What answers come to by rule, likewise."""
    score = {"score": 0.5, "low": 0.1, "high": 0.9, "n": 2, "n_empty": 1, "signature": texts[0]}
    score |= {"excluded": dict.fromkeys(texts, 1), "categories": {key: {"score": 0.5} for key in texts}}
    found = {model: dict.fromkeys(texts, score) for model in models}
    (reports / "metrics.json").write_text(json.dumps({"level": 0.95, "models": found}))
    _write(reports / "metrics.jsonl", [
        {"metric": text, "model": model, "question_id": text, "category": text, "language": text, "state": "rated",
         "score": 0.5, "criteria": {text: 1.0}, "signature": text}
        for text in texts for model in models
    ])  # fmt: skip
    numbers = {"inside": 1.0, "outside": 0.0, "gap": 1.0, "low": 0.5, "high": 1.5, "p_holm": 0.0, "n_inside": 9}
    about = {"by": "category", "n_outside": 9, "said": "strength", **numbers}
    gaps = [{"number": text, "part": text, **about} for text in texts]
    kinds = {"empty": {"n": 1, "share": 0.5, "low": 0.1, "high": 0.9, "examples": texts}}
    strengths = {"level": 0.95, "strengths": dict.fromkeys(models, gaps)}
    strengths |= {"mistakes": {key: {"n": 2, "kinds": kinds} for key in models}}
    (reports / "strengths.json").write_text(json.dumps(strengths))
    board = json.loads((reports / "leaderboard.json").read_text())
    for row in board["models"]:
        row["scores"] = {"metrics": found.get(row["model"], {})}
    (reports / "leaderboard.json").write_text(json.dumps(board))


def _answer(question: dict[str, Any], model: str, number: int) -> dict[str, Any]:
    text = question["turns"][0]
    return {"question_id": question["question_id"], "model": model, "sample": 0, "turns": [text, f"{number}\n\n{text}"],
            "reasoning": [text, text], "status": "truncated", "finish_reason": text, "usage": {},
            "key": f"{number} {question['question_id']}"}  # fmt: skip


def _battle(question: dict[str, Any], n: int, a: int, b: int, judge: str) -> dict[str, Any]:
    text = question["turns"][0]
    won = ("first", "second")[(n + a) % 2]
    verdicts = [
        {"order": order, "status": "ok", "label": label, "explanation": text, "key": f"{n} {a} {b} {order}"}
        for order, label in (("a_first", won), ("b_first", {"first": "second", "second": "first"}[won]))
    ]
    return {
        "question_id": question["question_id"], "category": text, "language": text, "model_a": a, "model_b": b,
        "answer_key_a": f"{a} {question['question_id']}", "answer_key_b": f"{b} {question['question_id']}",
        "judge": judge, "sample": 0, "state": "rated", "reason": None, "outcome": float(won == "first"),
        "winner": "model_a" if won == "first" else "model_b", "weight": 1.0, "verdicts": verdicts, "consistent": True,
        "style": {"length_a": 5.0 + n, "length_b": 6.0},
    }  # fmt: skip


def _reply(row: dict[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    text = verdict["explanation"]
    return {"key": verdict["key"], "status": "ok", "judge": row["judge"], "question_id": row["question_id"],
            "model_a": row["model_a"], "model_b": row["model_b"], "order": verdict["order"], "text": text,
            "format": "label", "model_returned": text,
            "request": {"messages": [{"role": text, "content": text}]}}  # fmt: skip


def _table(battles: list[dict[str, Any]]) -> BattleTable:
    return BattleTable.from_columns(
        [row["model_a"] for row in battles], [row["model_b"] for row in battles], [row["outcome"] for row in battles],
        question_id=[row["question_id"] for row in battles], category=[row["category"] for row in battles],
    )  # fmt: skip


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
