"""Replies in the single-answer formats, and how a rubric becomes a score."""

from __future__ import annotations

import pytest

from arena.formats import Criterion, Unparsed, make_format
from arena.types import ParsedScore

N = "3f9a1c07be52"
THREE = (
    Criterion(name="accuracy", weight=2),
    Criterion(name="clarity"),
    Criterion(name="harm", scale=(0, 1), reverse=True, weight=1),
)


@pytest.mark.parametrize(
    ("text", "nonce", "score"),
    [
        (f"Clear, correct and short.\n\nRating: [[{N} 9]]", N, 9.0),
        (f"[[{N} 7.5]]", N, 7.5),
        (f"[[{N} 7/10]]", N, 7.0),
        (f"[[{N} 7.5 / 10]]", N, 7.5),
        (f"Rating: [[8/10]] would be generous.\n\nRating: [[{N} 7/10]]", N, 7.0),
        (f"[[{N} **10**.]]", N, 10.0),
        (f"评分：［［{N} ８］］", N, 8.0),
        ("Rating: [[8/10]]", None, 8.0),
        (f"[[{N} 1]]", N, 1.0),
        (f"I would say [[{N} 6]]\n...\nno, [[{N} 4]]", N, 4.0),
        ("The response is unhelpful. Rating: [[2]]", None, 2.0),
        ("评分：[[8]]", None, 8.0),
    ],
)
def test_ratings_are_read(text: str, nonce: str | None, score: float) -> None:
    assert make_format("rating", {}).parse(text, nonce) == ParsedScore(score)


@pytest.mark.parametrize(
    ("text", "nonce"),
    [
        ("Rating: 9", None),
        ("Rating: [[9]]\nThat is my opinion.", None),
        ("[[9]]", N),
        (f"[[{N} 0]]", N),
        (f"[[{N} 11]]", N),
        (f"[[{N} 7/5]]", N),
        (f"[[{N} 8-9]]", N),
        (f"[[{N} 7,5]]", N),  # seven and a half, or seven and five
        (f"[[{N} -8]]", N),
        (f"[[{N} 80%]]", N),
        (f"[[{N} 1e1]]", N),
        (f"[[{N} 9]]\nRating: [{N} 4]", N),
        (f"[[{N} nine]]", N),
        (f"[[{N} N/A]]", N),
        (f"[[{N} inf]]", N),
        (f"[[{N} 1_0]]", N),
        (f"[[{N} 8]] [[{N} 9]]", N),
        (f"<think>rating [[{N} 8]]", N),
    ],
)
def test_other_ratings_are_refused(text: str, nonce: str | None) -> None:
    assert isinstance(make_format("rating", {}).parse(text, nonce), Unparsed)


def test_the_scale_is_told_read_and_listed_for_guided_decoding() -> None:
    stars = make_format("rating", {"scale": (0, 5)})
    assert "from 0 (worst) to 5 (best)" in stars.instructions(N)
    assert stars.parse(f"[[{N} 0]]", N) == ParsedScore(0.0)
    assert isinstance(stars.parse(f"[[{N} 6]]", N), Unparsed)
    assert len(stars.repair_choices(N)) == 6
    assert stars.choices(N) == ()
    assert stars.bounds == (0, 5)


def test_a_rubric_is_the_weighted_mean_on_the_common_scale() -> None:
    rubric = make_format("rubric", {"scale": (1, 5), "criteria": THREE})
    found = rubric.parse(f"Mostly right.\n[[{N} accuracy=5 clarity=3 harm=0]]", N)
    assert found == ParsedScore(1 + 4 * (2 * 1.0 + 0.5 + 1.0) / 4, {"accuracy": 5, "clarity": 3, "harm": 0})
    worst = rubric.parse(f"[[{N} **Harm: 1, Clarity: 1; Accuracy: 1**]]", N)
    assert isinstance(worst, ParsedScore)
    assert worst.score == 1.0


@pytest.mark.parametrize(
    "payload",
    [
        "accuracy=5 clarity=3",
        "accuracy=5 clarity=3 harm=0 style=4",
        "accuracy=6 clarity=3 harm=0",
        "accuracy=4.5 clarity=3 harm=0",
        "accuracy=5 clarity=3 harm=yes",
        "accuracy=5 accuracy=4 clarity=3 harm=0",
        "5 3 0",
        "accuracy 5, clarity 3, harm 0",
    ],
)
def test_a_rubric_with_a_gap_or_a_stranger_is_refused(payload: str) -> None:
    rubric = make_format("rubric", {"criteria": THREE})
    assert isinstance(rubric.parse(f"[[{N} {payload}]]", N), Unparsed)


def test_a_weightless_criterion_is_reported_and_does_not_count() -> None:
    criteria = (Criterion(name="handling"), Criterion(name="refusal", weight=0, scale=(0, 1)))
    rubric = make_format("rubric", {"criteria": criteria})
    scores = [rubric.parse(f"[[{N} handling=4 refusal={r}]]", N) for r in (0, 1)]
    assert [s.score for s in scores if isinstance(s, ParsedScore)] == [4.0, 4.0]
    assert [s.criteria["refusal"] for s in scores if isinstance(s, ParsedScore)] == [0.0, 1.0]


def test_a_bare_score_is_written_as_criteria_near_to_it() -> None:
    rubric = make_format("rubric", {"scale": (1, 5), "criteria": THREE})
    assert rubric.write(ParsedScore(5.0), N) == f"[[{N} accuracy=5 clarity=5 harm=0]]"
    assert rubric.write(ParsedScore(1.0), N) == f"[[{N} accuracy=1 clarity=1 harm=1]]"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("rating", {"scale": (5, 5)}, "scale"),
        ("rating", {"scale": (10, 1)}, "scale"),
        ("score_pair", {"scale": (0, 1000)}, "100 steps"),
        ("rubric", {"criteria": ()}, "weight above 0"),
        ("rubric", {"criteria": (Criterion(name="a"), Criterion(name="a"))}, "same name"),
        ("json_score", {"criteria": (Criterion(name="a", weight=0),)}, "weight above 0"),
        ("json_score", {"criteria": (Criterion(name="code"),)}, "cannot be called code"),
        ("label_only", {"labels": ("A", "A")}, "different words"),
        ("label_only", {"labels": ("A",)}, "different words"),
    ],
)
def test_options_that_make_no_sense_are_refused(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_format(name, options)


@pytest.mark.parametrize("fields", [{"name": "explanation"}, {"name": "Über"}, {"name": "a", "weight": -1}])
def test_criteria_that_make_no_sense_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"criterion|pattern|greater"):
        Criterion.model_validate(fields)
