"""Soft verdicts: the label alone, and what its log-probabilities say."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from arena.formats import Unparsed, make_format
from arena.types import Parsed, TokenLogprobs


def token(text: str, **top: float) -> TokenLogprobs:
    pairs = tuple(sorted(((k, math.log(p)) for k, p in top.items()), key=lambda pair: -pair[1]))
    return TokenLogprobs(text, dict(pairs).get(text, -20.0), pairs)


@pytest.mark.parametrize("text", ["A", "A.", " A\n", "**A**", "<think>B?</think>\n\nA", "Ａ"])
def test_a_label_alone_is_a_verdict_without_probability(text: str) -> None:
    assert make_format("label_only", {}).parse(text, None) == Parsed("first")


@pytest.mark.parametrize(
    "text",
    ["", "a", "C", "A or B", "Answer A", "A is better", "neither", "А", "<think>A", "[[A]]", "B\n\nA", "</think>\nA"],
)
def test_other_words_are_refused(text: str) -> None:
    assert isinstance(make_format("label_only", {}).parse(text, None), Unparsed)


def test_probability_is_the_share_among_the_labels() -> None:
    found = make_format("label_only", {}).parse("B", None, [token("B", A=0.2, B=0.6, The=0.2)])
    assert isinstance(found, Parsed)
    assert found.label == "second"
    assert found.probability == pytest.approx(0.25)


def test_a_missing_label_is_bounded_by_the_least_likely_alternative() -> None:
    found = make_format("label_only", {}).parse("A", None, [token("A", A=0.98, The=0.02)])
    assert isinstance(found, Parsed)
    assert found.probability == pytest.approx(0.98)


def test_a_tie_counts_half() -> None:
    fmt = make_format("label_only", {"labels": ("A", "B", "C")})
    found = fmt.parse("C", None, [token("C", A=0.3, B=0.1, C=0.6)])
    assert isinstance(found, Parsed)
    assert (found.label, found.probability) == ("tie", pytest.approx(0.6))


def test_labels_are_compared_in_the_spelling_the_judge_used() -> None:
    logprobs = [token("\n", **{"\n": 0.9, "A": 0.1}), token(" A", **{" A": 0.6, " B": 0.2, "A": 0.1, "B": 0.1})]
    found = make_format("label_only", {}).parse("\n A", None, logprobs)
    assert isinstance(found, Parsed)
    assert found.probability == pytest.approx(0.75)


def test_a_label_drawn_from_outside_the_listed_alternatives_counts_with_its_own_probability() -> None:
    found = make_format("label_only", {}).parse("A", None, [TokenLogprobs("A", math.log(0.6), (("B", math.log(0.2)),))])
    assert isinstance(found, Parsed)
    assert found.probability == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("a", "b", "other", "probability"),
    [
        (-math.inf, -math.inf, -math.inf, None),
        (math.nan, math.nan, math.nan, None),
        (-9999.0, -9999.0, 0.0, None),  # as OpenAI writes it when its alternatives are not those of this token
        (-1.0, -math.inf, -1.0, 0.5),
    ],
)
def test_what_is_no_log_probability_is_no_verdict(a: float, b: float, other: float, probability: float | None) -> None:
    logprobs = [TokenLogprobs("A", a, (("A", a), ("B", b), ("The", other)))]
    assert make_format("label_only", {}).parse("A", None, logprobs) == Parsed("first", probability=probability)


def test_another_word_gives_way_to_a_distribution_that_is_mostly_labels() -> None:
    fmt = make_format("label_only", {})
    found = fmt.parse("Neither", None, [token("Neither", A=0.2, B=0.6, Neither=0.2)])
    assert isinstance(found, Parsed)
    assert (found.label, found.probability) == ("second", pytest.approx(0.25))
    assert isinstance(fmt.parse("Sorry", None, [token("Sorry", A=0.2, B=0.2, Sorry=0.6)]), Unparsed)


def test_written_logprobs_read_back() -> None:
    for labels in (("A", "B"), ("A", "B", "C")):
        fmt = make_format("label_only", {"labels": labels})
        for outcome in (Parsed("first", probability=0.9), Parsed("second", probability=0.02)):
            found = fmt.parse(fmt.write(outcome, None), None, fmt.write_logprobs(outcome))
            assert isinstance(found, Parsed)
            assert found.label == outcome.label
            assert found.probability == pytest.approx(outcome.probability)
        assert fmt.write_logprobs(Parsed("first")) == ()


def test_guided_decoding_is_offered_from_the_first_call_on() -> None:
    assert make_format("label_only", {}).choices("cafe") == ("A", "B")


@pytest.mark.shared
def test_published_preferences_of_alpaca_eval_come_out(shared_dir: Path) -> None:
    fmt = make_format("label_only", {"labels": ("m", "M")})
    checked = 0
    for path in sorted((shared_dir / "data/alpaca_eval/judgments").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if not row["top_logprobs"]:
                continue
            top = tuple((t["token"], t["logprob"]) for t in row["top_logprobs"])
            found = fmt.parse(row["text"], None, [TokenLogprobs(row["text"], top[0][1], top)])
            assert isinstance(found, Parsed)
            assert found.probability is not None
            p_second_model = 1 - found.probability if row["first"] == "model_1" else found.probability
            assert abs(1 + p_second_model - row["preference"]) < 1e-6
            checked += 1
    assert checked > 5600
