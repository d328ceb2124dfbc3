"""The leaderboard's honest edges: separation, empty and degenerate boards, weights, methods that are not asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kit.tables import battles, by_name, columns_of, table_of

from arena.errors import DataError
from arena.ratings import Anchored, BattleTable, RatingOptions, rate
from arena.ratings.intervals.covariance import joint_quantile
from arena.ratings.methods.estimate import estimate


class TestSeparation:
    def star(self, wins: int, of: int) -> BattleTable:
        a = ["perfect"] * of + ["other"] * of
        y = [1.0] * wins + [0.0] * (of - wins) + [1.0, 0.0] * (of // 2)
        return table_of(a, ["base"] * 2 * of, y, [f"q{i}" for i in range(of)] * 2)

    def test_a_model_that_won_everything_has_an_open_end(self) -> None:
        board = rate(self.star(20, 20), RatingOptions(baseline="base"))
        row = by_name(board)["perfect"]
        assert (row.rating, row.rating_high, row.unbounded, row.rank) == (None, None, "high", 1)
        bound = 0.025 ** (1 / 20)
        assert row.rating_low == pytest.approx(1000 + 400 * np.log10(bound / (1 - bound)))
        assert any("perfect: won everything" in text for text in board.warnings)
        assert by_name(board)["other"].rating == pytest.approx(1000.0)

    def test_a_model_that_lost_everything_is_the_mirror_image(self) -> None:
        board = rate(self.star(0, 20), RatingOptions(baseline="base"))
        row = by_name(board)["perfect"]
        bound = 0.025 ** (1 / 20)
        assert (row.rating, row.rating_low, row.unbounded, row.rank) == (None, None, "low", 3)
        assert row.rating_high == pytest.approx(1000 - 400 * np.log10(bound / (1 - bound)))

    def test_more_perfect_wins_rank_higher_but_not_surely(self) -> None:
        a = ["long"] * 20 + ["short"] * 10 + ["even"] * 4
        y = [1.0] * 30 + [1.0, 0.0, 1.0, 0.0]
        board = rate(table_of(a, ["base"] * 34, y, [f"q{i}" for i in range(34)]), RatingOptions(baseline="base"))
        rows = by_name(board)
        assert [rows[name].rank for name in ("long", "short")] == [1, 2]
        assert (rows["long"].rank_low, rows["short"].rank_low) == (1, 1)
        assert rows["long"].rank_high >= 2

    def test_everybody_separated_keeps_the_baseline(self) -> None:
        board = rate(table_of(["a", "b"], ["base", "base"], [1.0, 0.0], ["p", "q"]), RatingOptions(baseline="base"))
        rows = by_name(board)
        assert rows["base"].rating == 1000.0
        assert (rows["a"].unbounded, rows["b"].unbounded, rows["base"].unbounded) == ("high", "low", None)
        assert [row.model for row in board.models] == ["a", "base", "b"]

    def test_a_model_cut_off_by_separation_is_not_placed(self) -> None:
        a = ["c1", "c1", "top", "top", "odd"]
        b = ["c2", "c2", "c1", "c2", "top"]
        board = rate(table_of(a, b, [1.0, 0.0, 1.0, 1.0, 0.0], list("vwxyz")))
        row = by_name(board)["odd"]
        assert (row.rating, row.unbounded, row.rank_low, row.rank_high) == (None, None, 1, 4)
        assert any("cannot be placed" in text for text in board.warnings)

    def test_an_anchor_without_finite_rating_is_reported(self) -> None:
        a, b, y, q = columns_of(battles(seed=1, m=3, questions=10))
        table = table_of([*a, "m9"], [*b, "m0"], [*y, 1.0], [*q, "q0"])
        board = rate(table, RatingOptions(anchor=Anchored("m9", 1200.0)))
        assert any("cannot hold the scale" in text for text in board.warnings)
        finite = [row.rating for row in board.models if row.rating is not None]
        assert np.mean(finite) == pytest.approx(1000.0)


class TestEdges:
    def test_no_battles(self) -> None:
        board = rate(table_of([], [], [], [], models=["a", "b"]))
        assert board.warnings == ("no battles: nothing to rate",)
        assert [(row.model, row.rank, row.rating, row.win_rate) for row in board.models] == [
            ("a", None, None, None), ("b", None, None, None),
        ]  # fmt: skip

    @pytest.mark.parametrize("interval", ["sandwich", "bootstrap", "independent", "none"])
    def test_no_battles_and_no_models(self, interval) -> None:
        for models in ((), ("a",)):
            board = rate(
                table_of([], [], [], [], models=models),
                RatingOptions(methods=("win_rate", "elo", "bradley_terry"), interval=interval),
            )
            assert board.warnings == ("no battles: nothing to rate",)
            assert [row.model for row in board.models] == list(models)

    def test_all_ties_are_a_sentence(self) -> None:
        board = rate(table_of(["a"] * 9, ["b"] * 9, [0.5] * 9, range(9)))
        assert any("every battle is a tie" in text for text in board.warnings)
        assert [(row.rating, row.rating_low, row.rank, row.rank_low, row.rank_high) for row in board.models] == [
            (None, None, 1, 1, 2), (None, None, 1, 1, 2),
        ]  # fmt: skip
        row = board.models[0]
        assert row.win_rate == 0.5
        assert row.win_rate_low < 0.3 < 0.7 < row.win_rate_high

    def test_one_model_that_only_ties_keeps_an_honest_width(self) -> None:
        a, y = ["even"] * 20 + ["good"] * 20, [0.5] * 20 + [1.0, 0.0] * 10
        board = rate(table_of(a, ["base"] * 40, y, [*range(20)] * 2), RatingOptions(baseline="base"))
        row = by_name(board)["even"]
        assert row.rating == pytest.approx(1000.0)
        assert row.rating_high - row.rating_low > 200

    def test_one_question_has_no_intervals(self) -> None:
        board = rate(table_of(["a"] * 4, ["b"] * 4, [1.0, 0.0, 1.0, 1.0], ["q"] * 4))
        assert any("one question only" in text for text in board.warnings)
        row = by_name(board)["a"]
        assert row.rating is not None
        assert (row.rating_low, row.win_rate_low, row.rank_low, row.rank_high) == (None, None, 1, 2)

    def test_models_without_battles_are_listed_last(self) -> None:
        board = rate(table_of(["a", "b"], ["b", "a"], [1.0, 1.0], ["p", "q"], models=["A-idle"]))
        assert board.models[-1].model == "A-idle"
        assert board.models[-1].rank is None
        assert any("A-idle" in text for text in board.warnings)

    def test_rows_of_weight_zero_are_as_if_they_were_not_there(self) -> None:
        a, b, y, q = ["a", "b", "a", "c"], ["b", "a", "b", "a"], [1.0, 1.0, 0.0, 1.0], list("pqrs")
        options = RatingOptions(methods=("bradley_terry", "elo", "win_rate"), elo_order="file")
        board = rate(table_of(a, b, y, q, weight=[1.0, 1.0, 1.0, 0.0]), options)
        without = rate(table_of(a[:3], b[:3], y[:3], q[:3], models=["c"]), options)
        assert board.models == without.models
        assert (board.n_battles, board.n_questions, by_name(board)["c"].component) == (3, 3, None)
        assert "1 battle of weight 0 left out" in board.warnings

    @pytest.mark.parametrize("factor", [1e-200, 1e-6, 1e6, 1e200])
    def test_only_the_ratio_of_weights_matters(self, factor: float) -> None:
        a, b, y, q = columns_of(battles(seed=2, questions=10))
        extra = (["m9"] * 3, ["m0", "m1", "m0"], [1.0] * 3, ["q0", "q1", "q2"])  # wins everything
        columns = [x + z for x, z in zip((a, b, y, q), extra, strict=True)]
        weight = np.random.default_rng(0).choice([0.5, 1.0, 3.0], len(columns[0]))
        one, other = (rate(table_of(*columns, weight=(weight * x).tolist())) for x in (1.0, factor))
        for ours, theirs in zip(one.models, other.models, strict=True):
            assert (ours.model, ours.rank, ours.rank_low, ours.unbounded) == (
                theirs.model, theirs.rank, theirs.rank_low, theirs.unbounded)  # fmt: skip
            for field in ("rating", "rating_low", "rating_high", "win_rate_low"):
                assert getattr(ours, field) == pytest.approx(getattr(theirs, field), abs=1e-6), field

    def test_weights_a_million_apart_still_fit(self) -> None:
        """The Hessian is near singular, and a Newton step ends in rounding errors above the usual bound."""
        rng = np.random.default_rng(286)
        a = rng.integers(0, 5, 12)
        b = (a + rng.integers(1, 5, 12)) % 5
        weight = rng.choice([1e-3, 1.0, 1e3], 12)
        outcome = rng.choice([0.0, 1.0], 12)
        table = table_of(
            [f"m{i}" for i in a], [f"m{i}" for i in b], outcome.tolist(), range(12), weight=weight.tolist()
        )
        fit = estimate(table.evened())
        assert np.isfinite(fit.order).all()
        assert fit.gradient_norm < 1e-6

    def test_no_question_ids_means_independent_and_says_so(self) -> None:
        board = rate(table_of(["a", "a", "b"], ["b", "b", "a"], [1.0, 0.0, 0.5]))
        assert board.interval == "independent"
        assert any("no question_id" in text for text in board.warnings)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"outcome": [1.0, 1.5]}, "row 2: outcome: found 1.5"),
            ({"outcome": [float("nan"), 1.0]}, "row 1: outcome: found nan"),
            ({"model_b": ["b", "a"]}, "row 2: model_a and model_b: found the same model twice"),
            ({"weight": [1.0, -2.0]}, "row 2: weight: found -2"),
            ({"weight": [float("inf"), 1.0]}, "row 1: weight: found inf"),
            (
                {"weight": [1.0, 1e-12]},
                "row 2: weight: found 1e-12, allowed: 0, or at least a billionth of the largest",
            ),
            ({"question_id": ["q", None]}, "row 2: question_id: found nothing"),
            ({"first_model": ["a", "x"]}, "row 2: first_model: found another name"),
            ({"style": {"length": [1.0, float("inf")]}}, "row 2: length: found inf"),
            ({"judge": ["j"]}, "judge has 1 rows, model_a has 2"),
        ],
    )
    def test_bad_values_name_the_row(self, change: dict, message: str) -> None:
        columns = {"model_a": ["a", "a"], "model_b": ["b", "b"], "outcome": [1.0, 0.0]} | change
        with pytest.raises(DataError, match=message):
            BattleTable.from_columns(**columns)

    def test_an_unknown_baseline_is_refused(self) -> None:
        with pytest.raises(DataError, match="no model 'z'"):
            rate(battles(), RatingOptions(baseline="z"))


def test_a_joint_interval_that_one_question_cannot_give_is_open_and_raises_nothing() -> None:
    table = BattleTable.from_columns(
        ["b", "c", "d"], ["a", "a", "a"], [0.3, 0.6, 0.8], question_id=["1", "2", "2"], models=["a", "b", "c", "d"]
    )
    board = rate(table, RatingOptions(baseline="a", simultaneous=True))
    assert {row.model for row in board.models} == {"a", "b", "c", "d"}
    assert all(row.rank_low <= row.rank <= row.rank_high for row in board.models if row.rank and row.rank_low)


class TestSeparatedQuestions:
    def test_the_open_end_counts_the_questions_against_the_core(self) -> None:
        """Nineteen questions on which two perfect models met each other say nothing about the rest of the board."""
        a = ["x", "y", *["top", "top"] * 10, "top"]
        b = ["y", "x", *["best", "odd"] * 10, "x"]
        y = [1.0, 1.0, *[0.0, 1.0] * 10, 1.0]
        q = ["q0", "q1", *[f"r{i}" for i in range(20)], "q0"]
        row = by_name(rate(table_of(a, b, y, q)))["top"]
        alone = by_name(rate(table_of(["x", "y", "top"], ["y", "x", "x"], [1.0] * 3, ["q0", "q1", "q0"])))["top"]
        assert row.unbounded == "high"
        assert row.rating_low == pytest.approx(alone.rating_low)


def test_an_interval_without_spread_is_that_of_the_battles_the_rating_rests_on() -> None:
    """Every question was asked once and the fit is exact: the win rate that is mapped must be the fit's own."""
    a, b, y = ["m0", "m1", "m2"], ["m1", "m2", "low"], [0.7, 0.6, 1.0]
    board = rate(table_of(a * 2, b * 2, y * 2, ["p", "q", "r", "s", "t", "u"]))
    for row in board.models:
        if row.rating is not None and row.rating_low is not None:
            assert row.rating_low <= row.rating <= row.rating_high
    assert all((pair.low, pair.p_better) == (None, None) for pair in board.pairs)
    assert board.diagnostics["separability"] == 0.0


def test_a_method_that_is_not_asked_for_has_no_numbers() -> None:
    table = battles(seed=1, questions=10)
    for methods, fields in (
        (("win_rate",), ("win_rate",)),
        (("elo",), ("elo",)),
        (("elo", "win_rate"), ("elo", "win_rate")),
    ):
        for row in rate(table, RatingOptions(methods=methods, elo_orders=3)).models:
            assert {name for name in ("rating", "elo", "win_rate") if getattr(row, name) is not None} == set(fields)
            assert (row.rating_low, row.rating_high) == (None, None)
    lost = table_of(["a", "a"], ["b", "b"], [1.0, 1.0], ["p", "q"])
    assert rate(lost, RatingOptions(methods=("win_rate",))).warnings == ()
    assert by_name(rate(lost, RatingOptions(methods=("win_rate",))))["b"].unbounded is None


@pytest.mark.parametrize("method", ["win_rate", "elo"])
def test_simultaneous_ranks_hold_for_every_method(method) -> None:
    table = battles(seed=9, m=8, questions=60)
    options = RatingOptions(methods=(method,), elo_orders=5)
    each, joint = by_name(rate(table, options)), by_name(rate(table, replace(options, simultaneous=True)))
    widths = [(r.rank_high - r.rank_low, joint[n].rank_high - joint[n].rank_low) for n, r in each.items()]
    assert all(b >= a for a, b in widths)
    assert any(b > a for a, b in widths)


def test_elo_without_spread_has_no_interval() -> None:
    board = rate(table_of(["a"] * 9, ["b"] * 9, [0.5] * 9, range(9)), RatingOptions(methods=("elo",), elo_orders=3))
    assert [(row.elo, row.elo_low, row.elo_high, row.rank_high) for row in board.models] == [
        (1000.0, None, None, 2)
    ] * 2


def test_independent_rows_are_independent_for_elo_too() -> None:
    table = battles(seed=4, questions=40, sigma=2.0)
    options = RatingOptions(methods=("elo",), elo_orders=3)
    rows, bare = (
        by_name(rate(t, replace(options, interval="independent"))) for t in (table, replace(table, question=None))
    )
    clustered = by_name(rate(table, options))
    for name, row in rows.items():
        assert row.elo_high - row.elo_low == pytest.approx(bare[name].elo_high - bare[name].elo_low, rel=0.01)
        assert row.elo_high - row.elo_low < clustered[name].elo_high - clustered[name].elo_low


def test_rows_without_a_style_value_are_left_out_of_elo_in_file_order_too() -> None:
    a, b, y, q = columns_of(battles(seed=5, m=3, questions=20))
    length = [float(i % 7) for i in range(len(a))]
    length[-1] = float("nan")
    options = RatingOptions(methods=("elo",), elo_order="file", style=("length",))
    whole = rate(table_of(a, b, y, q, style={"length": length}), options)
    short = rate(table_of(a[:-1], b[:-1], y[:-1], q[:-1], style={"length": length[:-1]}), options)
    assert [row.elo for row in whole.models] == [row.elo for row in short.models]
    assert "1 battle without a value for length left out" in whole.warnings


def test_joint_quantiles_do_not_depend_on_how_many_draws_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = estimate(battles(seed=6, m=12, questions=30))
    comparable = np.ones((12, 12), dtype=bool)
    whole = joint_quantile(fit.uncertainty, comparable, 3)
    monkeypatch.setattr("arena.ratings.intervals.covariance._PAIRS_AT_ONCE", 100)
    assert joint_quantile(fit.uncertainty, comparable, 3) == pytest.approx(whole)


def test_a_question_of_its_own_for_every_battle_needs_no_dense_array(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, y, q = columns_of(battles(seed=7, m=6, questions=30))
    length = [float(i % 5) for i in range(len(a))]
    first = [x if i % 2 else z for i, (x, z) in enumerate(zip(a, b, strict=True))]
    table = table_of(a, b, y, q, style={"length": length}, first_model=first)
    plain = RatingOptions(methods=("bradley_terry", "elo"), elo_orders=2, position=False)
    styled = RatingOptions(style=("length",))
    dense = [rate(table, options) for options in (plain, styled)]
    monkeypatch.setattr("arena.ratings.intervals.question_scores._CELLS", 0)
    for before, options in zip(dense, (plain, styled), strict=True):
        for ours, theirs in zip(rate(table, options).models, before.models, strict=True):
            for field in ("rating_low", "rating_high", "elo_low", "elo_high"):
                assert getattr(ours, field) == pytest.approx(getattr(theirs, field), abs=1e-7), field


def test_a_length_control_without_a_battle_of_the_baseline_is_none() -> None:
    table = table_of(["a", "b"], ["b", "a"], [1.0, 1.0], ["p", "q"], models=["base"], style={"length": [1.0, 2.0]})
    board = rate(table, RatingOptions(baseline="base", style=("arena",)))
    assert [row.lc_win_rate for row in board.models] == [None] * 3
