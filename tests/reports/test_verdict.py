"""One sentence for a board: the first code that fits, the models that the sentence names, the leader first."""

from __future__ import annotations

from typing import Any

import pytest

from arena.reports.board import report_of
from arena.reports.leaderboard import with_verdict
from arena.reports.verdict import Verdict, verdict_of


def row(model: str, rank: int | None, low: int | None = None, **fields: Any) -> dict[str, Any]:
    known = {"model": model, "component": 0, "rank": rank, "rank_low": rank if low is None else low, "rank_high": 9}
    return known | {"wins": 5, "losses": 5, "ties": 0, "n_questions": 40} | fields


def said(*models: dict[str, Any], **fields: Any) -> Verdict:
    return verdict_of(report_of({"models": list(models), "n_battles": 80, "n_questions": 40} | fields))


CLEAR = (row("a", 1), row("b", 2), row("c", 3))
CODES: dict[str, tuple[tuple[dict[str, Any], ...], dict[str, Any], str, tuple[str, ...]]] = {
    "one model": ((row("a", 1),), {}, "none", ()),
    "nobody ranked": ((row("a", None), row("b", None)), {}, "none", ()),
    "no battle": (CLEAR, {"n_battles": 0}, "none", ()),
    "two sets": ((row("a", 1), row("b", 1, component=1)), {}, "components", ()),
    "attack": ((row("a", 1, flags=["suspicious: label (2)"]), row("b", 2)), {}, "suspicious", ("a",)),
    "too few for an attack": ((row("a", 1, flags=["suspicious: label (1)"]), row("b", 2)), {}, "clear", ("a",)),
    "attack further down": ((row("a", 1), row("b", 2, flags=["suspicious: label (40)"])), {}, "clear", ("a",)),
    "attack by many signs": (
        (row("a", 1, flags=["suspicious: label (1)", "suspicious: fence (1)"],
             answers={"n": 40, "questions": 40, "suspicious": 2, "repeated": 1}), row("b", 2)),
        {}, "suspicious", ("a",)),
    "samples count as answers": (
        (row("a", 1, flags=["suspicious: label (2)"], answers={"n": 41, "questions": 20}), row("b", 2)),
        {}, "clear", ("a",)),
    "cut off": ((row("a", 1, flags=["truncated (40)"]), row("b", 2)), {}, "clear", ("a",)),
    "a refusal now and then": ((row("a", 1, flags=["repeated answer (8)"]), row("b", 2)), {}, "clear", ("a",)),
    "one text for half": ((row("a", 1, flags=["repeated answer (20)"]), row("b", 2)), {}, "repeats", ("a",)),
    "one short text for half": (
        (row("a", 1, answers={"n": 40, "questions": 40, "repeated": 20}), row("b", 2)), {}, "repeats", ("a",)),
    "attack before repeats": (
        (row("a", 1, flags=["repeated answer (40)", "suspicious: fence (40)"]), row("b", 2)), {}, "suspicious", ("a",)),
    "attack at a shared place": (
        (row("a", 1), row("b", 1, flags=["suspicious: fence (40)"])), {}, "suspicious", ("b",)),
    "all ties": (
        tuple(row(name, 1, wins=0, losses=0, ties=80) for name in "abc"), {"n_questions": 5}, "all_tied", ()),
    "few": ((row("a", 1), row("b", 2, 1)), {"n_questions": 19}, "few", ("a",)),
    "few but clear": ((row("a", 1), row("b", 2)), {"n_questions": 5}, "clear", ("a",)),
    "few before even": ((row("a", 1), row("b", 1)), {"n_questions": 5}, "few", ("a",)),
    "few rows without questions": ((row("a", 1), row("b", 2, 1)), {"n_questions": 0, "n_battles": 3}, "few", ("a",)),
    "rows without questions": ((row("a", 1), row("b", 2, 1)), {"n_questions": 0}, "tied", ("a", "b")),
    "even": ((row("a", 1), row("b", 1)), {}, "even", ("a", "b")),
    "tied": ((row("b", 2, 1), row("a", 1), row("c", 3)), {}, "tied", ("a", "b")),
    "three tied": ((row("a", 1), row("b", 2, 1), row("c", 3, 1)), {}, "tied", ("a", "b", "c")),
    "level and tied": ((row("a", 1), row("b", 1), row("c", 3, 1)), {}, "tied", ("a", "b", "c")),
    "many tied": (tuple(row(name, n, 1) for n, name in enumerate("abcde", 1)), {}, "tied", ("a",)),
    "clear": (CLEAR, {}, "clear", ("a",)),
    "no intervals": (
        tuple(one | {"rank_low": None, "rank_high": None} for one in CLEAR), {"interval": "none"}, "clear", ("a",)),
}  # fmt: skip


@pytest.mark.parametrize("case", CODES)
def test_the_first_code_that_fits(case: str) -> None:
    models, fields, code, named = CODES[case]
    verdict = said(*models, **fields)
    assert (verdict.code, verdict.models) == (code, named)
    told = [verdict.told(language) for language in ("en", "zh")]  # type: ignore[arg-type]
    assert all(name in sentence for name in named for sentence in told)
    assert not any(mark in sentence for mark in "{}" for sentence in told)


def test_the_sentences() -> None:
    assert said(*CLEAR).text == "a leads, and the data settles it."
    tied = said(row("a", 1), row("b", 2, 1), row("c", 3, 1), row("d", 4, 1))
    assert tied.text == "a leads, but b, c and d are statistically tied with it: decide on cost and speed."
    many = said(*CODES["many tied"][0]).text
    assert many.startswith("a leads, but 4 other models are statistically tied with it")
    repeats = said(*CODES["one text for half"][0]).text
    for flags in (["repeated answer (20)"], ["suspicious: override (9)"]):
        shared = said(row("a", 1, flags=flags), row("b", 1)).text
        assert "a" in shared and "ahead" not in shared and shared.startswith("Nobody leads alone")
    assert "one and the same answer to 20 of 40 questions; read them first" in repeats
    attack = said(*CODES["attack by many signs"][0]).text
    assert "2 of its 40 answers look made to sway the judge" in attack
    rows = {"n_questions": None, "n_battles": 3}
    assert said(row("a", 1), row("b", 2, 1), **rows).text == "a is ahead, but 3 battles cannot settle the order."
    assert "too few battles" in said(row("a", 1), row("b", 1), **rows).text
    assert "one battle cannot" in said(row("a", 1), row("b", 2, 1), n_questions=0, n_battles=1).text
    assert "{b} shares" not in said(row("{b}", 1), row("b", 1)).text


@pytest.mark.parametrize(
    ("ties", "helps"),
    [
        (None, "this board needs more questions"),
        (0.4, "this board needs more questions"),
        (1.6, "more judge calls should tell about 2 of them apart, the others need more questions"),
        (3.8, "more judge calls should tell them apart."),
        (float("inf"), "this board needs more questions"),
        ("many", "this board needs more questions"),
    ],
)
def test_a_board_that_drew_its_battles_says_whether_calls_or_questions_would_help(ties: object, helps: str) -> None:
    about = {"calls": 9, "calls_full": 90, "pairs_drawn": 3, "pairs_separated": 1, "ties_for_calls": ties}
    for models in (CODES["many tied"][0], tuple(row(name, 1) for name in "abcde")):
        verdict = said(*models, options={"schedule": "adaptive"}, schedule=about)
        assert verdict.code == "tied"
        assert helps in verdict.text
        assert "{" not in verdict.told("zh")


def test_a_name_stays_on_one_line_of_sane_length_and_in_the_models_as_it_is() -> None:
    long = "a\n" + "b" * 500
    verdict = said(row(long, 1), row("c", 2))
    assert verdict.models == (long,)
    assert "\n" not in verdict.text and len(verdict.text) < 120


@pytest.mark.parametrize(
    "flag", ["suspicious: x", "suspicious: (1)", f"repeated answer ({'9' * 5000})", "repeated", ""]
)
def test_a_flag_that_nobody_wrote_accuses_nobody(flag: str) -> None:
    assert said(row("a", 1, flags=[flag]), row("b", 2)).code == "clear"


def test_the_file_says_what_the_function_says() -> None:
    report = with_verdict({"models": list(CLEAR), "n_battles": 80, "n_questions": 40})
    assert report.stored["verdict"] == {
        "code": "clear", "text": "a leads, and the data settles it.", "models": ["a"],
    }  # fmt: skip
