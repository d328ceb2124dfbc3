"""The sample board says what its README says: right references, unseen prompts, candidates in their true order."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest
from kit.paths import SAMPLE

TRUE_ORDER = ["tiny-50", "tiny-100", "tiny-150", "tiny-100-lora", "tiny-250", "tiny-500"]


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _solve(prompt: str) -> str:
    task, word = prompt.rsplit(" ", 1)
    match task:
        case "reverse":
            return "".join(reversed(word))
        case "repeat":
            return word
        case "last letter":
            return word[len(word) - 1]
    raise AssertionError(task)


def test_every_reference_is_the_right_answer_to_a_prompt_nobody_was_trained_on() -> None:
    questions = _lines(SAMPLE / "questions.jsonl")
    prompts = [q["turns"][0] for q in questions]
    assert len(set(prompts)) == len(questions) == 198
    assert [q["reference"] for q in questions] == [[_solve(p)] for p in prompts]
    assert [q["category"] for q in questions] == [p.rsplit(" ", 1)[0] for p in prompts]
    assert all(zlib.crc32(p.encode()) % 10 == 0 for p in prompts)


@pytest.mark.parametrize("model", TRUE_ORDER)
def test_every_candidate_answers_every_question_once(model: str) -> None:
    questions = [q["question_id"] for q in _lines(SAMPLE / "questions.jsonl")]
    answers = _lines(SAMPLE / "answers" / f"{model}.jsonl")
    assert [a["question_id"] for a in answers] == questions
    assert {a["model"] for a in answers} == {model}
    assert all((a["status"] == "empty") == (not a["turns"][0].strip()) for a in answers)


def test_counting_right_answers_gives_the_order_of_training() -> None:
    right = {q["question_id"]: q["reference"] for q in _lines(SAMPLE / "questions.jsonl")}
    tally = {
        model: sum(a["turns"] == right[a["question_id"]] for a in _lines(SAMPLE / "answers" / f"{model}.jsonl"))
        for model in TRUE_ORDER
    }
    assert tally == dict(zip(TRUE_ORDER, (74, 119, 148, 170, 178, 196), strict=True))
