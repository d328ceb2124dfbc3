"""Reasoning that arrives inside the text: a leading `<think>` block, taken apart from the answer."""

from __future__ import annotations

import re
from typing import NamedTuple

_LEADING = re.compile(r"\s*<think>(?P<inside>.*?)(?P<close></think>\s*|\Z)", re.DOTALL)


class Thought(NamedTuple):
    """A text without its leading reasoning."""

    text: str
    reasoning: str | None
    closed: bool
    """False when the block never ended: the model ran out of tokens while thinking."""


def split_thinking(text: str) -> Thought:
    """Take a leading `<think>…</think>` off. A block anywhere else belongs to the answer and stays."""
    found = _LEADING.match(text)
    if found is None:
        return Thought(text, None, True)
    reasoning = found["inside"].strip() or None
    return Thought(text[found.end() :], reasoning, bool(found["close"]))
