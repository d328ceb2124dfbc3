"""Several battle files as one: patterns, folders, mixed kinds, and files that do not belong together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.battle_files import BATTLES, board_of, invoke, refused, write
from kit.commands import arena

from arena.battles.read.several import files_of, read_files
from arena.battles.read.wanted import Wanted
from arena.errors import DataError

JUDGED = [row | {"judge": f"j{i % 2}", "language": "en", "weight": 1.0 + i, "length": float(i)}
          for i, row in enumerate(BATTLES)]  # fmt: skip


def parts(folder: Path, rows: list[dict] = JUDGED, kinds: tuple[str, ...] = (".parquet", ".csv", ".jsonl")) -> Path:
    """The rows in one file of each kind; later files have models and questions that earlier ones lack."""
    folder.mkdir()
    size = -(-len(rows) // len(kinds))
    for number, kind in enumerate(kinds):
        write(folder / f"part{number}{kind}", rows[number * size : (number + 1) * size])
    return folder


@pytest.mark.parametrize("options", [(), ("--judge", "j1"), ("--style", "length"), ("--by", "category"),
                                     ("--method", "elo", "--elo-order", "file")])  # fmt: skip
@pytest.mark.parametrize("given", ["", "part*", "*[0-9].*"])
def test_files_of_any_kinds_are_rated_as_one(tmp_path: Path, given: str, options: tuple[str, ...]) -> None:
    one = board_of(write(tmp_path / "one.csv", JUDGED), *options)
    assert board_of(parts(tmp_path / "battles") / given, *options) == one


def test_files_are_taken_in_the_order_given_and_once(tmp_path: Path) -> None:
    folder = parts(tmp_path / "battles")
    last = folder / "part2.jsonl"
    (folder / "notes.txt").write_text("no table")
    (folder / ".hidden.csv").write_text("no table")
    assert [file.name for file in files_of([last, folder, folder / "p*.csv"])] == [
        "part2.jsonl", "part0.parquet", "part1.csv",
    ]  # fmt: skip


def test_a_name_with_a_star_in_it_is_a_name(tmp_path: Path) -> None:
    odd = write(tmp_path / "b[1]*.csv", BATTLES)
    write(tmp_path / "b1x.csv", BATTLES)
    assert files_of([odd]) == (odd,)


def test_a_file_of_another_layout_is_named(tmp_path: Path) -> None:
    folder = parts(tmp_path / "battles")
    write(folder / "part9.csv", BATTLES)
    said = refused(folder)
    assert "part9.csv: another layout than" in said and "no column 'judge'" in said
    (folder / "part9.csv").unlink()
    (folder / "zz.csv").write_text("question,answer\n1,2\n")
    assert "zz.csv: no column 'model_a'" in refused(folder)


def test_what_is_wrong_in_a_file_is_told_with_its_own_row(tmp_path: Path) -> None:
    folder = parts(tmp_path / "battles")
    write(folder / "part9.csv", [JUDGED[0], JUDGED[1] | {"winner": "nobody"}])
    assert "part9.csv: row 2: winner" in refused(folder)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "*.parquet", "no file is called like that"),
        (lambda folder: folder, "a folder without tables"),
        (lambda folder: folder / "gone.csv", "no such file"),
    ],
)
def test_nothing_to_rate_is_said_in_one_line(tmp_path: Path, make, said: str) -> None:
    assert said in refused(make(tmp_path))


def test_a_boards_folder_is_told_from_a_folder_of_battles(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    write(tmp_path / "reports" / "battles.jsonl", BATTLES)
    assert "a board's folder; its battles are" in refused(tmp_path)
    assert board_of(tmp_path / "reports")["n_battles"] == len(BATTLES)


def test_a_judge_that_only_one_file_has_is_found_and_one_that_none_has_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "battles"
    folder.mkdir()
    write(folder / "a.csv", [row for row in JUDGED if row["judge"] == "j0"])
    write(folder / "b.csv", [row for row in JUDGED if row["judge"] == "j1"])
    assert board_of(folder, "--judge", "j1")["n_battles"] == sum(row["judge"] == "j1" for row in JUDGED)
    assert "no battles by judge 'nobody' (have: j0)" in refused(folder, "--judge", "nobody")


def test_the_panel_counts_whichever_file_it_is_in(tmp_path: Path) -> None:
    rows = [row | {"judge": judge} for judge in ("j0", "j1", "panel") for row in BATTLES]
    folder = parts(tmp_path / "battles", rows, (".csv", ".csv", ".csv"))
    one = board_of(write(tmp_path / "one.csv", rows))
    assert board_of(folder) == one
    assert one["n_battles"] == len(BATTLES) and one["judges"] == ["j0", "j1"]


def test_skipped_rows_and_odd_names_are_counted_over_all_files(tmp_path: Path) -> None:
    rows = [row | {"winner": None} if i % 3 == 0 else row for i, row in enumerate(BATTLES)]
    rows[1] = rows[1] | {"model_a": "x "}
    folder = parts(tmp_path / "battles", rows, (".csv", ".jsonl"))
    read = read_files(files_of([folder]), Wanted())
    assert read.skipped == {"no outcome": 3}
    assert read.warnings == ("model: 'x ' and 'x' differ by blanks alone and are kept apart",)


def test_stdin_is_rated_alone(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="stdin"):
        files_of([Path("-"), write(tmp_path / "b.csv", BATTLES)])


def test_several_files_are_written_as_files_and_as_a_page(tmp_path: Path) -> None:
    folder = parts(tmp_path / "battles")
    done = arena("rate", folder / "*.csv", folder / "part0.parquet", folder / "part2.jsonl", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "leaderboard.json").read_text())["n_battles"] == len(BATTLES)
    done = arena("report", folder)
    assert done.returncode == 0, done.stderr
    assert "a file of battles" in (folder / "battles.html").read_text()


def test_a_pattern_that_the_shell_expanded_is_the_same(tmp_path: Path) -> None:
    folder = parts(tmp_path / "battles")
    from click.testing import CliRunner

    from arena.cli.rate import rate

    done = CliRunner().invoke(rate, [*map(str, sorted(folder.iterdir())), "--json"])
    assert json.loads(done.stdout) == board_of(folder)
    assert invoke(folder).exit_code == 0
