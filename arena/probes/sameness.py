"""Whether two answers to a question say the same, as far as a rule can tell."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from arena.judging.combine import identical
from arena.metrics.choices import choice, said_number, settled
from arena.types import Answer, Question

Kind = Literal["letter", "number"]
_OPTION = re.compile(r"^[ \t]*\(?([A-J])[.):、．]", re.M)
_LETTERED = re.compile(r"^([A-Z])\. (.*)$", re.M)
_LETTER = re.compile(r"\(?[A-Ja-j]\)?[.:]?")


class Same(NamedTuple):
    """1 or 0, and what told."""

    value: float
    by: Literal["text", "empty", "letter", "number"]


def expects(question: Question) -> Kind | None:
    """What its last answer comes to: the reference's kind, else a letter where lettered options are shown."""
    right = question.reference[len(question.turns) - 1 :]
    if right and settled("", right[0]) is not None:
        return "letter" if _LETTER.fullmatch(right[0].strip()) else "number"
    return "letter" if {"A", "B"} <= set(_OPTION.findall(question.turns[-1])) else None


def by_rule(question: Question, base: Answer, other: Answer) -> Same | None:
    """Whether they are the same: in every word, both empty, or of the same letter or number. None where only a judge
    can tell; an answer without a letter where the other has one is another answer."""
    if identical(base, other):
        return Same(1.0, "text")
    if (empty := _by_emptiness(base, other)) is not None:
        return empty
    kind = expects(question)
    if kind is None:
        return None
    read = choice if kind == "letter" else said_number
    meant, said = read(base.turns[-1]), read(other.turns[-1])
    return None if meant is None else Same(float(meant == said), kind)


def same_option(question: Question, base: Answer, shown: Question, other: Answer) -> Same | None:
    """Whether two answers choose the same of lettered options, which the second was `shown` in an order of its own.
    None where the first chooses none."""
    if (empty := _by_emptiness(base, other)) is not None:
        return empty
    meant, said = (_option(*pair) for pair in ((question, base), (shown, other)))
    return None if meant is None else Same(float(meant == said), "letter")


def _by_emptiness(base: Answer, other: Answer) -> Same | None:
    empty = [not any(turn.strip() for turn in answer.turns) for answer in (base, other)]
    return Same(float(all(empty)), "empty") if any(empty) else None


def _option(question: Question, answer: Answer) -> str | None:
    """The text of the option that an answer chooses."""
    letter = choice(answer.turns[-1])
    options = dict(_LETTERED.findall(question.turns[-1]))
    return None if letter is None else options.get(letter)
