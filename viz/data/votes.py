"""People's votes beside the board that is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arena.store.votes import Keys, Pair, Votes
from arena.winners import winner_of
from viz.data.board import Board
from viz.data.rows import NONE, TIED, WINNERS


def votes_file(board: Board) -> Path:
    """Where the votes of a board lie. A llmuses file gets them beside itself."""
    if board.source.board is not None:
        return board.source.board / "votes.jsonl"
    return board.path.with_name(f"{board.path.stem}.votes.jsonl")


def people_winners(board: Board, votes: Votes) -> NDArray[np.int8]:
    """Per row what people say: 0, 1, 2 as `winner`; -1 without votes or where they are split."""
    result = np.full(len(board.rows), NONE, dtype=np.int8)
    said: dict[Pair, set[int]] = {}
    for vote in votes.counted():
        said.setdefault(vote.pair, set()).add(WINNERS.index(winner_of(vote.first_wins)))
    clear = {pair: next(iter(codes)) for pair, codes in said.items() if len(codes) == 1}
    for pair, rows in _shown(board, clear):
        turned = board.rows.model_a[rows] != board.codes[pair[1]]
        result[rows] = np.where(turned & (clear[pair] != TIED), 1 - clear[pair], clear[pair])
    return result


def current_keys(board: Board, votes: Votes) -> dict[Pair, Keys]:
    """The answers that the battles voted on show today."""
    found: dict[Pair, Keys] = {}
    if board.kind == "pairs":
        for pair, rows in _shown(board, {vote.pair for vote in votes.votes}):
            for row in rows[:1].tolist():
                line = board.line(row)
                keys = line.get("answer_key_a"), line.get("answer_key_b")
                found[pair] = keys if line["model_a"] == pair[1] else keys[::-1]
    return found


def _shown(board: Board, pairs: Iterable[Pair]) -> Iterator[tuple[Pair, NDArray[np.intp]]]:
    """The rows of battles; of several answers people see the first."""
    rows, questions = board.rows, {name: code for code, name in enumerate(board.names.questions)}
    for pair in pairs:
        codes = [board.codes[model] for model in pair[1:] if model in board.codes]
        if pair[0] in questions and len(codes) == 2:
            asked = np.flatnonzero((rows.question == questions[pair[0]]) & (rows.sample == 0))
            met = np.isin(rows.model_a[asked], codes) & np.isin(rows.model_b[asked], codes)
            yield pair, asked[met]
