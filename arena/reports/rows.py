"""battles.jsonl and scores.jsonl: one line per battle or score, the same bytes for the same stored lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

from arena.files import round_floats, to_json, write_atomically
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


def write_rows(path: Path, rows: Iterable[dict[str, JSON]]) -> None:
    """Replace a JSON-lines report as a whole."""
    write_atomically(path, b"".join(to_json(round_floats(row)) + b"\n" for row in rows))


def _verdict_to_json(verdict: Verdict) -> dict[str, JSON]:
    return {field.name: getattr(verdict, field.name) for field in fields(Verdict)}
