"""Files of load tests: a line per request, and the summaries of all runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import cast

from arena.errors import DataError, InputError
from arena.files import file_stem, from_json, read_objects, round_floats, to_json, write_atomically
from arena.load.served import Served, served_of
from arena.store.lock import BoardLock
from arena.types import JSON

Run = dict[str, JSON]


class LoadFolder:
    """The folder `load`: `<model>-<run>.jsonl`, `load.json`, `lock`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.summary = root / "load.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One load test at a time. Raises BoardLocked."""
        with BoardLock(self.root):
            yield

    def lines(self, model: str, run: str) -> Path:
        """The requests of one model in one run."""
        return self.root / f"{file_stem(model)}-{run}.jsonl"

    def runs(self) -> list[Run]:
        """All runs, in the order in which they began. Raises DataError for a file that no load test wrote."""
        return read_runs(self.summary) if self.summary.exists() else []

    def run(self, name: str) -> Run:
        """One of them. Raises InputError naming those there are."""
        runs = self.runs()
        found = next((run for run in runs if run["run"] == name), None)
        if found is None:
            have = ", ".join(str(run["run"]) for run in runs[-5:]) or "none"
            raise InputError(f"{self.summary}: no run {name!r} (the last ones: {have})")
        return found

    def keep(self, run: Run) -> None:
        """Write a run's summary in the place of its own, or behind the others."""
        runs = [run if other["run"] == run["run"] else other for other in self.runs()]
        if all(other["run"] != run["run"] for other in runs):
            runs.append(run)
        write_atomically(self.summary, to_json(round_floats({"runs": cast("JSON", runs)}), indent=True) + b"\n")


def read_runs(path: Path) -> list[Run]:
    """The runs of a load.json. Raises DataError for anything else."""
    try:
        document = from_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError:
        document = None
    runs = document.get("runs") if isinstance(document, dict) else None
    if not isinstance(runs, list) or not all(
        isinstance(run, dict) and isinstance(run.get("models"), dict) and "run" in run for run in runs
    ):
        raise DataError(f"{path}: not the load.json of a load test")
    return cast("list[Run]", runs)


def read_requests(path: Path) -> Iterator[Served]:
    """The requests of a stored file, the unfinished last line left out. Raises DataError naming a line that is none."""
    for where, line in read_objects(path, growing=True):
        try:
            yield served_of(line)
        except (KeyError, TypeError, AssertionError):
            raise DataError(f"{path}:{where.number}: not a request of a load test") from None


def run_name(started: datetime, settings: Mapping[str, JSON]) -> str:
    """When it began (UTC), and six digits of what was set: alike for runs that can be compared."""
    return f"{started:%Y%m%dT%H%M%SZ}-{settings_code(settings)}"


def settings_code(settings: Mapping[str, JSON]) -> str:
    """Six hexadecimal digits of the settings."""
    return hashlib.sha256(to_json(dict(sorted(settings.items())))).hexdigest()[:6]
