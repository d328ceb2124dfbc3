"""Before and after: everything a board has stored on two of its candidates, compared. No call is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from arena.battles.counted import counted_rows
from arena.board.open import OpenBoard, nearest
from arena.config.kinds import CandidateConfig
from arena.errors import InputError
from arena.evals.changes import task_differences
from arena.evals.scores import ROWS, sheet_of
from arena.files import read_objects
from arena.ratings.intervals.means import share_of
from arena.reports.benchmarks import read_benchmark_rows
from arena.reports.board import Ends, read_report
from arena.reports.comparison import BattleDifference, Comparison
from arena.reports.difference import difference
from arena.types import JSON

MARGIN = 0.02
"""How much a task may lose and still count as kept, where nobody says."""
_COMPARED = frozenset({"model", "adapter", "revision", "file", "enable"})
"""What makes a candidate another model: the rest of its entry should be equal."""
_SHOWN = frozenset({"backend", "precision", "quantization", "engine", "generation_config", "samples", "chat_template"})
"""Settings that hold no secret and no address, so their values can be told."""


def compare(board: OpenBoard, base: str, tuned: str, *, margin: float = MARGIN) -> Comparison:
    """TUNED − BASE over battles and benchmarks. Raises InputError for names that are none, and where nothing is stored
    that could be compared."""
    for name in (base, tuned):
        if name not in board.candidates:
            raise InputError(f"no candidate {name!r}{nearest(name, board.names)}")
    if base == tuned:
        raise InputError(f"{base} twice: a comparison is about two models, BASE and TUNED")
    level = board.config.rating_gen.interval.level
    reports = board.review_folder.reports
    rows = [row for row in read_benchmark_rows(reports / ROWS) if row.model in board.candidates]
    twin = twin_of(board.config.answers_gen, base, exclude=tuned)
    tasks = task_differences(sheet_of(rows), base, tuned, level=level, margin=margin, twin=twin)
    battles = _battles(board, base, tuned, level)
    if battles is None and not tasks:
        raise InputError(f"{reports}: neither battles nor benchmarks of {base} and {tuned}; run the board first")
    entries = board.config.answers_gen
    return Comparison(
        base=base, tuned=tuned, level=level, margin=margin, battles=battles, tasks=tasks, twin=twin,
        settings=tuple(settings_apart(entries[base], entries[tuned])),
        notes=tuple(_notes(board, base, tuned, twin)), simulated=board.simulated,
    )  # fmt: skip


def _battles(board: OpenBoard, base: str, tuned: str, level: float) -> BattleDifference | None:
    """What the rated board says of the two; None where it says nothing."""
    reports = board.review_folder.reports
    report = read_report(reports / "leaderboard.json")
    if report is None:
        return None
    found = difference(report, tuned, base)
    outcomes, questions = _direct(reports / "battles.jsonl", base, tuned)
    if found is None and not outcomes:
        return None
    chosen = board.config.reviews_gen.adaptive  # who met whom, how often and in which order
    share = share_of(outcomes, questions, level) if outcomes and not chosen else None
    return BattleDifference(
        unit="score" if report.single else "points", diff=found.points if found is not None else Ends(),
        wins=sum(x > 0.5 for x in outcomes), losses=sum(x < 0.5 for x in outcomes),
        ties=sum(x == 0.5 for x in outcomes),
        win_rate=Ends(share.value, share.low, share.high) if share is not None else Ends(),
    )  # fmt: skip


def _direct(path: Path, base: str, tuned: str) -> tuple[list[float], list[str]]:
    """TUNED's outcomes of the battles that count between the two, and their questions."""
    if not path.is_file():
        return [], []
    rows = [row for _, row in read_objects(path) if {row.get("model_a"), row.get("model_b")} == {base, tuned}]
    outcomes, questions = [], []
    for row in counted_rows(rows, lambda row: row.get("judge")):
        outcome = row.get("outcome")
        if row.get("state") == "rated" and isinstance(outcome, int | float):
            outcomes.append(float(outcome) if row["model_a"] == tuned else 1 - float(outcome))
            questions.append(str(row["question_id"]))
    return outcomes, questions


def settings_apart(base: CandidateConfig, tuned: CandidateConfig) -> Iterator[str]:
    """What is set otherwise for the two, beside the model itself; values only where they can hold no secret."""
    one, two = base.model_dump(mode="json"), tuned.model_dump(mode="json")
    for name in sorted((one.keys() | two.keys()) - _COMPARED):
        mine, theirs = one.get(name), two.get(name)
        if mine == theirs:
            continue
        if name == "base_url":
            yield "served from different addresses: the hardware may differ"
        elif name in _SHOWN:
            yield f"{name}: {_told(mine, theirs)} and {_told(theirs, mine)}"
        else:
            yield f"{name} differs"


def _told(value: JSON, other: JSON) -> str:
    """A setting; of an object only what is not the same in the other."""
    if not isinstance(value, dict):
        return str(value)
    rest = {key: own for key, own in value.items() if not isinstance(other, dict) or other.get(key) != own}
    return "{" + ", ".join(f"{key}: {own}" for key, own in rest.items()) + "}"


def twin_of(entries: Mapping[str, CandidateConfig], base: str, exclude: str) -> str | None:
    """The candidate that differs from BASE in its seed alone."""

    def without_seed(entry: CandidateConfig) -> JSON:
        plain: dict[str, JSON] = entry.model_dump(mode="json")
        generation = plain.get("generation_config")
        settings = {k: v for k, v in generation.items() if k != "seed"} if isinstance(generation, dict) else generation
        return {**plain, "generation_config": settings, "enable": None}

    wanted, seed = without_seed(entries[base]), entries[base].generation_config.seed
    same: Sequence[str] = [
        name
        for name, entry in entries.items()
        if name not in (base, exclude) and without_seed(entry) == wanted and entry.generation_config.seed != seed
    ]
    return same[0] if same else None


def _notes(board: OpenBoard, base: str, tuned: str, twin: str | None) -> Iterator[str]:
    for name in (base, tuned):
        settings = board.config.answers_gen[name].generation_config
        left_open = "temperature" in settings.model_fields_set and settings.temperature is None
        if left_open and twin is None and board.config.answers_gen[name].asks_anybody:
            yield (
                f"{name} decodes at its endpoint's temperature, so it differs from itself: an entry like {base} with "
                "another generation_config.seed is compared beside it"
            )
