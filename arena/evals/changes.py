"""Before and after on benchmarks: paired by document, tested, and corrected for looking at many tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from arena.evals.scores import Sheet, alike, cluster_of, paired_rows
from arena.ratings.data.arrays import Codes, FloatArray, codes_of
from arena.ratings.intervals.holm import holm
from arena.ratings.intervals.paired import Paired
from arena.reports.benchmarks import BenchmarkRow
from arena.reports.board import Ends
from arena.reports.comparison import Change, PartDifference, TaskDifference, Test

Pairs = Sequence[tuple[BenchmarkRow, float, float]]
"""Documents, each with the scores of TUNED and BASE."""
P = TypeVar("P", bound=PartDifference)


def task_differences(
    sheet: Sheet, base: str, tuned: str, *, level: float, margin: float, twin: str | None = None
) -> tuple[TaskDifference, ...]:
    """TUNED − BASE of every task that one of the two was asked; Holm over the tasks, and over all subjects."""
    before, after = sheet.get(base, {}), sheet.get(tuned, {})
    again = sheet.get(twin, {}) if twin is not None else {}
    found = [
        _task(task, before.get(task, []), after.get(task, []), again.get(task, []), level)
        for task in dict.fromkeys([*before, *after])
    ]
    found = _decided(found, level, margin)
    subjects = [(task.task, name) for task in found for name in task.subjects]
    parts = _decided([dict(task.subjects)[name] for task in found for name in task.subjects], level, margin)
    by_task: dict[str, dict[str, PartDifference]] = {}
    for (task_name, name), part in zip(subjects, parts, strict=True):
        by_task.setdefault(task_name, {})[name] = part
    return tuple(replace(task, subjects=by_task.get(task.task, {})) for task in found)


def _task(
    task: str, base: Sequence[BenchmarkRow], tuned: Sequence[BenchmarkRow], again: Sequence[BenchmarkRow], level: float
) -> TaskDifference:
    first = (tuned or base)[0]
    about = TaskDifference(
        task=task, n=0, metric=first.metric, mode=first.mode, shots=first.shots,
        unreadable_base=_unreadable(base), unreadable_tuned=_unreadable(tuned),
    )  # fmt: skip
    if (why := _why_not(base, tuned)) is not None:
        return replace(about, not_compared=why)
    pairs = paired_rows(tuned, base)
    if not pairs:
        return replace(about, not_compared="they share no document")
    part = difference_of(pairs, level)
    by_subject: dict[str, list[tuple[BenchmarkRow, float, float]]] = {}
    for pair in pairs:
        by_subject.setdefault(pair[0].category, []).append(pair)
    subjects = {name: difference_of(own, level) for name, own in by_subject.items()} if len(by_subject) > 1 else {}
    itself = difference_of(shared, level).diff if again and (shared := paired_rows(again, base)) else Ends()
    return replace(
        about, n=part.n, base=part.base, tuned=part.tuned, diff=part.diff, learnt=part.learnt, net=part.net,
        forgotten=part.forgotten, p=part.p, test=part.test, subjects=subjects, itself=itself,
        only_base=_documents(base) - len(pairs), only_tuned=_documents(tuned) - len(pairs),
    )  # fmt: skip


def difference_of(pairs: Pairs, level: float) -> PartDifference:
    """The paired difference over some documents, what was learnt and forgotten among them, and its test.

    Clusters (an article's questions) stand for their documents: each counts as the sum of its residuals, so that the
    mean is over documents and the spread over clusters. Exact McNemar where every score is 0 or 1, a document stands
    alone and was answered once; else Student's t over clusters.
    """
    tuned, base = (np.array([pair[place] for pair in pairs], dtype=float) for place in (1, 2))
    clusters = codes_of([cluster_of(row) for row, _, _ in pairs])
    learnt, forgotten = int((tuned > base).sum()), int((tuned < base).sum())
    paired = paired_documents(tuned, base, clusters)
    gross = paired_documents((tuned > base).astype(float), (tuned < base).astype(float), clusters)
    n = len(pairs)
    net = _ends(float(learnt - forgotten) / n, gross, level)
    binary = bool(np.isin(np.concatenate([tuned, base]), (0.0, 1.0)).all())
    alone = len(np.unique(clusters)) == n
    test: Test = "mcnemar_exact" if binary and alone else "paired_clustered_t"
    return PartDifference(
        n=n, base=float(base.mean()), tuned=float(tuned.mean()),
        diff=_ends(float((tuned - base).mean()), paired, level), learnt=learnt, forgotten=forgotten,
        net=Ends(learnt - forgotten, *(None if end is None else n * end for end in (net.low, net.high))),
        p=mcnemar(learnt, forgotten) if test == "mcnemar_exact" else t_test(paired), test=test,
    )  # fmt: skip


def mcnemar(learnt: int, forgotten: int) -> float:
    """Two-sided exact p of as many forgotten as learnt (McNemar 1947; binomial of ½). 1 where there are none."""
    from scipy.stats import binomtest

    discordant = learnt + forgotten
    return float(binomtest(min(learnt, forgotten), discordant, 0.5).pvalue) if discordant else 1.0


def t_test(paired: Paired) -> float | None:
    """Two-sided p of Student's t over clusters; None where no difference varies."""
    from scipy.stats import t

    n, sd = len(paired.new), paired.sd
    if n < 2 or sd is None:
        return None
    return float(2 * t.sf(abs(float(paired.terms.mean())) / sd * n**0.5, n - 1))


def paired_documents(tuned: FloatArray, base: FloatArray, clusters: Codes) -> Paired:
    """The differences by document; by cluster, each for all of its documents, where documents depend on each other."""
    numbers, places, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    if len(numbers) == len(tuned):
        return Paired(tuned, base, -1.0, 1.0)
    difference = tuned - base
    mean, scale = float(difference.mean()), len(numbers) / len(tuned)
    terms = np.asarray(mean + scale * np.bincount(places, difference - mean), dtype=np.float64)
    widest = float(sizes.max()) * scale
    return Paired(terms, np.zeros(len(numbers)), -widest, widest)


def _ends(value: float, paired: Paired, level: float) -> Ends:
    low, high = paired.ends(level)
    return Ends(value, *(max(-1.0, min(1.0, end)) if np.isfinite(end) else None for end in (low, high)))


def _decided(parts: Sequence[P], level: float, margin: float) -> list[P]:
    """Each with its corrected p and what can be said of it. Parts without a p are not among those corrected for."""
    tested = [place for place, part in enumerate(parts) if part.p is not None]
    corrected = dict(zip(tested, holm([parts[place].p or 0.0 for place in tested]), strict=True))
    return [
        replace(part, p_holm=corrected.get(place), change=_change(part, corrected.get(place), level, margin))
        for place, part in enumerate(parts)
    ]


def _change(part: PartDifference, p: float | None, level: float, margin: float) -> Change:
    value, low = part.diff.value, part.diff.low
    if value is not None and p is not None and p < 1 - level:
        return "better" if value > 0 else "worse"
    return "no_forgetting" if low is not None and low > -margin else "undecided"


def _why_not(base: Sequence[BenchmarkRow], tuned: Sequence[BenchmarkRow]) -> str | None:
    """Why two models' scores of a task are not compared; None where they are."""
    if not base or not tuned:
        return f"only {'TUNED' if tuned else 'BASE'} was asked it"
    if alike(base[0], tuned[0]):
        return None
    names: Mapping[str, str] = {"mode": "mode", "shots": "shots", "chat_template": "chat template",
                                "metric": "metric", "version": "version"}  # fmt: skip
    apart = [
        f"{title} {getattr(base[0], name)} and {getattr(tuned[0], name)}"
        for name, title in names.items()
        if getattr(base[0], name) != getattr(tuned[0], name)
    ]
    return f"not asked alike: {', '.join(apart)}"


def _unreadable(rows: Sequence[BenchmarkRow]) -> int:
    return sum(row.state == "rated" and row.reason is not None for row in rows)


def _documents(rows: Sequence[BenchmarkRow]) -> int:
    return len({(row.item, row.question_id) for row in rows if row.state == "rated"})
