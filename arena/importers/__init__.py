"""Boards of other tools, read into ours: one reader per tool, one writer for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from arena.importers.alpaca_eval import read_alpaca_eval
from arena.importers.arena_hard import read_arena_hard
from arena.importers.found_board import Collected
from arena.importers.llmuses import read_llmuses
from arena.importers.mt_bench import read_mt_bench
from arena.importers.orq_arena import read_orq_arena

READERS: Mapping[str, Callable[[Path], Collected]] = {
    "llmuses": read_llmuses,
    "alpaca_eval": read_alpaca_eval,
    "arena_hard": read_arena_hard,
    "mt_bench": read_mt_bench,
    "orq_arena": read_orq_arena,
}
"""What `arena import FORMAT` understands."""
