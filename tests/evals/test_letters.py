"""Letters read from replies of every kind, and shuffles that leave no option its place."""

from __future__ import annotations

from collections import Counter

import pytest

from arena.evals.documents import Choice
from arena.evals.letters import letter_messages, read_letter, shuffled

OPTIONS = ["apple pie", "blue whale", "A cat", "deep sea"]


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        ("B", 1), ("b", 1), ("(B)", 1), ("**B**", 1), ("B.", 1), ("B. blue whale", 1), ("D) deep sea", 3),
        ("The answer is C.", 2), ("The correct answer is (C) because A is wrong.", 2), ("Answer: **B**", 1),
        ("<answer>B</answer>", 1), ("\\boxed{D}", 3), ("$\\boxed{\\text{D}}$", 3), ("I'd choose option D", 3),
        ("The right option is A", 0), ("答案是Ｃ", 2), ("答案：C", 2), ("选D", 3), ("正确答案为 B。", 1),
        ("因此选B。", 1),        ("我选择A", 0), ("Ｂ", 1), ("blue whale", 1), ("A cat", 2),
        ("Let me think. A is wrong.\n\nAnswer: D", 3), ("First, B seems wrong.\nC", 2),
        ("The answer is A... wait, the answer is B", 1),
        ("The answer is A. Option B is wrong because it is a whale.", 0),
        ("The correct answer is (C), not option B.", 2), ("B是正确的,A错误", 1), ("应选D", 3), ("正确的是C", 2),
        ("**Answer: C**\n\nExplanation: choice A refers to pies, and choice B to whales.", 2),
        ("答案是A。选项B不对。", 0), ("正确答案是B,不选A", 1), ("排除A、B、C,故选D", 3), ("不选A,选B", 1),
        ("I would rule out option B and option C. So A.", 0), ("The answer is not B. It is C.", 2),
        ("The answer cannot be A, so it must be B", 1), ("B is correct. Option A is a distractor.", 1),
        ("A is wrong. B is wrong. C is the answer.", 2), ("Final answer: C\nOption D is close.", 2), ("so (C)", 2),
        ("The answer is A. The answer is not B.", 0), ("Let me think: choice A? No. I choose B", 1),
        ("The best answer is: **(D) deep sea**", 3), ("Neither A nor B; the right one is C", 2),
        ("The answer is A, because I know it.", 0), ("My guess would be option B, though I am not sure.", 1),
    ],
)  # fmt: skip
def test_a_letter_is_read(reply: str, place: int) -> None:
    assert read_letter(reply, OPTIONS) == place


@pytest.mark.parametrize(
    "reply",
    ["", "E", "The answer is E", "Not sure.", "A or B", "I cannot answer that.", "I think A good choice is hard",
     "Answer: A or B", "Answers: A, B", "The answer is B and C", "The answer isn't A", "答案不是A",
     "Option A or option B?",
     "Answer: a cat may be", "The answer is a bit hard to find.", "None of these. A lot of them are wrong."],
)  # fmt: skip
def test_what_names_no_option_is_not_read(reply: str) -> None:
    assert read_letter(reply, OPTIONS) is None


def test_letters_beyond_the_options_are_nothing() -> None:
    assert read_letter("C", ["x", "y"]) is None
    assert read_letter("The answer is C", ["x", "y"]) is None


def test_every_place_comes_equally_often_and_the_same_again() -> None:
    firsts = Counter(shuffled(0, f"item{n}", 4).index(0) for n in range(4000))
    assert all(900 < count < 1100 for count in firsts.values())
    assert shuffled(0, "item", 4) == shuffled(0, "item", 4)
    assert {shuffled(seed, "item", 4) for seed in range(200)} == {shuffled(s, "item", 4) for s in range(200, 900)}


def test_examples_are_turns_and_the_options_stand_in_their_order() -> None:
    example, asked = Choice("1 + 1?", ("2", "3"), 0), Choice("2 + 2?", ("4", "5"), 0)
    first, second, last = letter_messages(asked, (1, 0), [example])
    assert (first.role, second.role, second.content) == ("user", "assistant", "A")
    assert "A. 5\nB. 4" in last.content
    assert "字母" in letter_messages(asked, (0, 1), language="zh")[-1].content
