"""`arena.run_task(task_cfg)`: llmuses's dictionary, done by `arena bench`: a folder with a config, and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import yaml

from arena.config.loading import load_config
from arena.config.strict import nearest
from arena.errors import ConfigError
from arena.evals.tasks import task_name
from arena.files import write_atomically
from arena.reports.board import BenchmarkPart, BenchmarkScore
from arena.stages.options import RunOptions
from arena.stages.run import run_board
from arena.types import JSON, Completion

KEYS = ("model", "datasets", "limit", "dataset_dir", "generation_config", "work_dir", "dry_run", "targets")
"""What a dictionary may hold."""
GENERATION = {
    "max_new_tokens": "max_tokens", "max_tokens": "max_tokens", "do_sample": "", "temperature": "temperature",
    "top_p": "top_p", "top_k": "top_k", "repetition_penalty": "repetition_penalty", "seed": "seed", "stop": "stop",
}  # fmt: skip
"""llmuses's words for sampling, and ours. `do_sample: false` is temperature 0."""


def run_task(task_cfg: Mapping[str, object]) -> dict[str, JSON]:
    """Ask one model the benchmarks of a dictionary and return the report; what is stored is never asked again.

    `model` (a hub id or folder for transformers, a GGUF file for llama.cpp, or a mapping as under answers_gen),
    `datasets` (names of benchmarks), `dataset_dir` (the folder of downloads), `limit`, `generation_config`, `work_dir`
    (default: outputs), `dry_run`, and `targets` ({dataset: share that is to be reached}). Returns {model, reports
    [{name, metric, of, score, low, high, target, delta, category [{name, score, subset [{name, score, num}]}],
    total_num, n_failed, n_unreadable}], work_dir, dry_run, problems}. Score is the weighted average over subsets, by
    their size; delta is score − target.

    Raises ConfigError for a key or data set that is none, naming the nearest, and InputError as `arena bench` does.
    """
    if not isinstance(task_cfg, Mapping):
        raise ConfigError(f"task_cfg: a dictionary is expected, not {type(task_cfg).__name__}")
    for key in task_cfg:
        if key not in KEYS:
            raise ConfigError(f"task_cfg: no key {str(key)!r}{nearest(str(key), list(KEYS))}")
    name, entry = _candidate(task_cfg.get("model"), task_cfg.get("generation_config"))
    datasets = _datasets(task_cfg.get("datasets"))
    targets = _targets(task_cfg.get("targets"), datasets)
    dry = bool(task_cfg.get("dry_run", False))
    folder = Path(str(task_cfg.get("work_dir") or "outputs")).expanduser().absolute()
    config = _write(folder, name, entry, datasets, task_cfg)
    heard = _Heard()
    options = RunOptions(("benchmarks",))
    result = run_board(load_config(str(config)), options, heard, "all" if dry else None)
    scores = dict(result.benchmarks.scores.get(name, {})) if result.benchmarks is not None else {}
    return {
        "model": name,
        "reports": [report(task, scores[task], targets.get(task)) for task in datasets if task in scores],
        "work_dir": str(folder),
        "dry_run": dry,
        "problems": [*result.problems],
    }


def report(task: str, score: BenchmarkScore, target: float | None = None) -> dict[str, JSON]:
    """One data set as llmuses reports it, with its interval and the distance to a target."""
    parts: Mapping[str, BenchmarkPart] = score.subjects or {"default": score}
    subset: list[JSON] = [{"name": name, "score": part.score, "num": part.n} for name, part in parts.items()]
    delta = None if score.score is None or target is None else round(score.score - target, 10)
    return {
        "name": task, "metric": "WeightedAverageAccuracy", "of": score.metric, "score": score.score, "low": score.low,
        "high": score.high, "target": target, "delta": delta,
        "category": [{"name": "DEFAULT", "score": score.score, "subset": subset}], "total_num": score.n,
        "n_failed": score.n_failed, "n_unreadable": score.n_unreadable,
    }  # fmt: skip


@dataclass
class _Heard:
    """Progress of a call from Python: kept, not printed."""

    notes: list[str] = field(default_factory=list)

    def begin(self, stage: str, name: str, total: int, done: int, *, recorded: bool = False) -> None: ...

    def advance(
        self, stage: str, name: str, completion: Completion, cost_usd: float | None, *, again: bool = False
    ) -> None: ...

    def waiting(self, stage: str, name: str, seconds: float, why: str) -> None: ...

    def note(self, message: str) -> None:
        self.notes.append(message)


def _candidate(model: object, generation: object) -> tuple[str, dict[str, object]]:
    """Its name on the board, and its entry."""
    if isinstance(model, Mapping):
        entry = {str(key): value for key, value in model.items()}
        named = entry.get("model")
    elif isinstance(model, str) and model.strip():
        kind = "llamacpp" if model.lower().endswith(".gguf") else "transformers"
        entry, named = {"backend": kind, "model": model}, model
    else:
        raise ConfigError("task_cfg: model must be a hub id, a folder, a GGUF file, or a mapping as under answers_gen")
    settings = _generation(generation)
    if settings:
        own = entry.get("generation_config")
        entry["generation_config"] = {**(own if isinstance(own, Mapping) else {}), **settings}
    return Path(str(named or "model")).name, entry


def _generation(given: object) -> dict[str, object]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigError("task_cfg: generation_config must be a mapping")
    found: dict[str, object] = {}
    for key, value in given.items():
        if key not in GENERATION:
            raise ConfigError(f"task_cfg.generation_config: no key {str(key)!r}{nearest(str(key), list(GENERATION))}")
        if GENERATION[key]:
            found[GENERATION[key]] = value
    if given.get("do_sample") is False:
        found["temperature"] = 0.0
    return found


def _datasets(given: object) -> list[str]:
    several = list(given) if isinstance(given, list | tuple) else []
    words: Sequence[object] = [given] if isinstance(given, str) else several
    if not words:
        raise ConfigError("task_cfg: datasets must name at least one benchmark")
    return list(dict.fromkeys(task_name(str(word), "task_cfg.datasets") for word in words))


def _targets(given: object, datasets: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for word, value in (given if isinstance(given, Mapping) else {}).items():
        task = task_name(str(word), "task_cfg.targets")
        if task not in datasets or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ConfigError(f"task_cfg.targets: {word}: a share from 0 to 1 of one of {', '.join(datasets)}")
        found[task] = float(value)
    return found


def _write(
    folder: Path, name: str, entry: Mapping[str, object], datasets: Sequence[str], task_cfg: Mapping[str, object]
) -> Path:
    """The board's config: `arena bench -c WORK_DIR/config.yaml` goes on with it."""
    place = task_cfg.get("dataset_dir")
    section = {
        "data_dir": None if place is None else str(Path(str(place)).expanduser().absolute()),
        "limit": cast("JSON", task_cfg.get("limit")), "tasks": {task: {} for task in datasets},
    }  # fmt: skip
    local = Path(str(entry.get("model") or "")).expanduser()
    if entry.get("backend") == "llamacpp" or (entry.get("backend") in {"transformers", "vllm"} and local.is_dir()):
        entry = {**entry, "model": str(local.absolute())}  # relative to where one stands, not to the config
    document = {
        "question_file": "questions.jsonl", "output_dir": "out", "answers_gen": {name: dict(entry)},
        "benchmarks": section,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "questions.jsonl").exists():
        write_atomically(folder / "questions.jsonl", '{"question_id": 1, "text": "Hello."}\n')
    config = folder / "config.yaml"
    write_atomically(config, yaml.safe_dump(document, allow_unicode=True, sort_keys=False))
    return config
