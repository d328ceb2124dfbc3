"""Benchmarks as people download them, generated: every layout, with answers that a planted model can know."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

LETTERS = "ABCD"


def write_downloads(root: Path, n: int = 12) -> Path:
    """A folder with every task; `n` documents each (per subject of two, where there are subjects)."""
    mmlu(root / "mmlu", n)
    ceval(root / "ceval", n)
    cmmlu(root / "cmmlu", n)
    gsm8k(root / "gsm8k", n)
    arc(root / "arc_easy", "ARC-Easy", n)
    arc(root / "arc_challenge", "ARC-Challenge", n)
    hellaswag(root / "hellaswag", n)
    truthful_qa(root / "truthful_qa", n)
    competition_math(root / "competition_math", n)
    humaneval(root / "humaneval", n)
    bbh(root / "bbh", n)
    race(root / "race", n)
    trivia_qa(root / "trivia_qa", n)
    write_lines(root / "general_qa/own.jsonl", [{"query": f"Say {i}", "response": f"it is {i}"} for i in range(n)])
    return root


def options(i: int, tag: str) -> tuple[list[str], int]:
    """Four options, of which one is right: `right {tag} {i}`."""
    gold = i % 4
    return [f"right {tag} {i}" if place == gold else f"wrong {tag} {i} {place}" for place in range(4)], gold


def mmlu(root: Path, n: int) -> None:
    for subject, size in (("anatomy", n), ("world_religions", 2 * n)):
        for split, k in (("test", size), ("dev", 5)):
            rows = [
                [f"{subject} {split} {i}?", *opts, LETTERS[gold]]
                for i in range(k)
                for opts, gold in [options(i, f"{subject}-{split}")]
            ]
            write_csv(root / split / f"{subject}_{split}.csv", rows)


def ceval(root: Path, n: int) -> None:
    head = ["id", "question", *LETTERS, "answer"]
    for subject in ("law", "logic"):
        for split, k in (("val", n), ("dev", 5)):
            rows = [
                [i, f"{subject}题{i}", *opts, LETTERS[gold]] + ([f"因为{i}"] if split == "dev" else [])
                for i in range(k)
                for opts, gold in [options(i, f"{subject}{split}")]
            ]
            more = ["explanation"] if split == "dev" else []
            write_csv(root / split / f"{subject}_{split}.csv", [[*head, *more], *rows], bom=True)


def cmmlu(root: Path, n: int) -> None:
    for split, k in (("test", n), ("dev", 5)):
        rows = [[i, f"题{i}", *opts, LETTERS[gold]] for i in range(k) for opts, gold in [options(i, f"c{split}")]]
        write_csv(root / split / "anatomy.csv", [["", "Question", *LETTERS, "Answer"], *rows])


def gsm8k(root: Path, n: int) -> None:
    for split, k in (("test", n), ("train", 8)):
        write_lines(root / f"{split}.jsonl", [
            {"question": f"{split}: What is {i} + {i}?", "answer": f"{i} + {i} = {2 * i}\n#### {2 * i}"}
            for i in range(k)
        ])  # fmt: skip


def arc(root: Path, name: str, n: int) -> None:
    for split, k in (("Test", n), ("Train", 4)):
        lines = []
        for i in range(k):
            opts, gold = options(i, f"{name}{split}")
            labels = LETTERS if i % 3 else "1234"
            choices = [{"text": text, "label": label} for text, label in zip(opts, labels, strict=True)]
            question = {"stem": f"{name} {split} {i}?", "choices": choices}
            lines.append({"id": f"q{i}", "question": question, "answerKey": labels[gold]})
        write_lines(root / name / f"{name}-{split}.jsonl", lines)


def hellaswag(root: Path, n: int) -> None:
    for split, k in (("val", n), ("train", 4)):
        lines = []
        for i in range(k):
            opts, gold = options(i, f"end{split}")
            lines.append({"ind": i, "activity_label": "Baking", "ctx_a": f"A person bakes {i}.", "ctx_b": "he",
                          "ctx": f"A person bakes {i}. he", "endings": opts, "label": gold})  # fmt: skip
        write_lines(root / f"hellaswag_{split}.jsonl", lines)


def truthful_qa(root: Path, n: int) -> None:
    """The right answer stands first in every item, as in the published file."""
    items = []
    for i in range(n):
        wrong = {f"wrong truth {i} {k}": 0 for k in range(2 + i % 3)}
        mc1 = {f"right truth {i}": 1, **wrong}
        items.append({"question": f"Is it true {i}?", "mc1_targets": mc1,
                      "mc2_targets": {**mc1, f"right also {i}": 1}})  # fmt: skip
    write_text(root / "mc_task.json", json.dumps(items))


def competition_math(root: Path, n: int) -> None:
    for split, k in (("test", n), ("train", 4)):
        for subject in ("algebra", "counting_and_probability"):
            for i in range(k):
                write_text(root / split / subject / f"{i}.json", json.dumps({
                    "problem": f"{split} {subject}: find ${i}^2$", "level": "Level 1", "type": subject,
                    "solution": f"We get $\\boxed{{{i * i}}}$.",
                }))  # fmt: skip


def humaneval(root: Path, n: int) -> None:
    lines = [
        {"task_id": f"HumanEval/{i}", "prompt": f"def add_{i}(a, b):\n    \"\"\"a + b + {i}\"\"\"\n",
         "entry_point": f"add_{i}", "canonical_solution": f"    return a + b + {i}\n",
         "test": f"def check(candidate):\n    assert candidate(1, 2) == {3 + i}\n"}
        for i in range(n)
    ]  # fmt: skip
    path = root / "HumanEval.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))


def bbh(root: Path, n: int) -> None:
    examples = [{"input": f"not {bool(i % 2)} is", "target": str(not i % 2)} for i in range(n)]
    write_text(root / "boolean_expressions.json", json.dumps({"canary": "x", "examples": examples}))
    shown = "\n\n".join(
        f"Q: not {bool(i % 2)} is\nA: Let's think step by step.\nWe negate it. So the answer is {not i % 2}."
        for i in range(3)
    )
    write_text(root / "cot-prompts/boolean_expressions.txt", f"canary\n-----\nEvaluate it.\n\n{shown}\n")


def race(root: Path, n: int) -> None:
    for split, k in (("test", n), ("train", 2)):
        for level in ("high", "middle"):
            for i in range(k):
                asked = [options(i + q, f"{level}{split}{i}q{q}") for q in range(2)]
                write_text(root / split / level / f"{i}.txt", json.dumps({
                    "id": f"{level}{i}.txt", "article": f"Article {i} of {level}.",
                    "questions": [f"Question {q} of {i}?" for q in range(2)],
                    "options": [opts for opts, _ in asked], "answers": [LETTERS[gold] for _, gold in asked],
                }))  # fmt: skip


def trivia_qa(root: Path, n: int) -> None:
    data = [{"Question": f"Who is number {i}?", "QuestionId": f"t{i}",
             "Answer": {"Value": f"Person {i}", "Aliases": [f"Person {i}", f"Mr {i}"],
                        "NormalizedAliases": [f"person {i}", f"mr {i}"]}} for i in range(n)]  # fmt: skip
    write_text(root / "unfiltered-web-dev.json", json.dumps({"Data": data, "Domain": "unfiltered-web"}))
    write_text(root / "unfiltered-web-train.json", json.dumps({"Data": data[:6]}).replace("Who is", "Who was"))


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_lines(path: Path, lines: list[dict[str, object]]) -> None:
    write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def write_csv(path: Path, rows: list[list[object]], *, bom: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as handle:
        csv.writer(handle).writerows(rows)
