"""A judge for local servers: reads the shipped pairwise prompt as a model would, and answers in its format."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from servers import Action, Call, Say

_FENCED = r"\[BEGIN {0} (?P<nonce>[0-9a-f]{{12}})\]\n(?P<text>.*?)\n\[END {0} (?P=nonce)\]"


class Shown(NamedTuple):
    """What a judge's prompt shows."""

    question: str
    first: str
    second: str
    nonce: str


def shown(call: Call) -> Shown:
    """Take a pairwise prompt apart. The whole conversation is searched, so repairs work too."""
    messages = call.body["messages"]
    text = "\n".join(m["content"] if isinstance(m["content"], str) else m["content"][0]["text"] for m in messages)
    parts = [re.search(_FENCED.format(what), text, re.DOTALL) for what in ("QUESTION", "ANSWER A", "ANSWER B")]
    assert all(parts), text
    return Shown(*(part["text"] for part in parts), parts[0]["nonce"])


def judge(decide: Callable[[Shown], str], latency_s: float = 0.0) -> Callable[[Call], Action]:
    """A script that lets `decide` name the label (A, B or C) of what is shown."""

    def script(call: Call) -> Action:
        seen = shown(call)
        return Say(f"I have compared them.\n[[{seen.nonce} {decide(seen)}]]", latency_s=latency_s)

    return script


def sums(seen: Shown) -> str:
    """Decides `boards.arithmetic_board`: the right sum wins, two right or two wrong ones tie."""
    asked = re.search(r"What is (\d+) \+ 7", seen.question)
    right = f"It is {int(asked[1]) + 7}."
    first, second = seen.first == right, seen.second == right
    return "C" if first == second else "A" if first else "B"
