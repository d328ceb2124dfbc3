"""What two answers say differently, word by word, as HTML that is nothing but text and marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from viz.ui.rendering import as_html

_WORD = re.compile(r"[\u3400-\u9fff]|\w+|\s+|[^\w\s]")
_WORDS_AT_MOST = 3000
"""Beyond this, whole lines are compared: word by word would take seconds."""


def difference(first: str, second: str) -> str:
    """Both texts in one: `<del>` is only in the first, `<ins>` only in the second."""
    one, other = _WORD.findall(first), _WORD.findall(second)
    if len(one) + len(other) > 2 * _WORDS_AT_MOST:
        one, other = first.splitlines(keepends=True), second.splitlines(keepends=True)
    return "".join(_marked(one, other))


def _marked(one: list[str], other: list[str]) -> Iterator[str]:
    for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        before, after = as_html("".join(one[a:b])), as_html("".join(other[c:d]))
        if kind == "equal":
            yield before
        if kind in {"delete", "replace"} and before:
            yield f"<del>{before}</del>"
        if kind in {"insert", "replace"} and after:
            yield f"<ins>{after}</ins>"
