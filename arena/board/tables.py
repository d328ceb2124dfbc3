"""A board's rows, in the order of its questions, and how it wants them rated."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from arena.board.answers import Answers
from arena.board.matches import exams, judges_on_board, matches
from arena.board.null_candidate import sentinel_exams, sentinel_matches
from arena.board.open import OpenBoard
from arena.board.verdicts import battles_of, scores_of
from arena.config.schema import Config
from arena.judging.combine import panel_battle
from arena.judging.examine import panel_score
from arena.ratings import Anchored, RatingOptions
from arena.store.folder import Ledger
from arena.types import Battle, Score

Row = Battle | Score


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


def rating_options(config: Config) -> RatingOptions:
    """What the config asks of the ratings."""
    rating = config.rating_gen
    baseline = config.reviews_gen.baseline if config.reviews_gen.mode == "pairwise_baseline" else None
    anchor = next((Anchored(model, points) for model, points in (rating.anchor or {}).items()), None)
    return RatingOptions(
        methods=config.metrics,
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
