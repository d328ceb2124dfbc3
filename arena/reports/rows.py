"""battles.jsonl and scores.jsonl: one line per battle or score, the same bytes for the same stored lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from functools import cache
from operator import attrgetter
from pathlib import Path

from arena.files import replacing, round_floats, to_json
from arena.types import JSON, Battle, Score, Verdict


def battle_to_json(battle: Battle) -> dict[str, JSON]:
    """A row of battles.jsonl."""
    row: dict[str, JSON] = dict(zip(_BATTLE, _of_battle(battle), strict=True))
    row["verdicts"] = [_verdict_to_json(verdict) for verdict in battle.verdicts]
    row["style"] = dict(battle.style)
    return row


def score_to_json(score: Score) -> dict[str, JSON]:
    """A row of scores.jsonl."""
    row: dict[str, JSON] = dict(zip(_SCORE, _of_score(score), strict=True))
    row["criteria"] = dict(score.criteria)
    return row


def write_rows(path: Path, rows: Iterable[Battle | Score], simulated: bool = False) -> list[Battle | Score]:
    """Replace a JSON-lines report as a whole; returns the rows without explanations and keys of replies (many
    megabytes), the errors of failed calls apart.

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
        return row if row.reason == "call_failed" else replace(row, explanation=None)
    ended = [v if v.status == "failed" else _ending(*_of_ending(v)) for v in row.verdicts]
    return replace(row, verdicts=tuple(ended))


_ENDING = tuple(f.name for f in fields(Verdict) if f.name not in {"explanation", "key"})
_BATTLE, _SCORE, _VERDICT = (tuple(f.name for f in fields(kind)) for kind in (Battle, Score, Verdict))
_of_battle, _of_score, _of_verdict, _of_ending = (attrgetter(*names) for names in (_BATTLE, _SCORE, _VERDICT, _ENDING))


@cache
def _ending(*facts: object) -> Verdict:
    """A verdict without what is its own: there are a few, whatever the number of battles."""
    return Verdict(**dict(zip(_ENDING, facts, strict=True)))  # type: ignore[arg-type]


def _verdict_to_json(verdict: Verdict) -> dict[str, JSON]:
    return dict(zip(_VERDICT, _of_verdict(verdict), strict=True))
