"""Boards of other tools, read into ours: one reader per tool, one writer for all."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from arena.importers.found_board import FoundBoard

IMPORTERS: Mapping[str, str] = {
    "llmuses": "arena.importers.llmuses:read_llmuses",
    "alpaca_eval": "arena.importers.alpaca_eval:read_alpaca_eval",
    "arena_hard": "arena.importers.arena_hard:read_arena_hard",
    "mt_bench": "arena.importers.mt_bench:read_mt_bench",
    "evalscope": "arena.importers.evalscope:read_evalscope",
    "lm_eval": "arena.importers.lm_eval:read_lm_eval",
    "orq_arena": "arena.importers.orq_arena:read_orq_arena",
}
"""What `arena import FORMAT` understands: a tool, and the function that reads its files, imported when it is called."""


RUNS = ("evalscope", "lm_eval")
"""Formats of finished benchmark runs: each is of one model, so several of them make a board."""


def read_found_board(tool: str, source: Path) -> FoundBoard:
    """What a tool of `IMPORTERS` left in a file or folder. Raises DataError where it is not that tool's."""
    module, _, function = IMPORTERS[tool].partition(":")
    return cast("FoundBoard", getattr(importlib.import_module(module), function)(source))


def read_runs(tool: str, sources: Sequence[str]) -> FoundBoard:
    """Finished runs of a tool of `RUNS`, each `PATH` or `NAME=PATH`, as one board. Raises DataError, InputError."""
    from arena.importers.runs import named_source, one_question_each, renamed, together

    boards = {}
    for source in dict.fromkeys(sources):
        name, path = named_source(source)
        found = read_found_board(tool, path)
        boards[source] = found if name is None else renamed(found, name)
    return one_question_each(together(boards))
