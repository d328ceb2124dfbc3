"""The battles a reader of the page can search: drawn without looking at results, within a size."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple, cast

from arena.battles.counted import counted_rows, single_judges_rows
from arena.files import Line, from_json, to_json
from arena.redact import masked
from arena.types import JSON, Question

Row = Mapping[str, JSON]
SAMPLE_BATTLES = 400
SAMPLE_BYTES = 3_200_000
TEXT_LIMIT = 6000
"""Characters of one answer; longer ones are cut, and say so."""
EXPLANATION_LIMIT = 1500
_FIELDS = (
    "question_id", "category", "language", "model_a", "model_b", "model", "answer_key_a", "answer_key_b", "answer_key",
    "sample", "state", "reason", "outcome", "winner", "consistent", "score",
)  # fmt: skip
_VERDICT = ("judge", "order", "status", "label", "score_a", "score_b", "probability", "explanation")
_SCORE = ("judge", "score", "reason", "explanation", "criteria")


class Found(NamedTuple):
    """Where one row of a reports file stands, and what is needed to draw it."""

    offset: int
    length: int
    judge: str
    pending: bool


@dataclass
class Register:
    """Where the rows of every battle stand. Holds no texts, so it fits any board."""

    battles: dict[tuple[str, ...], list[Found]] = field(default_factory=lambda: defaultdict(list))

    def add(self, where: Line, row: Row) -> None:
        """Remember one row."""
        found = Found(where.offset, where.length, str(row.get("judge")), row.get("state") == "pending")
        self.battles[battle_of(row)].append(found)

    def draw(self) -> list[list[Found]]:
        """Battles that were judged, the pairs taking turns, each pair in the order of a hash of its battles."""
        pairs: dict[tuple[str, ...], list[tuple[str, list[Found]]]] = defaultdict(list)
        for battle, rows in self.battles.items():
            if not _counted(rows).pending:
                digest = hashlib.sha256("\x1f".join(battle).encode("utf-8", "surrogatepass")).hexdigest()
                pairs[battle[1:4]].append((digest, rows))
        ordered = [sorted(pairs[pair], key=lambda item: item[0]) for pair in sorted(pairs)]
        return [item[1] for turn in zip_longest(*ordered) for item in turn if item is not None][:SAMPLE_BATTLES]


def battle_of(row: Row) -> tuple[str, ...]:
    """What makes two rows the same battle, or the same scored answer."""
    return tuple(str(row.get(name)) for name in ("question_id", "model_a", "model_b", "model", "sample"))


def _counted(rows: Sequence[Found]) -> Found:
    return counted_rows(rows)[0]


def read_drawn(path: Path, drawn: Iterable[Sequence[Found]]) -> list[tuple[Row, list[Row]]]:
    """The rows of drawn battles: the one that counts, and all."""
    result = []
    with path.open("rb") as handle:
        for rows in drawn:
            loaded: list[Row] = []
            for row in rows:
                handle.seek(row.offset)
                loaded.append(cast("Row", from_json(handle.read(row.length))))
            result.append((loaded[list(rows).index(_counted(rows))], loaded))
    return result


def answer_keys(row: Row) -> list[tuple[str, str]]:
    """(model, answer key) of the answers in a row."""
    fields = [("model", "answer_key")] if "model" in row else [("model_a", "answer_key_a"), ("model_b", "answer_key_b")]
    return [(str(row[model]), str(row[key])) for model, key in fields if row.get(key)]


@dataclass
class Sample:
    """The battles taken so far, every question and answer written once."""

    questions: dict[str, JSON] = field(default_factory=dict)
    answers: dict[str, JSON] = field(default_factory=dict)
    battles: list[JSON] = field(default_factory=list)
    size: int = 0

    def add(
        self, row: Row, judged: Sequence[Row], questions: Mapping[str, Question], texts: Mapping[str, tuple[str, ...]]
    ) -> bool:
        """Add one battle, unless it would make the page too large."""
        answers: dict[str, JSON] = {
            key: [_cut(turn, TEXT_LIMIT) for turn in texts.get(key, ())]
            for _, key in answer_keys(row)
            if key not in self.answers
        }
        asked: dict[str, JSON] = {}
        question = questions.get(str(row["question_id"]))
        if question is not None and question.question_id not in self.questions:
            asked[question.question_id] = {
                "turns": [_cut(turn, TEXT_LIMIT) for turn in question.turns],
                "reference": [_cut(part, TEXT_LIMIT) for part in question.reference],
            }
        entry = _entry(row, judged)
        self.size += sum(len(to_json(part)) for part in (entry, answers, asked))
        if self.size > SAMPLE_BYTES:
            return False
        self.answers |= answers
        self.questions |= asked
        self.battles.append(entry)
        return True

    def to_json(self) -> dict[str, JSON]:
        """What the page's script reads."""
        return {"questions": self.questions, "answers": self.answers, "battles": self.battles}


def _entry(row: Row, judged: Sequence[Row]) -> dict[str, JSON]:
    verdicts: list[JSON] = []
    for own in single_judges_rows(judged, lambda row: row.get("judge")):
        if "model" in own:
            verdicts.append(_kept(own, own, _SCORE))
        for verdict in cast("Sequence[Row]", own.get("verdicts") or ()):
            seats: dict[str, JSON] = {"unordered": True} if verdict.get("order_known") is False else {}
            verdicts.append(_kept(own, verdict, _VERDICT) | seats)
    entry: dict[str, JSON] = {name: row[name] for name in _FIELDS if row.get(name) is not None}
    return entry | {"verdicts": verdicts}


def _kept(row: Row, verdict: Row, fields: Sequence[str]) -> dict[str, JSON]:
    kept = {name: verdict[name] for name in fields if verdict.get(name) not in (None, {})}
    kept["judge"] = row["judge"]
    if isinstance(explanation := kept.get("explanation"), str):
        kept["explanation"] = _cut(explanation, EXPLANATION_LIMIT)
    return kept


def _cut(text: str, limit: int) -> str:
    """A text as it is shown: without keys, and then not too long."""
    text = masked(text)
    return text if len(text) <= limit else f"{text[:limit]} […] (+{len(text) - limit:,})"
