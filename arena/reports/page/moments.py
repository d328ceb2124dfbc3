"""When a board's answers and verdicts were made, from the stored lines alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_MOMENT = re.compile(rb'(?<!\\)"created_at":\s*"(\d{4}-\d\d-\d\d)[^"\\]*"')
"""The field itself: inside a text every quotation mark has a backslash before it."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Days, as they stand in `created_at`."""

    joined: Mapping[str, str]
    """The first day of every model and judge, in order of time."""
    last: str | None

    @property
    def first(self) -> str | None:
        """The first of all days."""
        return min(self.joined.values(), default=None)


NEVER = Moments({}, None)


def moments_of(files: Mapping[str, Path]) -> Moments:
    """The days of the lines in each named file; a file that is missing, or whose lines have no moment, has none."""
    found = {name: days for name, path in files.items() if (days := _days(path))}
    joined = sorted((days[0], name) for name, days in found.items())
    return Moments({name: day for day, name in joined}, max((days[1] for days in found.values()), default=None))


def _days(path: Path) -> tuple[str, str] | None:
    first, last = "9999", ""
    if not path.is_file():
        return None
    with path.open("rb") as lines:
        for line in lines:
            for match in _MOMENT.finditer(line):
                day = match[1].decode()
                first, last = min(first, day), max(last, day)
    return (first, last) if last else None
