"""`arena rate` on battle files of any origin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.battle_files import BATTLES, board_of, invoke, refused, write
from kit.boards import arithmetic_board
from kit.commands import arena


def test_all_kinds_of_files_give_the_same_board(tmp_path: Path) -> None:
    boards = [board_of(write(tmp_path / f"b{kind}", BATTLES)) for kind in (".jsonl", ".csv", ".parquet")]
    assert boards[0] == boards[1] == boards[2]
    assert [row["model"] for row in boards[0]["models"]] == ["x", "y", "z"]
    assert boards[0]["n_questions"] == 3
    row = boards[0]["models"][0]
    assert (row["wins"], row["losses"], row["ties"], row["n_battles"]) == (3, 2, 1, 6)


def test_outcomes_win_over_winners_and_nulls_are_skipped_and_counted(tmp_path: Path) -> None:
    rows = [row | {"outcome": 0.75, "winner": "model_b"} for row in BATTLES]
    rows[4]["outcome"] = None
    for kind in (".jsonl", ".parquet", ".csv"):
        board = board_of(write(tmp_path / f"b{kind}", rows))
        assert board["n_battles"] == 8
        assert board["excluded"] == {"no outcome": 1}
        rates = {row["model"]: row["win_rate"] for row in board["models"]}
        assert rates["x"] == pytest.approx((3 * 0.75 + 2 * 0.25) / 5)


def test_without_question_ids_it_says_so(tmp_path: Path) -> None:
    rows = [{name: row[name] for name in ("model_a", "model_b", "winner")} for row in BATTLES]
    board = board_of(write(tmp_path / "b.csv", rows))
    assert board["interval"] == "independent"
    assert any("no question_id" in text for text in board["warnings"])


def test_whole_numbers_and_texts_are_the_same_question(tmp_path: Path) -> None:
    rows = [row | {"question_id": i // 3 if i % 2 else str(i // 3)} for i, row in enumerate(BATTLES)]
    assert board_of(write(tmp_path / "b.jsonl", rows))["n_questions"] == 3
    numbers = [row | {"question_id": i // 3} for i, row in enumerate(BATTLES)]
    for kind in (".jsonl", ".csv", ".parquet"):
        assert board_of(write(tmp_path / f"n{kind}", numbers))["n_questions"] == 3


@pytest.mark.parametrize("kind", [".jsonl", ".csv", ".parquet"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"winner": "draw"}, "row 3: winner: found 'draw', allowed: model_a"),
        ({"model_b": "x"}, "row 3: model_a, model_b: found 'x', allowed: two different models"),
        ({"model_b": None}, "row 3: model_b: found nothing, allowed: a model's name"),
        ({"outcome": 1.5}, "row 3: outcome: found 1.5, allowed: a number in [0, 1]"),
        ({"weight": -1.0}, "row 3: weight: found -1, allowed: a number of at least 0"),
        ({"question_id": None}, "row 3: question_id: found nothing, allowed: a question's id"),
        ({"first_model": "w"}, "row 3: first_model: found 'w'"),
    ],
)
def test_bad_values_name_the_row(tmp_path: Path, kind: str, change: dict, message: str) -> None:
    name = next(iter(change))
    plain = {"outcome": 0.5, "weight": 1.0, "first_model": None}
    rows = [dict(row) if name in row else row | {name: plain[name]} for row in BATTLES]
    rows[2] |= change
    assert message in refused(write(tmp_path / f"b{kind}", rows))


def test_a_json_array_is_read_like_its_lines(tmp_path: Path) -> None:
    rows = [row | {"tstamp": 1.5, "turn": n} for n, row in enumerate(BATTLES)]
    (tmp_path / "b.json").write_text(json.dumps(rows, indent=1))
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    array, lines = (board_of(tmp_path / name) for name in ("b.json", "b.jsonl"))
    assert array["models"] == lines["models"] and len(array["models"]) > 1
    (tmp_path / "b.json").write_text(json.dumps(rows[0]))
    assert "b.json: not a JSON array of objects" in refused(tmp_path / "b.json")
    (tmp_path / "b.json").write_text("[{]")
    assert "b.json: not JSON" in refused(tmp_path / "b.json")


def test_bad_files_are_refused_in_one_line(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.csv")
    (tmp_path / "empty.jsonl").write_text("")
    assert "is empty" in refused(tmp_path / "empty.jsonl")
    (tmp_path / "b.txt").write_text("x")
    assert "unknown kind of file '.txt'" in refused(tmp_path / "b.txt")
    (tmp_path / "b.parquet").write_text("x")
    assert "not readable as parquet" in refused(tmp_path / "b.parquet")
    (tmp_path / "b.jsonl").write_text('{"model_a": "x", "model_b": "y", "winner": "tie"}\n{"model_a": \n')
    assert ":2: not JSON" in refused(tmp_path / "b.jsonl")
    (tmp_path / "c.jsonl").write_text(
        '{"model_a": "x", "model_b": "y", "outcome": 1}\n{"model_a": "x", "model_b": "y", "outcome": "w"}\n'
    )
    assert ":2: outcome: found 'w', allowed: a number" in refused(tmp_path / "c.jsonl")
    assert "needs a column 'outcome' or 'winner'" in refused(
        write(tmp_path / "d.csv", [{"model_a": "x", "model_b": "y"}])
    )
    assert "no column 'model_b'" in refused(write(tmp_path / "e.csv", [{"model_a": "x", "winner": "tie"}]))


def test_options_reach_the_ratings(tmp_path: Path) -> None:
    path = write(tmp_path / "b.jsonl", BATTLES)
    board = board_of(path, "--method", "elo,bradley_terry", "--method", "win_rate", "--baseline", "y",
                     "--anchor", "z=1200",
                     "--level", "0.9", "--by", "category", "--no-pairs", "--elo-order", "file")  # fmt: skip
    rows = {row["model"]: row for row in board["models"]}
    assert (board["ranked_by"], board["baseline"], board["level"], board["pairs"]) == ("elo", "y", 0.9, [])
    assert (rows["z"]["rating"], rows["y"]["win_rate"]) == (1200.0, 0.5)
    assert set(rows["x"]["categories"]) == {"even", "odd"}
    assert rows["x"]["categories"]["odd"]["thin"]
    assert rows["x"]["elo_order_sd"] is None
    none = board_of(path, "--interval", "none")
    assert all(row["rating_low"] is None and row["rank_low"] is None for row in none["models"])


def test_bad_options_are_usage_errors(tmp_path: Path) -> None:
    path = write(tmp_path / "b.jsonl", BATTLES)
    assert "found 'glicko', allowed: bradley_terry" in invoke(path, "--method", "glicko").output
    assert "allowed: MODEL=POINTS" in invoke(path, "--anchor", "x=high").output
    assert "no model 'w'" in refused(path, "--baseline", "w")
    assert "no battles by judge 'j'" in refused(path, "--judge", "j")
    assert "no column 'prompt' to cluster by" in refused(path, "--cluster", "prompt")
    assert "no column 'length'" in refused(path, "--style", "length")


def test_another_column_can_be_the_cluster(tmp_path: Path) -> None:
    rows = [row | {"user": i % 4} for i, row in enumerate(BATTLES)]
    for kind in (".jsonl", ".csv", ".parquet"):
        assert board_of(write(tmp_path / f"b{kind}", rows), "--cluster", "user")["n_questions"] == 4


def test_a_panel_is_rated_alone_and_judges_otherwise_together(tmp_path: Path) -> None:
    judged = [row | {"judge": judge} for row in BATTLES for judge in ("j1", "j2")]
    both = board_of(write(tmp_path / "b.csv", judged))
    assert (both["judges"], both["n_battles"]) == (["j1", "j2"], 18)
    one = board_of(tmp_path / "b.csv", "--judge", "j2")
    assert (one["judges"], one["n_battles"]) == (["j2"], 9)
    panel = board_of(write(tmp_path / "p.csv", judged + [row | {"judge": "panel"} for row in BATTLES]))
    assert (panel["judges"], panel["n_battles"]) == (["j1", "j2"], 9)
    assert [detail["judge"] for detail in panel["judges_detail"]] == ["j1", "j2"]


def test_style_columns_alone_or_in_two_sides(tmp_path: Path) -> None:
    rows = [
        row | {"tone": (-1) ** i * 0.3 * i, "length_a": 10.0 * (i + 1), "length_b": 50.0}
        for i, row in enumerate(BATTLES * 4)
    ]
    for kind in (".jsonl", ".csv", ".parquet"):
        board = board_of(write(tmp_path / f"s{kind}", rows), "--style", "tone,length")
        assert set(board["style"]) == {"tone", "length"}


def test_the_table_is_for_people(tmp_path: Path) -> None:
    done = invoke(write(tmp_path / "b.jsonl", BATTLES))
    assert done.exit_code == 0
    assert "9 battles on 3 questions" in done.output
    assert "clustered by question" in done.output


@pytest.mark.parametrize("order", ["both", "random"])
def test_a_boards_own_battles_give_its_own_numbers(tmp_path: Path, order: str) -> None:
    config = arithmetic_board(tmp_path, order=order)
    assert arena("run", "-c", config).returncode == 0
    reports = tmp_path / "out/reports"
    expected = json.loads((reports / "leaderboard.json").read_text())
    found = board_of(reports / "battles.jsonl", "--baseline", "half", "--method", "bradley_terry,elo,win_rate",
                     "--by", "category", "--by", "language")  # fmt: skip
    fields = ("rank", "rank_low", "rank_high", "rating", "rating_low", "rating_high", "unbounded", "elo", "elo_low",
              "elo_high", "elo_order_sd", "win_rate", "win_rate_low", "win_rate_high", "wins", "losses", "ties",
              "n_battles", "categories")  # fmt: skip
    for ours, theirs in zip(found["models"], expected["models"], strict=True):
        assert {name: ours[name] for name in ("model", *fields)} == {name: theirs[name] for name in ("model", *fields)}
    assert (found["pairs"], found["diagnostics"]) == (expected["pairs"], expected["diagnostics"])
    assert (found["excluded"], found["pending"], found["n_battles"]) == (
        expected["excluded"], expected["pending"], expected["n_battles"])  # fmt: skip
    detail = {key: value for key, value in found["judges_detail"][0].items() if key != "judge"}
    assert detail.items() <= expected["judges_detail"][0].items()
