"""battles.jsonl and scores.jsonl: one line per battle or score, the same bytes for the same stored lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path

from arena.files import replacing, round_floats, to_json
from arena.types import JSON, Battle, Score, Verdict


def battle_to_json(battle: Battle) -> dict[str, JSON]:
    """A row of battles.jsonl."""
    row = {field.name: getattr(battle, field.name) for field in fields(Battle)}
    row["verdicts"] = [_verdict_to_json(verdict) for verdict in battle.verdicts]
    row["style"] = dict(battle.style)
    return row


def score_to_json(score: Score) -> dict[str, JSON]:
    """A row of scores.jsonl."""
    row = {field.name: getattr(score, field.name) for field in fields(Score)}
    row["criteria"] = dict(score.criteria)
    return row


def write_rows(path: Path, rows: Iterable[Battle | Score], simulated: bool = False) -> list[Battle | Score]:
    """Replace a JSON-lines report as a whole; returns the rows without their explanations (many megabytes).

    Every line of a rehearsal says so, wherever the file is carried.
    """
    kept: list[Battle | Score] = []
    with replacing(path) as write:
        for row in rows:
            line = battle_to_json(row) if isinstance(row, Battle) else score_to_json(row)
            if simulated:
                line["simulated"] = True
            write(to_json(round_floats(line)) + b"\n")
            kept.append(_without_texts(row))
    return kept


def _without_texts(row: Battle | Score) -> Battle | Score:
    if isinstance(row, Score):
        return replace(row, explanation=None)
    return replace(row, verdicts=tuple(replace(verdict, explanation=None) for verdict in row.verdicts))


def _verdict_to_json(verdict: Verdict) -> dict[str, JSON]:
    return {field.name: getattr(verdict, field.name) for field in fields(Verdict)}
