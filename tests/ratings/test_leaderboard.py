"""The leaderboard as a whole: golden numbers and invariances; its honest edges are in test_edges.py."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import choix
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.tables import battles, by_name, columns_of, table_of
from sklearn.linear_model import LogisticRegression

from arena.ratings import Anchored, BattleTable, Leaderboard, RatingOptions, rate, rounded
from arena.ratings.methods.bradley_terry import ELO_SCALE
from arena.ratings.methods.win_rate import win_rates

INDEPENDENT = RatingOptions(interval="independent", pairs=False)
OUTCOMES = {"model_a": 1.0, "model_b": 0.0, "tie": 0.5}


@pytest.fixture(scope="module")
def s1(shared_dir: Path) -> dict:
    return pq.read_table(shared_dir / "data/synthetic/s1.parquet").to_pydict()


@pytest.fixture(scope="module")
def alpaca(shared_dir: Path) -> dict:
    return pq.read_table(shared_dir / "data/alpaca_eval/battles_57_models.parquet").to_pydict()


@pytest.mark.shared
class TestGolden:
    """Numbers of named public tools on public data."""

    def exact(self, board: Leaderboard, path: Path) -> None:
        golden = json.loads(path.read_text())
        rows = by_name(board)
        for name, rating, se in zip(golden["competitors"], golden["ratings"], golden["se"], strict=True):
            assert rows[name].rating == pytest.approx(rating, abs=1e-6)
            half = (rows[name].rating_high - rows[name].rating_low) / 2
            assert half / 1.959963984540054 == pytest.approx(se, abs=1e-6)

    @pytest.mark.slow
    def test_exact_newton_with_independent_rows(self, s1: dict, shared_dir: Path) -> None:
        table = table_of(s1["model_a"], s1["model_b"], [OUTCOMES[w] for w in s1["winner"]])
        self.exact(rate(table, INDEPENDENT), shared_dir / "golden/exact_bt_s1.json")

    @pytest.mark.slow
    def test_exact_newton_with_weights(self, s1: dict, shared_dir: Path) -> None:
        pairs = [frozenset(pair) for pair in zip(s1["model_a"], s1["model_b"], strict=True)]
        count = Counter(pairs)
        weight = [1 / max(count[pair], 50) for pair in pairs]
        table = table_of(s1["model_a"], s1["model_b"], [OUTCOMES[w] for w in s1["winner"]], weight=weight)
        self.exact(rate(table, INDEPENDENT), shared_dir / "golden/exact_bt_s1_reweighted.json")

    def test_exact_newton_on_alpaca_eval(self, alpaca: dict, shared_dir: Path) -> None:
        table = table_of(alpaca["model_a"], alpaca["model_b"], [OUTCOMES[w] for w in alpaca["winner"]])
        self.exact(rate(table, INDEPENDENT), shared_dir / "golden/exact_bt_alpaca.json")

    @pytest.mark.parametrize("name", ["s1_natlog_mean0", "alpaca"])
    def test_choix(self, name: str, s1: dict, alpaca: dict, shared_dir: Path) -> None:
        data = alpaca if name == "alpaca" else s1
        table = table_of(data["model_a"], data["model_b"], [OUTCOMES[w] for w in data["winner"]])
        rows = by_name(rate(table, INDEPENDENT))
        for model, value in json.loads((shared_dir / f"golden/choix_ilsr_{name}.json").read_text()).items():
            assert (rows[model].rating - 1000) / ELO_SCALE == pytest.approx(value, abs=1e-6)

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["fastchat_bt_s1", "arena_rank_bt_s1"])
    def test_tools_that_stop_early(self, name: str, s1: dict, shared_dir: Path) -> None:
        table = table_of(s1["model_a"], s1["model_b"], [OUTCOMES[w] for w in s1["winner"]])
        rows = by_name(rate(table, INDEPENDENT))
        golden = json.loads((shared_dir / f"golden/{name}.json").read_text())
        if "default" in golden:
            golden = dict(zip(golden["competitors"], golden["default"]["ratings"], strict=True))
        for model, rating in golden.items():
            assert rows[model].rating == pytest.approx(rating, abs=0.1)

    def test_fastchats_online_elo_in_file_order(self, s1: dict, shared_dir: Path) -> None:
        table = table_of(s1["model_a"], s1["model_b"], [OUTCOMES[w] for w in s1["winner"]])
        rows = by_name(rate(table, RatingOptions(methods=("elo",), elo_order="file", pairs=False)))
        for model, rating in json.loads((shared_dir / "golden/fastchat_elo_s1.json").read_text()).items():
            assert rows[model].elo == pytest.approx(rating, abs=1e-6)

    def test_published_win_rates_of_alpaca_eval(self, shared_dir: Path) -> None:
        with (shared_dir / "data/alpaca_eval/published_leaderboard.csv").open() as lines:
            published = {row[""]: row for row in csv.DictReader(lines)}
        for model, line in published.items():
            path = shared_dir / f"data/alpaca_eval/judgments/{model}.jsonl"
            verdicts = [json.loads(text) for text in path.read_text().splitlines()]
            soft = [verdict["preference"] - 1 for verdict in verdicts]
            table = table_of([model] * len(soft), ["baseline"] * len(soft), soft)
            row = by_name(rate(table, RatingOptions(methods=("win_rate",), baseline="baseline")))[model]
            assert 100 * row.win_rate == pytest.approx(float(line["win_rate"]), abs=1e-8)
            sampled = BattleTable.from_columns(
                ["m"] * len(soft), ["base"] * len(soft), soft, question_id=range(len(soft))
            )
            variance = win_rates(sampled, 0.95, independent=False, covariance=True).covariance
            assert 100 * np.sqrt(variance[1, 1]) == pytest.approx(float(line["standard_error"]), abs=1e-8)
            discrete = [1.0 if y > 0.5 else 0.0 if y < 0.5 else 0.5 for y in soft]
            hard = table_of([model] * len(soft), ["baseline"] * len(soft), discrete)
            row = by_name(rate(hard, RatingOptions(methods=("win_rate",), baseline="baseline")))[model]
            assert 100 * row.win_rate == pytest.approx(float(line["discrete_win_rate"]), abs=1e-8)
            assert (row.wins, row.losses, row.ties) == tuple(int(line[n]) for n in ("n_wins", "n_wins_base", "n_draws"))


def test_ratings_are_those_of_choix() -> None:
    table = battles(seed=3)
    data = []
    for i, j, y in zip(table.a, table.b, table.outcome, strict=True):
        data += [(i, j)] * int(2 * y) + [(j, i)] * int(2 - 2 * y)
    theta = choix.ilsr_pairwise(len(table.models), data, max_iter=10_000, tol=1e-12)
    rows = by_name(rate(table))
    ours = np.array([rows[name].rating for name in table.models])
    np.testing.assert_allclose((ours - 1000) / ELO_SCALE, theta - theta.mean(), atol=1e-8)


def test_ratings_are_those_of_an_unpenalised_logistic_regression() -> None:
    table = battles(seed=4)
    design = np.zeros((len(table), len(table.models)))
    design[np.arange(len(table)), table.a] = 1
    design[np.arange(len(table)), table.b] = -1
    fit = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1_000)
    labels = np.r_[np.ones(len(table)), np.zeros(len(table))]
    fit.fit(np.r_[design, design], labels, sample_weight=np.r_[table.outcome, 1 - table.outcome])
    rows = by_name(rate(table))
    ours = np.array([rows[name].rating for name in table.models])
    np.testing.assert_allclose((ours - 1000) / ELO_SCALE, fit.coef_[0] - fit.coef_[0].mean(), atol=1e-5)


def test_a_three_cycle_rates_everybody_equal() -> None:
    board = rate(table_of(["x", "y", "z"] * 2, ["y", "z", "x"] * 2, [1.0] * 6, list("pppqqq")))
    assert [row.rating for row in board.models] == pytest.approx([1000.0] * 3)
    assert [row.rank for row in board.models] == [1, 1, 1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_order_of_rows_and_sides_changes_no_byte(seed: int, random) -> None:
    table = battles(seed=seed, m=4, questions=8)
    rows = list(zip(*columns_of(table), strict=True))
    random.shuffle(rows)
    swapped = [(b, a, 1 - y, q) if random.random() < 0.5 else (a, b, y, q) for a, b, y, q in rows]
    options = RatingOptions(methods=("bradley_terry", "win_rate", "elo"), elo_orders=5)
    straight = json.dumps(rounded(rate(table_of(*zip(*rows, strict=True)), options).to_json()))
    assert json.dumps(rounded(rate(table, options).to_json())) == straight
    flipped = rate(table_of(*zip(*swapped, strict=True)), RatingOptions()).to_json()
    for ours, theirs in zip(flipped["models"], rate(table, RatingOptions()).to_json()["models"], strict=True):
        assert ours["model"] == theirs["model"]
        for field in ("rating", "rating_low", "rating_high", "win_rate", "win_rate_low"):
            assert ours[field] == pytest.approx(theirs[field], abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.permutations(range(5)))
def test_relabelling_models_permutes_the_ratings(seed: int, order: list[int]) -> None:
    a, b, y, q = columns_of(battles(seed=seed, questions=12))
    rename = {f"m{i}": f"m{j}" for i, j in enumerate(order)}
    before = by_name(rate(table_of(a, b, y, q)))
    after = by_name(rate(table_of([rename[x] for x in a], [rename[x] for x in b], y, q)))
    for old, new in rename.items():
        for field in ("rating", "rating_low", "rating_high", "win_rate", "rank_low", "rank_high"):
            assert getattr(after[new], field) == pytest.approx(getattr(before[old], field), abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_duplicating_rows_changes_neither_ratings_nor_clustered_intervals(seed: int, times: int) -> None:
    a, b, y, q = columns_of(battles(seed=seed, questions=15))
    once, often = (
        by_name(rate(table_of(a, b, y, q))),
        by_name(rate(table_of(a * times, b * times, y * times, q * times))),
    )
    for name, row in once.items():
        for field in ("rating", "rating_low", "rating_high", "win_rate_low", "win_rate_high", "unbounded"):
            assert getattr(often[name], field) == pytest.approx(getattr(row, field), abs=1e-6)


def test_duplicating_questions_under_new_ids_shrinks_standard_errors() -> None:
    a, b, y, q = columns_of(battles(seed=5, questions=15))
    once = rate(table_of(a, b, y, q), RatingOptions(anchor=Anchored("m0", 1000.0)))
    twice = rate(table_of(a * 2, b * 2, y * 2, q + [f"{x}'" for x in q]), RatingOptions(anchor=Anchored("m0", 1000.0)))
    from scipy.special import stdtrit

    for name, row in by_name(once).items():
        if name != "m0":
            new = by_name(twice)[name]
            before = (row.rating_high - row.rating_low) / stdtrit(14, 0.975)
            after = (new.rating_high - new.rating_low) / stdtrit(29, 0.975)
            assert before / after == pytest.approx(np.sqrt((2 * 15 - 1) / (15 - 1)), rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_an_unrelated_component_changes_nothing_inside_a_component(seed: int) -> None:
    a, b, y, q = columns_of(battles(seed=seed, questions=15))
    alone = by_name(rate(table_of(a, b, y, q)))
    c, d, z, p = columns_of(battles(seed=seed + 1, m=3, questions=20))
    both = rate(table_of(a + [f"x{n}" for n in c], b + [f"x{n}" for n in d], y + z, q + p))
    assert any("never met" in text for text in both.warnings)
    for name, row in alone.items():
        other = by_name(both)[name]
        for field in ("rating", "rating_low", "rating_high", "rank", "rank_low", "rank_high", "win_rate_low"):
            assert getattr(other, field) == pytest.approx(getattr(row, field), abs=1e-7)
    assert {row.component for row in both.models} == {0, 1}


def test_intervals_are_clustered_by_question() -> None:
    table = battles(seed=6, questions=200, sigma=1.0)
    clustered, rows = by_name(rate(table)), by_name(rate(table, INDEPENDENT))
    for name in table.models:
        wide = clustered[name].rating_high - clustered[name].rating_low
        assert wide > 1.2 * (rows[name].rating_high - rows[name].rating_low)


def test_the_baseline_stands_at_1000_without_an_interval() -> None:
    a, b, y, q = columns_of(battles(seed=7, questions=30))
    keep = [i for i in range(len(a)) if "m0" in (a[i], b[i])]
    star = [[column[i] for i in keep] for column in (a, b, y, q)]
    board = rate(table_of(*star), RatingOptions(baseline="m0"))
    row = by_name(board)["m0"]
    assert (row.rating, row.rating_low, row.rating_high, row.win_rate, row.win_rate_low) == (
        1000.0,
        None,
        None,
        0.5,
        None,
    )
    assert board.anchor == Anchored("m0", 1000.0)
    # leaving a model out moves nobody in a star
    fewer = [[column[i] for i in range(len(keep)) if "m4" not in (star[0][i], star[1][i])] for column in star]
    for name, other in by_name(rate(table_of(*fewer), RatingOptions(baseline="m0"))).items():
        for field in ("rating", "rating_low", "rating_high"):
            assert getattr(other, field) == pytest.approx(getattr(by_name(board)[name], field), abs=1e-7)


def test_ranked_by_win_rate_the_baseline_has_its_place() -> None:
    a = ["good"] * 40 + ["even"] * 40 + ["bad"] * 40
    y = [1.0, 1.0, 1.0, 0.0] * 10 + [1.0, 0.0] * 20 + [0.0, 0.0, 1.0, 0.0] * 10
    table = table_of(a, ["base"] * 120, y, [*range(40)] * 3)
    rows = by_name(rate(table, RatingOptions(methods=("win_rate",), baseline="base")))
    assert (rows["base"].rank_low, rows["base"].rank_high, rows["base"].win_rate) == (2, 3, 0.5)
    assert (rows["good"].rank_low, rows["good"].rank_high) == (1, 1)
    assert (rows["bad"].rank_low, rows["bad"].rank_high) == (4, 4)


def test_differences_and_ranks_agree_with_the_pairs() -> None:
    board = rate(battles(seed=8, questions=60))
    rows = by_name(board)
    for pair in board.pairs:
        assert pair.diff == pytest.approx(rows[pair.a].rating - rows[pair.b].rating)
        assert pair.low < pair.diff < pair.high
        assert (pair.p_better > 0.975) == (pair.low > 0)
        assert pair.n_questions == 60
    for name, row in rows.items():
        better = sum((p.low > 0 and p.b == name) or (p.high < 0 and p.a == name) for p in board.pairs)
        worse = sum((p.low > 0 and p.a == name) or (p.high < 0 and p.b == name) for p in board.pairs)
        assert (row.rank_low, row.rank_high) == (1 + better, len(rows) - worse)


def test_simultaneous_ranks_are_wider() -> None:
    table = battles(seed=9, m=8, questions=60)
    each, joint = by_name(rate(table)), by_name(rate(table, RatingOptions(simultaneous=True)))
    widths = [
        (row.rank_high - row.rank_low, joint[name].rank_high - joint[name].rank_low) for name, row in each.items()
    ]
    assert all(b >= a for a, b in widths)
    assert any(b > a for a, b in widths)


def test_slices_are_rated_alone_and_thin_ones_are_marked() -> None:
    a, b, y, q = columns_of(battles(seed=11, questions=40))
    category = ["math" if int(x[1:]) < 30 else "prose" for x in q]
    board = rate(table_of(a, b, y, q, category=category, language=["en"] * len(a)))
    inside = [i for i, name in enumerate(category) if name == "math"]
    alone = by_name(rate(table_of(*[[column[i] for i in inside] for column in (a, b, y, q)])))
    for row in board.models:
        assert row.categories["math"].rating == pytest.approx(alone[row.model].rating)
        assert row.categories["math"].rating_low == pytest.approx(alone[row.model].rating_low)
        assert (row.categories["math"].thin, row.categories["prose"].thin) == (False, True)
        assert row.languages["en"].rating == pytest.approx(row.rating)


def test_the_json_shape_has_the_contracts_names() -> None:
    shape = rate(battles(), RatingOptions(methods=("bradley_terry", "elo", "win_rate"), elo_orders=3)).to_json()
    board = "ranked_by judges baseline anchor level interval n_questions n_battles warnings judges_detail pairs style"
    model = """model rank rank_low rank_high rating rating_low rating_high unbounded elo elo_low elo_high elo_order_sd
        win_rate win_rate_low win_rate_high lc_win_rate wins losses ties n_battles score score_low score_high categories
        languages criteria flags"""
    assert {*board.split(), "diagnostics", "models"} <= set(shape)
    assert {"a", "b", "diff", "low", "high", "p_better"} <= set(shape["pairs"][0])
    assert set(model.split()) <= set(shape["models"][0])
    json.dumps(shape, allow_nan=False)
