"""A load test from its plan to its files: every level of every endpoint sent, written down and summed up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from arena.asking.budget import Budget
from arena.asking.interruption import Interruption
from arena.backends.http.api import ApiBackend
from arena.config.load_test import LoadTestConfig
from arena.errors import InputError, RunStopped, Throttled
from arena.files import Appender
from arena.load.client import Client
from arena.load.columns import Columns
from arena.load.engines import serving
from arena.load.figures import level_figures
from arena.load.folder import LoadFolder, Run, read_requests
from arena.load.generator import LevelRun
from arena.load.gpu import Gpu, watching_gpus
from arena.load.levels import Level
from arena.load.limit import bracket_of, counted, next_level
from arena.load.prompts import Prompts
from arena.load.served import Served
from arena.load.targets import Target
from arena.load.watch import collect_garbage, garbage_kept
from arena.types import JSON


class LoadProgress(Protocol):
    """Hears how a load test goes. Everything is called from one thread."""

    def begin(self, model: str, level: Level) -> None:
        """A level starts."""

    def served(self, one: Served) -> None:
        """A request ended, warm-up included."""

    def note(self, message: str) -> None:
        """Something a person should know."""


@dataclass
class LoadTest:
    """What is measured, how, and where it is written."""

    folder: LoadFolder
    targets: Sequence[Target]
    levels: Sequence[Level]
    prompts: Sequence[Prompts]
    settings: LoadTestConfig
    seed: int
    run: Run
    """Its entry in load.json; grows level by level."""
    progress: LoadProgress
    budget_usd: float | None = None
    problems: list[str] = field(default_factory=list)
    """Why a level ended early, or the whole of it; the exit code is then 3."""
    interrupted: bool = False

    async def measure(self, interruption: Interruption) -> None:
        """Every level that the run has not finished yet. What came back is written down, however this ends.

        Raises InputError where an endpoint cannot be asked at all, before anything is measured.
        """
        most = min(4096, max((int(level.value) if level.closed else 1_000) for level in self.levels))
        opened = {target.name: target.open(most) for target in self.targets if target.local is None}
        budget = Budget(self.budget_usd)
        try:
            with interruption.listening():
                for target, prompts in zip(self.targets, self.prompts, strict=True):
                    if not interruption.asked and not self.through(self._entry(target)):
                        async with serving(target, self.progress.note) as there:
                            backend = opened.get(target.name) or opened.setdefault(target.name, there.open(most))
                            await self._target(there, prompts, backend, budget, interruption)
        except RunStopped as stopped:
            self.problems.append(str(stopped))
        except asyncio.CancelledError:
            if not interruption.asked:
                raise
        finally:
            self.interrupted = interruption.asked
            for backend in opened.values():
                await backend.close()

    async def _target(
        self, target: Target, prompts: Prompts, backend: ApiBackend, budget: Budget, interruption: Interruption
    ) -> None:
        entry, sent = self._entry(target), set[int]()
        rows = cast("list[dict[str, JSON]]", entry["levels"])
        client = Client(backend, prompts.of, budget, target.entry.token_price)
        error = await client.learn(prompts.of(-1, 0))
        if isinstance(error, Throttled) and error.refused:
            raise InputError(f"{target.name}: nobody answers at {target.url}: {error}")
        if error is not None:
            self.progress.note(f"{target.name}: a first request failed: {error}")
        lines = Appender(self.folder.lines(target.name, str(self.run["run"])))
        try:
            while not interruption.asked and (level := self._next(rows, sent)) is not None:
                sent.add(level.number)
                await self._level(target, client, level, lines, rows, interruption)
                if self.settings.find_limit:
                    entry["limit"] = bracket_of(counted(rows)).line()
                    self.folder.keep(self.run)
        finally:
            lines.close()

    def _entry(self, target: Target) -> dict[str, JSON]:
        models = cast("dict[str, dict[str, JSON]]", self.run["models"])
        return models.setdefault(target.name, {"target": target.url, "api": target.api, "levels": []})

    def _next(self, rows: Sequence[Mapping[str, JSON]], sent: AbstractSet[int]) -> Level | None:
        """The level to send now, of those that no earlier call finished and this one has not sent."""
        if self.settings.find_limit:
            level = next_level(rows, self.levels[0])
            return None if level is None or level.number in sent else level
        finished = sent | {row["level"] for row in rows if row["complete"]}
        return next((level for level in self.levels if level.number not in finished), None)

    def through(self, entry: Mapping[str, JSON]) -> bool:
        """Whether nothing of a model is left to send."""
        return self._next(cast("list[dict[str, JSON]]", entry["levels"]), set()) is None

    async def _level(
        self, target: Target, client: Client, level: Level, lines: Appender, rows: list[dict[str, JSON]],
        interruption: Interruption,
    ) -> None:  # fmt: skip
        attempt = 1 + max((one.attempt for one in read_requests(lines.path) if one.level == level.number), default=-1)
        kept = Columns()

        def keep(one: Served) -> None:
            lines.append(one.line())
            kept.add(one)
            collect_garbage(len(kept))
            self.progress.served(one)

        collect_garbage(0)
        self.progress.begin(target.name, level)
        run = LevelRun(level, attempt, client.send, keep, lambda: interruption.asked)
        through, gpus = False, list[Gpu]()
        try:
            async with watching_gpus(here=target.on_this_machine) as gpus:
                await run.run(self.seed)
            through = run.ended is None and not interruption.asked
        finally:
            ended = run.ended
            if len(kept):
                expected = level.expected(self.seed) if through or run.ended is not None else None
                figures = level_figures(level, kept, expected, run.watched, self.settings.slo)
                if through and figures["failed"] and not figures["succeeded"]:
                    ended = "not one request succeeded"
                head: dict[str, JSON] = {
                    "level": level.number, "titled": level.titled, "arrival": level.arrival, "value": level.value,
                    "attempt": attempt, "complete": through, "ended": run.ended,
                    "gpus": [gpu.line() for gpu in gpus] or None,
                }  # fmt: skip
                rows[:] = sorted([row for row in rows if row["level"] != level.number] + [head | figures],
                                 key=lambda row: cast("int", row["level"]))  # fmt: skip
                self.folder.keep(self.run)
            if ended is not None and not (self.settings.find_limit and level.number):
                self.problems.append(f"{target.name}, {level.titled}: {ended}")


def measure(test: LoadTest, interruption: Callable[[], Interruption]) -> None:
    """Run it to its end, under its folder's lock; then its entry says whether it is complete. Raises InputError."""
    with test.folder.locked():
        test.folder.keep(test.run)
        with garbage_kept():
            asyncio.run(test.measure(interruption()))
        models = cast("dict[str, dict[str, JSON]]", test.run["models"])
        through = all(test.through(entry) for entry in models.values())
        test.run["complete"] = len(models) == len(test.targets) and through
        test.folder.keep(test.run)


def stored_at(test: LoadTest) -> list[Path]:
    """The files with a line per request."""
    paths = [test.folder.lines(target.name, str(test.run["run"])) for target in test.targets]
    return [path for path in paths if path.exists()]
