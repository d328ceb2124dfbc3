"""Whether a text ends up with the same formula or number as the reference, by math-verify."""

from __future__ import annotations

import re
from collections.abc import Sequence

from arena.formats.text import nfkc
from arena.metrics.killable import worker

_HAN = re.compile("[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff]+[:,;.!?]*")
LIMIT = 20_000
"""Characters at the end of a text that are read."""


def equality(said: str, references: Sequence[str], language: str = "en") -> float:
    """1 where it is equal to a reference: 0.5, \\frac{1}{2} and 50% are. Raises NoNumber where that cannot be decided
    in time."""
    return float(any(bool(worker().call("equality:equal", right[-LIMIT:], said[-LIMIT:])) for right in references))


def equal(right: str, said: str) -> bool:
    """Whether both are the same. Called in a process that can be killed."""
    from math_verify import parse, verify

    texts = (f"${right.strip().strip('$')}$", _readable(right), _readable(said))
    formula, plain, found = (parse(text, parsing_timeout=None) for text in texts)
    gold = [*formula, *plain]
    return bool(gold) and bool(verify(gold, found, timeout_seconds=None))


def _readable(text: str) -> str:
    """math-verify sees no number that a Chinese character touches."""
    return _HAN.sub(" ; ", nfkc(text))
