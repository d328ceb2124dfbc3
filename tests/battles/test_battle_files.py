"""Battle files as people have them: marks, encodings, odd types, columns that only some rows have."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kit.battle_files import BATTLES, board_of, invoke, refused, write
from kit.paths import ROOT

HEADER = "question_id,model_a,model_b,winner\n"
ROWS = HEADER + "1,a,b,model_a\n2,b,a,model_a\n"


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def lines(path: Path, *rows: dict) -> Path:
    return text(path, "".join(json.dumps(row) + "\n" for row in rows))


def battle(question: object, winner: str = "model_a", **more: object) -> dict:
    return {"question_id": question, "model_a": "a", "model_b": "b", "winner": winner} | more


def wins(board: dict) -> dict[str, int]:
    return {row["model"]: row["wins"] for row in board["models"]}


@pytest.mark.parametrize("name", ["b.csv", "b.jsonl", "b.parquet", "c.csv"])
def test_a_file_without_rows_is_a_board_without_battles(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "b.parquet":
        pq.write_table(pa.Table.from_pylist(BATTLES).slice(0, 0), path)
    elif name == "b.jsonl":
        lines(path, battle("1", state="excluded", reason="unparsed", verdicts=[], judge="j"))
    else:
        text(path, HEADER if name == "b.csv" else HEADER.strip())
    done = invoke(path, "--method", "win_rate,elo,bradley_terry")
    assert done.exit_code == 0, done.exception
    assert "no battles: nothing to rate" in done.output


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    assert wins(board_of(text(tmp_path / "b.csv", ROWS, "utf-8-sig"))) == {"a": 1, "b": 1}
    content = "".join(json.dumps(battle(i)) + "\n" for i in range(3))
    assert wins(board_of(text(tmp_path / "b.jsonl", content, "utf-8-sig")))["a"] == 3
    array = json.dumps([battle(i) for i in range(3)])
    assert wins(board_of(text(tmp_path / "b.json", array, "utf-8-sig")))["a"] == 3


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_refused_in_one_line(tmp_path: Path, encoding: str) -> None:
    path = text(tmp_path / "b.csv", HEADER + "1,é,b,model_a\n", encoding)
    assert "not UTF-8 text" in refused(path)


def test_a_quoted_cell_may_hold_newlines_wherever_the_reader_cuts_the_file(tmp_path: Path) -> None:
    rows = "".join(f'"q\n{i}","a\nx, y",b,{"model_a" if i % 3 else "model_b"}\n' for i in range(40_000))
    board = board_of(text(tmp_path / "b.csv", HEADER + rows))
    assert (board["n_battles"], board["n_questions"]) == (40_000, 40_000)
    assert set(wins(board)) == {"a\nx, y", "b"}


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    path = text(tmp_path / "b.csv", ROWS.replace(",", ":"))
    assert "no column 'model_a' (have: question_id:model_a:model_b:winner)" in refused(path)
    whole = write(tmp_path / "c.csv", [row | {"length_a": 1.0} for row in BATTLES])
    for option, message in (
        (("--style", "length"), "style: no column 'length', nor length_a and length_b (have: question_id, model_a,"),
        (("--by", "language"), "no column 'language' (have: "),
        (("--cluster", "user"), "no column 'user' to cluster by (have: "),
    ):
        assert message in refused(whole, *option)
    assert "b.csv: no column 'model_a'" in refused(tmp_path)


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = text(tmp_path / "b.csv", "question_id,model_a,model_a,model_b,winner\n1,x,a,b,model_a\n")
    assert "the column 'model_a' is there 2 times" in refused(path)
    data = pa.table([["a"], ["x"], ["b"], [1.0]], names=["model_a", "model_a", "model_b", "outcome"])
    pq.write_table(data, tmp_path / "b.parquet")
    assert "the column 'model_a' is there 2 times" in refused(tmp_path / "b.parquet")


@pytest.mark.parametrize("late", [1, 2_000])
@pytest.mark.parametrize("mixed", [False, True])
def test_columns_that_the_first_line_does_not_have_count(tmp_path: Path, late: int, mixed: bool) -> None:
    """A writer that leaves nulls out: weights, judges and outcomes that begin somewhere below."""
    rows = [battle(str(i)) for i in range(late)]
    rows += [battle(10_000 if mixed else "10000", weight=2.0)]
    assert "row 1: weight: found nothing, allowed: a number" in refused(lines(tmp_path / "w.jsonl", *rows))
    rows = [{"question_id": "0", "model_a": "a", "model_b": "b"} for _ in range(late)]
    rows += [battle(str(i), judge="panel") for i in range(4)] + [battle(9 if mixed else "9", judge="j")]
    board = board_of(lines(tmp_path / "j.jsonl", *rows))
    assert (board["n_battles"], board["judges"]) == (4, ["j"])


def test_whole_floats_are_the_same_ids_as_whole_numbers(tmp_path: Path) -> None:
    rows = [battle(1.0), battle(1), battle("1"), battle(2.0)]
    assert board_of(lines(tmp_path / "b.jsonl", *rows))["n_questions"] == 2
    floats = pa.table(
        {"question_id": [1.0, 2.0, 2.5], "model_a": ["a"] * 3, "model_b": ["b"] * 3, "outcome": [1, 0, 1]}
    )
    pq.write_table(floats, tmp_path / "b.parquet")
    whole = floats.set_column(0, "question_id", pa.array(["1", "2", "2.5"]))
    pq.write_table(whole, tmp_path / "c.parquet")
    assert board_of(tmp_path / "b.parquet") == board_of(tmp_path / "c.parquet")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"model_a": pa.array([b"a", b"b", b"a"])}, None),
        ({"outcome": pa.array([Decimal("1.0"), Decimal("0.5"), Decimal("0.0")])}, None),
        ({"outcome": pa.array(["1", "0.5", "0"])}, None),
        ({"question_id": pa.array([[1], [2], [3]])}, "question_id: not a column of names"),
        ({"judge": pa.array([{"name": "j"}] * 3)}, "judge: not a column of names"),
        ({"outcome": pa.array([[1.0], [0.5], [0.0]])}, "outcome: not a column of numbers"),
        ({"question_id": pa.array([1.0, float("nan"), 2.0])}, "row 2: question_id: found nothing"),
    ],
)
def test_types_of_parquet(tmp_path: Path, change: dict, expected: str | None) -> None:
    plain = {
        "question_id": pa.array(["1", "2", "3"]), "model_a": pa.array(["a", "b", "a"]),
        "model_b": pa.array(["b", "a", "b"]), "outcome": pa.array([1.0, 0.5, 0.0]),
    }  # fmt: skip
    for name, columns in (("plain", plain), ("odd", plain | change)):
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    if expected is None:
        assert board_of(tmp_path / "odd.parquet") == board_of(tmp_path / "plain.parquet")
    else:
        assert expected in refused(tmp_path / "odd.parquet")


def test_the_panels_own_rows_are_checked(tmp_path: Path) -> None:
    rows = [row | {"outcome": 0.5, "judge": judge} for row in BATTLES for judge in ("j", "panel")]
    rows[3]["outcome"] = 7.0
    assert "row 4: outcome: found 7" in refused(write(tmp_path / "b.csv", rows))


def test_a_null_in_the_cluster_column_is_named_by_that_column(tmp_path: Path) -> None:
    rows = [row | {"user": None if i == 3 else f"u{i}"} for i, row in enumerate(BATTLES)]
    for kind in (".csv", ".jsonl", ".parquet"):
        message = refused(write(tmp_path / f"b{kind}", rows), "--cluster", "user")
        assert "row 4: user: found nothing, allowed: a value to cluster by" in message


def test_a_model_column_can_be_the_cluster(tmp_path: Path) -> None:
    board = board_of(write(tmp_path / "b.csv", BATTLES), "--cluster", "model_a")
    assert (board["n_questions"], board["interval"], board["cluster"]) == (3, "sandwich", "model_a")


@pytest.mark.parametrize("kind", [".csv", ".jsonl", ".parquet"])
def test_infinite_style_and_faint_weights_name_the_row(tmp_path: Path, kind: str) -> None:
    rows = [row | {"tone": 1.0, "weight": 1.0} for row in BATTLES]
    rows[4] |= {"tone": float("inf")} if kind != ".jsonl" else {}
    if kind != ".jsonl":
        assert "row 5: tone: found inf, allowed: a finite number" in refused(
            write(tmp_path / f"t{kind}", rows), "--style", "tone"
        )
    rows[2]["weight"] = 1e-12
    assert "row 3: weight: found 1e-12, allowed: 0, or at least" in refused(write(tmp_path / f"w{kind}", rows))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": None}, ":2: weight: found None, allowed: a number of at least 0"),
        ({"weight": -1}, ":2: weight: found -1"),
        ({"outcome": 7}, ":2: outcome: found 7.0, allowed: a number in [0, 1]"),
    ],
)
def test_our_own_battles_name_the_line_of_a_bad_value(tmp_path: Path, change: dict, message: str) -> None:
    good = battle("1", judge="j", state="rated", outcome=1.0, weight=1.0, verdicts=[])
    assert message in refused(lines(tmp_path / "b.jsonl", good, good | change))


def test_our_own_battles_keep_models_without_a_rated_battle_on_the_board(tmp_path: Path) -> None:
    good = battle("1", judge="j", state="rated", outcome=1.0, weight=1.0, verdicts=[])
    idle = good | {"model_b": "idle", "state": "excluded", "reason": "unparsed", "outcome": None}
    board = board_of(lines(tmp_path / "b.jsonl", good, idle))
    assert [row["model"] for row in board["models"]] == ["a", "b", "idle"]
    assert board["excluded"] == {"unparsed": 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--level", "nan"), "nan is not a finite number"),
        (("--level", "0"), "0<x<1"),
        (("--level", "1"), "0<x<1"),
        (("--elo-k", "inf"), "inf is not a finite number"),
        (("--seed", "-1"), "not in the range x>=0"),
        (("--elo-orders", "100000000"), "1<=x<=10000"),
        (("--anchor", "x=inf"), "allowed: MODEL=POINTS"),
        (("--anchor", "x=nan"), "allowed: MODEL=POINTS"),
    ],
)
def test_numbers_that_are_none_are_usage_errors(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    done = invoke(write(tmp_path / "b.jsonl", BATTLES), *options)
    assert done.exit_code == 2
    assert message in done.output


def test_the_footer_says_what_the_intervals_are(tmp_path: Path) -> None:
    path = write(tmp_path / "b.csv", [row | {"user": f"u{i % 4}"} for i, row in enumerate(BATTLES)])
    for options, said in (
        ((), "9 battles on 3 questions · 95% intervals, clustered by question"),
        (
            ("--cluster", "user", "--level", "0.995"),
            "9 battles on 4 different user · 99.5% intervals, clustered by user",
        ),
        (
            ("--interval", "bootstrap"),
            "95% intervals, of ratings by bootstrap of questions, the others clustered by question",
        ),
        (("--interval", "independent"), "95% intervals, rows taken as independent"),
        (("--interval", "none"), "9 battles on 3 questions · no intervals"),
    ):
        assert said in invoke(path, *options).output
    bare = write(tmp_path / "c.csv", [{k: v for k, v in row.items() if k != "question_id"} for row in BATTLES])
    assert "9 battles · 95% intervals, rows taken as independent" in invoke(bare).output
    assert "bootstrap of rows, the others rows taken as independent" in invoke(bare, "--interval", "bootstrap").output
    one = text(tmp_path / "o.csv", HEADER + "1,a,b,tie\n")
    assert "1 battle on 1 question ·" in invoke(one).output


def test_sets_that_never_met_are_told_apart_in_the_table(tmp_path: Path) -> None:
    rows = "".join(f"{i},a,b,model_{'ab'[i % 2]}\n{i},c,d,model_{'abb'[i % 3]}\n" for i in range(9))
    table = invoke(text(tmp_path / "b.csv", HEADER + rows)).output
    assert "┃ set ┃" in table
    assert "┃ set ┃" not in invoke(write(tmp_path / "c.csv", BATTLES)).output


def test_a_model_that_won_some_and_has_no_lower_end_did_not_lose_all(tmp_path: Path) -> None:
    rows = "".join(f"{i},a,b,model_a\n{i},b,c,model_a\n{i},a,c,model_a\n" for i in range(5))
    table = invoke(text(tmp_path / "b.csv", HEADER + rows)).output
    assert ("below [−∞" in table, "lost all [−∞" in table) == (True, True)


def test_reading_battles_loads_nothing_that_configs_and_prompts_are_read_with() -> None:
    code = (
        "import sys, arena.battles.read.files, arena.ratings; print({'pydantic', 'yaml', 'scipy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
