"""A model of one board beside a model of another, where both boards measure with one judge and one baseline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from arena.board.answers import current_answers
from arena.board.duel import Duel, duel_of
from arena.board.open import OpenBoard, nearest
from arena.board.scale import judge_identities
from arena.board.tables import Row
from arena.errors import InputError
from arena.reports.scale import judges_apart
from arena.types import Battle


class Other(NamedTuple):
    """The board on which the old model stands, and what it is called in messages."""

    board: OpenBoard
    name: str


def duel_against(board: OpenBoard, new: str, other: Other, old: str) -> tuple[Duel, str]:
    """Everything stored about NEW on one board and OLD on another, as if they stood on one; and OLD's name on it.

    Raises InputError where the two boards do not measure alike, naming the difference.
    """
    if old not in other.board.candidates:
        raise InputError(f"{other.name}: no candidate {old!r}{nearest(old, other.board.names)}")
    common = _common(board, other)
    _check_judges(board, other, common)
    if board.config.reviews_gen.mode == "pairwise_baseline":
        _check_baselines(board, other, old, common)
    first, second = duel_of(board, new, None), duel_of(other.board, None, old)
    renamed = old if old not in board.candidates else f"{old} of {other.name}"
    baselines = zip(other.board.config.reviews_gen.baselines, board.config.reviews_gen.baselines, strict=False)
    names = {old: renamed, **dict(baselines)}
    rows = [row for row in first.rows if new in _models(row)]
    rows += [_renamed(row, names) for row in second.rows if old in _models(row)]
    answered = {question for question, _ in second.places if question in common}
    given = {question for question, _ in first.places}
    pending = (first.pending | second.pending) & common
    return Duel(
        rows=tuple(row for row in rows if row.question_id in common),
        failed=frozenset(place for place in first.failed if place[0] in common),
        failed_old=second.failed_old, known=first.known & second.known, pending=pending,
        missing=frozenset(answered - given - pending), answered=len(answered), flagged=first.flagged,
        n_answers=first.n_answers, problems=(*first.problems, *(f"{other.name}: {line}" for line in second.problems)),
        scale=first.scale, places=first.places | second.places,
    ), renamed  # fmt: skip


def _common(board: OpenBoard, other: Other) -> frozenset[str]:
    """The questions of both boards. Raises InputError where there are none, or one is asked in other words."""
    texts = {question.question_id: (question.turns, question.system) for question in board.questions}
    theirs = {question.question_id: (question.turns, question.system) for question in other.board.questions}
    common = texts.keys() & theirs.keys()
    if not common:
        raise InputError(f"{board.loaded.path} and {other.name} have no question in common")
    changed = sorted(name for name in common if texts[name] != theirs[name])
    if changed:
        raise InputError(
            f"{other.name}: the text of question {changed[0]!r} is another there"
            f"{f' (and of {len(changed) - 1} more)' if changed[1:] else ''}: the boards share no scale"
        )
    return frozenset(common)


def _check_judges(board: OpenBoard, other: Other, common: Iterable[str]) -> None:
    modes = [one.config.reviews_gen.mode for one in (board, other.board)]
    if modes[0] != modes[1] or modes[0] == "pairwise":
        raise InputError(
            f"{other.name}: the boards share no scale: their modes are {modes[0]} and {modes[1]}; "
            "--against takes two of pairwise_baseline or two of single"
        )
    apart = judges_apart(*(list(judge_identities(one).values()) for one in (board, other.board)))
    if apart is not None:
        raise InputError(f"{other.name}: the boards share no scale: {apart}")
    if (rule := _rules_apart(board, other.board)) is not None:
        raise InputError(f"{other.name}: the boards share no scale: {rule}")
    theirs = {question.question_id: question for question in other.board.questions}
    for question in board.questions:
        if question.question_id in common:
            here, there = board.prompt_for(question), other.board.prompt_for(theirs[question.question_id])
            if here.sha256 != there.sha256:
                raise InputError(
                    f"{other.name}: the boards share no scale: question {question.question_id!r} is judged by the "
                    f"prompts {here.name} and {there.name}, whose texts differ"
                )


def _rules_apart(here: OpenBoard, there: OpenBoard) -> str | None:
    """The first rule by which replies become battles, or scores, in another way on the other board."""
    ours, theirs = (_rules(board) for board in (here, there))
    return next(
        (f"{name} is {value} here and {theirs[name]} there" for name, value in ours.items() if value != theirs[name]),
        None,
    )


def _rules(board: OpenBoard) -> dict[str, object]:
    reviews = board.config.reviews_gen
    found: dict[str, object] = {"reviews_gen.answer_failures": reviews.answer_failures}
    if reviews.mode != "single":
        found |= {"reviews_gen.order": reviews.asked_order, "reviews_gen.strong_weight": f"{reviews.strong_weight:g}"}
    if len(judge_identities(board)) > 1:
        found["reviews_gen.panel.quorum"] = reviews.panel.quorum
    return found


def _check_baselines(board: OpenBoard, other: Other, old: str, common: frozenset[str]) -> None:
    here, there = (one.config.reviews_gen.baselines for one in (board, other.board))
    if old in there:
        with_it = here[there.index(old)] if len(here) == len(there) else here[0]
        raise InputError(f"{other.name}: {old} is the baseline of that board: compare with {with_it} on this one")
    if len(here) != len(there):
        counts = " and ".join(", ".join(names) for names in (here, there))
        raise InputError(f"{other.name}: the boards share no scale: their baselines are {counts}")
    answers = [current_answers(one)[0] for one in (board, other.board)]
    for mine, theirs in zip(here, there, strict=True):
        keys = [
            {place: answer.key for place, answer in given[name].items() if place[0] in common}
            for given, name in zip(answers, (mine, theirs), strict=True)
        ]
        changed = sum(keys[1].get(place, key) != key for place, key in keys[0].items())
        if changed:
            raise InputError(
                f"{other.name}: the boards share no scale: {changed:,} answers of the baselines {mine} and {theirs} "
                "differ"
            )


def _models(row: Row) -> tuple[str, ...]:
    return (row.model_a, row.model_b) if isinstance(row, Battle) else (row.model,)


def _renamed(row: Row, names: dict[str, str]) -> Row:
    if isinstance(row, Battle):
        a, b = (names.get(name, name) for name in (row.model_a, row.model_b))
        return replace(row, model_a=a, model_b=b)
    return replace(row, model=names.get(row.model, row.model))
