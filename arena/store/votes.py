"""People's votes: our own votes.jsonl, which the viewer appends to, and the files of other tools."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import fmean
from typing import Literal, cast

from arena.errors import DataError
from arena.files import object_of, read_lines, to_json, write_error
from arena.store.lock import held
from arena.types import JSON
from arena.winners import OUTCOMES, WORDS, Choice, winner_of

Side = Literal["model_a", "model_b"]
Pair = tuple[str, str, str]
"""What a vote is about: question_id, and the two models by code point."""
Keys = tuple[str | None, str | None]
"""The answers of a pair, in its order."""
_OWN = "votes.jsonl"
_QUESTION = ("question_id", "row_id", "id")
_VOTER = ("voter", "annotator", "annotator_id", "user")
_LANGUAGE = ("language", "meta_lang", "lang")


def pair_key(question_id: str, one: str, other: str) -> Pair:
    """A question and two models, whichever way round they are written."""
    first, second = sorted((one, other))
    return question_id, first, second


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's verdict on one battle: a line of votes.jsonl, and what files of other tools have beside it."""

    vote_id: str | None
    question_id: str
    model_a: str
    model_b: str
    answer_key_a: str | None
    answer_key_b: str | None
    left: Side | None
    """Which of the two was shown on the left, where it is known."""
    winner: Choice
    recognised: bool
    """The voter thinks to know who wrote one of the answers."""
    voter: str
    seconds: float | None
    created_at: str | None
    category: str | None = None
    language: str | None = None
    stated: float | None = None
    """P(model_a wins), where the line has a number in place of a winner."""
    judge_outcome: float | None = None
    judge_signal: float | None = None
    """Difference of the judge's scores, model_a − model_b."""

    @property
    def outcome(self) -> float:
        """P(model_a wins); nobody asks a skipped vote."""
        return OUTCOMES[self.winner] if self.stated is None else self.stated

    @property
    def pair(self) -> Pair:
        """The battle."""
        return pair_key(self.question_id, self.model_a, self.model_b)

    @property
    def turned(self) -> bool:
        """Whether model_b is the first of the pair."""
        return self.model_a > self.model_b

    @property
    def first_wins(self) -> float:
        """P(the first model of the pair wins)."""
        return 1 - self.outcome if self.turned else self.outcome

    def is_current(self, keys: Keys) -> bool:
        """Whether the vote is on these answers, the pair's of today: a vote on answers that have changed is left out.

        A key that is not known speaks against nothing. Nobody else decides this.
        """
        mine = (self.answer_key_b, self.answer_key_a) if self.turned else (self.answer_key_a, self.answer_key_b)
        return not any(None not in (then, now) and then != now for then, now in zip(mine, keys, strict=True))


@dataclass(frozen=True, slots=True)
class Votes:
    """What a file of votes holds, in its order."""

    votes: tuple[Vote, ...] = ()
    damaged: int = 0
    """Lines that are no vote; they are left out."""

    def latest(self) -> dict[tuple[str, Pair], Vote]:
        """The vote that counts per voter and battle: the last one."""
        return {(vote.voter, vote.pair): vote for vote in self.votes}

    def counted(self) -> tuple[Vote, ...]:
        """The votes that count: the last of every voter on every battle, where that is no skip."""
        return tuple(vote for vote in self.latest().values() if vote.winner != "skip")

    def left_out(self) -> dict[str, int]:
        """How many others there are, by reason."""
        skipped = sum(vote.winner == "skip" for vote in self.votes)
        replaced = len(self.votes) - skipped - len(self.counted())
        return {"skipped by the voter": skipped, "replaced by a later vote": replaced}

    def current(self, keys: Mapping[Pair, Keys]) -> Votes:
        """Without those on other answers than the pairs have today; a pair that is not among `keys` stays."""
        kept = (vote for vote in self.votes if vote.pair not in keys or vote.is_current(keys[vote.pair]))
        return Votes(tuple(kept), self.damaged)


_WRITTEN = tuple(field.name for field in fields(Vote))[:12]
"""What a line of ours has."""


def read_votes(path: Path, *, lenient: bool = False) -> Votes:
    """Read a file of votes.

    Lines need model_a, model_b and one of: winner (model_a, model_b, tie, both_bad, skip or a model's name), outcome
    (P(model_a wins)), or human_pref in SoftElo's coding (0: model_a wins, 1: model_b wins, 0.5: a tie). question_id (or
    row_id), voter, category and language are used where they stand. Raises DataError naming the line that is no vote,
    or counts it where `lenient`: what is looked at goes on, and a file that is not there yet holds no votes.
    """
    if not path.is_file():
        if lenient:
            return Votes()
        raise DataError(f"{path}: no such file")
    votes, damaged = [], 0
    for number, line in _lines(path):
        try:
            votes.append(_vote(line if isinstance(line, Mapping) else object_of(path, number, line), number))
        except (ValueError, DataError) as error:
            if not lenient:
                raise error if isinstance(error, DataError) else DataError(f"{path}:{number}: {error}") from None
            damaged += 1
    return Votes(tuple(votes), damaged)


def append_vote(path: Path, vote: Vote) -> None:
    """Store a vote as one whole line, one voter at a time. Raises DataError when the file cannot be written."""
    line = to_json({name: getattr(vote, name) for name in _WRITTEN}) + b"\n"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            with held(handle):
                size = os.fstat(handle).st_size
                torn = size > 0 and _last_byte(handle, size) != b"\n"  # an earlier line without its end stays alone
                os.write(handle, (b"\n" if torn else b"") + line)
                os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise DataError(str(write_error(path, error))) from None


def _last_byte(handle: int, size: int) -> bytes:
    os.lseek(handle, size - 1, os.SEEK_SET)
    return os.read(handle, 1)


def _lines(path: Path) -> Iterator[tuple[int, bytes | Mapping[str, JSON]]]:
    """The lines of JSONL, not read yet, or the rows of a CSV; in our own file an unterminated last line is ignored."""
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        for where, line in read_lines(path, growing=path.name.endswith(_OWN)):
            yield where.number, line
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            for row in reader:
                yield reader.line_num, dict(row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}") from None


def _vote(line: Mapping[str, JSON], number: int) -> Vote:
    """One line. Raises ValueError saying what is wrong with it."""
    model_a, model_b = (_name(line, name) for name in ("model_a", "model_b"))
    winner, stated = _winner(line, model_a, model_b)
    left, seconds = line.get("left"), line.get("seconds")
    return Vote(
        vote_id=_first(line, ("vote_id",)),
        question_id=_first(line, _QUESTION) or f"line {number}",
        model_a=model_a,
        model_b=model_b,
        answer_key_a=_first(line, ("answer_key_a",)),
        answer_key_b=_first(line, ("answer_key_b",)),
        left=cast("Side", left) if left in ("model_a", "model_b") else None,
        winner=winner,
        recognised=line.get("recognised") is True,
        voter=_first(line, _VOTER) or "somebody",
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        created_at=_first(line, ("created_at",)),
        category=_first(line, ("category",)),
        language=_first(line, _LANGUAGE),
        stated=stated,
        judge_outcome=None if (judge := _number(line.get("judge_pref"))) is None else 1 - judge,
        judge_signal=_signal(line),
    )


def _winner(line: Mapping[str, JSON], model_a: str, model_b: str) -> tuple[Choice, float | None]:
    """Who won, and P(model_a wins) where the line has a number in its place."""
    if (stated := _first(line, ("winner",))) is not None:
        if stated in (model_a, model_b):
            return winner_of(float(stated == model_a)), None
        if (choice := WORDS.get(stated.lower())) is None:
            allowed = ", ".join(word for word, meant in WORDS.items() if meant != "skip")
            raise ValueError(f"winner: found {stated!r}, allowed: {allowed}, skip, or a model's name")
        return choice, None
    for name, swapped in (("outcome", False), ("human_pref", True)):
        if name in line:
            value = _number(line[name])
            if value is None:
                return "skip", None
            if not 0 <= value <= 1:
                raise ValueError(f"{name}: found {value:g}, allowed: a number in [0, 1]")
            outcome = 1 - value if swapped else value
            return winner_of(outcome), outcome
    if "winner" in line:
        return "skip", None
    raise ValueError("needs winner, outcome or human_pref")


def _signal(line: Mapping[str, JSON]) -> float | None:
    """Mean difference of the judge's scores over the criteria that both sides have."""
    sides = [_scores(line.get(name)) for name in ("scores_a", "scores_b")]
    if sides[0] is None or sides[1] is None:
        a, b = _number(line.get("score_a")), _number(line.get("score_b"))
        return None if a is None or b is None else a - b
    shared = sides[0].keys() & sides[1].keys()
    return fmean(sides[0][name] - sides[1][name] for name in shared) if shared else None


def _scores(value: JSON) -> dict[str, float] | None:
    """Scores by criterion: an object, or its text in a CSV cell with either kind of quotes."""
    if isinstance(value, str):
        try:
            value = json.loads(value.replace("'", '"'))
        except ValueError:
            return None
    if not isinstance(value, dict):
        return None
    return {name: float(v) for name, v in value.items() if isinstance(v, int | float)}


def _name(line: Mapping[str, JSON], field_name: str) -> str:
    value = _first(line, (field_name,))
    if value is None:
        raise ValueError(f"no {field_name}")
    return value


def _first(line: Mapping[str, JSON], names: Iterable[str]) -> str | None:
    return next((str(line[name]) for name in names if line.get(name) not in (None, "")), None)


def _number(value: JSON) -> float | None:
    if value is None or value == "":
        return None
    try:
        return float(value)  # type: ignore[arg-type]  # text from a CSV cell
    except (TypeError, ValueError):
        raise ValueError(f"expected a number, found {value!r}") from None
