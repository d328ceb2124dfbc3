"""Any battle file as files, as a page and in the viewer: `rate --out`, `report FILE`, `view FILE`."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kit.battle_files import BATTLES, write
from kit.boards import arithmetic_board
from kit.commands import arena

from arena.cli import view as viewing
from viz.data.board import open_board
from viz.data.source import Source, parse_arguments

ROWS = [row | {"judge": "j", "language": "en", "weight": 2.0, "length_a": 3.0, "length_b": 4.0} for row in BATTLES]
KINDS = (".csv", ".jsonl", ".parquet")


@pytest.mark.parametrize("kind", KINDS)
def test_a_board_is_written_in_every_form(tmp_path: Path, kind: str) -> None:
    path, out = write(tmp_path / f"b{kind}", ROWS), tmp_path / "out"
    done = arena("rate", path, "--out", out)
    assert done.returncode == 0, done.stderr
    names = {file.name for file in out.iterdir()} - {"leaderboard.png"}
    assert names == {f"leaderboard.{form}" for form in ("json", "csv", "md", "html", "svg")}
    printed = json.loads(arena("rate", path, "--json").stdout)
    assert json.loads((out / "leaderboard.json").read_text()) == printed
    assert [row["model"] for row in csv.DictReader((out / "leaderboard.csv").read_text().splitlines())] == [
        "x",
        "y",
        "z",
    ]
    page = (out / "leaderboard.html").read_text()
    assert "a file of battles" in page and "Who beats whom" in page
    assert "<script" not in page and 'id="battles"' not in page
    texts = [element.text for element in ET.parse(out / "leaderboard.svg").iter() if element.tag.endswith("text")]
    assert "x" in texts and "9 battles on 3 questions · 95% intervals, clustered by question" in texts


def test_top_limits_what_is_shown_and_nothing_else(tmp_path: Path) -> None:
    path, out = write(tmp_path / "b.csv", BATTLES), tmp_path / "out"
    done = arena("rate", path, "--out", out, "--top", "2", "--plot", tmp_path / "p.svg")
    assert "│ z" not in done.stdout and "the first 2 of 3 models" in done.stdout
    whole = json.loads((out / "leaderboard.json").read_text())
    assert whole == json.loads(arena("rate", path, "--json", "--top", "1").stdout)
    assert len(whole["models"]) == 3
    assert len(list(csv.DictReader((out / "leaderboard.csv").read_text().splitlines()))) == 3
    markdown = (out / "leaderboard.md").read_text()
    assert "| z |" not in markdown and "The first 2 of 3 models." in markdown
    assert "The first 2 of 3 models." in (out / "leaderboard.html").read_text()
    assert "and 1 more" in (tmp_path / "p.svg").read_text()


def test_names_of_models_are_text_in_every_form(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\x07&\"'"
    rows = [row | {"model_a": row["model_a"].replace("x", evil), "model_b": row["model_b"].replace("x", evil)}
            for row in BATTLES]  # fmt: skip
    done = arena("rate", write(tmp_path / "b.jsonl", rows), "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    ET.parse(tmp_path / "out" / "leaderboard.svg")
    assert "<script" not in (tmp_path / "out" / "leaderboard.html").read_text()


@pytest.mark.parametrize("content", ["model_a,model_b,outcome\n", "model_a,model_b,outcome\nx,y,1\n"])
def test_a_board_with_next_to_nothing_on_it_is_written_too(tmp_path: Path, content: str) -> None:
    (tmp_path / "b.csv").write_text(content)
    done = arena("rate", tmp_path / "b.csv", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert arena("report", tmp_path / "b.csv").returncode == 0


def test_a_figure_of_another_kind_is_a_usage_error(tmp_path: Path) -> None:
    done = arena("rate", write(tmp_path / "b.csv", BATTLES), "--plot", tmp_path / "p.pdf")
    assert (done.returncode, "allowed: a file .svg or .png" in done.stderr) == (2, True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_of_a_file_lies_beside_it(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / f"mine{kind}", ROWS)
    done = arena("report", path, "--lang", "zh")
    assert done.returncode == 0, done.stderr
    assert "对战文件" in (tmp_path / "mine.html").read_text()
    assert arena("report", path, "--out", tmp_path / "r.html").returncode == 0
    assert "<title>mine" in (tmp_path / "r.html").read_text()


def test_a_report_is_of_a_board_or_of_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "b.csv", BATTLES)
    for arguments in ([], [path, "-c", "x.yaml"], [path, "--dry-run"]):
        done = arena("report", *arguments)
        assert (done.returncode, "give either a board with -c CFG, or battle files" in done.stderr) == (2, True)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The arguments of viewers that would have been started."""
    found: list[list[str]] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(viewing, "_become", lambda command, _: found.append(command[command.index("--") + 1 :]))
    return found


def view(*arguments: object) -> Result:
    return CliRunner().invoke(viewing.view, [str(argument) for argument in arguments])


@pytest.mark.parametrize("kind", KINDS)
def test_the_viewer_shows_any_battle_file(tmp_path: Path, shown: list[list[str]], kind: str) -> None:
    path = write(tmp_path / f"mine{kind}", [*ROWS, ROWS[0]])
    assert view(path).exit_code == 0
    source: Source = parse_arguments(shown[0])
    board = open_board(source)
    assert (source.name, board.names.models, board.names.judges) == ("mine", ("x", "y", "z"), ("j",))
    assert len(board.rows) == 10 and board.rows.sample.max() == 1
    assert board.rows.weight.tolist() == [2.0] * 10
    assert board.report is not None
    assert board.report.models == tuple(board.report.models)
    assert {row.model: row.rating for row in board.report.models} == {
        row["model"]: row["rating"] for row in json.loads(arena("rate", path, "--json").stdout)["models"]
    }


def test_files_with_texts_or_verdicts_are_shown_as_they_are(tmp_path: Path, shown: list[list[str]]) -> None:
    assert arena("run", "-c", arithmetic_board(tmp_path)).returncode == 0
    own = tmp_path / "out/reports/battles.jsonl"
    assert view(own).exit_code == view("--review-file", own).exit_code == 0
    assert shown == [[f"--review-file={own}"]] * 2
    assert parse_arguments(shown[0]).board == tmp_path / "out"


@pytest.mark.parametrize("content", ["model_a,model_b\nx,y\n", "", "model_a,model_b,winner\nx,y,z\n"])
def test_a_file_that_cannot_be_shown_is_refused_before_a_server_starts(
    tmp_path: Path, shown: list[list[str]], content: str
) -> None:
    (tmp_path / "b.csv").write_text(content)
    done = arena("view", tmp_path / "b.csv")
    assert (done.returncode, done.stderr.count("\n"), shown) == (2, 1, [])
    assert "b.csv: " in done.stderr


@pytest.mark.parametrize("before", ["", " ", "\n", "\r", "\t", " \n ", "\u00a0", "\ufeff", "\u200b"])
@pytest.mark.parametrize("mark", ["=", "+", "-", "@"])
def test_no_name_is_a_formula_in_csv(tmp_path: Path, before: str, mark: str) -> None:
    evil = f"{before}{mark}HYPERLINK(1)"
    write(tmp_path / "b.jsonl", [{"model_a": evil, "model_b": "y", "outcome": 1.0}])
    arena("rate", tmp_path / "b.jsonl", "--out", tmp_path)
    with (tmp_path / "leaderboard.csv").open(newline="") as lines:
        names = {row["model"] for row in csv.DictReader(lines)}
    assert names == {f"'{evil}".replace("\r", "\n"), "y"}
