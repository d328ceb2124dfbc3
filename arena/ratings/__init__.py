"""Ratings: arrays in, frozen results out. Knows no judge, prompt, file or config.

    from arena.ratings import Anchored, BattleTable, RatingOptions, ScoreTable, rate, rate_scores

    table = BattleTable.from_columns(
        model_a, model_b, outcome,                 # sequences; outcome = P(model_a wins) in [0, 1]
        question_id=..., weight=..., judge=..., category=..., language=...,
        first_model=...,                           # the model the judge saw first; None for both orders
        outcome_a_first=..., outcome_b_first=...,  # the outcome of each order alone (None where missing)
        style={"length": [(len_a, len_b), ...]},   # or one difference per row
        models=[...],                              # on the board even without a battle
    )
    board = rate(table, RatingOptions(methods=("bradley_terry", "elo", "win_rate"), baseline="gpt-4.1"))
    board.models[0].rating_low, board.pairs, board.warnings
    rounded(board.to_json())                       # the names of leaderboard.json, 10 significant digits

    rate(table: BattleTable, options: RatingOptions = RatingOptions()) -> Leaderboard
    rate_scores(table: ScoreTable, options: RatingOptions = RatingOptions()) -> Leaderboard      single mode
    ScoreTable.from_columns(model, question_id, score, judge=..., category=..., language=..., criteria={name: [...]})

Only rated battles go in; what was left out, costs and answers' facts are the caller's. The result does not
depend on the order of the rows (except `elo_order="file"`), only on their content and on `RatingOptions.seed`.
"""

from arena.ratings.data.score_table import ScoreTable
from arena.ratings.data.table import BattleTable
from arena.ratings.leaderboard import rate
from arena.ratings.options import RatingOptions, Weights
from arena.ratings.results import Anchored, Effect, Leaderboard, ModelRow, Pair, SliceRow, plain, rounded
from arena.ratings.score_leaderboard import rate_scores

__all__ = [
    "Anchored",
    "BattleTable",
    "Effect",
    "Leaderboard",
    "ModelRow",
    "Pair",
    "RatingOptions",
    "ScoreTable",
    "SliceRow",
    "Weights",
    "plain",
    "rate",
    "rate_scores",
    "rounded",
]
