"""run.json: what each invocation planned, did, spent and could not do. Rewritten every 2 s while running."""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import cast

import arena
from arena.asking.progress import Progress
from arena.board.open import OpenBoard
from arena.files import to_json, write_atomically
from arena.judging.order import seeded_order
from arena.redact import masked, redact, without_secrets
from arena.store.counts import SyncedCounts, count_anew
from arena.types import JSON, Completion

EVERY_S = 2.0
KEPT_RUNS = 200
_PACKAGES = ("anthropic", "openai", "vllm", "transformers", "torch", "numpy", "scipy")


@dataclass
class Tally:
    """Answers of one candidate, or replies of one judge, in this invocation."""

    planned: int = 0
    stored_before: int = 0
    done: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    cost_unknown: int = 0
    """Calls whose cost is not known."""

    def add(self, completion: Completion, cost_usd: float | None, *, again: bool = False) -> None:
        """Count one answer or reply, or `again` what another call for it came to."""
        self.done += not again
        if completion.status != "ok":
            self.errors[completion.status] += 1
        self.input_tokens += completion.usage.input_tokens or 0
        self.output_tokens += completion.usage.output_tokens or 0
        if cost_usd is None:
            self.cost_unknown += 1
        else:
            self.cost_usd += cost_usd

    def to_json(self) -> dict[str, JSON]:
        """As it stands in run.json."""
        return {
            "planned": self.planned,
            "stored_before": self.stored_before,
            "done": self.done,
            "errors": dict(self.errors),
            "usage": {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens},
            "cost_usd": None if self.cost_unknown else self.cost_usd,
            "cost_known_usd": self.cost_usd,
        }


class RunRecord:
    """This invocation's entry in run.json. It is a Progress that counts and passes on."""

    def __init__(self, board: OpenBoard, asked: dict[str, JSON], inner: Progress) -> None:
        self.tallies: dict[tuple[str, str], Tally] = {}
        self.worked = False
        """Whether a model worked, or may have; copying from a recording is no work, nor is a request refused."""
        self.keys_in_texts = 0
        """Texts received that hold a key, or a header's value that is one."""
        self.outcome: str | None = None
        self.notes: list[str] = []
        self.problems: tuple[str, ...] = ()
        """Why the exit code is not 0."""
        self._board = board
        self._inner = inner
        self._asked = asked
        self._started = _now()
        self._finished: str | None = None
        self._counts = SyncedCounts(board.review_folder, board.counted)
        self._counts.update()
        document = board.review_folder.run_document()
        runs = document.get("runs")
        self._earlier = runs if isinstance(runs, list) else []
        version = document.get("rated_with", document.get("arena_version"))
        self.rated_with = version if isinstance(version, str) else None
        """The version that read the stored replies for the reports as they are."""
        self._about = _about(board)

    @property
    def calls(self) -> int:
        """Answers and replies that came back in this invocation."""
        return sum(tally.done for tally in self.tallies.values())

    def begin(self, stage: str, name: str, total: int, done: int, *, recorded: bool = False) -> None:
        """Start counting a candidate or judge, or go on with more than was known."""
        known = self.tallies.get((stage, name))
        if known is None:
            self.tallies[stage, name] = Tally(total - done, done)
        else:
            known.planned = max(known.planned, total - known.stored_before)
        self._inner.begin(stage, name, total, done, recorded=recorded)

    def advance(
        self, stage: str, name: str, completion: Completion, cost_usd: float | None, *, again: bool = False
    ) -> None:
        """Count one call. What a recorded answer once cost is not spent again, and what is turned down was no work."""
        cost_usd = 0.0 if completion.load == "recorded" else cost_usd
        self.tallies[stage, name].add(completion, cost_usd, again=again)
        texts = (*completion.turns, *completion.reasoning)
        self.keys_in_texts += sum(masked(text) != text for text in texts if text)
        self.worked |= completion.load != "recorded" and (bool(completion.turns) or completion.maybe_billed)
        self._inner.advance(stage, name, completion, cost_usd, again=again)

    def waiting(self, stage: str, name: str, seconds: float, why: str) -> None:
        """Pass on."""
        self._inner.waiting(stage, name, seconds, why)

    def note(self, message: str) -> None:
        """Keep and pass on."""
        message = redact(message)
        self.notes.append(message)
        self._inner.note(message)

    async def keep_writing(self) -> None:
        """Rewrite run.json every 2 s until cancelled."""
        while True:
            self.write()
            await asyncio.sleep(EVERY_S)
            await asyncio.to_thread(self._counts.update)

    def finish(self, outcome: str) -> None:
        """Write the last state: done, stopped or interrupted."""
        self.outcome = outcome
        if self.keys_in_texts:
            said = "1 text received holds" if self.keys_in_texts == 1 else f"{self.keys_in_texts} texts received hold"
            self.note(f"{said} a key; stored as received, masked where shown")
        self._finished = _now()
        self._counts.update()
        self.write()
        for folder in self._board.folders[:-1]:
            count_anew(folder)

    def write(self) -> None:
        """Write run.json as it stands."""
        document = (
            self._about
            | {"files": self._counts.to_json(), "rated_with": self.rated_with}
            | {"runs": [*self._earlier, self._entry()][-KEPT_RUNS:]}
        )
        write_atomically(self._board.review_folder.run_file, to_json(document, indent=True) + b"\n")

    def _entry(self) -> dict[str, JSON]:
        by_stage: dict[str, JSON] = {}
        for stage in ("answers", "reviews"):
            by_stage[stage] = {name: tally.to_json() for (s, name), tally in self.tallies.items() if s == stage}
        for stage in ("benchmarks", "scores", "probes"):
            if own := {name: tally.to_json() for (s, name), tally in self.tallies.items() if s == stage}:
                by_stage[stage] = cast("JSON", own)
        known = sum(tally.cost_usd for tally in self.tallies.values())
        unknown = any(tally.cost_unknown for tally in self.tallies.values())
        errors: Counter[str] = sum((tally.errors for tally in self.tallies.values()), Counter())
        return {
            "started": self._started,
            "finished": self._finished,
            "outcome": self.outcome,
            "asked": self._asked,
            "plan": sum(tally.planned for tally in self.tallies.values()),
            "done": self.calls,
            "spent": None if unknown else known,
            "spent_known_usd": known,
            "errors": dict(errors),
            "keys_in_texts": self.keys_in_texts,
            "notes": list(self.notes),
            "problems": [redact(problem) for problem in self.problems],
            **by_stage,
        }


def _about(board: OpenBoard) -> dict[str, JSON]:
    order = seeded_order(board.questions, board.config.seed) if board.config.gate.peek else None
    asked: dict[str, JSON] = {}
    if order is not None:
        asked["question_order"] = {"seed": order.seed, "sha256": order.sha256}
    about: dict[str, JSON] = {
        "arena_version": arena.__version__,
        "versions": _versions(),
        "simulated": board.simulated,
        "config_file": board.loaded.path.name,
        "config": without_secrets(board.loaded.unexpanded),
        "prompts": {prompt.name: prompt.sha256 for prompt in board.prompts.values()},
        "git_commit": _git_commit(board.loaded.path.resolve().parent),
    }
    return about | asked


def _versions() -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    for name in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _git_commit(folder: Path) -> str | None:
    command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _now() -> str:
    return datetime.now(UTC).isoformat("T", "seconds").replace("+00:00", "Z")
