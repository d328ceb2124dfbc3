"""Questions, references and groups of categories."""

from __future__ import annotations

from pathlib import Path

from kit.boards import write_jsonl

from arena.questions import category_warnings, load_categories, with_references
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
