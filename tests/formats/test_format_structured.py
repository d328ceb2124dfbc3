"""JSON replies, from endpoints that enforce the schema and from those that only read about it."""

from __future__ import annotations

import json

import pytest

from arena.formats import Criterion, Unparsed, make_format
from arena.types import Parsed, ParsedScore

CRITERIA = (Criterion(name="accuracy", weight=3), Criterion(name="refusal", scale=(0, 1), weight=0))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('{"explanation": "A is right.", "verdict": "A"}', "first"),
        ('{"explanation": "same", "verdict": "tie"}', "tie"),
        ('{"verdict": "B"}', "second"),
        ('```json\n{\n  "explanation": "B runs, A does not.",\n  "verdict": "B"\n}\n```', "second"),
        ('Here is my judgement:\n\n{"explanation": "ok", "verdict": "Tie"}\n', "tie"),
        ('<think>{"verdict": "A"}</think>{"explanation": "", "verdict": "B"}', "second"),
        ('{"explanation": "It prints {\\"verdict\\": \\"B\\"} and {x}.", "verdict": "A"}', "first"),
        ('{"verdict": "A"}\nOn reflection:\n{"explanation": "no", "verdict": "B"}', "second"),
        ('{"explanation": "ok", "verdict": "A", "confidence": {"value": 0.9}}', "first"),
        ('{"explanation": "ok", "verdict": "**A.**"}', "first"),
        ('{"explanation": "First line\nsecond\tline", "verdict": "A"}', "first"),
        ("{" * 500 + '{"explanation": "noise before", "verdict": "A"}', "first"),
    ],
)
def test_json_verdicts_are_read(text: str, label: str) -> None:
    assert make_format("json", {}).parse(text, None) == Parsed(label)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "null",
        '"A"',
        '["A"]',
        '{"explanation": "ok"}',
        '{"verdict": "C++"}',
        '{"verdict": null}',
        '{"verdict": ["A"]}',
        '{"verdict": true}',
        '{"verdict": "A", "verdict": "B"}',
        '{"explanation": "cut off by the token li',
        '{"explanation": "ok", "verdict": "A"',
        '{"explanation": "ok", "verdict": "A"} I hope this helps.',
        '<think>{"verdict": "A"}',
        '{"a":' * 20000,
    ],
)
def test_other_json_is_refused(text: str) -> None:
    assert isinstance(make_format("json", {}).parse(text, None), Unparsed)


def test_the_schema_wants_the_explanation_before_the_verdict() -> None:
    schema = make_format("json", {}).schema()
    assert schema is not None
    assert list(schema["properties"]) == ["explanation", "code", "verdict"]  # type: ignore[arg-type]
    assert schema["required"] == ["explanation", "code", "verdict"]
    assert schema["additionalProperties"] is False
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("name", ["json", "json_score"])
def test_the_schema_fixes_the_code_only_where_it_is_given(name: str) -> None:
    fmt = make_format(name, {})
    shared, own = fmt.schema(), fmt.schema("cafe")
    assert shared is not None and own is not None
    assert shared["properties"]["code"] == {"type": "string"}  # type: ignore[index, call-overload]
    assert own["properties"]["code"] == {"type": "string", "enum": ["cafe"]}  # type: ignore[index, call-overload]
    assert json.dumps(own).replace(', "enum": ["cafe"]', "") == json.dumps(shared)


def test_without_ties_the_enum_has_none() -> None:
    forced = make_format("json", {"ties": False})
    assert '"tie"' not in json.dumps(forced.schema()) + forced.instructions("cafe") + forced.repair("cafe")
    assert '"tie"' in make_format("json", {}).instructions("cafe")
    assert isinstance(forced.parse('{"verdict": "tie"}', None), Unparsed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"explanation": "good", "score": 8}', ParsedScore(8.0)),
        ('{"explanation": "good", "score": 8.0}', ParsedScore(8.0)),
        ('{"explanation": "good", "score": 11}', None),
        ('{"explanation": "good", "score": "8"}', ParsedScore(8.0)),
        ('{"explanation": "good", "score": " 8/10 "}', ParsedScore(8.0)),
        ('{"explanation": "good", "score": [8]}', ParsedScore(8.0)),
        ('{"explanation": "good", "score": ["8"]}', ParsedScore(8.0)),
        ('{"explanation": "good, see \\(x^2\\) and \\underline{y}", "score": 8}', ParsedScore(8.0)),
        ('{"explanation": "good", "score": "8/9"}', None),
        ('{"explanation": "good", "score": "eight"}', None),
        ('{"explanation": "good", "score": "7.5"}', None),
        ('{"explanation": "good", "score": [7, 8]}', None),
        ('{"explanation": "good", "score": [true]}', None),
        ('{"explanation": "good", "score": 7.5}', None),
        ('{"explanation": "good", "score": true}', None),
        ('{"explanation": "good", "score": NaN}', None),
    ],
)
def test_json_scores(text: str, expected: ParsedScore | None) -> None:
    found = make_format("json_score", {}).parse(text, None)
    assert found == expected if expected else isinstance(found, Unparsed)


def test_json_criteria_have_a_field_and_an_enum_each() -> None:
    fmt = make_format("json_score", {"scale": (1, 5), "criteria": CRITERIA})
    schema = fmt.schema()
    assert schema is not None
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert properties["refusal"] == {"type": "integer", "enum": [0, 1]}
    assert fmt.parse('{"explanation": "", "accuracy": 4, "refusal": 1}', None) == ParsedScore(
        4.0, {"accuracy": 4, "refusal": 1}
    )
    assert isinstance(fmt.parse('{"explanation": "", "accuracy": 4}', None), Unparsed)
    assert isinstance(fmt.parse('{"explanation": "", "score": 4}', None), Unparsed)


def test_the_explanation_is_its_field_alone() -> None:
    fmt = make_format("json", {})
    assert fmt.explanation('Well.\n{"explanation": " B is wrong. ", "verdict": "A"}', "cafe") == "B is wrong."
    assert fmt.explanation('{"explanation": 7, "verdict": "A"}', None) is None
    assert fmt.explanation("no json", None) is None


def test_with_a_nonce_the_object_must_carry_it() -> None:
    fmt = make_format("json", {})
    assert fmt.parse('{"explanation": "x", "code": " CAFE ", "verdict": "A"}', "cafe") == Parsed("first")
    judged = '{"explanation": "x", "code": "cafe", "verdict": "A"}'
    assert fmt.parse(f"```json\n{judged}\n```\nI hope this helps.", "cafe") == Parsed("first")
    assert fmt.parse('{"explanation": "x", "code": "cafe,", "verdict": "A"}', "cafe") == Parsed("first")
    for taken in ("Wait, I was wrong. Final: **cafe B**", "cafe B", "Final: \u300ccafe B\u300d"):
        assert isinstance(fmt.parse(f"{judged}\n{taken}", "cafe"), Unparsed)
    for later in ('{"explanation": "no", "code": "cafe", "verdict": "B",}', '{"verdict": "B"}', "and B is {better}"):
        assert isinstance(fmt.parse(f"{judged}\n{later}", "cafe"), Unparsed)
    for forged in ('{"verdict": "A"}', '{"code": "NONCE", "verdict": "A"}', '{"code": null, "verdict": "A"}'):
        assert isinstance(fmt.parse(forged, "cafe"), Unparsed)


def test_a_repair_holds_code_and_labels_as_enums() -> None:
    schema = make_format("json", {}).repair_schema("cafe")
    assert schema is not None
    assert schema["properties"] == {
        "code": {"type": "string", "enum": ["cafe"]},
        "verdict": {"type": "string", "enum": ["A", "B", "tie"]},
    }
    assert schema["required"] == ["code", "verdict"]


def test_a_score_out_of_ten_counts_only_where_ten_is_the_top() -> None:
    stars = make_format("json_score", {"scale": (1, 5)})
    assert stars.parse('{"score": "4/5"}', None) == ParsedScore(4.0)
    assert isinstance(stars.parse('{"score": "4/10"}', None), Unparsed)
