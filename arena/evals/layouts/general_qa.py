"""Questions and references of one's own: `*.jsonl` {query, response}, a part per file."""

from __future__ import annotations

from pathlib import Path

from arena.config.benchmarks import TaskConfig
from arena.errors import DataError
from arena.evals.documents import Layout, Part, Row
from arena.evals.layouts.files import objects_of


def read(folder: Path, task: TaskConfig) -> list[Part]:
    """A part per file."""
    parts = []
    for path in sorted(folder.glob("*.jsonl")):
        rows: list[Row] = []
        for number, line in enumerate(objects_of(path, "query", "response"), 1):
            if not str(line["response"]).strip():
                raise DataError(f"{path}:{number}: the response is empty: no answer could come near it")
            rows.append({"query": str(line["query"]), "response": str(line["response"])})
        parts.append(Part(path.stem, rows))
    if not parts:
        raise DataError(f"{folder}: no *.jsonl in it")
    return parts


LAYOUT = Layout(("general_qa",), "*.jsonl {query, response}", None, read)
