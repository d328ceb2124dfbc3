"""People's votes: an append-only file beside the board, blind when they are made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
from numpy.typing import NDArray

from arena.errors import DataError
from arena.files import to_json, write_error
from viz.data.board import Board
from viz.data.rows import NONE, TIED, WON_A, WON_B

Choice = Literal["model_a", "model_b", "tie", "both_bad", "skip"]
Pair = tuple[str, str, str]
"""question_id, model_a, model_b."""
_CODE: Mapping[str, int] = {"model_a": WON_A, "model_b": WON_B, "tie": TIED, "both_bad": TIED}


@dataclass(frozen=True, slots=True)
class Vote:
    """One line of votes.jsonl."""

    vote_id: str
    question_id: str
    model_a: str
    model_b: str
    answer_key_a: str | None
    answer_key_b: str | None
    left: Literal["model_a", "model_b"]
    """Which of the two was shown on the left."""
    winner: Choice
    recognised: bool
    """The voter thinks to know who wrote one of the answers."""
    voter: str
    seconds: float
    created_at: str


@dataclass(frozen=True, slots=True)
class Votes:
    """All votes of a board; of several votes of one voter on one battle the last counts."""

    votes: tuple[Vote, ...] = ()
    damaged: int = 0
    """Lines that are no vote; they are left out."""

    def latest(self) -> dict[tuple[str, Pair], Vote]:
        """The vote that counts per voter and battle."""
        return {(v.voter, (v.question_id, v.model_a, v.model_b)): v for v in self.votes}

    def winners(self, board: Board) -> NDArray[np.int8]:
        """Per row what people say: 0, 1, 2 as `winner`; -1 without votes or where they are split.

        A vote on answers that are no longer current does not count.
        """
        rows, names = board.rows, board.names
        result = np.full(len(rows), NONE, dtype=np.int8)
        said: dict[Pair, set[int]] = {}
        for vote in self.latest().values():
            if vote.winner in _CODE:
                said.setdefault((vote.question_id, vote.model_a, vote.model_b), set()).add(_CODE[vote.winner])
        clear = {pair: next(iter(codes)) for pair, codes in said.items() if len(codes) == 1}
        if not clear:
            return result
        question = {name: code for code, name in enumerate(names.questions)}
        for (question_id, model_a, model_b), code in clear.items():
            if question_id not in question or model_a not in board.codes or model_b not in board.codes:
                continue
            same = (
                (rows.question == question[question_id])
                & (rows.model_a == board.codes[model_a])
                & (rows.model_b == board.codes[model_b])
                & (rows.sample == 0)  # of several answers people see the first
            )
            result[same] = code
        return result


def votes_file(board: Board) -> Path:
    """Where the votes of a board lie. A llmuses file gets them beside itself."""
    if board.source.board is not None:
        return board.source.board / "votes.jsonl"
    return board.path.with_name(f"{board.path.stem}.votes.jsonl")


def read_votes(path: Path, current: Mapping[Pair, tuple[str | None, str | None]] | None = None) -> Votes:
    """The votes of a file; none when there is no file. Votes on other answers than `current` are left out."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # an unterminated last line is still being written
    except OSError:
        return Votes()
    votes, damaged = [], 0
    for line in filter(None, lines):
        try:
            vote = _vote(line)
        except (ValueError, TypeError, KeyError):
            damaged += 1
            continue
        keys = (current or {}).get((vote.question_id, vote.model_a, vote.model_b))
        if keys is None or keys == (vote.answer_key_a, vote.answer_key_b):
            votes.append(vote)
    return Votes(tuple(votes), damaged)


def append_vote(path: Path, vote: Vote) -> None:
    """Store a vote as one whole line. Raises DataError when the file cannot be written."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and _last_byte(handle, size) != b"\n"  # an earlier line without its end stays alone
            os.write(handle, (b"\n" if torn else b"") + to_json(asdict(vote)) + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise DataError(str(write_error(path, error))) from None


def _last_byte(handle: int, size: int) -> bytes:
    os.lseek(handle, size - 1, os.SEEK_SET)
    return os.read(handle, 1)


def _vote(line: bytes) -> Vote:
    value = orjson.loads(line)
    given = {f.name: value[f.name] for f in fields(Vote)}
    if given["winner"] not in {*_CODE, "skip"} or given["left"] not in {"model_a", "model_b"}:
        raise ValueError("unknown winner or side")
    given["question_id"] = str(given["question_id"])
    return Vote(**given)
