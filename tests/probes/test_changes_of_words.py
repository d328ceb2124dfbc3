"""Changes of questions are seeded, small, and leave code, formulas and options' labels alone."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from random import Random

import pytest

from arena.config.probes import ProbesConfig
from arena.probes import PROBES
from arena.probes.case import case
from arena.probes.full_width import full_width
from arena.probes.probe import Material
from arena.probes.punctuation import punctuation
from arena.probes.sameness import by_rule, expects
from arena.probes.spaces import spaces
from arena.probes.typo import typo
from arena.probes.words import outside_code
from arena.types import Answer, Question

TEXT = """Which of these, roughly, computes the mean of 3.5 and 1,000? See https://example.org/Mean for help.
A. the first option
(B) the second option
```python
def mean(x, y): return (x + y) / 2
```
Use `mean(x, y)` or $\\frac{x+y}{2}$, please."""
KEPT = ("https://example.org/Mean", "\nA. ", "\n(B) ", "def mean(x, y): return (x + y) / 2", "`mean(x, y)`",
        "$\\frac{x+y}{2}$")  # fmt: skip
CHANGES = (typo, case, spaces, punctuation, full_width)


@pytest.mark.parametrize("change", CHANGES)
def test_code_formulas_addresses_and_labels_stay(change: object) -> None:
    for seed in range(20):
        changed = change(TEXT, Random(seed))  # type: ignore[operator]
        assert changed != TEXT and all(part in changed for part in KEPT)


def test_numbers_stay_as_they_are() -> None:
    for seed in range(20):
        for change in (typo, case, spaces, punctuation):
            assert "3.5" in (changed := change(TEXT, Random(seed))) and "1,000" in changed
        assert unicodedata.normalize("NFKC", full_width(TEXT, Random(seed))) == unicodedata.normalize("NFKC", TEXT)


def test_chinese_is_changed_where_it_can_be() -> None:
    text = "请问，在北京的夏天，人们常做什么运动？请给出三个例子。"
    assert case(text, Random(1)) == text
    assert typo(text, Random(1)) != text and len(typo(text, Random(1))) == len(text)
    assert spaces(text, Random(1)).replace(" ", "").strip() == text
    assert punctuation(text, Random(1)) != text


def test_what_one_question_becomes_depends_on_nothing_but_the_seed_and_itself() -> None:
    questions = [Question(str(i), (f"Please describe the colour of number {i}, thoroughly.",)) for i in range(6)]

    def turns(seed: int, chosen: list[Question], name: str) -> dict[str, tuple[str, ...]]:
        made = PROBES[name].variants(Material(chosen, ProbesConfig(), seed))
        return {variant.question.question_id: variant.question.turns for variant in made}

    for name, probe in PROBES.items():
        if probe.disturbs and name not in ("paraphrase_file", "option_order"):
            every = turns(0, questions, name)
            assert every == turns(0, questions[::-1], name)
            assert turns(0, questions[3:4], name).items() <= every.items()
    assert turns(0, questions, "typo") != turns(1, questions, "typo")


def answer(text: str) -> Answer:
    return Answer("1", "m", 0, (text,), "ok" if text else "empty", text)


def test_what_a_rule_can_tell() -> None:
    free = Question("1", ("Why?",))
    letters = Question("1", ("Which?\nA. red\nB. blue",))
    number = Question("1", ("How many?",), reference=("12",))
    assert (expects(free), expects(letters), expects(number)) == (None, "letter", "number")
    assert expects(Question("1", ("x", "y"), reference=("12",))) is None  # the first turn's is not the last one's
    assert by_rule(free, answer("a"), answer("b")) is None
    assert by_rule(free, answer(" a "), answer("a")) == (1.0, "text")
    assert by_rule(free, answer("a"), answer("")) == (0.0, "empty")
    assert by_rule(letters, answer("I take B."), answer("The answer is (B)")) == (1.0, "letter")
    assert by_rule(letters, answer("I take B."), answer("The answer is (A)")) == (0.0, "letter")
    assert by_rule(letters, answer("I take B."), answer("none of them")) == (0.0, "letter")
    assert by_rule(letters, answer("none of them"), answer("I take B.")) is None
    assert by_rule(number, answer("1,200"), answer("it is 1200")) == (1.0, "number")


def test_only_what_stands_outside_code_is_given_to_a_change(tmp_path: Path) -> None:
    assert outside_code("a `b` c", str.upper) == "A `b` C"
    assert outside_code("It costs $5 and $6.", str.upper) == "IT COSTS $5 AND $6."
    assert outside_code("```\nopen", str.upper) == "```\nopen"
