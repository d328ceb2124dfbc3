"""Whatever text is repeated, reading, flagging, comparing and showing it takes time in proportion to its length.

The one test of this suite that reads a clock: it compares a text of n characters with one of 4 n in the same process,
by the time this process has worked, as the median of five.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import pytest

from arena.formats import make_format, suspicious
from arena.judging.style import style
from arena.metrics.closeness import closeness
from viz.ui.rendering import plain, safe_markdown

N = "3f9a1c07be52"
ENOUGH_S = 0.05
MOST_CHARS = 100_000
"""A text of this length that takes less than `ENOUGH_S` is fast enough, however it grows."""
_DONE = ("some words of a reference",)

READERS: dict[str, Callable[[str], object]] = {
    **{
        f"{name} {nonce}": partial(make_format(name, {}).parse, nonce=nonce)
        for name in ("label", "score_pair", "rubric", "json")
        for nonce in (N, None)
    },
    "a reply cut off": lambda text: make_format("label", {}).complete(text, N),
    "explanation": lambda text: make_format("label", {}).explanation(text, N),
    "flags": suspicious,
    "closeness of texts": lambda text: closeness((text,), _DONE),
    "closeness of choices": lambda text: closeness((text,), ("A",)),
    "closeness of numbers": lambda text: closeness((text,), ("12",)),
    "style": lambda text: style((text,)),
    "rendering": safe_markdown,
    "label of a widget": plain,
}
HOSTILE: dict[str, tuple[str, str]] = {
    "display math": ("", "\\["),
    "inline math": ("", "\\("),
    "dollars": ("", "$$ "),
    "one dollar and a word": ("$", "a"),
    "brackets": ("", "[["),
    "braces": ("", '{"a":'),
    "brackets with the code": ("", f"[[{N} "),
    "the code": ("", f"{N} "),
    "fences": ("", f"[BEGIN ANSWER A {N} "),
    "choices": ("answer", " "),
    "scores": ("rating [[1", " 1"),
    "rubric": ("[[a=1", " a=1"),
    "marks on a letter": ("a", "\u0316\u0301"),
    "blank": ("[[", " "),
    "line ends": ("###", "\n"),
    "escapes": ('{"explanation": "', "\\"),
    "stars": ("", "*a "),
    "backticks": ("", "` "),
    "choosing": ("", "选"),
    "answers said": ("", "answer is: ("),
}


def worked_s(read: Callable[[str], object], text: str) -> float:
    """Without the garbage collector: what it walks through is everything the other tests have left, not this text."""
    gc.disable()
    try:
        start = time.process_time()
        read(text)
        return time.process_time() - start
    finally:
        gc.enable()


def repeated(name: str, length: int) -> str:
    start, piece = HOSTILE[name]
    return start + piece * (length // len(piece))


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_four_times_as_long_takes_less_than_eight_times_as_long(name: str) -> None:
    for reader, read in READERS.items():
        length = 1000
        while (took := worked_s(read, repeated(name, length))) < ENOUGH_S and length < MOST_CHARS:
            length *= 2 if took > ENOUGH_S / 8 else 4
        if took < ENOUGH_S:
            continue
        once = median(worked_s(read, repeated(name, length)) for _ in range(5))
        assert once < 2, (reader, length)
        four = median(worked_s(read, repeated(name, 4 * length)) for _ in range(5))
        assert four < 8 * once, (reader, length, once, four)
