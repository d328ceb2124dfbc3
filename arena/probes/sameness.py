"""Whether two answers to a question say the same, as far as a rule can tell."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from arena.judging.combine import identical
from arena.metrics.choices import choice, said_number, settled
from arena.types import Answer, Question

Kind = Literal["letter", "number"]
_OPTION = re.compile(r"^[ \t]*\(?([A-J])[.):、．]", re.M)
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
    empty = [not any(turn.strip() for turn in answer.turns) for answer in (base, other)]
    if any(empty):
        return Same(float(all(empty)), "empty")
    kind = expects(question)
    if kind is None:
        return None
    read = choice if kind == "letter" else said_number
    meant, said = read(base.turns[-1]), read(other.turns[-1])
    return None if meant is None else Same(float(meant == said), kind)
