"""Several judges, one row: quorum, silent judges, and how far they agree."""

from __future__ import annotations

from arena.judging.combine import Contest, panel_battle
from arena.judging.examine import Examination, panel_score
from arena.types import Battle, Question, Reason

QUESTION = Question("q", ("What?",), "math")


def row(judge: str, outcome: float | None = None, reason: Reason | None = None) -> Battle:
    contest = Contest(QUESTION, "a", "b", None, None, judge, 0)
    if outcome is None:
        return contest.battle("excluded" if reason else "pending", reason=reason)
    winner = "tie" if outcome == 0.5 else "model_a" if outcome > 0.5 else "model_b"
    return contest.battle("rated", outcome=outcome, winner=winner)


def test_the_panel_keeps_how_many_judges_named_its_winner() -> None:
    panel = panel_battle([row("x", 1.0), row("y", 0.75), row("z", 0.0)], 1)
    assert (panel.winner, panel.agreement) == ("model_a", 2 / 3)


def test_judges_that_nobody_asks_any_more_are_not_waited_for() -> None:
    rows = [row("x", 1.0), row("y")]
    assert panel_battle(rows, 1).state == "pending"
    assert panel_battle(rows, 1, {"y"}).state == "rated"
    assert panel_battle(rows, 2, {"y"}).reason == "no_quorum"


def test_a_judge_that_is_a_contestant_does_not_hide_the_others_reason() -> None:
    rows = [row("a", reason="self_judged"), row("y", reason="unparsed"), row("z", reason="unparsed")]
    assert panel_battle(rows, 1).reason == "unparsed"
    assert panel_battle(rows[:1], 1).reason == "self_judged"
    assert panel_battle([*rows[:2], row("z", reason="call_failed")], 1).reason == "no_quorum"


def test_a_panel_of_scores_keeps_its_spread() -> None:
    judged = [
        Examination(QUESTION, "m", None, judge, 0).score("rated", score=s) for judge, s in (("x", 7.0), ("y", 4.0))
    ]
    panel = panel_score(judged, 2)
    assert (panel.score, panel.spread) == (5.5, 3.0)
    assert panel_score(judged, 3).reason == "no_quorum"
