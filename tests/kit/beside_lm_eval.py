"""The same weights and documents through lm-eval's own model and through ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from kit.boards import read_jsonl
from kit.commands import arena

from arena.config.benchmarks import BenchmarksConfig
from arena.evals.exams import open_exams
from arena.evals.lm import lm_task


def ours(folder: Path, weights: Path, section: Mapping[str, object]) -> Path:
    """A board of one model of transformers, asked; its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "q.jsonl").write_text('{"question_id": 1, "text": "hello"}\n')
    entry = {"backend": "transformers", "model": str(weights), "precision": "float32"}
    path = folder / "board.yaml"
    path.write_text(yaml.safe_dump({
        "question_file": "q.jsonl", "output_dir": "out", "answers_gen": {"m": entry}, "benchmarks": dict(section),
    }))  # fmt: skip
    done = arena("bench", "-c", path)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def theirs(weights: Path, section: Mapping[str, object]) -> dict[str, list[dict[str, object]]]:
    """By doc_id's task and subject: the samples of lm-eval's hf model, on the documents that we ask."""
    import lm_eval
    from lm_eval.models.huggingface import HFLM

    tasks, places = [], {}
    for exam in open_exams(BenchmarksConfig.model_validate(section), 0):
        for part in exam.parts:
            chosen = [document for document in exam.chosen if document.subject == part.subject]
            rows = [part.rows[document.index] for document in chosen]
            task = lm_task(exam._settings(part.subject), replace(part, rows=rows), exam.shots)
            name = task.config.task = f"{exam.name}/{part.subject}"
            tasks.append(task)
            places[name] = [document.doc_id for document in chosen]
    model = HFLM(pretrained=str(weights), device="cpu", batch_size=8, dtype="float32")
    found = lm_eval.simple_evaluate(model=model, tasks=tasks, bootstrap_iters=0, log_samples=True, verbosity="ERROR")
    return {
        name: [sample | {"place": places[name][sample["doc_id"]]} for sample in samples]
        for name, samples in found["samples"].items()
    }


def assert_the_same(out: Path, reference: Mapping[str, list[dict[str, object]]]) -> int:
    """Equal log-likelihoods and greediness of every option, and equal scores, to 1e-4. How many options there were.

    Sums beyond 100 may differ by a millionth: float32 tells two batches apart by as much.
    """
    scores = json.loads((out / "reports/benchmarks.json").read_text())["models"]["m"]
    checked = 0
    for task, score in scores.items():
        lines = {line["doc_id"]: line for line in read_jsonl(out / f"benchmarks/{task}/m.jsonl")}
        samples = [sample for name, own in reference.items() if name.partition("/")[0] == task for sample in own]
        for sample in samples:
            mine = lines[sample["place"]]["loglikelihoods"]
            for (value, greedy), (expected, wanted) in zip(mine, sample["filtered_resps"], strict=True):
                assert value == pytest.approx(float(expected), abs=1e-4, rel=1e-6)
                assert greedy == (str(wanted) == "True")
                checked += 1
        mean = sum(float(sample[score["metric"]]) for sample in samples) / len(samples)
        assert score["score"] == pytest.approx(mean, abs=1e-4), task
        assert (score["mode"], score["n"]) == ("loglikelihood", len(samples))
    return checked


def write_kept(path: Path, out: Path, reference: Mapping[str, list[dict[str, object]]]) -> None:
    """Write lm-eval's samples as hashes and numbers alone: a line per item, none of its text."""
    items = {(task, line["doc_id"]): line["item"] for task, line in _lines(out)}
    rows = []
    for name, samples in reference.items():
        task = name.partition("/")[0]
        for sample in samples:
            told = [[round(float(value), 6), str(greedy) == "True"] for value, greedy in sample["filtered_resps"]]
            metrics = {metric: float(sample[metric]) for metric in ("acc", "acc_norm") if metric in sample}
            item = items[task, sample["place"]]
            rows.append({"task": task, "item": item, "filtered_resps": told, **metrics})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def kept(path: Path, out: Path) -> dict[str, list[dict[str, object]]]:
    """What was written, as `theirs` returns it for the documents of a board."""
    places = {(task, line["item"]): line["doc_id"] for task, line in _lines(out)}
    found: dict[str, list[dict[str, object]]] = {}
    for row in read_jsonl(path):
        found.setdefault(row["task"], []).append(row | {"place": places[row["task"], row["item"]]})
    return found


def _lines(out: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Every stored document of a board's one model, with its task."""
    for path in sorted((out / "benchmarks").glob("*/m.jsonl")):
        for line in read_jsonl(path):
            yield path.parent.name, line
