"""competition_math: the last boxed answer of a reply, compared as lm-eval compares."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any

from arena.types import JSON

_BOX = re.compile(r"\\(?:boxed|fbox)\b\s*.", re.S)
LONGEST_LINE = 100
"""A reply without a box that is one line of at most so many characters is the answer itself, as in the examples."""


def boxed(text: str) -> str | None:
    """What stands in the last `\\boxed{…}`, with its inner braces; None where there is none, or it is cut off."""
    found = [match.end() - 1 for match in _BOX.finditer(text)]
    opened = found[-1] if found else -1
    if opened < 0 or text[opened] != "{":
        return None
    depth = 0
    for place in range(opened, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[opened + 1 : place].strip()
    return None


def right_answer(solution: str) -> str | None:
    """The box of a solution, `\\boxed 5` too, as some of the data set's are written; None where there is none."""
    if (found := boxed(solution)) is not None:
        return found
    _, mark, rest = solution.rpartition("\\boxed ")
    return rest.partition("$")[0].strip(" .") or None if mark else None


def read_answer(reply: str, doc: Mapping[str, Any]) -> tuple[JSON, float]:
    """(what was read, whether it is right). The right answer is the box of the solution."""
    found = boxed(reply)
    line = reply.strip()
    if found is None and line and "\n" not in line and len(line) <= LONGEST_LINE:
        found = line.strip("$ .") or None
    if found is None:
        return None, 0.0
    utils = importlib.import_module("lm_eval.tasks.hendrycks_math.utils")
    return found, float(utils.is_equiv(found, right_answer(str(doc["solution"]))))
