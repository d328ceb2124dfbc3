"""Style and position effects fitted along with the ratings."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from arena.errors import DataError
from arena.ratings import BattleTable, RatingOptions, rate
from arena.ratings.methods.bradley_terry import ELO_SCALE
from arena.ratings.methods.contextual import Columns, fit_contextual
from arena.ratings.methods.estimate import estimate
from arena.ratings.methods.style import relative_difference, style_columns

MODELS = tuple(f"m{i}" for i in range(6))


def styled(seed: int = 0, n: int = 4_000, beta: tuple[float, float] = (0.6, -0.3)) -> tuple[BattleTable, np.ndarray]:
    rng = np.random.default_rng(seed)
    theta = np.linspace(-0.8, 0.8, 6)
    a, b = rng.integers(0, 6, n), rng.integers(0, 5, n)
    b = np.where(b >= a, b + 1, b)
    x = rng.normal(0, 1, (n, 2)) + 0.4 * (theta[a] - theta[b])[:, None]
    p = 1 / (1 + np.exp(-(theta[a] - theta[b] + x @ np.array(beta))))
    y = (rng.random(n) < p).astype(float)
    table = BattleTable.from_columns(
        [MODELS[i] for i in a], [MODELS[i] for i in b], y, question_id=rng.integers(0, 200, n).tolist(),
        style={"long": x[:, 0].tolist(), "bold": x[:, 1].tolist()},
    )  # fmt: skip
    return table, theta


def test_coefficients_are_those_of_an_unpenalised_logistic_regression() -> None:
    table, _ = styled()
    columns = style_columns(table, ("long", "bold"))
    fit = fit_contextual(table, columns, np.zeros(6, dtype=np.int64), np.zeros(6))
    design = np.zeros((len(table), 8))
    design[np.arange(len(table)), table.a] = 1
    design[np.arange(len(table)), table.b] = -1
    design[:, 6:] = columns.x
    check = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=2_000).fit(design, table.outcome)
    np.testing.assert_allclose(fit.beta, check.coef_[0][6:], atol=1e-5)
    np.testing.assert_allclose(fit.theta, check.coef_[0][:6] - check.coef_[0][:6].mean(), atol=1e-5)
    assert fit.gradient_norm < 1e-6


def test_intervals_hold_the_coefficients_that_were_put_in() -> None:
    table, theta = styled()
    board = rate(table, RatingOptions(style=("long", "bold")))
    scale = [np.sqrt(np.mean(table.style[name] ** 2)) for name in ("long", "bold")]
    for name, true, s in zip(("long", "bold"), (0.6, -0.3), scale, strict=True):
        effect = board.style[name]
        assert effect.low < true * s < effect.high
        assert effect.high - effect.low < 0.25
    ratings = {row.model: row for row in board.models}
    for i, name in enumerate(MODELS):
        assert ratings[name].rating_low < 1000 + theta[i] * ELO_SCALE < ratings[name].rating_high


def test_style_that_goes_with_strength_stretches_a_board_that_ignores_it() -> None:
    table, _ = styled(beta=(0.9, 0.9))
    spread = [
        max(row.rating for row in board.models) - min(row.rating for row in board.models)
        for board in (rate(table), rate(table, RatingOptions(style=("long", "bold"))))
    ]
    assert spread[0] > spread[1] + 20


def test_a_fit_that_starts_from_a_part_of_the_rows_ends_in_the_same_place(monkeypatch: pytest.MonkeyPatch) -> None:
    table, _ = styled()
    columns, block = style_columns(table, ("long", "bold")), np.zeros(6, dtype=np.int64)
    whole = fit_contextual(table, columns, block, np.zeros(6))
    monkeypatch.setattr("arena.ratings.methods.contextual._ENOUGH", 500)
    thinned = fit_contextual(table, columns, block, np.zeros(6))
    np.testing.assert_allclose(thinned.theta, whole.theta, atol=1e-9)
    np.testing.assert_allclose(thinned.beta, whole.beta, atol=1e-9)


def test_swapping_sides_changes_neither_ratings_nor_coefficients() -> None:
    table, _ = styled(n=600)
    names = [table.models[i] for i in table.a], [table.models[i] for i in table.b]
    question = table.question.codes.tolist()
    swapped = BattleTable.from_columns(
        names[1], names[0], 1 - table.outcome, question_id=question,
        style={name: -values for name, values in table.style.items()},
    )  # fmt: skip
    ours, theirs = (rate(t, RatingOptions(style=("long", "bold"))) for t in (table, swapped))
    for name in ("long", "bold"):
        assert ours.style[name].coef == pytest.approx(theirs.style[name].coef, abs=1e-9)
        assert ours.style[name].low == pytest.approx(theirs.style[name].low, abs=1e-9)
    assert [row.rating for row in ours.models] == pytest.approx([row.rating for row in theirs.models], abs=1e-6)


def test_independent_rows_have_the_sandwich_of_rows() -> None:
    table, _ = styled(n=500)
    columns, block = style_columns(table, ("long",)), np.zeros(6, dtype=np.int64)
    fit = estimate(table, interval="independent", columns=columns)
    beta, low, high = fit.columns["long"]
    design = np.zeros((len(table), 7))
    design[np.arange(len(table)), table.a] = 1
    design[np.arange(len(table)), table.b] = -1
    design[:, 6] = columns.x[:, 0]
    p = 1 / (1 + np.exp(-(design @ np.r_[fit.theta, beta])))
    bread = np.linalg.pinv(design.T @ (design * (p * (1 - p))[:, None]))
    meat = design.T @ (design * ((table.outcome - p) ** 2)[:, None])
    se = np.sqrt(np.diag(bread @ meat @ bread))
    assert (high - low) / 2 / 1.959963984540054 == pytest.approx(se[6], rel=1e-8)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.uncertainty.covariance)), se[:6], rtol=1e-8)
    assert block.sum() == 0


def test_two_sides_become_a_relative_difference() -> None:
    np.testing.assert_allclose(
        relative_difference(np.array([[300.0, 100.0], [0.0, 0.0], [0.0, 5.0]])), [0.5, 0.0, -1.0]
    )
    np.testing.assert_allclose(relative_difference(np.array([3.0, -1.0])), [3.0, -1.0])


def test_rows_without_a_value_are_left_out_and_counted() -> None:
    table, _ = styled(n=500)
    table.style["long"][:7] = np.nan
    board = rate(table, RatingOptions(style=("long",)))
    assert board.n_battles == 493
    assert any("7 battles without a value for long" in text for text in board.warnings)


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(DataError, match=r"no column 'size' \(have: bold, long"):
        rate(styled(n=50)[0], RatingOptions(style=("size",)))


def test_a_column_that_decides_everything_is_reported() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, 200)
    a = ["m0", "m1"] * 100
    b = ["m1", "m0"] * 100
    table = BattleTable.from_columns(a, b, (x > 0).astype(float), question_id=range(200), style={"x": x.tolist()})
    board = rate(table, RatingOptions(style=("x",)))
    assert board.style == {}
    assert any("predict every verdict" in text for text in board.warnings)
    assert board.models[0].rating is not None


class TestPosition:
    def board(self, effect: float, *, order: str = "random", star: bool = False, seed: int = 0, questions: int = 150):
        rng = np.random.default_rng(seed)
        theta, rows = np.linspace(-1, 1, 6), []
        for q in range(questions):
            for i in range(6):
                for j in range(i + 1, 6):
                    if star and i:
                        continue
                    first = 1 if order == "fixed" or rng.random() < 0.5 else -1
                    p = 1 / (1 + np.exp(-(theta[i] - theta[j] + effect * first)))
                    pair = (MODELS[i], MODELS[j])
                    rows.append((*pair, float(rng.random() < p), q, pair[0] if first > 0 else pair[1]))
        a, b, y, q, first_model = zip(*rows, strict=True)
        return BattleTable.from_columns(
            a, b, y, question_id=q, first_model=first_model, judge=["j"] * len(a)
        ), theta  # fmt: skip

    @pytest.mark.parametrize("effect", [0.0, 1.0])
    def test_a_single_order_board_fits_the_judges_position_effect(self, effect: float) -> None:
        table, theta = self.board(effect)
        board = rate(table)
        found = board.judges_detail[0]["position_effect"]
        assert found["low"] < effect < found["high"]
        assert (board.judges_detail[0]["position_shift"] > 0.15) == (effect == 1.0)
        held = sum(
            row.rating_low < 1000 + theta[int(row.model[1:])] * ELO_SCALE < row.rating_high for row in board.models
        )
        assert held >= 5

    def test_left_out_the_scale_shrinks(self) -> None:
        table, _ = self.board(2.0)
        fitted, plain = rate(table), rate(table, RatingOptions(position=False))
        spread = [max(r.rating for r in b.models) - min(r.rating for r in b.models) for b in (fitted, plain)]
        assert spread[1] < 0.85 * spread[0]

    def test_a_star_in_random_order_identifies_it(self) -> None:
        table, _ = self.board(1.0, star=True)
        found = rate(table, RatingOptions(baseline="m0")).judges_detail[0]["position_effect"]
        assert found["low"] < 1.0 < found["high"]

    def test_a_star_in_fixed_order_does_not_and_says_so(self) -> None:
        table, _ = self.board(1.0, order="fixed", star=True)
        board = rate(table, RatingOptions(baseline="m0"))
        assert board.judges_detail[0]["position_effect"] is None
        assert any("cannot tell it from the models: position:j" in text for text in board.warnings)

    def test_both_orders_need_no_position_effect(self) -> None:
        a, b = ["m0", "m1", "m0"] * 10, ["m1", "m2", "m2"] * 10
        rng = np.random.default_rng(1)
        first, second = rng.integers(0, 2, 30).astype(float), rng.integers(0, 2, 30).astype(float)
        table = BattleTable.from_columns(
            a, b, (first + second) / 2, question_id=list(range(10)) * 3, judge=["j"] * 30,
            outcome_a_first=first.tolist(), outcome_b_first=second.tolist(),
        )  # fmt: skip
        detail = rate(table).judges_detail[0]
        assert detail["position_effect"] is None
        assert detail["first_slot"]["value"] == pytest.approx(np.mean((first + 1 - second) / 2))
        assert detail["consistency"]["value"] == pytest.approx(np.mean(first == second))


def test_columns_can_be_chosen() -> None:
    columns = Columns(("a", "b"), np.arange(6.0).reshape(3, 2))
    assert columns.keep([1]).x[:, 0].tolist() == [1.0, 3.0, 5.0]
