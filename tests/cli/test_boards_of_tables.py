"""Questions and recorded answers as tables: CSV, TSV and Parquet, named as other tools name their columns."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kit.boards import arithmetic_board, edit_config, leaderboard, read_jsonl
from kit.commands import Done, arena

Rows = Sequence[Mapping[str, object]]


def as_csv(rows: Rows, separator: str = ",") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_parquet(rows: Rows) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), out)
    return out.getvalue()


KINDS: dict[str, Callable[[Rows], bytes]] = {
    ".csv": as_csv,
    ".tsv": lambda rows: as_csv(rows, "\t"),
    ".parquet": as_parquet,
    ".csv.gz": lambda rows: gzip.compress(as_csv(rows, ";")),
}


def board_of_tables(folder: Path, kind: str, rename: Mapping[str, str], *, ids: bool = True) -> Path:
    """The board of sums with its files as tables, columns under other names, answers in another order."""
    config = arithmetic_board(folder)
    questions = read_jsonl(folder / "questions.jsonl")
    texts = {row["question_id"]: row["text"] for row in questions}

    def renamed(row: Mapping[str, object]) -> dict[str, object]:
        return {rename.get(name, name): value for name, value in row.items() if ids or name != "question_id"}

    (folder / f"q{kind}").write_bytes(KINDS[kind]([renamed(row) for row in questions]))
    entries = {}
    for model in ("right", "half", "wrong"):
        answers = [
            {"prompt": texts[row["question_id"]], **row} for row in reversed(read_jsonl(folder / f"{model}.jsonl"))
        ]
        (folder / f"{model}{kind}").write_bytes(KINDS[kind]([renamed(row) for row in answers]))
        entries[model] = {"backend": "recorded", "file": f"{model}{kind}"}
    return edit_config(config, question_file=f"q{kind}", answers_gen=entries)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ids", [True, False])
def test_a_board_of_tables_is_the_board_of_lines(tmp_path: Path, kind: str, ids: bool) -> None:
    assert arena("run", "-c", arithmetic_board(tmp_path / "lines")).returncode == 0
    rename = {"text": "prompt", "answer": "response"}
    done = arena("run", "-c", board_of_tables(tmp_path / "tables", kind, rename, ids=ids))
    assert done.returncode == 0, done.stderr
    lines, tables = (leaderboard(tmp_path / name) for name in ("lines", "tables"))
    for board in (lines, tables):
        board["models"] = [
            {name: value for name, value in row.items() if ids or "elo" not in name} for row in board["models"]
        ]  # the seeded orders of Elo go by question_id
    assert tables["models"] == lines["models"]
    assert tables["warnings"] == lines["warnings"]


def refused(config: Path) -> str:
    done: Done = arena("run", "-c", config)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    return done.stderr


def test_what_a_table_lacks_is_said_with_the_columns_it_has(tmp_path: Path) -> None:
    config = board_of_tables(tmp_path, ".csv", {"text": "instruction"})
    assert "q.csv: row 1: no column text, turns or prompt (have: question_id, category, instruction" in refused(config)
    config = board_of_tables(tmp_path, ".csv", {"answer": "output"})
    assert "right.csv: row 1: needs turns (a list of texts) or answer or response (a text) (have: prompt, " in refused(
        config
    )
    config = board_of_tables(tmp_path, ".csv", {"prompt": "input"}, ids=False)
    assert "right.csv: row 1: question_id must be an integer or a text, found None (have: input, answer)" in refused(
        config
    )


def test_rows_are_named_in_a_table(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    for content, said in {
        "question_id,text\n1,x\n1,y\n": "q.csv: row 2: question_id '1' stands on row 1 too",
        "question_id,text\n1,x\n2,\n": "q.csv: row 2: turns (or text) must be a text or a list of texts, found None",
        "question_id,text,text\n1,x,y\n": "q.csv: the column 'text' is there 2 times",
        "question_id,text\n": "q.csv: no questions in it",
        "": "q.csv: the file is empty",
    }.items():
        (tmp_path / "q.csv").write_text(content)
        assert said in refused(edit_config(config, question_file="q.csv"))


def test_a_prompt_that_two_questions_have_needs_an_id(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    (tmp_path / "q.csv").write_text("prompt,reference\nsame,1\nsame,2\n")
    (tmp_path / "right.csv").write_text("prompt,response\nsame,1\n")
    entries = {
        "right": {"backend": "recorded", "file": "right.csv"},
        "half": {"backend": "recorded", "file": "half.jsonl"},
    }
    config = edit_config(config, question_file="q.csv", answers_gen=entries)
    assert "right.csv: row 1: 2 questions have this prompt; a column question_id tells them apart" in refused(config)


def test_turns_of_a_table_are_a_list_and_words_for_nothing_are_texts(tmp_path: Path) -> None:
    from arena.questions import load_questions

    (tmp_path / "q.csv").write_text(
        'id,turns,reference,category\nNA,"[""a"", ""b""]","[""x"", ""y""]",None\n2,[1] or not?,"[""z""]",\n'
    )
    first, second = load_questions(tmp_path / "q.csv")
    assert (first.question_id, first.turns, first.reference, first.category) == ("NA", ("a", "b"), ("x", "y"), "None")
    assert (second.turns, second.reference, second.category) == (("[1] or not?",), ('["z"]',), "general")
