"""A local backend that tests ask from synchronous code, and boards run from the command line."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from kit.paths import ROOT, SAMPLE

from arena.backends.local.backend import LocalBackend
from arena.backends.local.spec import EngineSpec
from arena.types import JSON, Completion, Message, Request, Sampling

TRUE_ORDER = ["tiny-50", "tiny-100", "tiny-150", "tiny-100-lora", "tiny-250", "tiny-500"]
GREEDY = Sampling(temperature=0, max_tokens=12, seed=0)


def questions() -> list[dict[str, list[str]]]:
    """The sample board's questions."""
    return [json.loads(line) for line in (SAMPLE / "questions.jsonl").read_text().splitlines()]


def request(text: str, sampling: Sampling = GREEDY, **fields: object) -> Request:
    """A request with one user message, named by its text."""
    return Request(text, text, (Message("user", text),), sampling=sampling, **fields)  # type: ignore[arg-type]


class Running:
    """One backend and the event loop it lives in."""

    def __init__(self, kind: str, model: Path, **fields: object) -> None:
        fields.setdefault("precision", "float32")
        self._runner = asyncio.Runner()
        self._closed = False
        self.backend = LocalBackend(EngineSpec(kind, str(model), **fields))  # type: ignore[arg-type]

    def ask(self, *requests: Request) -> list[Completion]:
        """All of them at once."""

        async def all_at_once() -> list[Completion]:
            return list(await asyncio.gather(*(self.backend.complete(request) for request in requests)))

        return self._runner.run(all_at_once())

    def texts(self, *requests: Request) -> list[str]:
        """The last turn of each."""
        return [completion.text for completion in self.ask(*requests)]

    def close(self) -> None:
        """End the engine; it may have ended before."""
        if not self._closed:
            self._closed = True
            self._runner.run(self.backend.close())
            self._runner.close()


def right(running: Running) -> int:
    """How many of the sample's questions are answered rightly."""
    asked = questions()
    texts = running.texts(*(request(q["turns"][0]) for q in asked))
    return sum([text] == q["reference"] for text, q in zip(texts, asked, strict=True))


def write_board(folder: Path, candidates: dict[str, dict[str, JSON]], **sections: JSON) -> Path:
    """A board over the sample's questions with the rule-based judge; returns its config."""
    generation = {"temperature": 0, "max_tokens": 12}
    config: dict[str, object] = {
        "question_file": str(SAMPLE / "questions.jsonl"),
        "output_dir": "board",
        "answers_gen": {
            name: ({"precision": "float32"} if "engine" in entry else {}) | {"generation_config": generation} | entry
            for name, entry in candidates.items()
        },
        "reviews_gen": {
            "mode": "pairwise_baseline",
            "baseline": "tiny-100",
            "judges": {"reference": {"backend": "reference"}},
        },
    } | sections
    file = folder / "cfg.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


def all_candidates(backend: str, tiny: Path, engine: dict[str, JSON] | None = None) -> dict[str, dict[str, JSON]]:
    """The sample's candidates, run by an engine."""
    entries: dict[str, dict[str, JSON]] = {
        name: {"backend": backend, "model": str(tiny / name), "engine": engine or {}}
        for name in TRUE_ORDER
        if name != "tiny-100-lora"
    }
    entries["tiny-100-lora"] = entries["tiny-100"] | {"adapter": str(tiny / "tiny-100-lora")}
    return entries


def arena(*arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, env=env(environment), check=False)


def command(*arguments: str | Path) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "arena", *map(str, arguments)]


def env(extra: dict[str, str] | None = None) -> dict[str, str]:
    """An environment in which `arena` is found."""
    return os.environ | {"PYTHONPATH": str(ROOT)} | (extra or {})


def leaderboard(board: Path) -> dict[str, JSON]:
    """A board's leaderboard.json."""
    loaded: dict[str, JSON] = json.loads((board / "reports" / "leaderboard.json").read_text())
    return loaded


def in_true_order(ranked: list[str]) -> bool:
    """Whether models stand worst first. The two that were trained longest are nearly always right: which of them comes
    out ahead depends on the processor that trained them."""
    return ranked[:4] == TRUE_ORDER[:4] and sorted(ranked[4:]) == sorted(TRUE_ORDER[4:])


def ranking(board: Path) -> list[str]:
    """Models, worst first."""
    models = leaderboard(board)["models"]
    assert isinstance(models, list)
    return [str(row["model"]) for row in reversed(models)]  # type: ignore[index,call-overload]


def stored(board: Path, model: str) -> list[dict[str, JSON]]:
    """The lines of an answers file; an unterminated last one is not there yet."""
    file = board / "answers" / f"{model}.jsonl"
    if not file.exists():
        return []
    *lines, _ = file.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines]


def paired_difference(board: Path, first: str, second: str) -> tuple[float, float, float]:
    """Rating of `first` minus rating of `second`, with its interval."""
    pairs = leaderboard(board)["pairs"]
    assert isinstance(pairs, Sequence)
    for pair in pairs:
        assert isinstance(pair, dict)
        diff, low, high = (float(str(pair[field])) for field in ("diff", "low", "high"))
        if (pair["a"], pair["b"]) == (first, second):
            return diff, low, high
        if (pair["b"], pair["a"]) == (first, second):
            return -diff, -high, -low
    raise AssertionError(f"no pair of {first} and {second}")
