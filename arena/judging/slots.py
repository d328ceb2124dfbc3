"""The one place that turns slots into models and labels into outcomes: all that reading battles needs of judging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from arena.types import Label, Order, Verdict

SLOT_VALUE: Mapping[Label, float] = {
    "first_strong": 1.0, "first": 1.0, "tie": 0.5, "second": 0.0, "second_strong": 0.0
}  # fmt: skip
_STRONG: frozenset[Label] = frozenset({"first_strong", "second_strong"})


def value_of(verdict: Verdict) -> float | None:
    """P(model_a wins) of one verdict: 1, ½ or 0, or the probability it states. None where it is no verdict."""
    if verdict.status == "identical":
        return 0.5
    if verdict.status != "ok" or verdict.label is None:
        return None
    if verdict.probability is not None:
        return verdict.probability
    first = SLOT_VALUE[verdict.label]
    return first if verdict.order == "a_first" else 1 - first


def weight_of(verdict: Verdict, strong_weight: float) -> float:
    """What one verdict weighs inside its battle: 1, or `strong_weight` for A>>B and B>>A."""
    return strong_weight if verdict.label in _STRONG else 1.0


def without_judge(verdicts: Sequence[Verdict]) -> bool:
    """Whether a battle was decided by its answers being identical: the judge never saw it."""
    return bool(verdicts) and all(verdict.status == "identical" for verdict in verdicts)


def order_outcomes(verdicts: Iterable[Verdict]) -> tuple[float | None, float | None]:
    """P(model_a wins) by the verdicts that saw model_a first, and by those that saw it second.

    Each the mean of its order, None where that order was not asked, has no verdict or is not known. Both None where
    identical answers would have been asked about in both: they were shown in none, and say nothing about a judge.
    """
    verdicts = tuple(verdicts)
    if without_judge(verdicts) and len({verdict.order for verdict in verdicts}) == 2:
        return None, None
    found: dict[Order, list[float]] = {"a_first": [], "b_first": []}
    for verdict in verdicts:
        if verdict.order_known and (value := value_of(verdict)) is not None:
            found[verdict.order].append(value)
    return _mean(found["a_first"]), _mean(found["b_first"])


def _mean(values: list[float]) -> float | None:
    return fmean(values) if len(values) > 1 else values[0] if values else None
