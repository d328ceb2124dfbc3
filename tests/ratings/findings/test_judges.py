"""Several judges: their own boards, their scales, never independent on the same question."""

from __future__ import annotations

import numpy as np
import pytest

from arena.ratings import BattleTable, RatingOptions, rate
from arena.ratings.findings.judge_aware import judge_aware_fit

SCALES = {"blunt": 0.4, "contrary": -0.8, "plain": 1.0, "sharp": 2.0}


def judged(scales: dict[str, float], questions: int = 80, m: int = 6, seed: int = 0) -> tuple[BattleTable, np.ndarray]:
    rng = np.random.default_rng(seed)
    theta, rows = np.linspace(-1.2, 1.2, m), []
    for q in range(questions):
        for i in range(m):
            for j in range(i + 1, m):
                for name, scale in scales.items():
                    p = 1 / (1 + np.exp(-scale * (theta[i] - theta[j])))
                    rows.append((f"m{i}", f"m{j}", float(rng.random() < p), q, name))
    a, b, y, q, judge = zip(*rows, strict=True)
    return BattleTable.from_columns(a, b, y, question_id=q, judge=judge), theta


def test_scales_are_recovered_and_a_contrary_judge_is_negative() -> None:
    table, theta = judged(SCALES)
    fit = judge_aware_fit(table)
    mean = np.exp(np.mean([np.log(s) for s in SCALES.values() if s > 0]))
    for one in fit.reliability:
        true = SCALES[one.judges[0]] / mean
        assert one.low < true < one.high
        assert (one.scale < 0) == (true < 0)
    positive = [one.scale for one in fit.reliability if one.scale > 0]
    assert np.exp(np.mean(np.log(positive))) == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(fit.theta, theta * mean, atol=4 * fit.se.max())


def test_judges_alike_have_scale_one_and_the_plain_ratings() -> None:
    table, _ = judged({"x": 1.0, "y": 1.0}, questions=60)
    fit = judge_aware_fit(table)
    assert [one.scale for one in fit.reliability] == pytest.approx([1.0, 1.0], abs=0.2)
    rows = {row.model: row.rating for row in rate(table).models}
    ours = [1000 + 400 / np.log(10) * value for value in fit.theta]
    assert ours == pytest.approx([rows[name] for name in table.models], abs=15)


def test_judges_with_few_battles_share_a_scale() -> None:
    table, _ = judged({"x": 1.0, "y": 1.0}, questions=60)
    few, _ = judged({"new": 1.0, "newer": 1.0}, questions=1)
    names = [table.models[i] for i in table.a], [table.models[i] for i in table.b]
    more = [few.models[i] for i in few.a], [few.models[i] for i in few.b]
    both = BattleTable.from_columns(
        names[0] + more[0], names[1] + more[1], [*table.outcome, *few.outcome],
        question_id=[*table.question.codes.tolist(), *few.question.codes.tolist()],
        judge=[table.judge.names[i] for i in table.judge.codes] + [few.judge.names[i] for i in few.judge.codes],
    )  # fmt: skip
    pooled = judge_aware_fit(both).reliability[-1]
    assert pooled.judges == ("new", "newer")
    assert pooled.n_battles == 30
    details = {detail["judge"]: detail for detail in rate(both).judges_detail}
    assert details["new"]["reliability"] == details["newer"]["reliability"] == pytest.approx(pooled.scale)
    assert details["new"]["reliability_pooled"]


def test_each_judge_has_its_own_board() -> None:
    table, _ = judged({"plain": 1.0, "contrary": -1.0})
    board = rate(table)
    details = {detail["judge"]: detail for detail in board.judges_detail}
    assert details["plain"]["ratings"]["m5"]["rank"] == 1
    assert details["contrary"]["ratings"]["m5"]["rank"] == 6
    assert details["plain"]["n_battles"] == len(table) / 2
    alone = rate(table.select(table.judge.codes == table.judge.names.index("plain")))
    for row in alone.models:
        assert details["plain"]["ratings"][row.model]["rating_low"] == pytest.approx(row.rating_low)


def test_a_second_judge_that_repeats_the_first_adds_no_certainty() -> None:
    table, _ = judged({"one": 1.0})
    names = [table.models[i] for i in table.a], [table.models[i] for i in table.b]
    twice = BattleTable.from_columns(
        names[0] * 2, names[1] * 2, [*table.outcome] * 2, question_id=table.question.codes.tolist() * 2,
        judge=["one"] * len(table) + ["echo"] * len(table),
    )  # fmt: skip
    once = {row.model: row for row in rate(table).models}
    for row in rate(twice).models:
        assert row.rating_high - row.rating_low == pytest.approx(
            once[row.model].rating_high - once[row.model].rating_low
        )


def test_the_panels_board_can_tell_of_every_judge() -> None:
    table, _ = judged({"x": 1.0, "y": 1.0}, questions=20)
    names = [table.models[i] for i in table.a[::2]], [table.models[i] for i in table.b[::2]]
    panel = BattleTable.from_columns(
        *names, (table.outcome[::2] + table.outcome[1::2]) / 2, judge=["panel"] * (len(table) // 2),
        question_id=table.question.codes[::2].tolist(),
    )  # fmt: skip
    board = rate(panel, RatingOptions(), every_judge=table)
    assert board.judges == ("x", "y")
    assert [detail["judge"] for detail in board.judges_detail] == ["x", "y"]


def test_the_length_preference_of_a_judge() -> None:
    rng = np.random.default_rng(0)
    n = 800
    lengths = rng.integers(100, 900, (n, 2)).astype(float)
    gap = (lengths[:, 0] - lengths[:, 1]) / lengths.sum(axis=1)
    y = (rng.random(n) < 1 / (1 + np.exp(-3 * gap))).astype(float)
    a = rng.integers(0, 3, n)
    b = (a + rng.integers(1, 3, n)) % 3
    table = BattleTable.from_columns(
        [f"m{i}" for i in a], [f"m{i}" for i in b], y, question_id=range(n), judge=["j"] * n,
        style={"length": [tuple(pair) for pair in lengths]},
    )  # fmt: skip
    found = rate(table).judges_detail[0]["length_preference"]
    assert found["low"] < 3 * np.sqrt(np.mean(gap**2)) < found["high"]
    assert found["low"] > 0.5


def test_judges_of_models_that_nobody_tells_apart_have_no_scale() -> None:
    table = BattleTable.from_columns(
        ["a"] * 4, ["b"] * 4, [1.0, 0.0, 0.0, 1.0], question_id=["1", "2", "1", "2"], judge=["x", "x", "y", "y"]
    )
    details = rate(table, RatingOptions()).judges_detail
    assert [detail["judge"] for detail in details] == ["x", "y"]
    assert all("reliability" not in detail for detail in details)


def test_judges_of_models_that_won_or_lost_everything_have_no_scale() -> None:
    table = BattleTable.from_columns(
        ["a"] * 4, ["b"] * 4, [1.0] * 4, question_id=["1", "2", "1", "2"], judge=["x", "x", "y", "y"]
    )
    fit = judge_aware_fit(table)
    assert fit.reliability == () and np.isnan(fit.theta).all()
    assert rate(table).models[-1].unbounded == "low"


def test_ties_alone_leave_no_noise_to_speak_of() -> None:
    n = 12
    table = BattleTable.from_columns(
        ["a"] * n, ["b"] * n, [0.5] * n, question_id=[str(q) for q in range(n)],
        outcome_a_first=[1.0, 0.0] * 6, outcome_b_first=[0.0, 1.0] * 6,
    )  # fmt: skip
    assert [row.win_rate for row in rate(table).models] == [0.5, 0.5]


@pytest.mark.parametrize("voters", [50, 51])
def test_a_crowd_of_judges_is_rated_together_and_nobody_in_it_by_himself(voters: int) -> None:
    rows = [("abc"[n % 3], "abc"[(n + 1) % 3], (n * 7 % 5) / 4, f"q{n}", f"voter{n % voters}") for n in range(306)]
    a, b, outcome, question, judge = zip(*rows, strict=True)
    board = rate(BattleTable.from_columns(a, b, outcome, question_id=question, judge=judge))
    crowd = voters > 50
    assert len(board.judges) == len(board.judges_detail) == (0 if crowd else voters)
    assert ("51 judges are taken together; nothing is said about each of them" in board.warnings) is crowd
    without = rate(BattleTable.from_columns(a, b, outcome, question_id=question))
    assert [row.rating for row in board.models] == [row.rating for row in without.models]
