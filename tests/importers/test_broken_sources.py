"""What is wrong in another tool's files is said in one line: no verdict is invented, and none is lost unsaid."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from kit.commands import arena
from kit.paths import FIXTURES

from arena.config.loading import load_config
from arena.errors import DataError
from arena.files import read_objects
from arena.importers import IMPORTERS, read_found_board
from arena.importers.writing import Written, write_board
from arena.questions import load_questions

PAIR = {
    "question_id": 1, "question": "?", "model_a": "a", "model_b": "b", "output_a": "x", "output_b": "y", "win": "tie"
}  # fmt: skip
SINGLE = {"question_id": 1, "question": "?", "model": "a", "output": "x", "score": 7}
ALPACA = {"instruction": "?", "output_1": "x", "output_2": "y", "generator_1": "a", "generator_2": "b"}
ROUND = {
    "prompt_hash": "h", "prompt_text": "?", "model_a": "a", "model_b": "b", "response_a": "x", "response_b": "y",
    "judge_votes": [{"model": "j", "vote": "A"}],
}  # fmt: skip
ASKED = {"question_id": 1, "turns": ["?"]}
ANSWER = {"question_id": 1, "model_id": "a", "choices": [{"turns": ["x"]}]}
SCORE = {"question_id": 1, "model": "a", "judge": ["j", "t"], "judgment": "So.", "turn": 1}


def source(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def imported(tmp_path: Path, tool: str, *rows: object) -> Written:
    return write_board(read_found_board(tool, source(tmp_path, *rows)), tmp_path / "b")


def without(row: dict[str, object], field: str) -> dict[str, object]:
    return {key: value for key, value in row.items() if key != field}


@pytest.mark.parametrize(
    ("tool", "rows", "message"),
    [
        (
            "llmuses",
            [without(PAIR, "win") | {"winner": "model_a"}],
            r"rows.jsonl:1: a review without win \(fields: .*w",
        ),
        ("llmuses", [without(PAIR, "win") | {"win_1": "model_a"}], "a review without win_2"),
        ("llmuses", [PAIR, PAIR | {"question": "??"}], "rows.jsonl:2: question 1 has another text than before"),
        ("llmuses", [PAIR | {"question_id": " "}], "rows.jsonl:1: question_id is empty"),
        ("llmuses", [SINGLE | {"score": "good"}], "score must be a number or null, found 'good'"),
        ("alpaca_eval", [ALPACA | {"preference": "model_1"}], "preference must be a number or null, found 'model_1'"),
        ("alpaca_eval", [ALPACA | {"preference": True}], "preference must be a number or null"),
        (
            "alpaca_eval",
            [ALPACA | {"preference": 1, "question_id": 1, "instruction": text} for text in "?!"],
            "rows.jsonl:2: question 1 has another text",
        ),
        ("mt_bench", [ASKED, ASKED | {"question_id": "1", "turns": ["!"]}], "question 1 has another text"),
        (
            "mt_bench",
            [ASKED, ANSWER | {"choices": [{"turns": ["x", 5]}]}],
            "rows.jsonl:2: a turn must be a text",
        ),
        ("mt_bench", [ASKED, ANSWER, SCORE | {"score": [5]}], "score must be a number or null"),
        ("arena_hard", [{"uid": 1, "prompt": "?"}, {"uid": 1.0, "prompt": "!"}], "question 1 has another text"),
        ("orq_arena", [ROUND | {"prompt_hash": ""}], "prompt_hash is empty"),
        ("orq_arena", [ROUND, ROUND | {"prompt_text": "!"}], "question h has another text"),
        ("mt_bench", [ASKED | {"turns": [7, "?"]}], "rows.jsonl:1: a turn must be a text, found int"),
        ("mt_bench", [ASKED | {"turns": []}], "rows.jsonl:1: question 1 has an empty turn"),
        ("mt_bench", [ASKED | {"turns": ["?", " "]}], "rows.jsonl:1: question 1 has an empty turn"),
    ],
)
def test_what_cannot_be_true_is_an_error_that_names_its_line(
    tmp_path: Path, tool: str, rows: list[dict[str, object]], message: str
) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read_found_board(tool, source(tmp_path, *rows))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("tool", IMPORTERS)
@pytest.mark.parametrize("content", [b"", b"{}\n", b"[]", b"a,b\n1,2\n", b"[1, 2]", b'{"a": 1', b"\xff\xfe\x00", None])
def test_a_file_of_something_else_ends_with_one_line_and_no_board(
    tmp_path: Path, tool: str, content: bytes | None
) -> None:
    given = tmp_path / "given.jsonl"
    if content is None:
        given.mkdir()
    else:
        given.write_bytes(content)
    done = arena("import", tool, given, "--out", tmp_path / "b")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done
    assert "given.jsonl" in done.stderr
    assert not (tmp_path / "b").exists()


def test_one_question_may_be_numbered_as_number_text_and_float(tmp_path: Path) -> None:
    swapped = PAIR | {"model_a": "b", "model_b": "a", "output_a": "y", "output_b": "x"}
    written = imported(tmp_path, "llmuses", PAIR, swapped | {"question_id": 1.0}, PAIR | {"question_id": "1"})
    assert (written.questions, written.replies) == (1, 3)
    config = load_config(str(written.configs[0])).config
    assert [question.question_id for question in load_questions(config.question_file)] == ["1"]
    lines = [line for path in config.output_dir.rglob("*.jsonl") for _, line in read_objects(path)]
    assert [line["order"] for line in lines] == ["a_first", "b_first"]  # the review that stands twice counts once


def test_a_turn_without_text_is_an_empty_answer_in_its_place(tmp_path: Path) -> None:
    two = {"question_id": 1, "turns": ["?", "!"]}
    collected = read_found_board("mt_bench", source(tmp_path, two, ANSWER | {"choices": [{"turns": [None, "y"]}]}))
    assert [said.turns for said in collected.answers] == [("", "y")]
    asked = read_found_board("mt_bench", source(tmp_path, two | {"reference": [None, "b"]})).questions["1"]
    assert asked.reference == ("", "b")
    null = {"question_id": 1, "text": "?", "model_id": "a", "answer": None}
    assert [said.turns for said in read_found_board("llmuses", source(tmp_path, null)).answers] == [("",)]


def test_swapped_reviews_keep_no_scores_whose_order_nobody_states(tmp_path: Path) -> None:
    row = without(PAIR, "win") | {"win_1": "model_a", "win_2": "model_a", "scores": [9, 2]}
    for reply in read_found_board("llmuses", source(tmp_path, row)).replies:
        assert (reply.score_first, reply.score_second) == (None, None)


@pytest.mark.parametrize("score", [None, "A", "A>B>>A"])
def test_a_verdict_off_arena_hards_menu_is_unreadable_not_an_error(tmp_path: Path, score: str | None) -> None:
    answers = [
        {"uid": 1, "model": name, "messages": [{"role": "assistant", "content": {"answer": name}}]} for name in "mn"
    ]
    games = [{"score": score, "judgment": {"answer": f"[[{score}]]"}}, {"score": "A>B", "judgment": {"answer": "n"}}]
    judged = {"uid": 1, "model": "m", "baseline": "n", "judge": "j", "games": games}
    rows = [{"uid": 1, "prompt": "?"}, *answers, judged]
    replies = read_found_board("arena_hard", source(tmp_path, *rows)).replies
    assert [(reply.label, reply.status) for reply in replies] == [(None, "ok"), ("first", "ok")]


def test_a_model_against_itself_is_left_out_and_counted(tmp_path: Path) -> None:
    written = imported(tmp_path, "llmuses", PAIR, PAIR | {"model_b": "a"})
    assert (written.replies, written.notes) == (1, ("1 verdicts on a model against itself left out",))


def test_no_board_is_written_when_no_answer_belongs_to_a_question(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of its 1 question ids has a question text"):
        imported(tmp_path, "mt_bench", ASKED, ANSWER | {"question_id": "other"})
    assert not (tmp_path / "b").exists()


def test_questions_that_nobody_answered_are_left_out_and_counted(tmp_path: Path) -> None:
    written = imported(tmp_path, "mt_bench", ASKED, ASKED | {"question_id": 2}, ANSWER)
    assert (written.questions, written.notes) == (1, ("1 questions that nobody answered left out",))


def test_rounds_without_a_vote_are_counted_and_a_lone_judge_can_reach_its_quorum(tmp_path: Path) -> None:
    written = imported(tmp_path, "orq_arena", ROUND, without(ROUND, "judge_votes"), ROUND | {"judge_votes": []})
    assert written.notes == ("2 rounds without a judge's vote left out",)
    done = arena("run", "-c", written.configs[0])
    assert done.returncode == 0, done
    assert "1 battle on 1 question ·" in done.stdout


def test_a_stray_json_object_over_several_lines_disturbs_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "src"
    shutil.copytree(FIXTURES / "llmuses" / "battle", folder)
    (folder / "notes.json").write_text(json.dumps({"by": "us", "when": [1, 2]}, indent=2), encoding="utf-8-sig")
    assert len(read_found_board("llmuses", folder).replies) == 6


def test_importing_again_into_the_source_folder_does_not_read_the_board_as_data(tmp_path: Path) -> None:
    folder = tmp_path / "src"
    shutil.copytree(FIXTURES / "llmuses" / "battle", folder)
    command = ["import", "llmuses", folder, "--out", folder / "board"]
    assert arena(*command).returncode == 0
    again, forced = arena(*command), arena(*command, "--force")
    assert (again.returncode, forced.returncode) == (2, 2)
    assert "exists already" in again.stderr
    assert "lies inside" in forced.stderr and len(forced.stderr.splitlines()) == 1
