"""Verdicts of the letter alone among those that rest on log-probabilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from arena.battles.counted import single_judges_rows
from arena.board.open import OpenBoard
from arena.board.tables import Row
from arena.types import Battle


def mixed_verdicts(board: OpenBoard, rows: Sequence[Row]) -> Iterator[str]:
    """A warning for each judge with both kinds of verdict where its prompt asks for log-probabilities."""
    soft = {category for category, prompt in board.prompts.items() if prompt.format.top_logprobs}
    found: dict[str, Counter[bool]] = {}
    for row in single_judges_rows(rows):
        category = row.category if row.category in board.prompts else "default"
        if isinstance(row, Battle) and category in soft:
            soft_ones = (verdict.probability is not None for verdict in row.verdicts if verdict.status == "ok")
            found.setdefault(row.judge, Counter()).update(soft_ones)
    for judge, kinds in sorted(found.items()):
        if kinds[True] and kinds[False]:
            yield (
                f"judge {judge}: {kinds[True]} verdicts are probabilities, {kinds[False]} the letter alone, for which"
                " its endpoint gave no log-probabilities; they do not weigh alike"
            )
