"""Does a judge still say what it said? Its verdicts on the same answers, asked live on two boards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from arena.errors import DataError
from arena.files import read_objects
from arena.ratings.data.arrays import codes_of
from arena.ratings.intervals.means import Mean, clustered_mean, clustered_share
from arena.reports.board import Ends
from arena.reports.scale import Scale
from arena.store.folder import BoardFolder
from arena.terms import PANEL
from arena.types import JSON

Said = str | float
"""A label in slots, or a score."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One judge on two boards."""

    judge: str
    """What the later board calls it."""
    verdicts: int
    """On equal answers to equal questions by the same prompt, asked live on both boards."""
    questions: int
    changed: Ends
    """Share of them that are no longer the same, with an interval clustered by question."""
    shift: Ends
    """Single mode: by how much scores are higher on the later board."""


class _Asked(NamedTuple):
    """What one reply was about; answers by their keys, in the order in which they were shown."""

    question_id: str
    first: str
    second: str
    answer_sample: int
    sample: int


class _Reply(NamedTuple):
    said: Said
    key: str


def drift(before: Path, after: Path, old: Scale, new: Scale, level: float) -> tuple[Drift, ...]:
    """Of every judge that is set alike on both boards, from their reports' folders; empty where none was asked live on
    both, or what it said is not there."""
    if _rows_of(before, old.mode) is None or _rows_of(after, new.mode) is None:
        return ()
    same = [q for q in old.questions.keys() & new.questions.keys() if _alike(old, new, q)]
    found = []
    for judge, about in new.judges.items():
        was = next((name for name, settings in old.judges.items() if settings == about), None)
        if was is not None:
            one = _drift(judge, _replies(before, was, old, set(same)), _replies(after, judge, new, set(same)), level)
            found += [one] if one is not None else []
    return tuple(found)


def _rows_of(folder: Path, mode: str) -> Path | None:
    path = folder / ("scores.jsonl" if mode == "single" else "battles.jsonl")
    return path if path.is_file() else None


def _alike(old: Scale, new: Scale, question: str) -> bool:
    here, there = old.questions[question], new.questions[question]
    return here.text == there.text and old.prompts.get(here.prompt) == new.prompts.get(there.prompt)


def _drift(
    judge: str, old: Mapping[_Asked, tuple[Said, object]], new: Mapping[_Asked, tuple[Said, object]], level: float
) -> Drift | None:
    both = sorted(asked for asked in old.keys() & new.keys() if old[asked][1] != new[asked][1])
    if not both:
        return None
    clusters = codes_of([asked.question_id for asked in both])
    pairs = [(old[asked][0], new[asked][0]) for asked in both]
    changed = clustered_share(np.array([float(a != b) for a, b in pairs]), clusters, level)
    steps = [b - a for a, b in pairs if isinstance(a, float) and isinstance(b, float)]
    shift = clustered_mean(np.array(steps), clusters, level) if len(steps) == len(pairs) else Mean(None, None, None, 0)
    return Drift(judge, len(both), len(set(clusters.tolist())), Ends(*changed[:3]), Ends(*shift[:3]))


def _replies(folder: Path, judge: str, scale: Scale, questions: set[str]) -> dict[_Asked, tuple[Said, object]]:
    """What a judge said when it was asked live, and what makes that reply this one."""
    said = dict(_said(folder, judge, scale, questions))
    ledger = BoardFolder(folder.parent).ledger_file(judge, scale.judges)
    live = _live(ledger, {reply.key for reply in said.values()}) if said and ledger.is_file() else {}
    return {asked: (reply.said, live[reply.key]) for asked, reply in said.items() if reply.key in live}


def _said(folder: Path, judge: str, scale: Scale, questions: set[str]) -> Iterator[tuple[_Asked, _Reply]]:
    path = _rows_of(folder, scale.mode)
    assert path is not None
    for where, row in read_objects(path):
        if row.get("judge") != judge or row.get("judge") == PANEL or str(row.get("question_id")) not in questions:
            continue
        try:
            yield from _of_score(row) if scale.mode == "single" else _of_battle(row)
        except ValueError:
            raise DataError(f"{path}:{where.number}: a sample that is no whole number") from None


def _of_battle(row: Mapping[str, JSON]) -> Iterator[tuple[_Asked, _Reply]]:
    keys = row.get("answer_key_a"), row.get("answer_key_b")
    verdicts = row.get("verdicts")
    for verdict in verdicts if isinstance(verdicts, list) else []:
        if not isinstance(verdict, dict) or verdict.get("status") != "ok" or verdict.get("key") is None:
            continue
        first, second = keys if verdict.get("order") == "a_first" else keys[::-1]
        samples = int(str(verdict.get("answer_sample") or 0)), int(str(verdict.get("sample") or 0))
        asked = _Asked(str(row["question_id"]), str(first), str(second), *samples)
        yield asked, _Reply(str(verdict.get("label")), str(verdict["key"]))


def _of_score(row: Mapping[str, JSON]) -> Iterator[tuple[_Asked, _Reply]]:
    score, key = row.get("score"), row.get("key")
    if row.get("state") == "rated" and isinstance(score, int | float) and key is not None:
        sample = int(str(row.get("sample") or 0))
        yield _Asked(str(row["question_id"]), str(row.get("answer_key")), "", sample, 0), _Reply(float(score), str(key))


def _live(ledger: Path, wanted: set[str]) -> dict[str, object]:
    """When and how each of these replies came, of those that a model was asked for; the last line of a key counts."""
    found: dict[str, object] = {}
    try:
        for _, line in read_objects(ledger, growing=True):
            if isinstance(key := line.get("key"), str) and key in wanted:
                found[key] = None if line.get("via") == "import" else (
                    line.get("created_at"), line.get("nonce"), line.get("request_id"))  # fmt: skip
    except DataError:
        return {}
    return {key: mark for key, mark in found.items() if mark is not None}
