"""What can be meant, but hardly is, is pointed out; the board is made all the same."""

from __future__ import annotations

from pathlib import Path

from kit.boards import arithmetic_board, edit_config, write_jsonl
from kit.commands import arena


def test_a_recording_of_other_questions_is_pointed_out(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, 4)
    write_jsonl(tmp_path / "right.jsonl", [{"question_id": f"q{n}", "answer": "x"} for n in range(6)])
    write_jsonl(tmp_path / "wrong.jsonl", [{"question_id": n, "turns": ["x", "y"][: 1 + n % 2]} for n in range(9)])
    done = arena("check", "-c", config)
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "warning: answers_gen.right.file: no answer to 4 of 4 questions, but answers to 6 others",
        "warning: answers_gen.wrong.file: 2 answers have more or fewer turns than their question",
    ]


def test_overlapping_groups_are_pointed_out_on_the_board(tmp_path: Path) -> None:
    (tmp_path / "groups.yaml").write_text("A: [math]\nB: [math, sums]\n")
    config = edit_config(arithmetic_board(tmp_path, 4), category_file="groups.yaml")
    done = arena("run", "-c", config)
    told = "category_file: math stands in A, B; it is shown under A"
    assert done.returncode == 0
    assert told in done.stderr and told not in done.stdout
    assert told in (tmp_path / "out/reports/leaderboard.json").read_text()
