"""People's votes: our own votes.jsonl, which the viewer appends to, and the files of other tools."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import cast

from arena.errors import DataError
from arena.files import object_of, read_lines, to_json, write_error
from arena.store.lock import held
from arena.tables import blank_warnings, name_of, number_of, open_table, rows_of
from arena.types import JSON
from arena.winners import OUTCOMES, Cell, Choice, Readings, Side, read_winners, side_of, winner_of

Pair = tuple[str, str, str]
"""What a vote is about: question_id, and the two models by code point."""
Keys = tuple[str | None, str | None]
"""The answers of a pair, in its order."""
Row = dict[str, JSON]
_OWN = "votes.jsonl"
_QUESTION = ("question_id", "row_id", "id")
_VOTER = ("voter", "annotator", "annotator_id", "user")
_LANGUAGE = ("language", "meta_lang", "lang")
_KNOWN = ("model_a", "model_b", "winner", "outcome", "human_pref", *_QUESTION, *_VOTER, *_LANGUAGE)


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

    def odd_names(self) -> list[str]:
        """Warnings of names that differ by blanks alone, which matching keeps apart."""
        models = {name for vote in self.votes for name in (vote.model_a, vote.model_b)}
        named = {"model": models, "question_id": {vote.question_id for vote in self.votes},
                 "voter": {vote.voter for vote in self.votes}}  # fmt: skip
        return [text for column, names in named.items() for text in blank_warnings(column, names)]

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
    if lenient and not path.is_file():
        return Votes()
    if path.is_file() and path.stat().st_size == 0:
        return Votes()
    lines: list[tuple[str, Mapping[str, JSON]]] = []
    damaged = 0
    for place, read in _lines(path):
        try:
            lines.append((place, read()))
        except DataError:
            if not lenient:
                raise
            damaged += 1
    winners = read_winners({cell for _, line in lines if (cell := _cell(line))})
    votes = []
    for number, (place, line) in enumerate(lines, start=1):
        try:
            votes.append(_vote(line, number, winners))
        except ValueError as error:
            if not lenient:
                raise DataError(f"{place}: {error}") from None
            damaged += 1
    return Votes(tuple(votes), damaged)


def is_ours(line: Mapping[str, JSON]) -> bool:
    """Whether a line is one of votes.jsonl."""
    return {"vote_id", "voter", "winner"} <= line.keys()


def counted_lines(lines: Iterable[tuple[int, Row]]) -> tuple[list[tuple[int, Row]], dict[str, int]]:
    """The lines of votes.jsonl that count, the last of every voter on every battle, and how many others there are."""
    latest: dict[object, tuple[int, Row]] = {}
    total = skipped = 0
    for number, line in lines:
        names = [_first(line, (side,)) or "" for side in ("model_a", "model_b")]
        key = _first(line, _VOTER), pair_key(_first(line, _QUESTION) or str(number), *names)
        total += 1
        skipped += line.get("winner") == "skip"
        latest[key] = number, line
    kept = [found for found in latest.values() if found[1].get("winner") != "skip"]
    left_out = {"skipped by the voter": skipped, "replaced by a later vote": total - skipped - len(kept)}
    return kept, {reason: n for reason, n in left_out.items() if n}


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


def _lines(path: Path) -> Iterator[tuple[str, Callable[[], Mapping[str, JSON]]]]:
    """Every line or row with its place, not read yet; in our own file an unterminated last line is ignored."""
    with open_table(path, "csv") as file:
        if file.kind != "jsonl":
            for place, row in rows_of(file, _KNOWN):
                yield place, partial(dict, row)
            return
        for where, line in read_lines(file.path, growing=path.name.endswith(_OWN)):
            yield f"{file}:{where.number}", partial(object_of, Path(file.name), where.number, line)


def _cell(line: Mapping[str, JSON]) -> Cell | None:
    """What a line says of its winner, beside the names of its models."""
    stated = _first(line, ("winner",))
    if stated is None:
        return None
    return stated, side_of(stated, _first(line, ("model_a",)) or "", _first(line, ("model_b",)) or "")


def _vote(line: Mapping[str, JSON], number: int, winners: Readings) -> Vote:
    """One line. Raises ValueError saying what is wrong with it."""
    model_a, model_b = (_name(line, name) for name in ("model_a", "model_b"))
    winner, stated = _winner(line, winners)
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


def _winner(line: Mapping[str, JSON], winners: Readings) -> tuple[Choice, float | None]:
    """Who won, and P(model_a wins) where the line has a number in its place."""
    if (cell := _cell(line)) is not None:
        if cell in winners.refused:
            raise ValueError(f"winner: {winners.refused[cell]}")
        return winners.choices[cell], None
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
    return next((found for name in names if (found := name_of(line.get(name))) is not None), None)


def _number(value: JSON) -> float | None:
    try:
        return number_of(value)
    except ValueError:
        raise ValueError(f"expected a number, found {value!r:.80}") from None
