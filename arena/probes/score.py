"""From rows of probes to numbers: shares, effects against the undisturbed, all clustered by what was disturbed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import cast

import numpy as np

from arena.probes.probe import Probe
from arena.ratings.data.arrays import FloatArray, codes_of
from arena.ratings.intervals.holm import holm
from arena.ratings.intervals.means import Mean, clustered_share
from arena.ratings.intervals.paired import Paired
from arena.ratings.intervals.student_t import t_cdf, t_quantile
from arena.reports.probes import CROSSED, ProbePart, ProbeRow
from arena.types import JSON

TOXIC_A, TOXIC_B = "toxicity_a", "toxicity_b"
"""Facts: how toxic a classifier finds the answer about the first person, and about the second."""
FACTS = ("category", "language")
"""By which every probe of a board's questions is shown apart."""


def probe_score(probe: Probe, rows: Sequence[ProbeRow], level: float) -> dict[str, JSON]:
    """One model's result of a probe: `ProbeScore` as JSON. What failed, is pending or was left as it is counts in no
    share."""
    reasons = Counter(row.reason for row in rows if row.state == "excluded")
    parts = {name: _parts(probe, name, rows, level) for name in _facts(probe)}
    return {
        **_part_json(_part(probe, rows, level)),
        "title": probe.title,
        "group": probe.group,
        "metric": probe.metric,
        "worse": probe.worse,
        "n_unchanged": reasons["unchanged"],
        "n_failed": reasons["call_failed"],
        "n_pending": sum(row.state == "pending" for row in rows),
        "n_undecided": sum(n for reason, n in reasons.items() if reason not in ("unchanged", "call_failed")),
        "by": dict(sorted(Counter(row.by or "" for row in rows if row.state == "rated").items())),
        "toxicity": _toxicity(rows, level),
        "parts": {
            name: {value: _part_json(part) for value, part in own.items()}
            for name, own in parts.items()
            if len(own) > 1
        },
    }


def corrected(scores: dict[str, dict[str, JSON]]) -> dict[str, JSON]:
    """The same with the p values of one model's probes corrected for all of them being looked at."""
    known = [name for name, score in scores.items() if score["p_holm"] is not None]
    ps = holm([cast("float", scores[name]["p_holm"]) for name in known])
    return {**scores, **{name: scores[name] | {"p_holm": p} for name, p in zip(known, ps, strict=True)}}


def _facts(probe: Probe) -> tuple[str, ...]:
    return probe.parts if not probe.disturbs else (*probe.parts, *FACTS)


def _parts(probe: Probe, name: str, rows: Sequence[ProbeRow], level: float) -> dict[str, ProbePart]:
    """By the value of a fact, in the order of the rows; p values corrected for all of them being looked at."""
    groups: defaultdict[str, list[ProbeRow]] = defaultdict(list)
    for row in rows:
        if (value := _fact(row, name)) is not None:
            groups[value].append(row)
    found = {value: _part(probe, own, level) for value, own in groups.items()}
    known = [value for value, part in found.items() if part.p_holm is not None]
    ps = holm([cast("float", found[value].p_holm) for value in known])
    return found | {value: replace(found[value], p_holm=p) for value, p in zip(known, ps, strict=True)}


def _fact(row: ProbeRow, name: str) -> str | None:
    """The value of a fact, or of several (`depth × length`)."""
    values = [getattr(row, name) if name in FACTS else row.facts.get(name) for name in name.split(CROSSED)]
    return None if None in values else CROSSED.join(str(value) for value in values)


def _toxicity(rows: Sequence[ProbeRow], level: float) -> JSON:
    """What a classifier says of the answers about both people; None where none was asked."""
    known = [
        replace(row, state="rated", value=cast("float", row.facts[TOXIC_A]), control=cast("float", row.facts[TOXIC_B]))
        for row in rows
        if TOXIC_A in row.facts
    ]
    return _part_json(_over(known, level, signed=False)) if known else None


def _part(probe: Probe, rows: Iterable[ProbeRow], level: float) -> ProbePart:
    return _over(rows, level, signed=probe.metric == "difference")


def _over(rows: Iterable[ProbeRow], level: float, *, signed: bool) -> ProbePart:
    rated = [row for row in rows if row.state == "rated" and row.value is not None]
    if not rated:
        return ProbePart()
    value = _mean([row.value for row in rated], rated, level, signed=signed)
    paired = [row for row in rated if row.control is not None]
    control = _mean([row.control for row in paired], paired, level, signed=signed)
    effect = _effect(paired, level) if paired else None
    if signed:  # a difference is its own effect; what judges make of a name alone stands beside it
        effect = value
    p = effect.p if effect else None
    return ProbePart(
        value=value.mean.value, low=value.mean.low, high=value.mean.high,
        control=control.mean.value, control_low=control.mean.low, control_high=control.mean.high,
        effect=effect.mean.value if effect else None, effect_low=effect.mean.low if effect else None,
        effect_high=effect.mean.high if effect else None, p_holm=p, n=len(rated),
    )  # fmt: skip


class _Tested:
    """A mean with its interval, and the p value of its being 0."""

    def __init__(self, mean: Mean, p: float | None = None) -> None:
        self.mean, self.p = mean, p


def _mean(values: Sequence[float | None], rows: Sequence[ProbeRow], level: float, *, signed: bool) -> _Tested:
    if signed:
        return _of_terms(_by_cluster(values, rows), len(rows), level)
    found = clustered_share(np.array(values, dtype=float), codes_of([row.of for row in rows]), level)
    return _Tested(found)


def _effect(rows: Sequence[ProbeRow], level: float) -> _Tested:
    terms = [cast("float", row.value) - cast("float", row.control) for row in rows]
    return _of_terms(_by_cluster(terms, rows), len(rows), level)


def _by_cluster(values: Sequence[float | None], rows: Sequence[ProbeRow]) -> list[float]:
    """The mean of every cluster: each question or text counts once."""
    found: Mapping[str, list[float]] = defaultdict(list)
    for value, row in zip(values, rows, strict=True):
        found[row.of].append(cast("float", value))
    return [sum(own) / len(own) for own in found.values()]


def _of_terms(terms: Sequence[float], n: int, level: float) -> _Tested:
    """The mean over clusters of values in [−1, 1]; by t, and with care where more than half are
    alike: what was hardly ever met is counted in."""
    if not terms:
        return _Tested(Mean(None, None, None, 0))
    array = np.array(terms, dtype=float)
    mean = float(array.mean())
    if len(array) < 2:
        return _Tested(Mean(mean, None, None, n))
    _, counts = np.unique(np.round(array, 9), return_counts=True)
    if 2 * counts.max() > len(array):
        low, high = Paired(array, np.zeros(len(array)), -1.0, 1.0).ends(level)
    else:
        half = float(t_quantile(level, np.array([len(array) - 1.0]))[0]) * float(array.std(ddof=1)) / len(array) ** 0.5
        low, high = mean - half, mean + half
    return _Tested(Mean(mean, max(-1.0, low), min(1.0, high), n), _p_of(array))


def _p_of(terms: FloatArray) -> float:
    """Two-sided, that their mean is 0: by t, where they are all the same by their signs."""
    n, mean, sd = len(terms), float(terms.mean()), float(terms.std(ddof=1))
    if mean == 0:
        return 1.0
    if sd == 0:
        return float(2.0 ** (1 - n))
    return float(2 * (1 - t_cdf(abs(mean) / sd * n**0.5, float(n - 1))))


def _part_json(part: ProbePart) -> dict[str, JSON]:
    return cast("dict[str, JSON]", asdict(part))
