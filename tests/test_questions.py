"""Questions, references and groups of categories."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.boards import write_jsonl

from arena.errors import DataError
from arena.questions import category_warnings, load_categories, load_questions, with_references
from arena.types import Question


def test_a_group_file_from_another_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"\xef\xbb\xbfOn: [math, 7]\r\nrest: '*'\r\n")
    assert load_categories(tmp_path / "c.yaml") == {"On": ("math", "7"), "rest": ("*",)}


def test_a_category_in_two_groups_is_pointed_out() -> None:
    groups = {"A": ("math",), "B": ("math", "*"), "C": ("*", "logic")}
    assert category_warnings(groups, {"math", "code"}) == [
        "category_file: the rest (*) stands in B, C; it is shown under B",
        "category_file: math stands in A, B; it is shown under A",
        "category_file: no question has the category logic",
    ]
    assert category_warnings({"A": ("math",), "B": ("*",)}, {"math", "code"}) == []


def test_a_reference_file_goes_before_the_questions_own(tmp_path: Path) -> None:
    questions = [Question("1", ("a",), reference=("old",)), Question("2", ("b",), reference=("kept",))]
    lines = [{"question_id": 1, "reference": 8}, {"question_id": 3, "choices": [{"turns": ["x"]}]}]
    read = with_references(questions, write_jsonl(tmp_path / "r.jsonl", lines))
    assert [question.reference for question in read] == [("8",), ("kept",)]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_a_missing_value(tmp_path: Path, number: str) -> None:
    """pandas and Python write NaN where a table has a hole; it is never the text "nan"."""
    path = tmp_path / "q.jsonl"
    path.write_text(
        f'{{"question_id": 1, "text": "2+2?", "category": {number}, "reference": {number}, "language": {number}}}\n'
        f'{{"question_id": 2, "turns": ["a", "b"], "text": {number}, "system": {number}, '
        f'"reference": ["x", {number}]}}\n'
        '{"question_id": "nan", "text": "NA", "category": "null", "reference": "None", "language": "nan"}\n'
    )
    first, second, third = load_questions(path)
    assert (first.category, first.reference, first.language) == ("general", (), None)
    assert (second.turns, second.system, second.reference) == (("a", "b"), None, ("x", ""))
    assert (third.question_id, third.category, third.reference, third.language) == ("nan", "null", ("None",), "nan")
    references = tmp_path / "r.jsonl"
    references.write_text(
        f'{{"question_id": 1, "reference": {number}}}\n{{"question_id": 2, "reference": ["y", {number}]}}\n'
    )
    assert [q.reference for q in with_references([first, second], references)] == [(), ("y", "")]


def test_a_number_that_is_none_is_no_category(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("A: [math, .nan]\n")
    with pytest.raises(DataError, match="expected a list of categories"):
        load_categories(tmp_path / "c.yaml")
