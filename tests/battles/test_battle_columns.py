"""Rows as columns: what is rated, in the frame of model_a, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from arena.battles.columns import battle_table, score_table
from arena.ratings.data.table import Coded
from arena.types import Battle, Score, Verdict

BATTLE = Battle(
    "q1", "math", "en", "a", "b", "ka", "kb", "j", 0, "rated", outcome=0.75, winner="model_a",
    verdicts=(Verdict("a_first", "ok", label="first"), Verdict("b_first", "ok", label="tie")),
    style={"length_a": 3.0, "length_b": 5.0},
)  # fmt: skip
SCORE = Score("q1", "math", "en", "a", "j", 0, "rated", 7.0, {"clarity": 6.0})


def test_a_battle_is_a_row_with_both_orders_its_style_and_its_group() -> None:
    other = replace(BATTLE, question_id="q2", language=None, verdicts=(), style={}, weight=2.0)
    table = battle_table([BATTLE, other], {"math": "exact"}.__getitem__, models=["idle"])
    assert table.models == ("a", "b", "idle")
    assert table.a_first_outcome is not None and table.b_first_outcome is not None and table.first is not None
    np.testing.assert_array_equal(table.a_first_outcome, [1.0, np.nan])
    np.testing.assert_array_equal(table.b_first_outcome, [0.5, np.nan])
    np.testing.assert_array_equal(table.first, [0.0, np.nan])
    np.testing.assert_array_equal(table.style["length"], [[3.0, 5.0], [0.0, 0.0]])
    assert table.weights().tolist() == [1.0, 2.0]
    assert table.category is not None and table.category.names == ("exact",)
    assert table.language is not None and table.language.codes.tolist() == [0, -1]


def test_an_order_that_is_not_known_says_nothing_about_the_first_slot() -> None:
    unknown = tuple(replace(verdict, order_known=False) for verdict in BATTLE.verdicts)
    table = battle_table([replace(BATTLE, verdicts=unknown)])
    assert table.outcome.tolist() == [0.75]
    assert table.first is not None and np.isnan(table.first).all()


def test_what_is_not_rated_has_no_row() -> None:
    rows = [SCORE, replace(BATTLE, state="pending", outcome=None), replace(BATTLE, state="excluded", outcome=0.5)]
    assert len(battle_table(rows)) == 0
    scores = [BATTLE, SCORE, replace(SCORE, model="b", criteria={}), replace(SCORE, state="excluded", score=None)]
    table = score_table(scores)
    assert table.models == ("a", "b")
    np.testing.assert_array_equal(table.criteria["clarity"], [6.0, np.nan])


def test_codes_into_names_of_any_order_become_codes_into_sorted_names() -> None:
    found = Coded.recoded(["y", None, "x", "y"], np.array([0, 1, 2, 3, -1]))
    assert found.names == ("x", "y")
    assert found.codes.tolist() == [1, -1, 0, 1, -1]
