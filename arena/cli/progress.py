"""How a run shows what it does: bars on a terminal, a plain line now and then without one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from arena.cli.terminal import say, shown
from arena.redact import redact
from arena.reports.numbers import amount
from arena.types import Completion

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

PLAIN_EVERY_S = 10.0
_VERB = {
    "answers": "answers of",
    "reviews": "reviews by",
    "benchmarks": "benchmark",
    "probes": "probes of",
    "scores": "scores:",
}


@dataclass
class Count:
    """Where one candidate or judge stands."""

    total: int
    done: int
    started: float
    here: int = 0
    """Answers or replies in this invocation."""
    failed: int = 0
    cost_usd: float = 0.0
    unknown_cost: bool = False
    shown: float = field(default=float("-inf"))
    shown_done: int = 0
    waits_until: float = float("-inf")

    def add(self, completion: Completion, cost_usd: float | None, *, again: bool = False) -> None:
        """Count one answer or reply; of what was asked `again` for it, cost and failure alone. What another run left
        in a batch may be more than this one planned."""
        self.here += not again
        self.done += not again
        self.total = max(self.total, self.done)
        self.failed += completion.status in {"error", "bad_request"}
        self.cost_usd += cost_usd or 0.0
        self.unknown_cost |= cost_usd is None

    def facts(self, now: float) -> str:
        """Rate, time left, failures and spend in a few words."""
        elapsed = max(now - self.started, 1e-6)
        rate = self.here / elapsed
        left = (self.total - self.done) / rate if rate else 0.0
        parts = [f"{amount(rate, 1)}/s", f"{_clock(left)} left" if self.done < self.total else _clock(elapsed)]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.cost_usd:
            parts.append(f"${amount(self.cost_usd, 4)}" + ("+?" if self.unknown_cost else ""))
        return " · ".join(parts)


class PlainProgress:
    """One line per candidate or judge every few seconds, for logs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._counts: dict[tuple[str, str], Count] = {}
        self._clock = clock

    def begin(self, stage: str, name: str, total: int, done: int, *, recorded: bool = False) -> None:
        """Say what starts; where it goes on with more than was known, only count it."""
        if (known := self._counts.get((stage, name))) is not None:
            known.total, known.done = max(total, known.total), done
            return
        self._counts[stage, name] = Count(total, done, self._clock())
        stored = f", {done:,} stored already" if done else ""
        self._say(f"{_VERB[stage]} {name}: {total - done:,} to {'read' if recorded else 'ask'}{stored}")

    def advance(
        self, stage: str, name: str, completion: Completion, cost_usd: float | None, *, again: bool = False
    ) -> None:
        """Count it; say so every 10 s and when everything that was planned is done."""
        count = self._counts[stage, name]
        planned = count.total
        count.add(completion, cost_usd, again=again)
        due = self._clock() - max(count.shown, count.started) >= PLAIN_EVERY_S
        if due or (count.done == planned and not again):
            self._show(stage, name)

    def waiting(self, stage: str, name: str, seconds: float, why: str) -> None:
        """Say so once per wait, if it is a long one."""
        count, now = self._counts[stage, name], self._clock()
        if now + seconds > count.waits_until + 1.0 and seconds >= 2.0:
            self._say(f"{_VERB[stage]} {name}: waiting {_clock(seconds)} ({why})")
            count.waits_until = now + seconds

    def note(self, message: str) -> None:
        """Say it."""
        self._say(message)

    def pause(self) -> None:
        """Nothing moves between lines."""

    def close(self) -> None:
        """Say where everything stands that has moved since its last line."""
        for (stage, name), count in self._counts.items():
            if count.here and count.done != count.shown_done:
                self._show(stage, name)

    def _show(self, stage: str, name: str) -> None:
        count, now = self._counts[stage, name], self._clock()
        count.shown, count.shown_done = now, count.done
        self._say(f"{_VERB[stage]} {name}: {count.done:,}/{count.total:,} · {count.facts(now)}")

    def _say(self, line: str) -> None:
        say(line, err=True)


class BarProgress:
    """A bar per candidate and judge."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        from arena.cli.console import console_on

        self._bars: Bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}", markup=False),
            TextColumn("{task.fields[facts]}", style="dim", markup=False),
            console=console_on(sys.stderr),
            refresh_per_second=5,
        )
        self._bars.start()
        self._tasks: dict[tuple[str, str], tuple[TaskID, Count]] = {}

    def begin(self, stage: str, name: str, total: int, done: int, *, recorded: bool = False) -> None:
        """Add a bar, or lengthen the one that is there."""
        self._bars.start()
        if (stage, name) in self._tasks:
            known, count = self._tasks[stage, name]
            count.total, count.done = max(total, count.total), done
            self._bars.update(known, total=count.total, completed=done)
            return
        task = self._bars.add_task(f"{_VERB[stage]} {name}", total=total, completed=done, facts="")
        self._tasks[stage, name] = (task, Count(total, done, time.monotonic()))

    def advance(
        self, stage: str, name: str, completion: Completion, cost_usd: float | None, *, again: bool = False
    ) -> None:
        """Move a bar."""
        task, count = self._tasks[stage, name]
        count.add(completion, cost_usd, again=again)
        self._bars.update(task, completed=count.done, total=count.total, facts=count.facts(time.monotonic()))

    def waiting(self, stage: str, name: str, seconds: float, why: str) -> None:
        """Show the wait in place of the rate."""
        task, _ = self._tasks[stage, name]
        self._bars.update(task, facts=f"waiting {_clock(seconds)} ({redact(why)[:60]})")

    def note(self, message: str) -> None:
        """Print above the bars."""
        self._bars.console.print(shown(message), style="yellow")

    def pause(self) -> None:
        """Leave the terminal alone until the next bar begins."""
        self._bars.stop()

    def close(self) -> None:
        """Leave the bars as they stand."""
        self._bars.stop()


@contextmanager
def console_progress() -> Iterator[PlainProgress | BarProgress]:
    """Bars where there is a terminal, plain lines elsewhere."""
    progress = BarProgress() if sys.stderr.isatty() else PlainProgress()
    try:
        yield progress
    finally:
        progress.close()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
