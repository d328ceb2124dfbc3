"""Rich's console for what is more than a line: it takes text as it is, neither as markup nor with emoji in it, and its
tables fit the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from arena.cli.terminal import visible
from arena.redact import redact

LONGEST_NAME = 48
SHORTEST_NAME = 16
"""Names are cut to this before a column goes that is needed."""
NEEDED = 100
"""Columns whose turn to go is this or later are needed: names are cut for them."""


def console_on(file: TextIO | None = None, width_of_a_pipe: int | None = None) -> Console:
    """Rich's console for a stream (stdout by default) that takes text as it is."""
    file = file or sys.stdout
    width = None if file.isatty() else width_of_a_pipe
    return _PlainConsole(file=file, width=width, markup=False, emoji=False, highlight=False)


def simulated(text: str) -> Text:
    """The banner of a rehearsal."""
    return Text.assemble((" SIMULATED ", "bold reverse"), f" {text}", style="yellow")


class _PlainConsole(Console):
    """A console whose texts cannot act, whoever wrote them."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What Rich makes of it; its own control codes pass."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


@dataclass(frozen=True, slots=True)
class Shown:
    """One column as it is printed."""

    head: str
    cells: Sequence[str | Text]
    left: bool = False
    """Names: they stand to the left, and are cut where numbers need the room."""
    spare: float | None = None
    """Its turn to go when the terminal is too narrow; None: it stays."""

    @property
    def width(self) -> int:
        """As many characters as its longest cell."""
        return max(cell_len(self.head), *(cell_len(str(cell)) for cell in self.cells), 0)


def fill(table: Table, columns: Sequence[Shown], width: int, line_after: int | None = None) -> Table:
    """Put columns into a table that is no wider than the terminal. Digits are never cut: the columns least needed go,
    then names are cut. `line_after` so many rows the table is ruled off."""

    def room(names: float) -> float:
        """What is left when each column of names takes at most so much."""
        wanted = sum(min(column.width, names) if column.left else column.width for column in columns)
        return width - wanted - 3 * len(columns) - (1 if table.pad_edge else -1)

    for turn in sorted(column.spare for column in columns if column.spare is not None):
        if room(LONGEST_NAME if turn < NEEDED else SHORTEST_NAME) >= 0:
            break
        columns = [column for column in columns if column.spare != turn]
    names = next((size for size in range(LONGEST_NAME, 1, -1) if room(size) >= 0), 1)
    for column in columns:
        head = _cut(column.head, names) if column.left else column.head
        table.add_column(head, justify="left" if column.left else "right", no_wrap=True)
    cells = [[_cut(cell, names) for cell in column.cells] if column.left else column.cells for column in columns]
    for place, row in enumerate(zip(*cells, strict=True), 1):
        table.add_row(*row, end_section=place == line_after)
    return table


def _cut(name: str | Text, size: int) -> Text:
    line = Text(" ".join(visible(redact(str(name))).splitlines()))
    line.truncate(size, overflow="ellipsis")
    return line
