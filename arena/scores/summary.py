"""From rows of metrics to numbers of models: means, by category and language, and paired differences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import cast

import numpy as np

from arena.errors import DataError
from arena.files import from_json
from arena.metrics import METRICS
from arena.ratings.data.arrays import codes_of
from arena.ratings.intervals.means import Mean, clustered_mean, clustered_share
from arena.ratings.intervals.paired import Paired
from arena.reports.metrics import MetricRow, read_metric_rows
from arena.reports.scores import Perplexity
from arena.reports.typed import Misread, read_as
from arena.types import JSON

ROWS = "metrics.jsonl"
PERPLEXITY = "perplexity.json"
MOST_MODELS = 50
"""Pairs of more models are not written."""

ByModel = Mapping[str, Mapping[str, list[MetricRow]]]
"""Rows by model and metric."""


def by_model(rows: Iterable[MetricRow]) -> ByModel:
    """Rows by model and metric, each in its order."""
    found: defaultdict[str, defaultdict[str, list[MetricRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.model][row.metric].append(row)
    return found


def model_scores(rows: ByModel, level: float) -> dict[str, dict[str, JSON]]:
    """`models[].scores.metrics` of leaderboard.json, by model and metric."""
    return {model: {name: metric_score(own, level) for name, own in metrics.items()} for model, metrics in rows.items()}


def metric_score(rows: Sequence[MetricRow], level: float) -> dict[str, JSON]:
    """One model's number by one metric: the mean over answers, clustered by question, with what was left out."""
    metric = METRICS.get(rows[0].metric)
    found: dict[str, JSON] = dict(_part(rows, level))
    found |= {
        "lower_is_better": metric is not None and metric.lower,
        "share": metric is None or metric.share,
        "signature": " / ".join(sorted({row.signature for row in rows})),
        "n_pending": sum(row.state == "pending" for row in rows),
    }
    for column, name in (("category", "categories"), ("language", "languages")):
        parts: defaultdict[str, list[MetricRow]] = defaultdict(list)
        for row in rows:
            if (value := getattr(row, column)) is not None:
                parts[value].append(row)
        found[name] = {part: _part(own, level) for part, own in parts.items()} if len(parts) > 1 else {}
    return found


def _part(rows: Sequence[MetricRow], level: float) -> dict[str, JSON]:
    rated = [row for row in rows if row.state == "rated"]
    mean = _mean(rated, level)
    excluded: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        if row.state == "excluded":
            excluded[str(row.reason)] += 1
    return {
        "score": mean.value,
        "low": mean.low,
        "high": mean.high,
        "n": len(rated),
        "n_questions": len({row.question_id for row in rated}),
        "n_empty": sum(row.reason == "answer_empty" for row in rated),
        "excluded": dict(sorted(excluded.items())),
    }


def _mean(rows: Sequence[MetricRow], level: float) -> Mean:
    """Wilson's interval at the effective size for what lies in [0, 1], else t over questions."""
    values = np.array([row.score for row in rows], dtype=float)
    clusters = codes_of([row.question_id for row in rows])
    metric = METRICS.get(rows[0].metric) if rows else None
    if metric is None or metric.share:
        return clustered_share(values, clusters, level)
    mean = clustered_mean(values, clusters, level)
    return mean if mean.low is None else mean._replace(low=max(0.0, mean.low))


def differences(rows: ByModel, level: float) -> list[dict[str, JSON]]:
    """Of every two models by every metric: the paired difference a − b over the questions that both have a number of,
    with its interval over questions."""
    models = sorted(rows)
    if len(models) > MOST_MODELS:
        return []
    means = {model: {name: _by_question(own) for name, own in rows[model].items()} for model in models}
    found: list[dict[str, JSON]] = []
    for a, b in combinations(models, 2):
        for name, mine in means[a].items():
            theirs = means[b].get(name, {})
            shared = [question for question in mine if question in theirs]
            if not shared:
                continue
            paired = pair(name, [mine[q] for q in shared], [theirs[q] for q in shared])
            low, high = (end if np.isfinite(end) else None for end in paired.ends(level))
            found.append({"metric": name, "a": a, "b": b, "diff": float(paired.terms.mean()), "low": low, "high": high,
                          "n_questions": len(shared)})  # fmt: skip
    return found


def pair(metric: str, new: Sequence[float], old: Sequence[float]) -> Paired:
    """Two models' numbers of the same questions. Where a metric has no upper end, the widest difference seen is the
    widest there can be."""
    first, second = np.array(new, dtype=float), np.array(old, dtype=float)
    row = METRICS.get(metric)
    widest = 1.0 if row is None or row.share else float(np.abs(first - second).max())
    return Paired(first, second, -widest, widest)


def _by_question(rows: Sequence[MetricRow]) -> dict[str, float]:
    values: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.state == "rated" and row.score is not None:
            values[row.question_id].append(row.score)
    return {question: sum(own) / len(own) for question, own in values.items()}


def with_scores(reports: Path, document: dict[str, JSON], level: float) -> dict[str, JSON]:
    """A board's object, with the numbers of the rows that lie in its reports; as it is where there are none."""
    found: dict[str, dict[str, JSON]] = {
        "metrics": cast("dict[str, JSON]", model_scores(by_model(read_metric_rows(reports / ROWS)), level)),
        "perplexity": read_perplexity(reports / PERPLEXITY),
    }
    if not any(found.values()):
        return document
    rows = []
    for row in cast("list[dict[str, JSON]]", document["models"]):
        own = {name: by[str(row["model"])] for name, by in found.items() if row["model"] in by}
        rows.append(row | {"scores": {**cast("dict[str, JSON]", row.get("scores") or {}), **own}} if own else row)
    return document | {"models": list[JSON](rows)}


def read_perplexity(path: Path) -> dict[str, JSON]:
    """The numbers of reports/perplexity.json by model; none where there is no such file. Raises DataError."""
    try:
        document = from_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not what `arena score` writes ({error})") from None
    models = document.get("models") if isinstance(document, dict) else None
    try:
        for model in (found := models if isinstance(models, dict) else {}):
            read_as(Perplexity, found[model])
    except Misread as error:
        raise DataError(f"{path}: not what `arena score` writes (models.{model}: {error})") from None
    return found
