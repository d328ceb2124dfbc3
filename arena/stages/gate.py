"""May a new model take the place of an old one? From what a board has stored; no call is made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from arena.board.against import Other, duel_against
from arena.board.duel import Duel, duel_of
from arena.board.evidence import Compared, Evidence, compared_on, evidence_of
from arena.board.open import OpenBoard, nearest
from arena.board.weights import MOSTLY
from arena.errors import InputError
from arena.ratings.contrasts import Contrast
from arena.reports.board import Ends
from arena.reports.gate import BENCHMARKS, NO_ENDS, Gate, Metric, Part, Peek, Verdict, decide, metric_of, parse_amount
from arena.stages.looks import Look, look

RANKED_BY = {"bradley_terry": "rating", "elo": "rating", "win_rate": "win_rate", "score": "score"}
"""What a board that ranks by this method is decided by, where nobody says."""
Bounds = Callable[[float, str | None], float]
"""The two-sided level of the interval whose ends hold with a one-sided level: over the whole board or a category."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to have decided."""

    new: str
    old: str
    metric: str | None = None
    """None: what ranks the board."""
    margin: str = "0"
    level: float = 0.95
    by_category: bool = False
    peek: bool = False
    """Look at a run that is not finished, as often as you like."""
    against: Other | None = None
    """The board on which OLD stands, where it is another."""


def gate(board: OpenBoard, wish: Wish) -> Gate:
    """The decision about NEW − OLD. Raises InputError for names, metrics and margins that there are not, and where the
    two share no question."""
    if (wish.metric or "").startswith(BENCHMARKS):
        from arena.stages.gate_benchmark import benchmark_gate

        return benchmark_gate(board, wish)
    metric, duel, old = asked_for(board, wish)
    margin = parse_amount(wish.margin, metric, scale=duel.scale)
    compared = compared_on(board, duel, wish.new, old, metric.name)
    if not wish.peek:
        decided = _decide(evidence_of(board, duel, wish.new), compared, wish, margin, once)
        if decided is None:
            raise InputError(f"{wish.new} and {wish.old} share no question that is rated on this board")
        return _gate(board, wish, metric, margin, duel, decided)
    with look(board, duel, compared) as seen:
        found = _decide(seen.evidence, compared, wish, margin, seen.bounds) or _NOTHING
        gated = _gate(board, wish, metric, margin, duel, found, seen)
        seen.keep(gated)
    return gated


def asked_for(board: OpenBoard, wish: Wish, *, there: bool = True) -> tuple[Metric, Duel, str]:
    """The metric, what is stored about the two, and what OLD is called in it.

    Raises InputError for names that there are not, and (`there`) where one has no answers.
    """
    check_names(board, wish)
    metric = metric_asked(board, wish.metric)
    if wish.against is None:
        duel, old = duel_of(board, wish.new, wish.old), wish.old
    else:
        duel, old = duel_against(board, wish.new, wish.against, wish.old)
    for name, given in ((wish.new, duel.n_answers), (wish.old, duel.answered)):
        if there and not given and not wish.peek:
            raise InputError(f"{board.answer_folder.root}: no answers of {name} are stored; run the board first")
    return metric, duel, old


def check_names(board: OpenBoard, wish: Wish) -> None:
    """Raises InputError for names that there are not, and options that do not go together."""
    for name in (wish.new, wish.old) if wish.against is None else (wish.new,):
        if name not in board.candidates:
            raise InputError(f"no candidate {name!r}{nearest(name, board.names)}")
    if wish.against is None and wish.new == wish.old:
        raise InputError(f"{wish.new} twice: a gate is about two models, NEW and OLD")
    if wish.against is not None and wish.peek:
        raise InputError("--peek looks at one board that grows; --against compares with another")
    if wish.peek and board.config.reviews_gen.adaptive:
        raise InputError(
            "--peek looks at questions in a seeded order, and an adaptive schedule draws battles by what it saw: "
            "finish the run and leave out --peek"
        )


def metric_asked(board: OpenBoard, name: str | None) -> Metric:
    """The metric by its name, or what ranks the board. Raises InputError where the board's mode has none such."""
    single = board.config.reviews_gen.mode == "single"
    if (name or "").startswith(BENCHMARKS):
        raise InputError(f"--metric {name}: a gate decides by it, but plans nothing and looks at no growing run")
    adaptive = board.config.reviews_gen.adaptive
    metric = metric_of(name or ("rating" if adaptive else RANKED_BY[board.config.metrics[0]]))
    if (metric.name == "score") != single:
        has = "score" if single else "win_rate, rating"
        raise InputError(f"--metric {metric.name}: a board of mode {board.config.reviews_gen.mode} has {has}")
    if metric.name == "win_rate" and adaptive:
        raise InputError(
            "--metric win_rate: an adaptive schedule chose who met whom, so the share of battles won is no measure; "
            "use --metric rating"
        )
    return metric


def once(level: float, _: str | None) -> float:
    """The bounds of a comparison that is made once."""
    return 2 * level - 1


@dataclass(frozen=True, slots=True)
class _Decided:
    """What the intervals say."""

    whole: Part
    categories: Mapping[str, Part]
    without_failures: Ends


_NOTHING = _Decided(Part("INCONCLUSIVE", 0, None, None, NO_ENDS), {}, NO_ENDS)


def _decide(evidence: Evidence, compared: Compared, wish: Wish, margin: float, bounds: Bounds) -> _Decided | None:
    """None where the two share no question."""
    contrast = evidence.contrast(compared)
    if contrast is None:
        return None
    parts: Mapping[str, Part] = {}
    if wish.by_category:
        each = {name: evidence.contrast(compared, name) for name in evidence.categories}
        parts = _parts({name: one for name, one in each.items() if one is not None}, margin, wish.level, bounds)
    kept = evidence.contrast(compared, without_failures=True) if evidence.failed.any() else None
    level = bounds(wish.level, None)
    return _Decided(
        _part(contrast, margin, level), parts, NO_ENDS if kept is None else _shown(kept.value, *kept.ends(level))
    )


def _gate(
    board: OpenBoard, wish: Wish, metric: Metric, margin: float, duel: Duel, decided: _Decided, seen: Look | None = None
) -> Gate:
    """The decision, with what stands against what the intervals say."""
    verdict = together(decided.categories) if wish.by_category else decided.whole.verdict
    doubts = tuple(_doubts(board, duel, wish, seen))
    reasons: tuple[str, ...] = ()
    if flagged := _flagged(duel, wish.new):
        verdict, reasons = "FAIL", (flagged,)
    elif (
        (seen is None and (duel.pending or not duel.claims.finished))
        or (seen is not None and seen.too_early)
        or (doubts and verdict == "PASS")
    ):
        verdict, reasons = "INCONCLUSIVE", doubts
    notes = (*_notes(board, duel, wish, seen), *(doubts if not reasons else ()))
    return Gate(
        new=wish.new, old=wish.old, metric=metric, margin=margin, level=wish.level, verdict=verdict,
        whole=decided.whole, categories=decided.categories, reasons=reasons, notes=notes,
        failed=seen.failed if seen is not None else len(duel.failed), without_failures=decided.without_failures,
        peek=None if seen is None else Peek(seen.sequence, seen.looked_at, seen.planned), simulated=board.simulated,
        against=None if wish.against is None else wish.against.name,
    )  # fmt: skip


def together(parts: Mapping[str, Part]) -> Verdict:
    """FAIL where a category fails, PASS where every one passes, else INCONCLUSIVE."""
    verdicts = {part.verdict for part in parts.values()}
    return "FAIL" if "FAIL" in verdicts else "PASS" if verdicts == {"PASS"} else "INCONCLUSIVE"


def _parts(contrasts: Mapping[str, Contrast], margin: float, level: float, bounds: Bounds) -> dict[str, Part]:
    """The comparison within each category: PASS at the full level, since all must; FAIL as Holm allows it."""
    fails = failing(contrasts, margin, level, bounds)
    parts = {name: _part(contrast, margin, bounds(level, name)) for name, contrast in contrasts.items()}
    return {
        name: replace(part, verdict="FAIL" if name in fails else "INCONCLUSIVE") if part.verdict != "PASS" else part
        for name, part in parts.items()
    }


def failing(contrasts: Mapping[str, Contrast], margin: float, level: float, bounds: Bounds = once) -> frozenset[str]:
    """The categories that fail, with a chance of 1 − level at most that any of them does so wrongly (Holm 1979)."""
    fails: frozenset[str] = frozenset()
    while len(fails) < len(contrasts):
        strict = 1 - (1 - level) / (len(contrasts) - len(fails))
        worse = {name for name, contrast in contrasts.items() if contrast.ends(bounds(strict, name))[1] < -margin}
        if worse <= fails:
            break
        fails |= worse
    return fails


def _part(contrast: Contrast, margin: float, level: float) -> Part:
    low, high = contrast.ends(level)
    verdict = decide(low, high, margin)
    return Part(verdict, contrast.n_questions, contrast.new, contrast.old, _shown(contrast.value, low, high))


def _shown(value: float | None, low: float, high: float) -> Ends:
    return Ends(value, low if math.isfinite(low) else None, high if math.isfinite(high) else None)


def _flagged(duel: Duel, new: str) -> str | None:
    if duel.n_answers and duel.flagged > MOSTLY * duel.n_answers:
        return f"{duel.flagged:,} of {duel.n_answers:,} answers of {new} look made to sway the judge; read them first"
    return None


def _doubts(board: OpenBoard, duel: Duel, wish: Wish, seen: Look | None) -> Iterator[str]:
    """Why nobody may pass yet."""
    if seen is not None and seen.too_early:
        yield seen.too_early
    if duel.pending and seen is None:
        on = "1 question" if len(duel.pending) == 1 else f"{len(duel.pending):,} questions"
        yield f"battles on {on} are still to come; finish the run first, or look with --peek"
    if not duel.claims.finished:
        yield "the schedule has battles to draw; finish the run first"
    if duel.undrawn:
        answers = "1 answer" if duel.undrawn == 1 else f"{duel.undrawn:,} answers"
        yield (
            f"{answers} of {wish.new} failed, and no battle was drawn for them, so they are lost nowhere; "
            "set reviews_gen.answer_failures: loss, or ask for errors again with --retry-errors"
        )
    limit = board.config.reviews_gen.max_failed
    if len(duel.missing) > limit * duel.answered:
        yield (
            f"{wish.new} has no answer to {len(duel.missing):,} of the {duel.answered:,} questions that {wish.old} "
            f"answered (reviews_gen.max_failed is {limit:.1%})"
        )
    yield from duel.problems


def _notes(board: OpenBoard, duel: Duel, wish: Wish, seen: Look | None) -> Iterator[str]:
    if seen is not None:
        yield from seen.notes
    if duel.failed_old:
        as_they_are = "excluded" if board.config.reviews_gen.answer_failures == "exclude" else "lost"
        answers = "1 failed answer" if duel.failed_old == 1 else f"{duel.failed_old:,} failed answers"
        yield f"{answers} of {wish.old} counted as on the board: {as_they_are}"
