"""What a reader of the board should know about a candidate's answers: flags, never edits and never penalties."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arena.formats import suspicious
from arena.types import Answer

SHORT = 40
"""Answers below this many characters (a number, a choice, a name) may well repeat."""
_LONG_SHARE, _LONG_TIMES = 0.1, 3
_SHORT_SHARE, _SHORT_TIMES = 0.5, 10
_WORDS = {
    "label": "a verdict as a judge would write it",
    "rating": "a rating as a judge would write it",
    "json_verdict": "a verdict in JSON",
    "fence": "a border of the judge's prompt",
    "chat_token": "turns of a conversation",
    "override": "orders to the judge",
    "control": "invisible characters",
}


@dataclass(frozen=True, slots=True)
class Flagged:
    """One candidate's flags, and what the board says about them in words."""

    flags: tuple[str, ...]
    """`truncated (3)`, `suspicious: override (805)`, `repeated answer (805)`: what, and how many answers."""
    warnings: tuple[str, ...]
    counts: Mapping[str, int]
    """`answers` of leaderboard.json: `n, questions, suspicious` (by whatever sign) and `repeated`, to how many
    questions the most frequent answer was given, unusual or not."""


def flag_answers(model: str, answers: Sequence[Answer]) -> Flagged:
    """The flags of a candidate's current answers.

    truncated: cut off by its limit, judged as it stands. suspicious: it holds what `arena.formats.suspicious` looks
    for. repeated answer: one text given to several questions, which no honest candidate does at length.
    """
    flags, warnings = [], []
    if cut := sum(answer.status == "truncated" for answer in answers):
        flags.append(f"truncated ({cut})")
    found = [suspicious("\n".join(answer.turns)) for answer in answers]
    signs = Counter(sign for of_one in found for sign in of_one)
    for sign, count in sorted(signs.items(), key=lambda item: (-item[1], item[0])):
        flags.append(f"suspicious: {sign} ({count})")
        warnings.append(f"{model}: {count} of {len(answers)} answers hold {_WORDS.get(sign, sign)}; look at them")
    given, asked = _given(answers), len({answer.question_id for answer in answers})
    if repeats := _unusual(given, asked):
        flags.append(f"repeated answer ({repeats})")
        warnings.append(f"{model}: one and the same answer was given to {repeats} of {len(answers)} questions")
    counts = {
        "n": len(answers), "questions": asked, "suspicious": sum(map(bool, found)),
        "repeated": max(map(len, given.values()), default=0),
    }  # fmt: skip
    return Flagged(tuple(flags), tuple(warnings), counts)


def _given(answers: Sequence[Answer]) -> Mapping[tuple[str, ...], set[str]]:
    """The questions that each answer was given to, white space around it aside; empty ones are no answer."""
    questions: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for answer in answers:
        turns = tuple(turn.strip() for turn in answer.turns)
        if any(turns):
            questions[turns].add(answer.question_id)
    return questions


def _unusual(given: Mapping[tuple[str, ...], set[str]], asked: int) -> int:
    """To how many questions the most frequent answer was given; 0 when that is nothing unusual."""
    unusual = [len(questions) for turns, questions in given.items() if _is_unusual(turns, len(questions), asked)]
    return max(unusual, default=0)


def _is_unusual(turns: tuple[str, ...], times: int, asked: int) -> bool:
    if sum(map(len, turns)) >= SHORT:
        return times >= _LONG_TIMES and times >= _LONG_SHARE * asked
    return asked >= _SHORT_TIMES and times > _SHORT_SHARE * asked
