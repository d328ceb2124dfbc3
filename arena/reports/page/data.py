"""Everything the page shows, read from a board's folder: leaderboard, who beat whom, judges, a sample of battles."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from typing import cast

from arena.config import Config
from arena.errors import InputError
from arena.files import from_json, read_objects, to_json
from arena.questions import load_questions
from arena.store import BoardFolder, read_answers
from arena.types import JSON, Question

Row = Mapping[str, JSON]
PANEL = "panel"
SAMPLE_BATTLES = 400
SAMPLE_BYTES = 3_200_000
TEXT_LIMIT = 6000
"""Characters of one answer in the sample; longer ones are cut, and say so."""
EXPLANATION_LIMIT = 1500


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval, clustered by question."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class JudgeHealth:
    """What one judge's rows say about the judge."""

    judge: str
    rows: int
    rated: int
    unparsed: Share | None
    failed: int
    ties: Share | None
    consistent: Share | None
    """Battles judged in both orders that name the same winner twice."""
    first_slot: Share | None
    """Wins of the answer shown first, over battles judged in both orders: ½ is fair."""


@dataclass(frozen=True, slots=True)
class PageData:
    """What `render_page` turns into a page."""

    title: str
    board: Row
    """leaderboard.json."""
    met: Mapping[tuple[str, str], tuple[float, int]]
    """(a, b): the mean outcome of a against b, and the number of rated battles; both directions."""
    judges: tuple[JudgeHealth, ...]
    sample: Mapping[str, JSON]
    """{questions, answers, battles}: what the page can search in."""
    n_rows: int
    """Battles (or scored answers) the sample was drawn from."""
    run: Row = field(default_factory=dict)
    """run.json without its list of runs: those hold times, and a report must not depend on the clock."""

    @property
    def models(self) -> list[Row]:
        """The leaderboard's rows."""
        return cast("list[Row]", self.board.get("models") or [])

    @property
    def single(self) -> bool:
        """Whether answers were scored one by one instead of compared."""
        return self.board.get("mode") == "single"


def read_page_data(config: Config, title: str, answers: BoardFolder, reviews: BoardFolder) -> PageData:
    """Read a rated board. Raises InputError when it was not rated yet."""
    path = reviews.reports / "leaderboard.json"
    if not path.is_file():
        raise InputError(f"{path}: no such file; rate the board first with `arena run`")
    board = from_json(path.read_bytes())
    if not isinstance(board, dict):
        raise InputError(f"{path}: not a leaderboard")
    single = board.get("mode") == "single"
    rows = [row for _, row in read_objects(reviews.reports / ("scores.jsonl" if single else "battles.jsonl"))]
    counted = [row for row in rows if row.get("judge") == PANEL] or rows
    judges = sorted({str(row["judge"]) for row in rows} - {PANEL})
    run = _document(reviews.run_file)
    return PageData(
        title,
        board,
        _met(counted),
        tuple(_health(judge, [row for row in rows if row.get("judge") == judge]) for judge in judges),
        _sample(config, rows, counted, answers),
        len(counted),
        {key: value for key, value in run.items() if key not in {"runs", "versions", "git_commit"}},
    )


def _document(path: Path) -> dict[str, JSON]:
    try:
        loaded = from_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _met(rows: Iterable[Row]) -> dict[tuple[str, str], tuple[float, int]]:
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        outcome = row.get("outcome")
        if row.get("state") == "rated" and isinstance(outcome, int | float):
            a, b = str(row["model_a"]), str(row["model_b"])
            for pair, value in (((a, b), outcome), ((b, a), 1 - outcome)):
                sums[pair][0] += value
                sums[pair][1] += 1
    return {pair: (total / count, int(count)) for pair, (total, count) in sums.items()}


def _health(judge: str, rows: Sequence[Row]) -> JudgeHealth:
    seen = [
        row for row in rows if row.get("state") != "pending" and row.get("reason") in (None, "unparsed", "call_failed")
    ]
    rated = [row for row in seen if row.get("state") == "rated"]
    both = [row for row in rated if row.get("consistent") is not None]
    return JudgeHealth(
        judge,
        len(seen),
        len(rated),
        share((str(row["question_id"]), float(row.get("reason") == "unparsed")) for row in seen),
        sum(row.get("reason") == "call_failed" for row in seen),
        share((str(row["question_id"]), float(row.get("winner") == "tie")) for row in rated if "winner" in row),
        share((str(row["question_id"]), float(row.get("consistent") is True)) for row in both),
        share(chain.from_iterable(_first_slot(row) for row in both)),
    )


def _first_slot(row: Row) -> Iterable[tuple[str, float]]:
    """The value of the first slot in every verdict of a battle."""
    values = {"first_strong": 1.0, "first": 1.0, "tie": 0.5, "second": 0.0, "second_strong": 0.0}
    for verdict in cast("Sequence[Row]", row.get("verdicts") or ()):
        if verdict.get("status") == "ok" and (label := verdict.get("label")) in values:
            yield str(row["question_id"]), values[str(label)]


def share(values: Iterable[tuple[str, float]]) -> Share | None:
    """The mean of (question, value) pairs with an interval that knows that one question's values belong together.

    Where every value is the same the interval is the Wilson one on the number of questions: certainty is never 0 wide.
    """
    groups: dict[str, list[float]] = defaultdict(list)
    for question, value in values:
        groups[question].append(value)
    n, clusters = sum(map(len, groups.values())), len(groups)
    if not n:
        return None
    mean = sum(map(sum, groups.values())) / n
    squares = sum((sum(group) - mean * len(group)) ** 2 for group in groups.values())
    variance = squares / n**2 * clusters / max(1, clusters - 1)
    effective = mean * (1 - mean) / variance if variance > 0 and 0 < mean < 1 else clusters
    z = 1.959964
    centre = (mean + z * z / (2 * effective)) / (1 + z * z / effective)
    half = z / (1 + z * z / effective) * math.sqrt(mean * (1 - mean) / effective + (z / (2 * effective)) ** 2)
    return Share(mean, max(0.0, centre - half), min(1.0, centre + half), n)


def _sample(config: Config, rows: Sequence[Row], counted: Sequence[Row], folder: BoardFolder) -> dict[str, JSON]:
    """As many battles as fit, the pairs taking turns, each pair in an order that depends on nothing but their names."""
    by_battle: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        by_battle[_battle(row)].append(row)
    drawn = _take_turns(counted)[:SAMPLE_BATTLES]
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in drawn:
        for model, key in _answer_keys(row):
            wanted[model].add(key)
    texts = _answers(wanted, folder, list(config.answers_gen))
    questions = {question.question_id: question for question in load_questions(config.question_file)}
    sample = _Sample({}, {}, [])
    for row in drawn:
        if not sample.add(_entry(row, by_battle[_battle(row)]), row, questions, texts):
            break
    return {"questions": sample.questions, "answers": sample.answers, "battles": sample.battles}


@dataclass
class _Sample:
    """The battles drawn so far, every question and answer written once."""

    questions: dict[str, JSON]
    answers: dict[str, JSON]
    battles: list[JSON]
    size: int = 0

    def add(
        self, entry: JSON, row: Row, questions: Mapping[str, Question], texts: Mapping[str, tuple[str, ...]]
    ) -> bool:
        """Add one battle, unless it would make the page too large."""
        answers: dict[str, JSON] = {
            key: [_cut(turn, TEXT_LIMIT) for turn in texts.get(key, ())]
            for _, key in _answer_keys(row)
            if key not in self.answers
        }
        asked: dict[str, JSON] = {}
        question = questions.get(str(row["question_id"]))
        if question is not None and question.question_id not in self.questions:
            asked[question.question_id] = {
                "turns": [_cut(turn, TEXT_LIMIT) for turn in question.turns],
                "reference": [_cut(part, TEXT_LIMIT) for part in question.reference],
            }
        self.size += sum(len(to_json(part)) for part in (entry, answers, asked))
        if self.size > SAMPLE_BYTES:
            return False
        self.answers |= answers
        self.questions |= asked
        self.battles.append(entry)
        return True


def _battle(row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for name in ("question_id", "model_a", "model_b", "model", "sample"))


def _take_turns(rows: Iterable[Row]) -> list[Row]:
    pairs: dict[tuple[str, ...], list[tuple[str, Row]]] = defaultdict(list)
    for row in rows:
        if row.get("state") != "pending":
            battle = _battle(row)
            pairs[battle[1:4]].append((hashlib.sha256("\x1f".join(battle).encode()).hexdigest(), row))
    ordered = [sorted(pairs[pair], key=lambda item: item[0]) for pair in sorted(pairs)]
    return [item[1] for turn in zip_longest(*ordered) for item in turn if item is not None]


def _answer_keys(row: Row) -> list[tuple[str, str]]:
    fields = [("model", "answer_key")] if "model" in row else [("model_a", "answer_key_a"), ("model_b", "answer_key_b")]
    return [(str(row[model]), str(row[key])) for model, key in fields if row.get(key)]


def _answers(wanted: Mapping[str, set[str]], folder: BoardFolder, names: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for model, keys in wanted.items():
        path = folder.answer_file(model, names)
        if path.is_file():
            found |= {answer.key: answer.turns for answer in read_answers(path) if answer.key in keys}
    return found


def _entry(row: Row, judged: Sequence[Row]) -> dict[str, JSON]:
    names = ("question_id", "category", "language", "model_a", "model_b", "model", "answer_key_a", "answer_key_b",
             "answer_key", "sample", "state", "reason", "outcome", "winner", "consistent", "score")  # fmt: skip
    entry: dict[str, JSON] = {name: row[name] for name in names if row.get(name) is not None}
    verdicts: list[JSON] = []
    for own in judged:
        if own.get("judge") == PANEL:
            continue
        if "model" in own:
            verdicts.append(_kept(own, own, ("judge", "score", "reason", "explanation", "criteria")))
        for verdict in cast("Sequence[Row]", own.get("verdicts") or ()):
            fields = ("judge", "order", "status", "label", "score_a", "score_b", "probability", "explanation")
            seats: dict[str, JSON] = {"unordered": True} if verdict.get("order_known") is False else {}
            verdicts.append(_kept(own, verdict, fields) | seats)
    return entry | {"verdicts": verdicts}


def _kept(row: Row, verdict: Row, fields: Sequence[str]) -> dict[str, JSON]:
    kept = {name: verdict[name] for name in fields if verdict.get(name) not in (None, {})}
    kept["judge"] = row["judge"]
    if isinstance(explanation := kept.get("explanation"), str):
        kept["explanation"] = _cut(explanation, EXPLANATION_LIMIT)
    return kept


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]} […] (+{len(text) - limit:,})"
