"""Where a model is better or worse than it is elsewhere, compared with the other models on the same questions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean, variance
from typing import cast

import numpy as np

from arena.battles.counted import counted_rows
from arena.files import read_objects
from arena.metrics import METRICS
from arena.ratings.intervals.holm import holm
from arena.ratings.intervals.student_t import t_cdf, t_quantile
from arena.reports.metrics import MetricRow
from arena.reports.strengths import Strength
from arena.scores.features import Part
from arena.types import JSON

FEWEST = 8
"""Questions inside a part and outside of it, below which nothing is said."""
Numbers = Mapping[str, Mapping[str, float]]
"""By model and question; more is better."""


def strengths(numbers: Mapping[str, Numbers], parts: Sequence[Part], level: float) -> dict[str, list[Strength]]:
    """Of every model what can be looked at, by number and part. Welch's t over questions."""
    models = list(dict.fromkeys(model for own in numbers.values() for model in own))
    return {model: _of_model(model, numbers, parts, level) for model in models}


def _of_model(model: str, numbers: Mapping[str, Numbers], parts: Sequence[Part], level: float) -> list[Strength]:
    looked = []
    for number, every in numbers.items():
        leads = _leads(model, every)
        for part in parts:
            inside = [lead for question, lead in leads.items() if question in part.questions]
            outside = [lead for question, lead in leads.items() if question not in part.questions]
            if min(len(inside), len(outside)) >= FEWEST:
                looked.append((number, part, inside, outside, _welch(inside, outside)))
    ps = holm([2 * float(t_cdf(-abs(t), df)) for *_, (t, _, df) in looked])
    found = []
    for (number, part, inside, outside, (_, se, df)), p in zip(looked, ps, strict=True):
        half = se * float(t_quantile(1 - (1 - level) / len(looked), np.array([df]))[0])
        mine, theirs = fmean(inside), fmean(outside)
        gap = mine - theirs
        one = Strength(
            number=number, by=part.by, part=part.name, inside=mine, outside=theirs, gap=gap, low=gap - half,
            high=gap + half, p_holm=p, n_inside=len(inside), n_outside=len(outside),
        )  # fmt: skip
        sure = p < 1 - level and not -half <= gap <= half
        found.append(replace(one, said="strength" if gap > 0 else "weakness") if sure else one)
    return found


def _leads(model: str, numbers: Numbers) -> dict[str, float]:
    """By question: the model's number less the mean of the others', where there are others."""
    found = {}
    for question, value in numbers.get(model, {}).items():
        others = [own[question] for name, own in numbers.items() if name != model and question in own]
        if others or len(numbers) == 1:
            found[question] = value - (fmean(others) if others else 0.0)
    return found


def _welch(inside: Sequence[float], outside: Sequence[float]) -> tuple[float, float, float]:
    """(t, standard error, degrees of freedom) of a difference of means (Welch 1947). Nothing varies: t is 0."""
    a, b = variance(inside) / len(inside), variance(outside) / len(outside)
    se = math.sqrt(a + b)
    if se < 1e-12:
        return 0.0, 0.0, float(len(inside) + len(outside) - 2)
    df = (a + b) ** 2 / (a**2 / (len(inside) - 1) + b**2 / (len(outside) - 1))
    return (fmean(inside) - fmean(outside)) / se, se, df


def numbers_of_metrics(rows: Iterable[MetricRow]) -> dict[str, Numbers]:
    """By metric: every model's mean over its samples, turned so that more is better."""
    values: defaultdict[str, defaultdict[str, defaultdict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for row in rows:
        if row.state == "rated" and row.score is not None:
            metric = METRICS.get(row.metric)
            sign = -1.0 if metric is not None and metric.lower else 1.0
            values[row.metric][row.model][row.question_id].append(sign * row.score)
    return {name: _means(own) for name, own in values.items()}


def numbers_of_judges(reports: Path) -> Numbers:
    """Every model's points of a question (1 for a battle won, ½ for a tie), or its scores in single mode; empty where
    nothing was judged or the board's schedule chose who meets whom."""
    values: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for name in ("battles.jsonl", "scores.jsonl"):
        if not (path := reports / name).is_file():
            continue
        rows = [line for _, line in read_objects(path) if line.get("state") == "rated"]
        for row in counted_rows(rows, lambda line: line.get("judge")):
            question = str(row["question_id"])
            if name == "scores.jsonl":
                values[str(row["model"])][question].append(float(cast("float", row["score"])))
                continue
            outcome = float(cast("float", row["outcome"]))
            values[str(row["model_a"])][question].append(outcome)
            values[str(row["model_b"])][question].append(1 - outcome)
        break
    return _means(values)


def _means(values: Mapping[str, Mapping[str, Sequence[float]]]) -> Numbers:
    return {model: {question: fmean(own) for question, own in by.items()} for model, by in values.items()}


def to_json(found: Mapping[str, Sequence[Strength]]) -> dict[str, JSON]:
    """As it stands in reports/strengths.json."""
    return {model: [cast("JSON", asdict(one)) for one in own] for model, own in found.items()}
