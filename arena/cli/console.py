"""Rich's console for what is more than a line: it takes text as it is, neither as markup nor with emoji in it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from arena.cli.terminal import visible


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
