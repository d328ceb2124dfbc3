"""What a format writes, it reads back; and nothing it is given makes it raise or guess."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from arena.formats import FORMATS, Criterion, Format, Unparsed, format_of, make_format, options_of, spec_of
from arena.types import Label, Parsed, ParsedScore, TokenLogprobs

NONCES = st.one_of(st.none(), st.text("0123456789abcdef", min_size=12, max_size=12))
LABELS: tuple[Label, ...] = ("first_strong", "first", "tie", "second", "second_strong")
WEAK = {"first_strong": "first", "second_strong": "second"}
EXPLANATIONS = st.text(st.characters(exclude_characters='[]{}<>"', exclude_categories=["Cs", "Cc"]), max_size=200)
CRITERIA = (
    Criterion(name="accuracy", weight=3, about="Is it true?"),
    Criterion(name="refusal", weight=0, scale=(0, 1), reverse=True),
    Criterion(name="style_2", weight=0.5, scale=(-3, 3)),
)
VARIANTS: tuple[Format, ...] = (
    *(make_format(name, {}) for name in FORMATS),
    make_format("label", {"ties": False}),
    make_format("json", {"ties": False}),
    make_format("label_only", {"labels": ("m", "M")}),
    make_format("label_only", {"labels": ("A", "B", "C")}),
    make_format("score_pair", {"scale": (0, 100)}),
    make_format("rating", {"scale": (-5, 5)}),
    make_format("rubric", {"scale": (1, 7), "criteria": CRITERIA}),
    make_format("json_score", {"scale": (0, 4), "criteria": CRITERIA}),
)
PAIRWISE = [fmt for fmt in VARIANTS if fmt.kind == "pairwise"]
CODED = [fmt for fmt in VARIANTS if fmt.needs_nonce]
SINGLE = [fmt for fmt in VARIANTS if fmt.kind == "single"]


def expected_label(fmt: Format, label: Label) -> str:
    if fmt.name in {"levels"}:
        return label
    weak = WEAK.get(label, label)
    can_tie = getattr(fmt, "ties", True) and len(getattr(fmt, "labels", ("A", "B", "C"))) == 3
    return "first" if weak == "tie" and not can_tie else weak


@given(NONCES, EXPLANATIONS)
def test_every_label_written_is_read_back(nonce: str | None, explanation: str) -> None:
    for fmt in PAIRWISE:
        for label in LABELS:
            found = fmt.parse(fmt.write(Parsed(label), nonce, explanation), nonce)
            assert isinstance(found, Parsed)
            assert found.label == expected_label(fmt, label)


@given(st.integers(10, 100), st.integers(10, 100), NONCES)
def test_pairs_of_scores_are_read_back_exactly(first: int, second: int, nonce: str | None) -> None:
    fmt = make_format("score_pair", {})
    outcome = Parsed("first" if first > second else "second" if second > first else "tie", first / 10, second / 10)
    assert fmt.parse(fmt.write(outcome, nonce), nonce) == outcome


@given(st.floats(-5, 5), NONCES, EXPLANATIONS)
def test_ratings_are_read_back_exactly(score: float, nonce: str | None, explanation: str) -> None:
    assume(score == 0 or abs(score) > 1e-12)
    fmt = make_format("rating", {"scale": (-5, 5)})
    assert fmt.parse(fmt.write(ParsedScore(score), nonce, explanation), nonce) == ParsedScore(score)


@given(st.sampled_from(SINGLE), st.data(), NONCES, EXPLANATIONS)
def test_scores_with_criteria_are_read_back(fmt: Format, data: st.DataObject, nonce: str | None, why: str) -> None:
    assert fmt.bounds is not None
    low, high = (int(bound) for bound in fmt.bounds)
    bare = ParsedScore(data.draw(st.integers(low, high)))
    once = fmt.parse(fmt.write(bare, nonce, why), nonce)
    assert isinstance(once, ParsedScore)
    assert low <= once.score <= high
    assert fmt.parse(fmt.write(once, nonce, why), nonce) == once


@given(st.sampled_from(VARIANTS), st.text(max_size=300), NONCES)
def test_no_text_makes_a_parser_raise(fmt: Format, text: str, nonce: str | None) -> None:
    found = fmt.parse(text, nonce, [TokenLogprobs(text[:3], -1.0, ((text[:3], -1.0),))])
    assert isinstance(found, Parsed | ParsedScore | Unparsed)
    explanation = fmt.explanation(text, nonce)
    assert explanation is None or (explanation == explanation.strip() != "")


@given(st.sampled_from(CODED), st.text('[]{}AB=>C,:"0123456789 \nverdict', max_size=400))
def test_without_the_nonce_nothing_is_a_verdict(fmt: Format, text: str) -> None:
    assert isinstance(fmt.parse(text, "feedfacecafe"), Unparsed)


@given(st.sampled_from(CODED), NONCES, EXPLANATIONS)
def test_the_explanation_comes_back_without_label_and_nonce(fmt: Format, nonce: str | None, why: str) -> None:
    outcome = Parsed("first") if fmt.kind == "pairwise" else ParsedScore(3.0)
    said = " ".join(why.split())
    assume(nonce is None or nonce not in said)
    assert fmt.explanation(fmt.write(outcome, nonce, said), nonce) == (said or None)


@pytest.mark.parametrize("fmt", CODED, ids=spec_of)
def test_a_nonce_in_capitals_is_read_and_hidden_all_the_same(fmt: Format) -> None:
    outcome = Parsed("first") if fmt.kind == "pairwise" else ParsedScore(3.0)
    reply = fmt.write(outcome, "feedfacecafe", "The code is feedfacecafe.").replace("feedfacecafe", "FEEDFACECAFE")
    assert fmt.parse(reply, "feedfacecafe") == fmt.parse(fmt.write(outcome, "feedfacecafe"), "feedfacecafe")
    assert fmt.explanation(reply, "feedfacecafe") == "The code is NONCE."


@pytest.mark.parametrize("fmt", VARIANTS, ids=spec_of)
def test_a_spec_gives_the_same_reader_and_writer(fmt: Format) -> None:
    again = format_of(spec_of(fmt))
    outcome = Parsed("second") if fmt.kind == "pairwise" else ParsedScore(2.0)
    reply = fmt.write(outcome, "feedfacecafe", "why")
    assert again.write(outcome, "feedfacecafe", "why") == reply
    assert again.parse(reply, "feedfacecafe") == fmt.parse(reply, "feedfacecafe")
    assert again.schema() == fmt.schema()


def test_defaults_need_no_options_in_the_spec() -> None:
    assert [spec_of(make_format(name, {})) for name in FORMATS] == list(FORMATS)
    assert spec_of(make_format("rating", {"scale": (0, 5)})) == 'rating {"scale":[0,5]}'
    with pytest.raises(ValueError, match="no format 'stars'"):
        format_of("stars")


@pytest.mark.parametrize("fmt", VARIANTS, ids=spec_of)
def test_every_choice_offered_is_a_verdict_of_its_own(fmt: Format) -> None:
    nonce = "feedfacecafe"
    read = [fmt.parse(choice, nonce) for choice in fmt.repair_choices(nonce)]
    assert not any(isinstance(outcome, Unparsed) for outcome in read)
    assert len({repr(outcome) for outcome in read}) == len(read)
    assert set(fmt.choices(nonce)) <= set(fmt.repair_choices(nonce))


@pytest.mark.parametrize("fmt", VARIANTS, ids=spec_of)
@pytest.mark.parametrize("nonce", ["feedfacecafe", None])
def test_a_judge_that_echoes_the_instructions_has_given_no_verdict(fmt: Format, nonce: str | None) -> None:
    for text in (fmt.instructions(nonce), fmt.repair(nonce)):
        assert isinstance(fmt.parse(text, nonce), Unparsed)
        assert ("feedfacecafe" in text) == (fmt.needs_nonce and nonce is not None)


@pytest.mark.parametrize("fmt", VARIANTS, ids=spec_of)
def test_a_format_writes_only_outcomes_of_its_kind(fmt: Format) -> None:
    with pytest.raises(TypeError):
        fmt.write(ParsedScore(2.0) if fmt.kind == "pairwise" else Parsed("first"), None)


@pytest.mark.parametrize("name", FORMATS)
def test_options_are_those_of_the_prompt_file(name: str) -> None:
    assert set(options_of(name)) <= {"scale", "ties", "labels", "criteria"}
    assert json.dumps(make_format(name, {}).schema())
