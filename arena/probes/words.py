"""Changing the words of a text and nothing else: code, formulas, addresses and the labels of options stay."""

from __future__ import annotations

import re
from collections.abc import Callable

_KEPT = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]+`|\$\$.+?\$\$|\$(?!\s)[^$\n]+?(?<!\s)\$(?!\d)|\\\(.+?\\\)|\\\[.+?\\\]"
    r"|https?://\S+|[\w.+-]+@[\w-]+\.\w+|^[ \t]*\(?[A-J][.):](?=\s)|^(?: {4}|\t)\S[^\n]*$",
    re.S | re.M,
)
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """A text with everything changed that is not code, a formula, an address or an option's label."""
    parts, end = [], 0
    for kept in _KEPT.finditer(text):
        parts += [change(text[end : kept.start()]), kept.group()]
        end = kept.end()
    return "".join([*parts, change(text[end:])])


def is_chinese(text: str) -> bool:
    """Whether a third of its letters are Han."""
    letters = sum(char.isalpha() for char in text)
    return letters > 0 and 3 * len(HAN.findall(text)) >= letters
