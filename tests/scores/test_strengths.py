"""Strengths and weaknesses that were planted are found, and none where there are none; mistakes by rule."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from scipy.stats import ttest_ind

from arena.scores.features import parts_of
from arena.scores.mistakes import mistakes
from arena.scores.strengths import strengths
from arena.types import Question

MODELS = ("a", "b", "c")
LONG = "The quick brown fox jumps over the lazy dog near the quiet river bank while birds sing in the old oak trees"


def board(n: int = 60) -> list[Question]:
    texts = ("Tell me a story", "What is 3 + 4?", "Explain this:\n```\nx = 1\n```", "Say something nice about the sea")
    return [
        Question(f"q{k}", (texts[k % 4],), ("tales", "sums", "code")[k % 3], language=("en", "zh")[k % 2])
        for k in range(n)
    ]


def numbers(questions: list[Question], seed: int, **bonus: float) -> dict[str, dict[str, float]]:
    """Numbers of three models around one half; `bonus` is what model a has more on a category."""
    rng = random.Random(seed)
    hard = {q.question_id: rng.gauss(0, 0.3) for q in questions}
    return {
        model: {
            q.question_id: 0.5 + hard[q.question_id] + rng.gauss(0, 0.1)
            + (bonus.get(q.category, 0.0) if model == "a" else 0.0)
            for q in questions
        }
        for model in MODELS
    }  # fmt: skip


def test_a_planted_strength_is_found_and_is_nobody_elses_strength() -> None:
    questions = board()
    found = strengths({"judges": numbers(questions, 1, sums=0.4)}, parts_of(questions), 0.95)
    mine = {(one.by, one.part): one for one in found["a"]}
    sums = mine["category", "sums"]
    assert sums.said == "strength" and sums.low < 0.4 < sums.high and sums.low > 0
    assert mine["language", "en"].said is None and mine["feature", "numbers"].said is None
    assert {one.part for one in found["b"] if one.said == "weakness"} == {"sums"}, "they lose there what a wins"


def test_a_gap_is_welchs_difference_of_leads() -> None:
    questions = board()
    given = numbers(questions, 2)
    (one,) = [s for s in strengths({"x": given}, parts_of(questions), 0.95)["a"] if s.part == "tales"]
    leads = {q: given["a"][q] - fmean([given["b"][q], given["c"][q]]) for q in given["a"]}
    inside = [leads[q.question_id] for q in questions if q.category == "tales"]
    outside = [leads[q.question_id] for q in questions if q.category != "tales"]
    theirs = ttest_ind(inside, outside, equal_var=False)
    assert one.gap == pytest.approx(fmean(inside) - fmean(outside)) and one.n_inside == 20
    looked = len(strengths({"x": given}, parts_of(questions), 0.95)["a"])
    ends = theirs.confidence_interval(1 - 0.05 / looked)
    assert (one.low, one.high) == pytest.approx((ends.low, ends.high))


@pytest.mark.slow
def test_where_nothing_was_planted_hardly_anything_is_said() -> None:
    questions = board()
    parts = parts_of(questions)
    wrong = sum(
        any(one.said for one in strengths({"x": numbers(questions, seed)}, parts, 0.95)["a"]) for seed in range(120)
    )
    assert wrong <= 12, "6 of 120 boards are expected to say something of a by chance, at most"


def test_too_few_questions_and_no_spread_say_nothing() -> None:
    questions = board(12)
    assert strengths({"x": numbers(questions, 1, sums=3.0)}, parts_of(questions)[:3], 0.95)["a"] == []
    flat = {model: dict.fromkeys([q.question_id for q in board()], 0.5) for model in MODELS}
    assert all(one.said is None and one.p_holm == 1.0 for one in strengths({"x": flat}, parts_of(board()), 0.95)["a"])


@pytest.mark.parametrize(
    ("said", "reference", "kinds"),
    [
        ("", LONG, ("empty",)),
        ("I'm sorry, but I can't help with that.", LONG, ("refusal",)),
        ("抱歉，我无法回答这个问题。", "今天天气很好", ("refusal",)),
        ("The answer is 41.", "42", ("number_wrong",)),
        ("The answer is 42.", "42", ()),
        ("It is 8.", "7", ("number_wrong",)),
        ("B", "A", ()),  # a wrong letter is a wrong answer, and no kind of its own
        ("这是一个很长的中文回答，讲的是别的事情。", LONG, ("other_language",)),
        ("A fox.", LONG, ("much_shorter",)),
        ("Well, that depends. " * 40, LONG, ("much_longer",)),
        (LONG.replace("quick", "slow"), LONG, ()),
        ("Zzz xkcd qwv 77 81 92 kkk yyy qqq jjj www", LONG, ("off_topic",)),
    ],
)
def test_mistakes_are_told_by_rule(said: str, reference: str, kinds: tuple[str, ...]) -> None:
    question = Question("q", ("Tell me about the fox",), reference=(reference,))
    assert mistakes(question, (said,)) == kinds


def test_a_question_without_a_reference_is_not_looked_at() -> None:
    assert mistakes(Question("q", ("hello",)), ("hi",)) is None
    two = Question("q", ("one", "two"), reference=("", LONG))
    assert mistakes(two, ("hi",)) == ("empty",)
