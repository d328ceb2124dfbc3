"""From rows of documents to scores: per model and task, differences between models, and how they go with the judges."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import comb
from pathlib import Path
from typing import cast

from arena.evals.programs import METRIC
from arena.keys import digest
from arena.ratings.intervals.means import Mean
from arena.ratings.intervals.strata import stratified_mean
from arena.reports.benchmarks import BenchmarkRow, read_benchmark_rows
from arena.types import JSON

ROWS = "benchmarks.jsonl"
MOST_MODELS = 50
"""Pairs of more models are not written."""
USUAL_K = (5, 10, 25, 50, 100)
FEWEST_MODELS = 3
"""Fewer have no rank correlation worth a number."""

Sheet = Mapping[str, Mapping[str, list[BenchmarkRow]]]
"""Rows by model and task."""


def sheet_of(rows: Iterable[BenchmarkRow]) -> Sheet:
    """Rows by model and task, each in its order."""
    found: defaultdict[str, defaultdict[str, list[BenchmarkRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.model][row.task].append(row)
    return found


def benchmark_scores(sheet: Sheet, level: float) -> dict[str, dict[str, JSON]]:
    """`models[].benchmarks` of leaderboard.json, by model."""
    return {model: {task: task_score(rows, level) for task, rows in tasks.items()} for model, tasks in sheet.items()}


def task_score(rows: Sequence[BenchmarkRow], level: float) -> dict[str, JSON]:
    """One model's score on one task: the mean over subjects by their size, clustered by document (or article).

    What could not be read counts 0 (`score_readable` leaves it out); what failed counts nowhere. Wilson's interval at
    the effective size, which has a width at 0 and 1, too.
    """
    sizes = Counter(row.category for row in rows)
    first = rows[0]
    rated = [row for row in rows if row.state == "rated"]
    found: dict[str, JSON] = _part(rows, sizes, level) | {
        "metric": first.metric,
        "mode": first.mode,
        "shots": first.shots,
        "chat_template": first.chat_template,
        "version": first.version,
        "n_pending": sum(row.state == "pending" for row in rows),
        "items": digest(sorted({row.item for row in rated}))[:16] if rated else None,
    }
    by_subject: dict[str, list[BenchmarkRow]] = defaultdict(list)
    for row in rows:
        by_subject[row.category].append(row)
    if first.metric == METRIC and (passed := pass_at(rated, level)):
        found["pass_at"] = {
            str(k): {"score": m.value, "low": m.low, "high": m.high, "n": m.n} for k, m in passed.items()
        }
    several = len(by_subject) > 1
    found["subjects"] = {
        subject: cast("JSON", _part(own, {subject: 1}, level)) for subject, own in by_subject.items() if several
    }
    return found


def pass_at(rated: Sequence[BenchmarkRow], level: float) -> dict[int, Mean]:
    """Where several programs were written for each problem: the chance that one of k passes, the mean over problems of
    1 − C(n − c, k) / C(n, k) with c of n passing, which is unbiased (Chen et al. 2021, arXiv:2107.03374, eq. 1).

    k: the usual ones, and as many as were written. Problems with fewer programs that count than k are left out.
    """
    by_problem: defaultdict[str, list[BenchmarkRow]] = defaultdict(list)
    for row in rated:
        by_problem[row.question_id].append(row)
    most = max(map(len, by_problem.values()), default=1)
    found = {}
    for k in sorted({k for k in USUAL_K if k < most} | {most}) if most > 1 else ():
        whole = [own for own in by_problem.values() if len(own) >= k]
        passed = [(len(own), sum(row.score == 1 for row in own)) for own in whole]
        values = [1 - comb(n - c, k) / comb(n, k) for n, c in passed]
        subjects, names = [own[0].category for own in whole], [cluster_of(own[0]) for own in whole]
        found[k] = stratified_mean(values, subjects, names, Counter(subjects), level)
    return found


def _part(rows: Sequence[BenchmarkRow], sizes: Mapping[str, float], level: float) -> dict[str, JSON]:
    rated = [row for row in rows if row.state == "rated"]
    readable = [row for row in rated if row.reason is None]
    mean = _mean(rated, sizes, level)
    return {
        "score": mean.value,
        "low": mean.low,
        "high": mean.high,
        "n": len(rated),
        "n_failed": sum(row.reason == "call_failed" for row in rows),
        "n_unreadable": len(rated) - len(readable),
        "score_readable": _mean(readable, sizes, level).value,
    }


def _mean(rows: Sequence[BenchmarkRow], sizes: Mapping[str, float], level: float) -> Mean:
    values = [row.score or 0.0 for row in rows]
    return stratified_mean(values, [row.category for row in rows], [cluster_of(row) for row in rows], sizes, level)


def cluster_of(row: BenchmarkRow) -> str:
    """What its value depends on together with others: the article, or the document itself with its samples."""
    return row.cluster or f"{row.category}/{row.item}/{row.question_id}"


def paired_rows(
    a: Sequence[BenchmarkRow], b: Sequence[BenchmarkRow]
) -> list[tuple[BenchmarkRow, float, float]]:  # fmt: skip
    """Documents that both models have a score of, with each one's mean over its samples. Matched by what the document
    says, so that a file in another order, or one with documents more, pairs the same."""
    scores_a, scores_b = _by_item(a), _by_item(b)
    return [(row, mean, scores_b[item][1]) for item, (row, mean) in scores_a.items() if item in scores_b]


def _by_item(rows: Sequence[BenchmarkRow]) -> dict[tuple[str, int], tuple[BenchmarkRow, float]]:
    """Documents that stand twice in a file are told apart by the order in which they come."""
    times: dict[str, dict[str, int]] = defaultdict(dict)
    values: dict[tuple[str, int], list[BenchmarkRow]] = defaultdict(list)
    for row in rows:
        if row.state == "rated":
            seen = times[row.item]
            values[row.item, seen.setdefault(row.question_id, len(seen))].append(row)
    return {key: (own[0], sum(row.score or 0.0 for row in own) / len(own)) for key, own in values.items()}


def paired_difference(a: Sequence[BenchmarkRow], b: Sequence[BenchmarkRow], level: float) -> Mean:
    """Score of a minus score of b over the documents both have: stratified and clustered like the scores."""
    pairs = paired_rows(a, b)
    sizes = Counter(row.category for row, _, _ in pairs)
    return stratified_mean(
        [x - y for _, x, y in pairs], [row.category for row, _, _ in pairs], [cluster_of(row) for row, _, _ in pairs],
        sizes, level, share=False,
    )  # fmt: skip


def alike(a: BenchmarkRow, b: BenchmarkRow) -> bool:
    """Whether two models were asked a task alike: else their scores are not compared."""
    mine, theirs = ((r.mode, r.shots, r.chat_template, r.metric, r.version) for r in (a, b))
    return mine == theirs


def differences(sheet: Sheet, level: float) -> list[dict[str, JSON]]:
    """Of every two models on every task that both were asked alike: the paired difference a − b with its interval."""
    models = list(sheet)
    if len(models) > MOST_MODELS:
        return []
    found: list[dict[str, JSON]] = []
    for a, b in combinations(sorted(models), 2):
        for task, rows in sheet[a].items():
            other = sheet[b].get(task)
            if not other or not alike(rows[0], other[0]):
                continue
            mean = paired_difference(rows, other, level)
            if mean.value is not None:
                found.append({"task": task, "a": a, "b": b, "diff": mean.value, "low": mean.low, "high": mean.high,
                              "n": mean.n})  # fmt: skip
    return found


def correlations(scores: Mapping[str, Mapping[str, JSON]], judged: Mapping[str, float]) -> dict[str, JSON]:
    """Of every task: Spearman's and Kendall's rank correlation (tau-b) between its scores and the judges' numbers, over
    the models that have both and were asked alike. None for fewer than three."""
    from scipy.stats import kendalltau, spearmanr

    tasks = sorted({task for own in scores.values() for task in own})
    found: dict[str, JSON] = {}
    for task in tasks:
        values = [
            (cast("dict[str, JSON]", own[task])["score"], judged[model])
            for model, own in scores.items()
            if task in own and model in judged
        ]
        known = [(x, y) for x, y in values if isinstance(x, int | float)]
        xs, ys = [x for x, _ in known], [y for _, y in known]
        if len(known) < FEWEST_MODELS or len(set(xs)) < 2 or len(set(ys)) < 2:
            found[task] = {"n": len(known), "spearman": None, "kendall": None}
            continue
        found[task] = {"n": len(known), "spearman": float(spearmanr(xs, ys).statistic),
                       "kendall": float(kendalltau(xs, ys).statistic)}  # fmt: skip
    return found


def with_benchmarks(reports: Path, document: dict[str, JSON], level: float) -> dict[str, JSON]:
    """A board's object, with the scores of the rows that lie in its reports; as it is where there are none."""
    scores = benchmark_scores(sheet_of(read_benchmark_rows(reports / ROWS)), level)
    if not scores:
        return document
    models = cast("list[dict[str, JSON]]", document["models"])
    return document | {
        "models": [row | {"benchmarks": scores[str(row["model"])]} if row["model"] in scores else row for row in models]
    }
