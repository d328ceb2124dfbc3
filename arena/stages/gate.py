"""May a new model take the place of an old one? From what a board has stored; no call is made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from arena.battles.columns import battle_table, score_table
from arena.board.duel import Duel, duel_of, models_of
from arena.board.open import OpenBoard, nearest
from arena.board.tables import Row, rating_options
from arena.errors import InputError
from arena.ratings.contrasts import Contrast, rating_contrast, score_contrast, win_rate_contrast
from arena.reports.board import Ends
from arena.reports.gate import NO_ENDS, Gate, Metric, Part, Verdict, decide, metric_of, parse_amount
from arena.types import Battle

RANKED_BY = {"bradley_terry": "rating", "elo": "rating", "win_rate": "win_rate", "score": "score"}
"""What a board that ranks by this method is decided by, where nobody says."""
MOSTLY = 0.5
"""Above this share of flagged answers a model fails."""


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


def gate(board: OpenBoard, wish: Wish) -> Gate:
    """The decision about NEW − OLD. Raises InputError for names, metrics and margins that there are not, and where the
    two share no question."""
    _check_names(board, wish)
    metric = metric_asked(board, wish.metric)
    margin = parse_amount(wish.margin, metric)
    duel = duel_of(board, wish.new, wish.old)
    for name, given in ((wish.new, duel.n_answers), (wish.old, duel.answered)):
        if not given:
            raise InputError(f"{board.answer_folder.root}: no answers of {name} are stored; run the board first")
    contrast = _contrast(board, duel.rows, metric, wish, duel.scale)
    if contrast is None or not contrast.n_questions:
        raise InputError(f"{wish.new} and {wish.old} share no question that is rated on this board")
    whole = _part(contrast, margin, 2 * wish.level - 1)
    parts = _by_category(board, duel, metric, wish, margin) if wish.by_category else {}
    kept = _contrast(board, duel.without_failures(wish.new), metric, wish, duel.scale) if duel.failed else None
    flagged, doubts = _flagged(duel, wish.new), tuple(_doubts(board, duel, wish))
    verdict = together(parts) if wish.by_category else whole.verdict
    reasons: tuple[str, ...] = ()
    if flagged:
        verdict, reasons = "FAIL", (flagged,)
    elif duel.pending or (doubts and verdict == "PASS"):
        verdict, reasons = "INCONCLUSIVE", doubts
    return Gate(
        new=wish.new, old=wish.old, metric=metric, margin=margin, level=wish.level, verdict=verdict, whole=whole,
        categories=parts, reasons=reasons, notes=(*_notes(board, duel, wish), *(doubts if not reasons else ())),
        failed=len(duel.failed),
        without_failures=_ends(kept, 2 * wish.level - 1) if kept is not None else NO_ENDS, simulated=board.simulated,
    )  # fmt: skip


def together(parts: Mapping[str, Part]) -> Verdict:
    """FAIL where a category fails, PASS where every one passes, else INCONCLUSIVE."""
    verdicts = {part.verdict for part in parts.values()}
    return "FAIL" if "FAIL" in verdicts else "PASS" if verdicts == {"PASS"} else "INCONCLUSIVE"


def metric_asked(board: OpenBoard, name: str | None) -> Metric:
    """The metric by its name, or what ranks the board. Raises InputError where the board's mode has none such."""
    single = board.config.reviews_gen.mode == "single"
    metric = metric_of(name or RANKED_BY[board.config.metrics[0]])
    if (metric.name == "score") != single:
        has = "score" if single else "win_rate, rating"
        raise InputError(f"--metric {metric.name}: a board of mode {board.config.reviews_gen.mode} has {has}")
    return metric


def _check_names(board: OpenBoard, wish: Wish) -> None:
    for name in (wish.new, wish.old):
        if name not in board.candidates:
            raise InputError(f"no candidate {name!r}{nearest(name, board.names)}")
    if wish.new == wish.old:
        raise InputError(f"{wish.new} twice: a gate is about two models, NEW and OLD")


def _contrast(
    board: OpenBoard, rows: Sequence[Row], metric: Metric, wish: Wish, scale: tuple[float, float]
) -> Contrast | None:
    """The difference by one metric over some rows; None where one of the two has none."""
    models = {model for row in rows for model in models_of(row)}
    if not {wish.new, wish.old} <= models:
        return None
    if metric.name == "score":
        return score_contrast(score_table(rows, board.group_of), wish.new, wish.old, scale)
    options = rating_options(board.config)
    if metric.name == "rating":
        return rating_contrast(battle_table(rows, board.group_of), wish.new, wish.old, options)
    own = [row for row in rows if isinstance(row, Battle) and {wish.new, wish.old} & {row.model_a, row.model_b}]
    return win_rate_contrast(battle_table(own, board.group_of), wish.new, wish.old, options.baseline)


def _by_category(board: OpenBoard, duel: Duel, metric: Metric, wish: Wish, margin: float) -> dict[str, Part]:
    """The comparison within each category: PASS at the full level, since all must; FAIL as Holm allows it."""
    rows: dict[str, list[Row]] = {}
    for row in duel.rows:
        rows.setdefault(board.group_of(row.category), []).append(row)
    found = {name: _contrast(board, own, metric, wish, duel.scale) for name, own in sorted(rows.items())}
    contrasts = {name: contrast for name, contrast in found.items() if contrast is not None and contrast.n_questions}
    fails = failing(contrasts, margin, wish.level)
    parts = {name: _part(contrast, margin, 2 * wish.level - 1) for name, contrast in contrasts.items()}
    return {
        name: replace(part, verdict="FAIL" if name in fails else "INCONCLUSIVE") if part.verdict != "PASS" else part
        for name, part in parts.items()
    }


def failing(contrasts: Mapping[str, Contrast], margin: float, level: float) -> frozenset[str]:
    """The categories that fail, with a chance of 1 − level at most that any of them does so wrongly (Holm 1979)."""
    fails: frozenset[str] = frozenset()
    while len(fails) < len(contrasts):
        strict = 1 - 2 * (1 - level) / (len(contrasts) - len(fails))
        worse = {name for name, contrast in contrasts.items() if contrast.ends(strict)[1] < -margin}
        if worse <= fails:
            break
        fails |= worse
    return fails


def _part(contrast: Contrast, margin: float, level: float) -> Part:
    low, high = contrast.ends(level)
    verdict = decide(low, high, margin)
    return Part(verdict, contrast.n_questions, contrast.new, contrast.old, _shown(contrast.value, low, high))


def _ends(contrast: Contrast, level: float) -> Ends:
    return _shown(contrast.value, *contrast.ends(level))


def _shown(value: float | None, low: float, high: float) -> Ends:
    return Ends(value, low if math.isfinite(low) else None, high if math.isfinite(high) else None)


def _flagged(duel: Duel, new: str) -> str | None:
    if duel.n_answers and duel.flagged > MOSTLY * duel.n_answers:
        return f"{duel.flagged:,} of {duel.n_answers:,} answers of {new} look made to sway the judge; read them first"
    return None


def _doubts(board: OpenBoard, duel: Duel, wish: Wish) -> Iterator[str]:
    """Why nobody may pass yet."""
    if duel.pending:
        on = "1 question" if len(duel.pending) == 1 else f"{len(duel.pending):,} questions"
        yield f"battles on {on} are still to come; finish the run first"
    limit = board.config.reviews_gen.max_failed
    if duel.missing > limit * duel.answered:
        yield (
            f"{wish.new} has no answer to {duel.missing:,} of the {duel.answered:,} questions that {wish.old} answered "
            f"(reviews_gen.max_failed is {limit:.1%})"
        )
    yield from duel.problems


def _notes(board: OpenBoard, duel: Duel, wish: Wish) -> Iterator[str]:
    if duel.failed_old:
        as_they_are = "excluded" if board.config.reviews_gen.answer_failures == "exclude" else "lost"
        answers = "1 failed answer" if duel.failed_old == 1 else f"{duel.failed_old:,} failed answers"
        yield f"{answers} of {wish.old} counted as on the board: {as_they_are}"
