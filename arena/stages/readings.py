"""Which stored replies an upgrade reads differently: the reports as they were against the reports as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import arena
from arena.board.open import OpenBoard
from arena.board.verdicts import open_ledgers
from arena.errors import DataError
from arena.files import read_objects
from arena.terms import PANEL
from arena.types import JSON


class Reading(NamedTuple):
    """One verdict of a report."""

    battle: tuple[JSON, ...]
    judge: str
    key: str
    """Of the reply it was read from."""
    place: str
    """Which of the battle's verdicts it is."""
    said: str
    winner: str


def readings(board: OpenBoard) -> dict[int, tuple[int, int]]:
    """What the board's reports say, in hashes: verdict -> (what it says, who won its battle)."""
    try:
        return {_place(reading): (hash(reading.said), hash(reading.winner)) for reading in _read(board)}
    except DataError:  # somebody's edit of a file that is about to be written anew
        return {}


def read_differently(board: OpenBoard, before: dict[int, tuple[int, int]], version: str) -> str | None:
    """A sentence on the replies of earlier versions whose verdict is another one than `before`; None when none is."""
    known, changed, battles = 0, 0, set()
    with ExitStack() as stack:
        ledgers = open_ledgers(board, stack)
        for reading in _read(board):
            earlier = before.get(_place(reading))
            if earlier is None:
                continue
            known += 1
            ledger = ledgers.get(reading.judge)
            if earlier[0] == hash(reading.said) or ledger is None:
                continue
            reply = ledger.get(reading.key)
            if reply is not None and reply.arena_version != arena.__version__:
                changed += 1
                if earlier[1] != hash(reading.winner):
                    battles.add(reading.battle)
    if not changed:
        return None
    return (
        f"{changed} of {known} verdicts are read differently than under {version} "
        f"({len(battles)} battles changed winner)"
    )


def _place(reading: Reading) -> int:
    return hash((reading.battle, reading.key, reading.place))


def _read(board: OpenBoard) -> Iterator[Reading]:
    name = "scores.jsonl" if board.config.reviews_gen.mode == "single" else "battles.jsonl"
    path = board.review_folder.reports / name
    for _, row in read_objects(path) if path.exists() else ():
        if row.get("judge") != PANEL:
            yield from _readings(row)


def _readings(row: dict[str, JSON]) -> Iterator[Reading]:
    names = ("question_id", "model_a", "model_b", "model", "judge", "sample")
    battle = tuple(str(row.get(name)) for name in names)
    verdicts = row.get("verdicts")
    for verdict in verdicts if isinstance(verdicts, list) else [row]:
        if isinstance(verdict, dict) and isinstance(key := verdict.get("key"), str):
            place = f"{verdict.get('order')} {verdict.get('answer_sample')} {verdict.get('sample')}"
            fields = ("status", "label", "score_a", "score_b", "probability", "reason", "score", "criteria")
            said = str([verdict.get(field) for field in fields])
            yield Reading(battle, str(row.get("judge")), key, place, said, str(row.get("winner")))
