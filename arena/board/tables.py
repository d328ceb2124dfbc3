"""A board's rows, in the order of its questions, and how it wants them rated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import cast

from arena.board.answers import Answers
from arena.board.matches import Match, exams, judges_on_board, matches
from arena.board.null_candidate import sentinel_exams, sentinel_matches
from arena.board.open import OpenBoard
from arena.board.verdicts import battles_of, scores_of
from arena.board.weights import baselines_of
from arena.config.schema import Config
from arena.judging.combine import panel_battle
from arena.judging.examine import panel_score
from arena.ratings import Anchored, RatingOptions
from arena.reports.rows import Ready
from arena.store.ledger import Ledger
from arena.types import Battle, Score

Row = Battle | Score


def board_rows(board: OpenBoard, answers: Answers, ledgers: dict[str, Ledger]) -> Iterable[Row]:
    """`report_rows` as data alone: rated battles may lack their texts and the keys of their replies."""
    for row in report_rows(board, answers, ledgers):
        yield row.row if isinstance(row, Ready) else row


def report_rows(board: OpenBoard, answers: Answers, ledgers: dict[str, Ledger]) -> Iterable[Row | Ready]:
    """Every judge's rows, and the panel's after those of the same battle, for `write_rows`."""
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
    yield from battle_rows(board, ledgers, matches(board, answers, ledgers))


def battle_rows(board: OpenBoard, ledgers: dict[str, Ledger], matched: Iterable[Match]) -> Iterator[Battle | Ready]:
    """Every judge's rows of some contests, and the panel's after those of the same battle."""
    reviews, silent = board.config.reviews_gen, silent_judges(board)
    battles = battles_of(matched, ledgers, reviews.strong_weight)
    if len(judges_on_board(board, ledgers)) < 2:
        yield from battles
        return
    for _, group in groupby(battles, key=_contest):
        rows = list(group)
        yield from rows
        yield panel_battle([_row(row) for row in rows], reviews.panel.quorum, silent, by_order=reviews.adaptive)


def plain_rows(board: OpenBoard, ledgers: dict[str, Ledger], matched: Iterable[Match]) -> list[Battle]:
    """`battle_rows` as data alone."""
    return [_row(row) for row in battle_rows(board, ledgers, matched)]


def _row(row: Battle | Ready) -> Battle:
    return cast("Battle", row.row) if isinstance(row, Ready) else row


def _contest(row: Battle | Ready) -> tuple[str, str, str, int]:
    """What all judges' rows of one battle have in common."""
    battle = _row(row)
    return battle.question_id, battle.model_a, battle.model_b, battle.sample


def sentinel_rows(board: OpenBoard, answers: Answers, ledgers: dict[str, Ledger]) -> Iterable[Row | Ready]:
    """The null sentinel's rows, which are rated nowhere."""
    if board.config.reviews_gen.mode == "single":
        return scores_of(sentinel_exams(board, ledgers), ledgers)
    weight = board.config.reviews_gen.strong_weight
    return battles_of(sentinel_matches(board, answers, ledgers), ledgers, weight)


def silent_judges(board: OpenBoard) -> frozenset[str]:
    """The judges that nobody asks any more: disabled, or known from their ledger only."""
    return frozenset(n for n, entry in board.judges.items() if not entry.enable or entry.replays)


def rating_options(config: Config, boundary: float = 1.0) -> RatingOptions:
    """What the config asks of the ratings; `boundary` widens the intervals of a board that was looked at."""
    rating = config.rating_gen
    baselines = baselines_of(config)
    anchor = next((Anchored(model, points) for model, points in (rating.anchor or {}).items()), None)
    return RatingOptions(
        methods=config.metrics,
        baseline=next(iter(baselines), None),
        more_baselines=baselines[1:],
        anchor=anchor,
        interval=rating.interval.method,
        level=rating.interval.level,
        simultaneous=rating.interval.simultaneous,
        style=rating.style_control,
        elo_k=rating.elo.k,
        elo_orders=rating.elo.orders,
        seed=config.seed,
        implied=config.reviews_gen.adaptive,
        boundary=boundary,
    )
