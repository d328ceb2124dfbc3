"""Whether a score depends on the published order of the options: a sign that a model knows the test by heart.

Every document is asked in its published order and in ORDERS seeded ones. In each seeded order the right letter keeps
its published distribution (the letters of the right options are dealt out again among documents with as many options,
the others fall where they fall), so a model that merely loves a letter scores the same in both.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arena.evals.changes import paired_documents
from arena.evals.documents import Choice, Document, Row
from arena.evals.scores import cluster_of
from arena.ratings.data.arrays import codes_of
from arena.ratings.intervals.strata import stratified_estimate, stratified_mean
from arena.ratings.intervals.student_t import t_cdf
from arena.reports.benchmarks import BenchmarkRow
from arena.types import JSON

ORDERS = 4
"""Seeded orders beside the published one."""
PUBLISHED = 0
"""Sample number of the published order; 1 … ORDERS are the seeded ones."""
SAID = "depends on the published order"

Orders = Mapping[tuple[str, int], tuple[int, ...]]
"""(doc_id, number of the order) -> the published places of the options as they are shown."""


def orders_of(documents: Sequence[Document], choice: Callable[[Row], Choice], seed: int) -> Orders:
    """All orders of all documents, PUBLISHED among them. They do not depend on which documents are asked."""
    choices = {document.doc_id: choice(document.row) for document in documents}
    found: dict[tuple[str, int], tuple[int, ...]] = {}
    by_size: defaultdict[int, list[Document]] = defaultdict(list)
    for document in documents:
        options = len(choices[document.doc_id].options)
        by_size[options].append(document)
        found[document.doc_id, PUBLISHED] = tuple(range(options))
    for options, own in by_size.items():
        for number in range(1, ORDERS + 1):
            places = [choices[document.doc_id].gold for document in own]
            _generator(seed, number, options, "gold").shuffle(places)
            for document, place in zip(own, places, strict=True):
                gold = choices[document.doc_id].gold
                others = [other for other in range(options) if other != gold]
                _generator(seed, number, document.item, document.index).shuffle(others)
                found[document.doc_id, number] = (*others[:place], gold, *others[place:])
    return found


def _generator(*parts: object) -> random.Random:
    return random.Random(hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest())


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """What the published order is worth to one model on one task."""

    published: float
    """Score in the published order."""
    shuffled: float
    """Mean score over the seeded orders."""
    gap: float
    low: float | None
    high: float | None
    p: float | None
    n: int

    def to_json(self, adjusted: float | None, level: float) -> dict[str, JSON]:
        """As it stands in reports/benchmarks.json; `adjusted` is Holm's p over the tasks of the model."""
        depends = adjusted is not None and adjusted < 1 - level and self.gap > 0
        return {
            "published": self.published, "shuffled": self.shuffled, "gap": self.gap, "low": self.low,
            "high": self.high, "p": self.p, "p_holm": adjusted, "n": self.n, "said": SAID if depends else None,
        }  # fmt: skip


def order_check(published: Sequence[BenchmarkRow], seeded: Sequence[BenchmarkRow], level: float) -> OrderCheck | None:
    """The paired gap over the documents that were asked in every order, clustered like the scores; where it is rare
    that a document shows one, its interval is at least as wide as `arena compare` has it. None where there are none."""
    values: defaultdict[str, list[float]] = defaultdict(list)
    for row in seeded:
        if row.state == "rated":
            values[row.question_id].append(row.score or 0.0)
    pairs = [
        (row, row.score or 0.0, sum(values[row.question_id]) / ORDERS)
        for row in published
        if row.state == "rated" and len(values[row.question_id]) == ORDERS
    ]
    if not pairs:
        return None
    gaps, strata = [x - y for _, x, y in pairs], [row.category for row, _, _ in pairs]
    clusters, sizes, total = [cluster_of(row) for row, _, _ in pairs], Counter(strata), len(pairs)
    mean = stratified_mean(gaps, strata, clusters, sizes, level, share=False)
    gap, variance, df = stratified_estimate(gaps, strata, clusters, sizes)
    p = None
    if df >= 1:
        rights = [round(x + ORDERS * y) for _, x, y in pairs]
        p = max(_two_sided(gap, variance, df), exchanged(rights, round(sum(x for _, x, _ in pairs))))
    low, high = mean.low, mean.high
    first, mixed = (np.array([pair[place] for pair in pairs], dtype=float) for place in (1, 2))
    paired = paired_documents(first, mixed, codes_of(clusters))
    if low is not None and high is not None and paired.rare:
        least, most = paired.ends(level)
        low, high = max(-1.0, min(low, least)), min(1.0, max(high, most))
    return OrderCheck(sum(x for _, x, _ in pairs) / total, sum(y for *_, y in pairs) / total, gap, low, high, p, total)


def _two_sided(gap: float, variance: float, df: int) -> float:
    if variance <= 0:
        return 1.0 if gap == 0 else 0.0
    return float(2 * (1 - t_cdf(abs(gap) / variance**0.5, float(df))))


def exchanged(rights: Sequence[int], published: int) -> float:
    """How often the number of right answers in the published order lies at least so far out where that order is one of
    all alike: a document with `rights` right answers is right in it with probability rights / (ORDERS + 1), so the
    number is Poisson-binomial. Exact and two-sided (twice the smaller tail); t is far too sure of a model that hardly
    errs, since a document's gap then is skewed."""
    chances = np.ones(1)
    for count in rights:
        right = count / (ORDERS + 1)
        chances = np.append(chances * (1 - right), 0.0) + np.append(0.0, chances * right)
    return min(1.0, 2 * float(min(chances[: published + 1].sum(), chances[published:].sum())))


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p-values (Scandinavian Journal of Statistics 6, 1979); None stays."""
    known = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    found: list[float | None] = [None] * len(ps)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * p))
        found[place] = highest
    return found
