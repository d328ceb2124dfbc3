"""Judges for the fake server: they read a rendered prompt as a model would, and reply by rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kit.servers import Action, Call, Say


@dataclass(frozen=True)
class Shown:
    """What a judge found in its prompt."""

    question: str
    answers: tuple[str, ...]
    nonce: str


def read_prompt(call: Call) -> Shown:
    """Question, answers in the order shown and nonce of a pairwise or single prompt."""
    first = call.messages
    text = next(part for part in map(_text, first) if "[BEGIN QUESTION" in part)
    nonce = re.search(r"\[BEGIN QUESTION(?: \(turn \d+ of \d+\))? ([0-9a-f]{12})\]", text).group(1)

    def between(what: str) -> str | None:
        found = re.search(rf"\[BEGIN {what} {nonce}\]\n(.*?)\n\[END {what} {nonce}\]", text, re.S)
        return found.group(1) if found else None

    answers = [found for name in ("ANSWER A", "ANSWER B", "ANSWER") if (found := between(name)) is not None]
    return Shown(between("QUESTION") or "", tuple(answers), nonce)


def sum_judge(call: Call) -> Action:
    """Right sums win: `[[nonce A]]`, `[[nonce B]]`, or C when both or neither are right."""
    shown = read_prompt(call)
    a, b = (is_right(shown.question, answer) for answer in shown.answers)
    label = "C" if a == b else "A" if a else "B"
    return Say(f"I have added it up.\n\n[[{shown.nonce} {label}]]")


def is_right(question: str, answer: str) -> bool:
    """Whether an answer holds the sum that was asked for."""
    numbers = [int(n) for n in re.findall(r"\d+", question)]
    return str(sum(numbers)) in re.findall(r"\d+", answer)


def by_model(scripts: Mapping[str, Callable[[Call], Action]]) -> Callable[[Call], Action]:
    """Another script for every model that is asked."""
    return lambda call: scripts[str(call.body["model"])](call)


def _text(message: Mapping[str, object]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(block["text"] for block in content)
