"""From decided battles to reasons: words that go with losing, the groups they make, and how often each is the case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from arena.ratings.data.arrays import Codes, codes_of
from arena.ratings.intervals.means import Mean, clustered_mean, clustered_share
from arena.ratings.intervals.student_t import t_quantile
from arena.reasons.evidence import PERMUTATIONS, Evidence, by_model, by_side, strata_of
from arena.reasons.groups import Group, groups_of
from arena.reasons.losses import Battle, Loss, sides_of
from arena.reasons.words import Words, spelled, words_of
from arena.reports.board import Ends
from arena.reports.reasons import Example, Reason, ReasonOfModel, Reasons

if TYPE_CHECKING:
    from scipy import sparse

SAMPLE = 10_000
"""Losses that words are looked for in, whole questions drawn by the seed; shares are of all."""
EXAMPLES = 5
NAMED = 8
"""Words that are told of a group."""
_SPELLED = 2_000
"""Texts of a group that its words are spelled by."""
ALPHA = 0.02
"""The chance that anything is told where there is nothing."""
Floats = NDArray[np.float64]
TRAITS: dict[str, tuple[str, Callable[[Floats, Floats], NDArray[np.bool_]]]] = {
    "much shorter": ("length", lambda own, other: own * 2 <= other),
    "much longer": ("length", lambda own, other: own >= other * 2),
    "fewer lists": ("lists", lambda own, other: own * 2 < other),
    "more lists": ("lists", lambda own, other: own > other * 2),
    "fewer headings": ("headers", lambda own, other: own * 2 < other),
    "more headings": ("headers", lambda own, other: own > other * 2),
    "less bold": ("bold", lambda own, other: own * 2 < other),
    "more bold": ("bold", lambda own, other: own > other * 2),
}
"""By name: a feature of style, and where answers have the trait beside those they met (NaN: not known)."""
_UNKNOWN = (float("nan"), float("nan"))


class Losses(NamedTuple):
    """Losses in columns."""

    rows: Sequence[Loss]
    questions: Codes
    categories: Codes
    losers: Codes
    models: Sequence[str]

    @classmethod
    def of(cls, rows: Sequence[Loss]) -> Losses:
        """Columns of some losses. There must be one."""
        models = sorted({loss.loser for loss in rows})
        known = {model: code for code, model in enumerate(models)}
        return cls(
            rows, codes_of([loss.question_id for loss in rows]), codes_of([loss.category for loss in rows]),
            np.array([known[loss.loser] for loss in rows], dtype=np.int32), models,
        )  # fmt: skip


def find_reasons(losses: Sequence[Loss], *, level: float, seed: int, simulated: bool = False) -> Reasons:
    """The reasons found, the most frequent first: none where nothing goes with losing. Raises MissingDependency.

    The same losses and seed give the same. What every model's every loss has cannot be told from a manner of speech.
    """
    explained = [loss for loss in losses if loss.said]
    found: list[Reason] = []
    without: float | None = None
    if explained:
        columns = Losses.of(explained)
        found, without = _in_words(columns, level, seed)
    if losses:
        found += _in_traits(Losses.of(losses), level)
    return Reasons(
        level=level, n_losses=len(losses), n_explained=len(explained), without=without, permutations=PERMUTATIONS,
        simulated=simulated, reasons=tuple(sorted(found, key=lambda one: (one.kind != "words", -one.n, one.words))),
    )  # fmt: skip


class Grouped(NamedTuple):
    """Losses by the groups of words that were found in what was said of them."""

    groups: Sequence[Group]
    odds: Sequence[NDArray[np.float64]]
    """By group: of every loss, above 0 where it belongs to it."""
    words: Sequence[tuple[str, ...]]
    evidence: Sequence[tuple[str, ...]]


def grouped(columns: Losses, seed: int) -> Grouped | None:
    """The groups; None where explanations have no words in common."""
    texts = [loss.text for loss in columns.rows]
    words = words_of(texts)
    if words is None:
        return None
    there = words.said.astype(float)
    there.data[:] = 1.0
    drawn = _drawn(columns.questions, np.random.default_rng(seed))
    sample = Losses.of([columns.rows[n] for n in drawn])
    evidence = _evidence(sample, words, there[drawn], np.random.default_rng(seed))
    passed = {name: set(np.flatnonzero(one.found).tolist()) for name, one in evidence.items()}
    chosen = np.array(sorted(set().union(*passed.values())), dtype=np.intp)
    hinted = np.any([one.hinted for one in evidence.values()], axis=0)
    groups = groups_of(there[drawn], chosen, hinted) if len(chosen) else []
    odds = [group.odds(there) for group in groups]
    told, why = [], []
    for group, own in zip(groups, odds, strict=True):
        rows = np.flatnonzero(own > 0)[:_SPELLED].tolist()
        told.append(tuple(spelled([words.names[word] for word in group.words[:NAMED]], [texts[row] for row in rows])))
        why.append(tuple(name for name, those in passed.items() if those & set(group.words)))
    return Grouped(groups, odds, told, why)


def members_of(losses: Sequence[Loss], seed: int) -> dict[tuple[str, ...], list[Battle]]:
    """The battles of each group of words."""
    columns = Losses.of([loss for loss in losses if loss.said])
    found = grouped(columns, seed)
    pairs = zip(found.words, found.odds, strict=True) if found is not None else ()
    return {words: [columns.rows[row].battle for row in np.flatnonzero(odds > 0).tolist()] for words, odds in pairs}


def _in_words(columns: Losses, level: float, seed: int) -> tuple[list[Reason], float | None]:
    """Groups of words as reasons, and the share of losses without any."""
    found = grouped(columns, seed)
    if found is None:
        return [], None
    members = [odds > 0 for odds in found.odds]
    reasons = [
        _reason(columns, member, level, words=words, evidence=why, examples=_examples(columns, member, odds))
        for words, why, odds, member in zip(found.words, found.evidence, found.odds, members, strict=True)
    ]
    anything = np.any(members, axis=0) if members else np.zeros(len(columns.rows), dtype=bool)
    return reasons, float(1 - anything.mean())


def _drawn(questions: Codes, rng: np.random.Generator) -> NDArray[np.intp]:
    """The rows of as many whole questions as the sample holds."""
    if len(questions) <= SAMPLE:
        return np.arange(len(questions))
    order = rng.permutation(int(questions.max()) + 1)
    sizes = np.bincount(questions)[order]
    kept = order[: max(1, int(np.searchsorted(np.cumsum(sizes), SAMPLE, side="right")))]
    return np.flatnonzero(np.isin(questions, kept))


def _evidence(sample: Losses, words: Words, there: sparse.csr_matrix, rng: np.random.Generator) -> dict[str, Evidence]:
    """By kind, each at half of the level."""
    strata = strata_of(sample.questions, sample.categories, sample.losers)
    sides = [sides_of(loss) for loss in sample.rows]
    difference = words.of([side.of_loser for side in sides]) - words.of([side.of_winner for side in sides])
    return {
        "model": by_model(there, sample.losers, strata, rng, ALPHA / 2),
        "side": by_side(difference.tocsr(), sample.questions, rng, ALPHA / 2),
    }


def _examples(columns: Losses, member: NDArray[np.bool_], odds: NDArray[np.float64]) -> tuple[Example, ...]:
    """Those that show it most clearly, each of another question."""
    rows = np.flatnonzero(member)
    chosen: dict[str, Example] = {}
    for row in rows[np.lexsort((rows, -odds[rows].round(6)))].tolist():
        question, a, b, sample = columns.rows[row].battle
        if question not in chosen:
            loser = columns.rows[row].loser
            chosen[question] = Example(question_id=question, model_a=a, model_b=b, loser=loser, sample=sample)
        if len(chosen) == EXAMPLES:
            break
    return tuple(chosen.values())


def _reason(
    columns: Losses, member: NDArray[np.bool_], level: float, *, words: tuple[str, ...], evidence: tuple[str, ...] = (),
    examples: tuple[Example, ...] = (), of_winners: float | None = None,
) -> Reason:  # fmt: skip
    values = member.astype(float)
    models = {}
    for code, model in enumerate(columns.models):
        own = columns.losers == code
        share = clustered_share(values[own], columns.questions[own], level)
        models[model] = ReasonOfModel(
            n=int(member[own].sum()), of=int(own.sum()), share=_ends(share),
            against_others=_apart(values, own, columns.questions, level),
        )  # fmt: skip
    categories = Counter(columns.rows[row].category for row in np.flatnonzero(member).tolist())
    return Reason(
        kind="words" if of_winners is None else "trait", words=words, n=int(member.sum()),
        share=_ends(clustered_share(values, columns.questions, level)), of_winners=of_winners, evidence=evidence,
        models=models, categories=dict(sorted(categories.items())), examples=examples,
    )  # fmt: skip


def _ends(mean: Mean) -> Ends:
    return Ends(mean.value, mean.low, mean.high)


def _apart(values: NDArray[np.float64], own: NDArray[np.bool_], clusters: Codes, level: float) -> Ends:
    """The mean of `own` values minus that of the others, with a t interval over clusters (linearised)."""
    if own.all() or not own.any():
        return Ends()
    mine, theirs = float(values[own].mean()), float(values[~own].mean())
    terms = np.where(own, (values - mine) / own.sum(), -(values - theirs) / (~own).sum())
    sums = np.bincount(clusters, terms)
    q = int((np.bincount(clusters) > 0).sum())
    if q < 2:
        return Ends(mine - theirs)
    half = float(t_quantile(level, np.array([q - 1.0]))[0]) * float(np.sqrt(q / (q - 1) * (sums**2).sum()))
    return Ends(mine - theirs, mine - theirs - half, mine - theirs + half)


def _in_traits(columns: Losses, level: float) -> list[Reason]:
    """Traits that losing answers have more often than those that beat them, beyond chance for as many as are looked at
    (Bonferroni)."""
    found = []
    corrected = 1 - (1 - level) / len(TRAITS)
    known = {name: np.array([loss.traits.get(name, _UNKNOWN) for loss in columns.rows]).T
             for name in dict.fromkeys(feature for feature, _ in TRAITS.values())}  # fmt: skip
    for name, (feature, holds) in TRAITS.items():
        own, other = known[feature]
        lost, won = holds(own, other), holds(other, own)
        more = clustered_mean(lost.astype(float) - won, columns.questions, corrected)
        if more.low is not None and more.low > 0:
            examples = _examples(columns, lost, lost.astype(float))
            found.append(_reason(columns, lost, level, words=(name,), of_winners=float(won.mean()), examples=examples))
    return found
