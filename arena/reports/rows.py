"""battles.jsonl and scores.jsonl: one line per battle or score, the same bytes for the same stored lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from arena.files import replacing, round_floats, to_json
from arena.types import JSON, Battle, Score, Verdict


def battle_to_json(battle: Battle) -> dict[str, JSON]:
    """A row of battles.jsonl."""
    row: dict[str, JSON] = dict(zip(_BATTLE, _of_battle(battle), strict=True))
    row["verdicts"] = [dict(zip(_VERDICT, _of_verdict(verdict), strict=True)) for verdict in battle.verdicts]
    row["style"] = dict(battle.style)
    return row


def score_to_json(score: Score) -> dict[str, JSON]:
    """A row of scores.jsonl."""
    row: dict[str, JSON] = dict(zip(_SCORE, _of_score(score), strict=True))
    row["criteria"] = dict(score.criteria)
    return row


class Ready(NamedTuple):
    """A row without texts and keys, as `write_rows` returns it, and its line as it writes it."""

    row: Battle | Score
    line: bytes


class Shape:
    """What the lines of battles that came out alike have in common: all but names, texts, keys and style."""

    def __init__(self, battle: Battle, features: Sequence[str]) -> None:
        self.row = _without_texts(battle)
        """The battle as `write_rows` returns it; its names and its style are those of whoever came first."""
        names = dict.fromkeys(_NAMES, _HOLE)
        verdicts = tuple(replace(verdict, explanation=_HOLE, key=_HOLE) for verdict in battle.verdicts)
        holes = replace(battle, **names, verdicts=verdicts, style=dict.fromkeys(features, _HOLE))  # type: ignore[arg-type]
        pieces = to_json(_rounded_row(holes)).split(to_json(_HOLE))
        self._line = b"%b".join(piece.replace(b"%", b"%%") for piece in pieces)

    def line(self, parts: tuple[bytes, ...]) -> bytes:
        """The line of a battle, from its JSON texts: question_id, category, language, model_a, model_b, answer_key_a,
        answer_key_b and judge; explanation and key of each verdict; and the features."""
        return self._line % parts


def rounded(value: float) -> bytes:
    """A number as rows write it."""
    return to_json(_rounded(value))


def write_rows(path: Path, rows: Iterable[Battle | Score | Ready], simulated: bool = False) -> list[Battle | Score]:
    """Replace a JSON-lines report as a whole; returns the rows without explanations and keys of replies (many
    megabytes), the errors of failed calls apart.

    Every line of a rehearsal says so, wherever the file is carried.
    """
    kept: list[Battle | Score] = []
    with replacing(path) as write:
        for row in rows:
            if isinstance(row, Ready):
                write(row.line.removesuffix(b"}") + b',"simulated":true}\n' if simulated else row.line + b"\n")
                kept.append(row.row)
                continue
            line = _rounded_row(row)
            if simulated:
                line["simulated"] = True
            write(to_json(line) + b"\n")
            kept.append(_without_texts(row))
    return kept


def _rounded_row(row: Battle | Score) -> dict[str, JSON]:
    if isinstance(row, Score):
        line = score_to_json(row)
        _round(line, _SCORE_FLOATS)
        return line
    line = battle_to_json(row)
    _round(line, _BATTLE_FLOATS)
    for verdict in line["verdicts"]:  # type: ignore[union-attr]
        _round(verdict, _VERDICT_FLOATS)  # type: ignore[arg-type]
    return line


def _round(row: dict[str, JSON], names: Iterable[str]) -> None:
    """`round_floats` in place, of values that are floats or objects of floats."""
    for name in names:
        value = row[name]
        if isinstance(value, float):
            row[name] = _rounded(value)
        elif isinstance(value, dict):
            _round(value, value)


@lru_cache(maxsize=1 << 14)
def _rounded(value: float) -> JSON:
    """`round_floats` of one float: lengths and outcomes come again and again."""
    return round_floats(value)


def _without_texts(row: Battle | Score) -> Battle | Score:
    if isinstance(row, Score):
        return row if row.reason == "call_failed" else replace(row, explanation=None)
    ended = tuple([v if v.status == "failed" else _ending(*_of_ending(v)) for v in row.verdicts])
    return Battle(*[ended if value is row.verdicts else value for value in _of_battle(row)])  # type: ignore[arg-type]


_HOLE = "?"
"""Nothing else in a line but names and texts can be this."""
_NAMES = ("question_id", "category", "language", "model_a", "model_b", "answer_key_a", "answer_key_b", "judge")
_ENDING = tuple(f.name for f in fields(Verdict) if f.name not in {"explanation", "key"})
_BATTLE, _SCORE, _VERDICT = (tuple(f.name for f in fields(kind)) for kind in (Battle, Score, Verdict))
_BATTLE_FLOATS, _SCORE_FLOATS, _VERDICT_FLOATS = (
    tuple(f.name for f in fields(kind) if "float" in str(f.type)) for kind in (Battle, Score, Verdict)
)
_of_battle, _of_score, _of_verdict, _of_ending = (attrgetter(*names) for names in (_BATTLE, _SCORE, _VERDICT, _ENDING))


@lru_cache(maxsize=1 << 14)
def _ending(*facts: object) -> Verdict:
    """A verdict without what is its own: mostly there are a few, whatever the number of battles."""
    return Verdict(**dict(zip(_ENDING, facts, strict=True)))  # type: ignore[arg-type]
