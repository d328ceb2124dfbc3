"""Load tests as load.json has them: their levels, read as frozen objects, and which of them stand side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from arena.errors import DataError
from arena.files import from_json
from arena.reports.typed import Misread, read_as

Times = Literal["ttft_s", "tpot_s", "itl_s", "latency_s"]
Share = Literal["mean", "p50", "p75", "p90", "p95", "p99"]
SHARES: tuple[Share, ...] = ("mean", "p50", "p75", "p90", "p95", "p99")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and the ends of its interval, None where there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """A time of a request over all that have one, in seconds."""

    n: int
    mean: Figure
    p50: Figure
    p75: Figure
    p90: Figure
    p95: Figure
    p99: Figure
    without_interval: str | None

    def at(self, share: Share) -> Figure:
        """Its mean or one of its percentiles."""
        found: Figure = getattr(self, share)
        return found


@dataclass(frozen=True, slots=True)
class Goodput:
    """Requests that met every part of the SLO, of all that were due."""

    good: int
    due: int
    share: float | None
    kept: bool | None


@dataclass(frozen=True, slots=True)
class Generator:
    """How the machine that sent kept up."""

    limited: bool
    loop_lag_p99_s: float | None
    cpu_share: float | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadedGpu:
    """A GPU of the machine that served, while it did."""

    name: str
    memory_total_bytes: int
    memory_used_bytes_max: int | None
    utilization_mean: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of a level's time."""

    at_s: float
    under_way: float
    ended: int
    failed: int
    ttft_p50_s: float | None
    latency_p50_s: float | None
    latency_p95_s: float | None


@dataclass(frozen=True, slots=True)
class LoadLevel:
    """One load and what came of it."""

    level: int
    arrival: str
    value: float
    complete: bool
    ended: str | None
    expected: int
    succeeded: int
    failed: Mapping[str, int]
    wall_s: float
    concurrency_reached: int
    requests_per_s: float | None
    output_tokens_per_s: float | None
    output_tokens: int | None
    not_streamed: int
    ttft_s: Spread
    tpot_s: Spread
    itl_s: Spread
    latency_s: Spread
    sustained: bool | None
    goodput: Goodput | None
    usd_per_million_output_tokens: float | None
    generator: Generator
    timeline: tuple[Step, ...] = ()
    gpus: tuple[LoadedGpu, ...] = ()

    @property
    def load(self) -> tuple[bool, float]:
        """What orders levels and makes two of different models alike: closed or open, and how much."""
        return self.arrival != "closed", self.value

    def spread(self, name: Times) -> Spread:
        """One of its times."""
        found: Spread = getattr(self, name)
        return found


@dataclass(frozen=True, slots=True)
class Limit:
    """The largest rate that keeps the SLO, between two rates."""

    kept: float | None
    missed: float | None
    between: tuple[float, ...]
    """Rates of which neither is shown."""
    confirmed: bool
    """Whether both ends were run twice."""
    limited: bool
    """Whether the generator could not make a higher rate."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in one run."""

    api: str
    levels: tuple[LoadLevel, ...]
    limit: Limit | None


@dataclass(frozen=True, slots=True)
class LoadRun:
    """One call of the load test."""

    run: str
    started: str
    complete: bool
    models: Mapping[str, LoadedModel]

    @property
    def settings(self) -> str:
        """Six digits, alike where the settings are."""
        return self.run.rpartition("-")[2]


@dataclass(frozen=True, slots=True)
class _Document:
    runs: tuple[LoadRun, ...]


def read_load_runs(path: Path) -> tuple[LoadRun, ...]:
    """All runs, oldest first; none where nothing was tested. Raises DataError for a file that no load test wrote."""
    try:
        return read_as(_Document, from_json(path.read_bytes())).runs
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except Misread as error:
        raise DataError(f"{path}: not the load.json of a load test: {error}") from None
    except ValueError:
        raise DataError(f"{path}: not the load.json of a load test") from None


@dataclass(frozen=True, slots=True)
class Tested:
    """A model, its levels by load, and the run that they are of."""

    model: str
    run: LoadRun
    levels: tuple[LoadLevel, ...]
    limit: Limit | None

    def at(self, load: tuple[bool, float]) -> LoadLevel | None:
        """Its level of one load."""
        return next((level for level in self.levels if level.load == load), None)


def newest(runs: Sequence[LoadRun]) -> tuple[Tested, ...]:
    """Every model with the levels of the last run that measured it, in the order of their first runs."""
    found: dict[str, Tested] = {}
    for run in runs:
        for name, model in run.models.items():
            if model.levels:
                found[name] = Tested(name, run, tuple(sorted(model.levels, key=lambda level: level.load)), model.limit)
    return tuple(found.values())


def shared_load(tested: Sequence[Tested]) -> tuple[bool, float] | None:
    """The load at which models are compared: that of most of them, and of those the largest; None without any level."""
    loads = Counter(load for one in tested for load in {level.load for level in one.levels})
    return max(loads, key=lambda load: (loads[load], load), default=None)
