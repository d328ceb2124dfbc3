"""Whether a pattern is found in a text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from arena.errors import DataError
from arena.metrics.killable import worker

LIMIT = 100_000
"""Characters of a text that are searched."""


def regex(said: str, references: Sequence[str], language: str = "en") -> float:
    """1 where the pattern is found. Raises NoNumber where that cannot be decided in time."""
    return float(bool(worker().call("pattern:found", references[0], said[:LIMIT])))


def found(pattern: str, text: str) -> bool:
    """Called in a process that can be killed: some patterns take ages on some texts."""
    return re.search(pattern, text) is not None


def check_pattern(pattern: str) -> None:
    """Raises DataError where it is none."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise DataError(f"not a pattern: {error}") from None
    except RecursionError:
        raise DataError("not a pattern: nested too deeply") from None
