"""A board's rows, in the order of its questions, and as the tables that are rated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import fmean
from typing import cast

from arena.battles.counted import Row
from arena.board.answers import Answers
from arena.board.matches import exams, judges_on_board, matches
from arena.board.null_candidate import sentinel_exams, sentinel_matches
from arena.board.open import OpenBoard
from arena.board.verdicts import battles_of, scores_of
from arena.config.schema import Config
from arena.judging.combine import panel_battle, value_of
from arena.judging.examine import panel_score
from arena.ratings import Anchored, BattleTable, RatingOptions
from arena.ratings.options import Method
from arena.store.folder import Ledger
from arena.types import Battle, Order, Score


def board_rows(board: OpenBoard, answers: Answers, ledgers: dict[str, Ledger]) -> Iterable[Row]:
    """Every judge's rows, and the panel's after those of the same battle."""
    quorum, silent = board.config.reviews_gen.panel.quorum, silent_judges(board)
    several = len(judges_on_board(board, ledgers)) > 1
    if board.config.reviews_gen.mode == "single":
        scores = scores_of(exams(board, answers, ledgers), ledgers)
        for _, same in groupby(scores, key=lambda s: (s.question_id, s.model, s.sample)):
            of_judges = list(same)
            yield from of_judges
            if several:
                yield panel_score(of_judges, quorum, silent)
        return
    battles = battles_of(matches(board, answers, ledgers), ledgers, board.config.reviews_gen.strong_weight)
    for _, group in groupby(battles, key=lambda b: (b.question_id, b.model_a, b.model_b, b.sample)):
        rows = list(group)
        yield from rows
        if several:
            yield panel_battle(rows, quorum, silent)


def sentinel_rows(board: OpenBoard, answers: Answers, ledgers: dict[str, Ledger]) -> Iterable[Row]:
    """The null sentinel's rows, which are rated nowhere."""
    if board.config.reviews_gen.mode == "single":
        return scores_of(sentinel_exams(board, ledgers), ledgers)
    weight = board.config.reviews_gen.strong_weight
    return battles_of(sentinel_matches(board, answers, ledgers), ledgers, weight)


def silent_judges(board: OpenBoard) -> frozenset[str]:
    """The judges that nobody asks any more: disabled, or known from their ledger only."""
    return frozenset(n for n, entry in board.judges.items() if not entry.enable or entry.replays)


def rated_battles(rows: Sequence[Row]) -> list[Battle]:
    return [row for row in rows if isinstance(row, Battle) and row.state == "rated" and row.outcome is not None]


def battle_table(board: OpenBoard, battles: Sequence[Battle], models: list[str]) -> BattleTable:
    """Rated battles as columns."""
    return BattleTable.from_columns(
        [row.model_a for row in battles],
        [row.model_b for row in battles],
        [row.outcome if row.outcome is not None else 0.5 for row in battles],
        question_id=[row.question_id for row in battles],
        weight=[row.weight for row in battles],
        judge=[row.judge for row in battles],
        category=[board.group_of(row.category) for row in battles],
        language=[row.language for row in battles],
        outcome_a_first=[_outcome_of(row, "a_first") for row in battles],
        outcome_b_first=[_outcome_of(row, "b_first") for row in battles],
        style=_style(battles),
        models=models,
    )


def _outcome_of(battle: Battle, order: Order) -> float | None:
    """The mean of one order's verdicts alone; None where that order was not asked, or is not known."""
    shown = (verdict for verdict in battle.verdicts if verdict.order == order and verdict.order_known)
    values = [value for verdict in shown if (value := value_of(verdict)) is not None]
    return fmean(values) if values else None


def _style(battles: Sequence[Battle]) -> dict[str, list[tuple[float, float]]]:
    """Both answers' style features as columns."""
    features = sorted({name[:-2] for row in battles for name in row.style if name.endswith("_a")})
    return {
        name: [(row.style.get(f"{name}_a", 0.0), row.style.get(f"{name}_b", 0.0)) for row in battles]
        for name in features
    }


def rating_options(config: Config) -> RatingOptions:
    """What the config asks of the ratings."""
    rating = config.rating_gen
    baseline = config.reviews_gen.baseline if config.reviews_gen.mode == "pairwise_baseline" else None
    anchor = next((Anchored(model, points) for model, points in (rating.anchor or {}).items()), None)
    return RatingOptions(
        methods=cast("tuple[Method, ...]", config.metrics),
        baseline=baseline,
        anchor=anchor,
        interval=rating.interval.method,
        level=rating.interval.level,
        simultaneous=rating.interval.simultaneous,
        style=rating.style_control,
        elo_k=rating.elo.k,
        elo_orders=rating.elo.orders,
        seed=config.seed,
    )


def criteria_names(scores: Sequence[Score]) -> list[str]:
    return sorted({name for row in scores for name in row.criteria})
