"""competition_math: the last boxed answer of a reply, compared as lm-eval compares."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from arena.types import JSON

LONGEST_LINE = 100
"""A reply without a box that is one line of at most so many characters is the answer itself, as in the examples."""


def boxed(text: str) -> str | None:
    """What stands in the last `\\boxed{…}`, with its inner braces; None where there is none, or it is cut off."""
    start = max(text.rfind("\\boxed"), text.rfind("\\fbox"))
    opened = text.find("{", start) if start >= 0 else -1
    if opened < 0:
        return None
    depth = 0
    for place in range(opened, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[opened + 1 : place].strip()
    return None


def read_answer(reply: str, doc: Mapping[str, Any]) -> tuple[JSON, float]:
    """(what was read, whether it is right). The right answer is the box of the solution."""
    found = boxed(reply)
    line = reply.strip()
    if found is None and line and "\n" not in line and len(line) <= LONGEST_LINE:
        found = line.strip("$ .") or None
    if found is None:
        return None, 0.0
    utils = importlib.import_module("lm_eval.tasks.hendrycks_math.utils")
    return found, float(utils.is_equiv(found, boxed(str(doc["solution"]))))
