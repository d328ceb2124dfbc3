"""The gate by a benchmark's headline metric: paired by document, failed calls of the new model counting as 0."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from arena.board.open import OpenBoard, nearest
from arena.errors import InputError
from arena.evals.changes import paired_documents
from arena.evals.scores import ROWS, alike, cluster_of, paired_rows, sheet_of
from arena.ratings.contrasts import PairedContrast
from arena.ratings.data.arrays import FloatArray, codes_of
from arena.reports.benchmarks import BenchmarkRow, read_benchmark_rows
from arena.reports.board import Ends
from arena.reports.gate import BENCHMARKS, NO_ENDS, Gate, Part, decide, metric_of, parse_amount
from arena.stages.gate import Wish, check_names, failing, together

Rows = Sequence[BenchmarkRow]


def benchmark_gate(board: OpenBoard, wish: Wish) -> Gate:
    """The decision about NEW − OLD on one task. Raises InputError where it is not there, or was not asked alike."""
    if wish.peek or wish.against is not None:
        raise InputError(f"--metric {wish.metric}: goes with neither --peek nor --against")
    check_names(board, wish)
    metric = metric_of(str(wish.metric))
    margin, level = parse_amount(wish.margin, metric), 2 * wish.level - 1
    asked, old = _rows(board, wish, metric.name.removeprefix(BENCHMARKS))
    new = [replace(row, state="rated", score=0.0) if row.reason == "call_failed" else row for row in asked]
    if not paired_rows(new, old):
        raise InputError(f"{wish.new} and {wish.old} share no document of {metric.title}")
    whole, parts = _part(new, old, margin, level), dict[str, Part]()
    if wish.by_category:
        subjects = sorted({row.category for row, _, _ in paired_rows(new, old)})
        split = {name: (_of(new, name), _of(old, name)) for name in subjects}
        fails = failing({name: _contrast(*rows) for name, rows in split.items()}, margin, wish.level)
        for name, (ours, theirs) in split.items():
            part = _part(ours, theirs, margin, level)
            if part.verdict != "PASS":
                part = replace(part, verdict="FAIL" if name in fails else "INCONCLUSIVE")
            parts[name] = part
    verdict = together(parts) if parts else whole.verdict
    failed = sum(row.reason == "call_failed" for row in asked)
    pending = any(row.state == "pending" for row in (*asked, *old))
    doubts = tuple(_doubts(board, wish, asked, old))
    if pending or (doubts and verdict == "PASS"):
        verdict = "INCONCLUSIVE"
    reasons = doubts if pending or verdict == "INCONCLUSIVE" else ()
    return Gate(
        new=wish.new, old=wish.old, metric=metric, margin=margin, level=wish.level, verdict=verdict, whole=whole,
        categories=parts, reasons=reasons, notes=() if reasons else doubts, failed=failed,
        without_failures=_part(asked, old, margin, level).ends if failed and paired_rows(asked, old) else NO_ENDS,
        simulated=board.simulated,
    )  # fmt: skip


def _rows(board: OpenBoard, wish: Wish, task: str) -> tuple[Rows, Rows]:
    path = board.review_folder.reports / ROWS
    sheet = sheet_of(read_benchmark_rows(path))
    tasks = sorted({name for own in sheet.values() for name in own})
    if task not in tasks:
        raise InputError(f"--metric {BENCHMARKS}{task}: {path} has no such task{nearest(task, tasks)}")
    new, old = (sheet[name].get(task, []) if name in sheet else [] for name in (wish.new, wish.old))
    for name, rows in ((wish.new, new), (wish.old, old)):
        if not rows:
            raise InputError(f"{path}: {name} was not asked {task}")
    if not alike(new[0], old[0]):
        raise InputError(f"{task}: {wish.new} and {wish.old} were not asked alike (mode, shots, template or version)")
    return new, old


def _of(rows: Rows, subject: str) -> Rows:
    return [row for row in rows if row.category == subject]


def _contrast(new: Rows, old: Rows) -> PairedContrast:
    pairs = paired_rows(new, old)
    ours, theirs = _scores(pairs)
    return PairedContrast(paired_documents(ours, theirs, codes_of([cluster_of(row) for row, _, _ in pairs])))


def _scores(pairs: Sequence[tuple[BenchmarkRow, float, float]]) -> tuple[FloatArray, FloatArray]:
    return np.array([new for _, new, _ in pairs], dtype=float), np.array([old for _, _, old in pairs], dtype=float)


def _part(new: Rows, old: Rows, margin: float, level: float) -> Part:
    ours, theirs = (float(scores.mean()) for scores in _scores(paired_rows(new, old)))
    low, high = _contrast(new, old).ends(level)
    ends = Ends(ours - theirs, low if math.isfinite(low) else None, high if math.isfinite(high) else None)
    return Part(decide(low, high, margin), len(paired_rows(new, old)), ours, theirs, ends)


def _doubts(board: OpenBoard, wish: Wish, new: Rows, old: Rows) -> Iterator[str]:
    if pending := sum(row.state == "pending" for row in (*new, *old)):
        yield f"{pending:,} documents are still to be asked; finish the run first"
    section = board.config.benchmarks
    limit = section.max_failed if section else board.config.reviews_gen.max_failed
    for name, rows in ((wish.new, new), (wish.old, old)):
        failed = sum(row.reason == "call_failed" for row in rows)
        if failed > limit * len(rows):
            yield f"{failed:,} of {len(rows):,} documents of {name} failed (benchmarks.max_failed is {limit:.1%})"
    missing = {row.item for row in old} - {row.item for row in new}
    if len(missing) > limit * len(old):
        yield f"{wish.new} was not asked {len(missing):,} of the {len(old):,} documents that {wish.old} was asked"
