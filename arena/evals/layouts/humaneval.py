"""HumanEval: `HumanEval.jsonl.gz` {task_id, prompt, entry_point, canonical_solution, test}. It has no examples."""

from __future__ import annotations

from pathlib import Path

from arena.config.benchmarks import TaskConfig
from arena.evals.documents import Layout, Part
from arena.evals.layouts.files import file_in, objects_of

COLUMNS = ("task_id", "prompt", "entry_point", "canonical_solution", "test")


def read(folder: Path, task: TaskConfig) -> list[Part]:
    """The one part."""
    path = file_in(folder, "HumanEval.jsonl.gz", "HumanEval.jsonl")
    return [Part("openai_humaneval", [{name: row[name] for name in COLUMNS} for row in objects_of(path, *COLUMNS)])]


LAYOUT = Layout(("humaneval",), "HumanEval.jsonl.gz", None, read)
