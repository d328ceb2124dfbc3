"""A verdict that the judge took back never counts, however the later line spells it."""

from __future__ import annotations

import pytest

from arena.formats import Unparsed, make_format

N = "3f9a1c07be52"
FIRST = {"label": "A", "levels": "A>>B", "score_pair": "8, 6", "ranking": "A, B", "rating": "9", "rubric": "quality=5"}
OTHER = {"label": "B", "levels": "B>A", "score_pair": "5, 7", "ranking": "B, A", "rating": "4", "rubric": "quality=2"}
TAKEN_BACK = [
    "Wait, I was wrong. Final: **{n} {x}**", "$\\boxed{{{n} {x}}}$", "\u300c{n} {x}\u300d", "{n} {x}", "Final: {n} {x}",
    "Final verdict: {n}: {x}", "[{n} {x}]", "({n} {x})", "<{n} {x}>", "`{n} {x}`", "[{n}] {x}", "{x} ({n})", "{x} {n}",
    "My code is {n} and my verdict is {x}", "The verdict with code {n}:\n{x}", "**{n}**\n**{x}**", "[[{n}\n{x}]]",
    "\u27e6{n} {x}\u27e7", "{N} {x}", "**{n}** {x}", "{n} neither of them", "Final: {n} undecided, after all",
    "{n}\u200b {x}",
    "[[{n} {f}]] was wrong, it is {n} {x}",
    "{n}\nActually {x}", "{n}\n**Verdict: {x}**", "Verdict {n}\n\\boxed{{{x}}}", "{n}:\n- {x}", "Code: {n}\n[[{x}]]",
    "Verdict: {x}\nCode: {n}", "| code | {n} |\n| verdict | {x} |", "~~[[{n} {f}]]~~ Verdict: {x}, code {n}",
    "[[{n} {f}]], no wait: code {n}, verdict {x}", "{x} ({n}), not [[{n} {f}]]",
    "\u226a{n} {x}\u226b", "| {n} | {x} |", "- {n} \u2192 {x}", "Final = {n} {x}.",
]  # fmt: skip
SMALL = ["Actually, {x} ({n})", "**Code:** {n} **Verdict:** {x}", "| {n} | {x} |", "<b>{n} {x}</b>", "{n}\n\n{x}"]
KEPT = [
    "[{n}]",
    "This is {n}, a code that I was given.",
    "I repeated the code {n} as asked.",
    "Both stood between [BEGIN ANSWER A {n}] and [END ANSWER B {n}].",
    "[BEGIN ANSWER A (turn 1 of 2) {n}]\n{x}\n[END ANSWER A (turn 1 of 2) {n}]",
    "I hope this helps.",
    "[[{x}]]",
]


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize("later", TAKEN_BACK)
def test_a_later_line_with_the_code_decides_in_whatever_brackets(name: str, later: str) -> None:
    text = f"[[{N} {FIRST[name]}]]\n\n" + later.format(n=N, N=N.upper(), x=OTHER[name], f=FIRST[name])
    assert isinstance(make_format(name, {}).parse(text, N), Unparsed)


@pytest.mark.parametrize("name", ["label", "levels", "ranking"])
@pytest.mark.parametrize("later", SMALL)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_later_label_in_small_letters_decides_too(name: str, later: str, swapped: bool) -> None:
    was, now = (OTHER[name], FIRST[name]) if swapped else (FIRST[name], OTHER[name])
    text = f"[[{N} {was}]]\n\n" + later.format(n=N, x=now.lower())
    assert isinstance(make_format(name, {}).parse(text, N), Unparsed)


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize("later", KEPT)
def test_a_line_that_says_no_more_takes_nothing_back(name: str, later: str) -> None:
    verdict = f"[[{N} {FIRST[name]}]]"
    found = make_format(name, {}).parse(f"{verdict}\n\n" + later.format(n=N, x=OTHER[name]), N)
    assert found == make_format(name, {}).parse(verdict, N)
    assert not isinstance(found, Unparsed)


@pytest.mark.parametrize(
    "text",
    ["[[A]], wait, no: [B]", "[[A]] \\boxed{B}", "\u300cB\u300d and not [[A]]",
     "[[A]], actually **B**", "[[A]]. Final: B", "[[A]] -> `B`.", "~~[[A]]~~ (b)"],
)  # fmt: skip
def test_without_a_code_the_last_line_holds_one_label_too(text: str) -> None:
    fmt = make_format("label", {})
    assert isinstance(fmt.parse(text, None), Unparsed)
    assert fmt.read_before(text, None)  # so that no upgrade asks for its repair by itself


@pytest.mark.parametrize(
    ("name", "text"),
    [("label", "[[A]] (A is right: B is wrong)"), ("label", "**Winner:** [[A]]."), ("label", "[[A]] (**A**)"),
     ("rating", "Rating: [[7]] (7/10)"), ("rating", "[[7]] out of 10"), ("levels", "[[A>B]]: A>B")],
)  # fmt: skip
def test_without_a_code_words_after_the_label_take_nothing_back(name: str, text: str) -> None:
    assert not isinstance(make_format(name, {}).parse(text, None), Unparsed)


@pytest.mark.parametrize(
    ("name", "text", "nonce", "whole"),
    [
        ("label", f"A is right.\n[[{N} A]]", N, True),
        ("label", f"**[[{N} A]]**", N, True),
        ("label", f"A is right.\n[[{N} A", N, False),
        ("label", f"[[{N} A]]\nOn second thou", N, False),
        ("label", "[[A]]", N, False),
        ("label", "[[A]]", None, True),
        ("label", "It is [[A]]", None, False),
        ("score_pair", "8 9", None, False),
        ("label_only", "A", None, True),
        ("label_only", "A is", None, False),
        ("json", f'{{"explanation": "x", "code": "{N}", "verdict": "A"}}', N, True),
        ("json", f'{{"explanation": "x", "code": "{N}", "verdict": "A"', N, False),
    ],
)
def test_a_reply_that_was_cut_off_is_whole_where_its_verdict_is(
    name: str, text: str, nonce: str | None, whole: bool
) -> None:
    assert make_format(name, {}).complete(text, nonce) is whole
