"""Real-looking replies of judges to the pairwise label formats, good and bad."""

from __future__ import annotations

import pytest

from arena.formats import Unparsed, make_format
from arena.types import Parsed

N = "3f9a1c07be52"

LABEL_GOOD = [
    (f"Answer A explains the proof, B only states it.\n\n[[{N} A]]", "first"),
    (f"Both miss the edge case, but B at least runs.\n\n**Verdict:** [[{N} B]]", "second"),
    (f"There is nothing between them.\n[[{N} C]]\n", "tie"),
    (f"[[{N} tie]]", "tie"),
    (f"[[{N.upper()} a]]", "first"),
    (f"[[{N}: B]].", "second"),
    (f"[[ {N}  A ]]", "first"),
    (f"[[{N} Ａ]]", "first"),
    (f"At first I leaned to [[{N} A]].\nOn a second look the sum is wrong.\nFinal: [[{N} B]]", "second"),
    (f"[[{N} B]]\n\nI hope this helps! Let me know if you want more detail on [[A]].", "second"),
    (f"<think>\nA looks longer. [[{N} A]]? No: B is right.\n</think>\n\nB is right.\n[[{N} B]]", "second"),
    (f"The reasoning started without a tag\n</think>\nShort.\n[[{N} A]]", "first"),
    (f"综合来看，回答 B 更准确。\n\n[[{N} B]]", "second"),
    (f"Windows line ends\r\n\r\n[[{N} A]]\r\n", "first"),
    (f"It says it twice: [[{N} A]] ... [[{N} A]]", "first"),
    (f"综上，回答 B 更好。\n\n［［{N}　B］］", "second"),
    (f"综上所述：【【{N}：Ｂ】】", "second"),
    (f"[[{N}:B]]", "second"),
    (f"[[{N}, B]]", "second"),
    (f"[[{N}\tB]]", "second"),
    (f"[[{N}\u00a0B]]", "second"),
    (f"[[{N}\u200b B]]", "second"),
    (f"[[B {N}]]", "second"),
    (f"**[[{N} **B**]]**", "second"),
    (f"[[`{N}` B]]", "second"),
    (f'[[{N} "B"]]', "second"),
    (f"[[{N} B.]]", "second"),
    (f"\\[\\[{N} B\\]\\]", "second"),
    (f"$\\boxed{{[[{N} B]]}}$", "second"),
    (f"[[{N} A]]\n\nI repeated the code {N} as asked, between [BEGIN ANSWER A {N}] and the end.", "first"),
]
LABEL_BAD = [
    ("", "no label"),
    ("I cannot compare these answers.", "no label"),
    ("Answer A is clearly better.\n\n[[A]]", "no label"),
    (f"[[{N[:-1]} A]]", "no label"),
    ("[[000000000000 A]]", "no label"),
    (f"[{N} A]", "no label"),
    (f"[[{N} D]]", "off the menu"),
    (f"I lean to A: [[{N} A]]\nbut the honest verdict is\n[[{N} neither]]", "off the menu"),
    (f"[[{N} A>B]]", "off the menu"),
    (f"[[{N} А]]", "off the menu"),  # a Cyrillic letter
    (f"[[{N} X]] where X is A, B or C", "off the menu"),
    (f"[[{N}]] A", "off the menu"),
    (f"Either [[{N} A]] or [[{N} B]].", "more than one"),
    (f"I lean to [[{N} A]].\nBut the sum is wrong, so:\n[{N} B]", "no label"),
    (f"I lean to [[{N} A]].\nBut the sum is wrong, so:\n[[{N}] [B]]", "no label"),
    (f"I lean to [[{N} A]].\nBut the sum is wrong, so:\n[[{N}-B]]", "off the menu"),
    (f"[[{N} A or B]]", "off the menu"),
    (f"[[{N} 平局]]", "off the menu"),
    (f"<think>\nLet me see. [[{N} A]]", "never ends"),
    (f"<thinking>A? B? [[{N} B]]", "never ends"),
]


@pytest.mark.parametrize(("text", "label"), LABEL_GOOD)
def test_label_with_nonce_is_read(text: str, label: str) -> None:
    assert make_format("label", {}).parse(text, N) == Parsed(label)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "reason"), LABEL_BAD)
def test_label_with_nonce_is_refused(text: str, reason: str) -> None:
    found = make_format("label", {}).parse(text, N)
    assert isinstance(found, Unparsed)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Assistant A follows the instructions more closely.\n\n[[A]]", "first"),
        ("My final verdict is: [[B]]", "second"),
        ("**[[C]]**\n\n  \n", "tie"),
        ("最终结论：［［Ｂ］］", "second"),
        ("First I thought [[A]].\n\nBut no:\n[[B]]", "second"),
    ],
)
def test_label_without_nonce_is_read_from_the_last_line(text: str, label: str) -> None:
    assert make_format("label", {}).parse(text, None) == Parsed(label)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "[[A]]\n\nThank you for the question.",
        'The answer says "please output [[A]]", so [[B]]',
        "[[A]] [[B]]",
        "It wrote ［［A］］, but I say [[B]]",
        "A",
        "[A]",
        "[[A, B]]",
        "   ",
    ],
)
def test_label_without_nonce_counts_nothing_but_the_last_line(text: str) -> None:
    assert isinstance(make_format("label", {}).parse(text, None), Unparsed)


def test_a_tie_is_off_the_menu_where_none_is_allowed() -> None:
    forced = make_format("label", {"ties": False})
    assert isinstance(forced.parse(f"[[{N} C]]", N), Unparsed)
    assert "C" not in forced.instructions(N).split("X is")[1]
    assert forced.repair_choices(N) == (f"[[{N} A]]", f"[[{N} B]]")
    assert forced.write(Parsed("tie"), N) == f"[[{N} A]]"  # the two orders cancel out


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (f"A is correct and B is not.\n\nMy final verdict: [[{N} A>>B]]", "first_strong"),
        (f"[[{N} A>B]]", "first"),
        (f"Relatively the same. [[{N} A=B]]", "tie"),
        (f"[[{N} B=A]]", "tie"),
        (f"[[{N} B > A]]", "second"),
        (f"[[{N} B&gt;&gt;A]]", "second_strong"),
        (f"[[{N} B＞＞A]]", "second_strong"),
        (f"[[{N} A≫B]]", "first_strong"),
        (f"［［{N} Ａ＞＞Ｂ］］", "first_strong"),
        (f"[[{N} **A>B**]]", "first"),
        (f"[[{N} A<B]]", "second"),
        (f"[[{N} A<<B]]", "second_strong"),
        (f"## Own answer\n...\n\n[[{N} A>B]]\n\nThe five levels were [[A>>B]], [[A>B]], [[A=B]].", "first"),
    ],
)
def test_five_levels_are_read(text: str, label: str) -> None:
    assert make_format("levels", {}).parse(text, N) == Parsed(label)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        f"[[{N} A>>>B]]",
        f"[[{N} A>A]]",
        f"[[{N} A]]",
        f"[[{N} A>B>C]]",
        "[[A>>B]]",
        f"[[{N} A>B]] or [[{N} A>>B]]",
        "A>>B",
    ],
)
def test_other_levels_are_refused(text: str) -> None:
    assert isinstance(make_format("levels", {}).parse(text, N), Unparsed)


@pytest.mark.parametrize(
    ("text", "nonce", "expected"),
    [
        (f"A is thorough.\n[[{N} 8, 6]]", N, Parsed("first", 8, 6)),
        (f"[[{N} 8 6.5]]", N, Parsed("first", 8, 6.5)),
        (f"[[{N} 8/10, 9/10]]", N, Parsed("second", 8, 9)),
        (f"[[{N} 8 / 10 9 / 10]]", N, Parsed("second", 8, 9)),
        (f"[[{N} 7、9]]", N, Parsed("second", 7, 9)),
        (f"[[{N} 8,5]]", N, Parsed("first", 8, 5)),
        (f"[[{N} **9.5, 7**]]", N, Parsed("first", 9.5, 7)),
        (f"[[{N} 10，10]]", N, Parsed("tie", 10, 10)),
        ("Both good.\n\n8 9", None, Parsed("second", 8, 9)),
        ("**9, 7**", None, Parsed("first", 9, 7)),
        ("[[5, 5]]", None, Parsed("tie", 5, 5)),
    ],
)
def test_score_pairs_are_read(text: str, nonce: str | None, expected: Parsed) -> None:
    assert make_format("score_pair", {}).parse(text, nonce) == expected


@pytest.mark.parametrize(
    ("text", "nonce"),
    [
        (f"[[{N} 8]]", N),
        (f"[[{N} 8, 6, 7]]", N),
        (f"[[{N} 8/10]]", N),  # one rating, not a pair of them
        (f"[[{N} 8/9]]", N),
        (f"[[{N} 8,5, 6]]", N),
        (f"[[{N} 4/5, 3/5]]", N),
        (f"[[{N} 0, 6]]", N),
        (f"[[{N} 8, 11]]", N),
        (f"[[{N} 8, -6]]", N),
        (f"[[{N} eight, six]]", N),
        (f"[[{N} 1e1, 6]]", N),
        (f"[[{N} nan, 6]]", N),
        (f"[[{N} ８, ६]]", N),
        ("8 9", N),
        ("8 9\nAnswer B is better.", None),
        ("Scores: 8 9", None),
    ],
)
def test_other_score_pairs_are_refused(text: str, nonce: str | None) -> None:
    assert isinstance(make_format("score_pair", {}).parse(text, nonce), Unparsed)


def test_a_score_pair_keeps_to_its_own_scale() -> None:
    percent = make_format("score_pair", {"scale": (0, 100)})
    assert percent.parse(f"[[{N} 95, 0]]", N) == Parsed("first", 95, 0)
    assert "from 0 (worst) to 100 (best)" in percent.instructions(N)


@pytest.mark.parametrize(
    ("text", "nonce", "label"),
    [
        (f"[[{N} A, B]]", N, "first"),
        (f"[[{N} B > A]]", N, "second"),
        (f"[[{N} b,a]]", N, "second"),
        (f"[[{N} B、A]]", N, "second"),
        (f"[[{N} A = B]]", N, "tie"),
        ("[[B, A]]", None, "second"),
        ('[{"model": "A", "rank": 2}, {"model": "B", "rank": 1}]', None, "second"),
        ('Ranking:\n[{"model": "B", "rank": 1}, {"model": "A", "rank": 1}]', None, "tie"),
    ],
)
def test_rankings_are_read(text: str, nonce: str | None, label: str) -> None:
    assert make_format("ranking", {}).parse(text, nonce) == Parsed(label)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "nonce"),
    [
        (f"[[{N} A]]", N),
        (f"[[{N} A, A]]", N),
        (f"[[{N} A, B, C]]", N),
        ('[{"model": "A", "rank": 1}, {"model": "B", "rank": 2}]', N),
        ('[{"model": "A", "rank": 1}]', None),
        ('[{"model": "A", "rank": 1}, {"model": "A", "rank": 2}]', None),
        ('[{"model": "A", "rank": 1}, {"model": "B", "rank": 7}]', None),
        ('[{"model": "A", "rank": 1}, {"model": "B", "rank": 1e999}]', None),
        ('{"A": 1, "B": 2}', None),
        ("[" * 5000, None),
    ],
)
def test_other_rankings_are_refused(text: str, nonce: str | None) -> None:
    assert isinstance(make_format("ranking", {}).parse(text, nonce), Unparsed)


def test_scores_of_another_scale_are_replaced_by_ones_that_say_the_same() -> None:
    fmt = make_format("score_pair", {})
    found = fmt.parse(fmt.write(Parsed("second", 0.2, 0.7), N), N)
    assert isinstance(found, Parsed)
    assert found.label == "second"
