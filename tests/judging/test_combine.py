"""One meaning of "A won"."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.judging.combine import (
    Contest,
    answer_failure,
    combine,
    failed_contest,
    identical,
    identical_verdict,
    imported_verdict,
    panel_battle,
    verdict_of,
    winner_of,
)
from arena.judging.judge import Resolved
from arena.judging.slots import value_of
from arena.types import Answer, Battle, Label, Order, Parsed, Question, Reply, Verdict

QUESTION = Question("q", ("What?",), "math")
LABELS: list[Label] = ["first_strong", "first", "tie", "second", "second_strong"]
MIRRORED: dict[Label, Label] = dict(zip(LABELS, LABELS[::-1], strict=True))
labels = st.sampled_from(LABELS)


def answer(model: str, text: str = "hello", **more: object) -> Answer:
    fields: dict[str, object] = {"question_id": "q", "model": model, "sample": 0, "turns": (text,), "status": "ok",
                                 "key": f"key of {text}"}  # fmt: skip
    return Answer(**(fields | more))  # type: ignore[arg-type]


CONTEST = Contest(QUESTION, "a", "b", answer("a", "x"), answer("b", "yy"), "j", 0)


def said(label: Label, order: Order = "a_first", **more: object) -> Verdict:
    parsed = Parsed(label, **more)  # type: ignore[arg-type]
    return verdict_of(Resolved("ok", parsed, "because", None, "key"), order, 0, 0)


@given(labels)
def test_swapped_order_credits_the_same_model(label: Label) -> None:
    assert value_of(said(label, "a_first")) == value_of(said(MIRRORED[label], "b_first"))


@given(labels, st.floats(0, 1), st.floats(0, 10), st.floats(0, 10))
def test_scores_and_probabilities_stand_in_model_as_frame(label: Label, p: float, first: float, second: float) -> None:
    straight = said(label, "a_first", score_first=first, score_second=second, probability=p)
    swapped = said(MIRRORED[label], "b_first", score_first=second, score_second=first, probability=1 - p)
    assert (straight.score_a, straight.score_b) == (swapped.score_a, swapped.score_b) == (first, second)
    assert straight.probability == pytest.approx(swapped.probability)
    assert value_of(straight) == pytest.approx(value_of(swapped))


@pytest.mark.parametrize(
    "first, second, outcome, winner, consistent",
    [
        ("first", "second", 1.0, "model_a", True),
        ("second", "first", 0.0, "model_b", True),
        ("tie", "tie", 0.5, "tie", True),
        ("first", "first", 0.5, "tie", False),
        ("first", "tie", 0.75, "model_a", False),
        ("second", "tie", 0.25, "model_b", False),
    ],
)
def test_both_orders_average_in_quarter_steps(
    first: Label, second: Label, outcome: float, winner: str, consistent: bool
) -> None:
    battle = combine(CONTEST, [said(first, "a_first"), said(second, "b_first")])
    assert (battle.state, battle.outcome, battle.winner, battle.consistent) == ("rated", outcome, winner, consistent)


def test_a_strong_verdict_may_weigh_more_inside_its_battle() -> None:
    verdicts = [said("first_strong", "a_first"), said("first", "b_first")]
    assert combine(CONTEST, verdicts).outcome == 0.5
    assert combine(CONTEST, verdicts, strong_weight=3).outcome == 0.75


def test_probabilities_are_averaged_as_they_are() -> None:
    verdicts = [said("first", "a_first", probability=0.9), said("first", "b_first", probability=0.6)]
    assert combine(CONTEST, verdicts).outcome == pytest.approx((0.9 + 0.4) / 2)


MISSING = verdict_of(None, "b_first", 0, 0, "key")
UNPARSED = verdict_of(Resolved("unparsed", None, "hm", "unparsed", "key"), "b_first", 0, 0)
FAILED = verdict_of(Resolved("failed", None, None, "call_failed", "key"), "a_first", 0, 0)


def test_half_a_pair_is_pending_and_never_rated() -> None:
    battle = combine(CONTEST, [said("first"), MISSING])
    assert (battle.state, battle.outcome, battle.winner, battle.reason) == ("pending", None, None, None)


@pytest.mark.parametrize("verdicts", [[said("first"), UNPARSED], [UNPARSED, said("first")], [UNPARSED, MISSING]])
def test_one_order_that_failed_excludes_the_battle_with_its_reason(verdicts: list[Verdict]) -> None:
    battle = combine(CONTEST, verdicts)
    assert (battle.state, battle.reason, battle.outcome) == ("excluded", "unparsed", None)
    assert len(battle.verdicts) == 2


def test_a_failed_call_is_told_apart_from_an_unparsed_reply() -> None:
    assert combine(CONTEST, [FAILED, said("tie", "b_first")]).reason == "call_failed"


def test_equal_answers_are_a_tie_without_a_call() -> None:
    assert identical(answer("a", " same\n"), answer("b", "same"))
    assert not identical(answer("a", "same"), answer("b", "other"))
    battle = combine(CONTEST, [identical_verdict("a_first", 0, 0), identical_verdict("b_first", 0, 0)])
    assert (battle.outcome, battle.winner, battle.consistent) == (0.5, "tie", True)


@pytest.mark.parametrize(
    "broken, reason",
    [
        (None, "answer_missing"),
        (answer("a", status="error"), "answer_error"),
        (answer("a", "  \n"), "answer_empty"),
        (answer("a", "half", status="truncated"), None),
        (answer("a", "I will not.", status="refused"), None),
        (answer("a", "", status="refused"), "answer_empty"),
    ],
)
def test_which_answers_cannot_be_judged(broken: Answer | None, reason: str | None) -> None:
    assert answer_failure(broken) == reason
    contest = replace(CONTEST, answer_a=broken)
    battle = failed_contest(contest, "exclude")
    assert (battle.reason if battle else None) == reason


@pytest.mark.parametrize("side, outcome", [("answer_a", 0.0), ("answer_b", 1.0)])
def test_a_failed_answer_may_count_as_a_loss(side: str, outcome: float) -> None:
    contest = replace(CONTEST, **{side: answer("x", "")})  # type: ignore[arg-type]
    battle = failed_contest(contest, "loss")
    assert battle is not None
    assert (battle.state, battle.outcome, battle.reason) == ("rated", outcome, "answer_empty")


def test_when_both_answers_failed_nobody_lost() -> None:
    battle = failed_contest(replace(CONTEST, answer_a=answer("a", ""), answer_b=answer("b", "")), "loss")
    assert battle is not None
    assert battle.state == "excluded"


def test_an_answer_nobody_gave_is_no_loss() -> None:
    battle = failed_contest(replace(CONTEST, answer_a=None), "loss")
    assert battle is not None
    assert (battle.state, battle.reason) == ("excluded", "answer_missing")


def row(judge: str, outcome: float | None, reason: str | None = None, state: str | None = None) -> Battle:
    state = state or ("rated" if outcome is not None else "excluded")
    winner = None if outcome is None else winner_of(outcome)
    return CONTEST.battle(state, judge=judge, outcome=outcome, winner=winner, reason=reason)


def test_a_panel_is_the_mean_of_the_judges_that_have_a_verdict() -> None:
    panel = panel_battle([row("x", 1.0), row("y", 0.5), row("z", None, "unparsed")], quorum=2)
    assert (panel.judge, panel.state, panel.outcome, panel.winner) == ("panel", "rated", 0.75, "model_a")


def test_a_panel_below_its_quorum_says_so() -> None:
    panel = panel_battle([row("x", 1.0), row("y", None, "unparsed")], quorum=2)
    assert (panel.state, panel.reason, panel.outcome) == ("excluded", "no_quorum", None)


def test_a_panel_waits_for_judges_that_were_not_asked() -> None:
    panel = panel_battle([row("x", 1.0), row("y", None, state="pending")], quorum=1)
    assert panel.state == "pending"


def test_a_panel_of_judges_with_one_common_reason_names_it() -> None:
    panel = panel_battle([row("x", None, "answer_empty"), row("y", None, "answer_empty")], quorum=1)
    assert (panel.state, panel.reason) == ("excluded", "answer_empty")


def imported(**more: object) -> Reply:
    fields: dict[str, object] = {
        "key": "k", "status": "ok", "judge": "j", "model_requested": "", "prompt": "", "prompt_sha256": "",
        "format": "imported", "nonce": None, "question_id": "q", "model_a": "a", "model_b": "b", "order": "b_first",
        "sample": 0, "text": "B is better", "via": "import",
        "request": {"imported": {"label": "second", "score_first": 3, "score_second": 9, "probability": 0.2}},
    }  # fmt: skip
    return Reply(**(fields | more))  # type: ignore[arg-type]


def test_an_imported_verdict_is_turned_around_like_any_other() -> None:
    verdict = imported_verdict(imported())
    assert verdict is not None
    assert (verdict.status, verdict.label, verdict.score_a, verdict.score_b) == ("ok", "second", 9, 3)
    assert verdict.probability == pytest.approx(0.8)


def test_an_imported_verdict_of_unknown_order_says_nothing_about_consistency() -> None:
    stored = {"label": "first", "order_known": False}
    verdicts = [
        imported_verdict(imported(order=order, request={"imported": stored})) for order in ("a_first", "b_first")
    ]
    kept = [verdict for verdict in verdicts if verdict is not None]
    assert [verdict.order_known for verdict in kept] == [False, False]
    battle = combine(CONTEST, kept)
    assert (battle.outcome, battle.consistent) == (0.5, None)


@pytest.mark.parametrize("status, outcome", [("ok", "unparsed"), ("error", "failed")])
def test_an_imported_reply_without_a_verdict_is_never_one(status: str, outcome: str) -> None:
    verdict = imported_verdict(imported(status=status, request={"imported": {"label": None}}))
    assert verdict is not None
    assert (verdict.status, value_of(verdict)) == (outcome, None)
