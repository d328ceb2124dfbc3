"""BIG-bench hard: `<task>.json` {examples [{input, target}]}, and worked examples in `cot-prompts/<task>.txt`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from arena.config.benchmarks import TaskConfig
from arena.errors import DataError
from arena.evals.documents import Layout, Part, Row
from arena.evals.layouts.files import checked, json_of, text_of
from arena.types import JSON

STEP_BY_STEP = "Let's think step by step."
_EXAMPLE = re.compile(r"^Q: (?P<input>.*?)\nA: (?P<target>.*?)(?=\n\nQ: |\Z)", re.M | re.S)


def read(folder: Path, task: TaskConfig) -> list[Part]:
    """A part per task."""
    inner = folder / "bbh" if (folder / "bbh").is_dir() else folder
    parts = []
    for path in sorted(inner.glob("*.json")):
        found = checked(json_of(path), str(path), "examples")
        rows: list[Row] = [
            {"input": one["input"], "target": str(one["target"])}
            for n, value in enumerate(cast("list[JSON]", found["examples"]), 1)
            for one in [checked(value, f"{path}: example {n}", "input", "target")]
        ]
        parts.append(Part(path.stem, rows, _worked(folder, path.stem)))
    if not parts:
        raise DataError(f"{folder}: no <task>.json in it")
    return parts


def _worked(folder: Path, name: str) -> list[Row] | None:
    path = folder / "cot-prompts" / f"{name}.txt"
    if not path.is_file():
        return None
    found = [(match["input"].strip(), match["target"].strip()) for match in _EXAMPLE.finditer(text_of(path))]
    if not found:
        raise DataError(f"{path}: no example (`Q: …`, `A: …`) in it")
    return [{"input": text, "target": target.removeprefix(STEP_BY_STEP).strip()} for text, target in found]


LAYOUT = Layout(("bbh",), "<task>.json", "cot-prompts/<task>.txt", read)
