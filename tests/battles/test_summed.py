"""Battles that are added up as they are read say what the same rows say in memory."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kit.battle_files import BATTLES, invoke, refused, write

from arena.battles import summed
from arena.battles.read import parquet, stream
from arena.battles.read.several import files_of
from arena.battles.read.wanted import Wanted
from arena.battles.summed import rate_summed
from arena.ratings import RatingOptions
from arena.ratings.data import battle_sums
from arena.ratings.findings import diagnostics
from arena.stages.rate_file import rate_files

TOLERANCE = 1e-8


@pytest.fixture(autouse=True)
def _few_is_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dispersion by row, as above the size from which files are added up; small parts."""
    monkeypatch.setattr(diagnostics, "_ROWS_APART", 0)
    monkeypatch.setattr(stream, "_AT_ONCE", 200)


def drawn(seed: int = 0, n: int = 2_000, models: int = 12, questions: int = 60, *, last: str = "") -> pa.Table:
    """Random battles; `last` says what becomes of the last model: it never met anybody else, lost all, or only tied."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, models, n)
    b = (a + rng.integers(1, models, n)) % models
    theta = rng.normal(0, 0.8, models)
    winner = np.where(rng.random(n) < 0.2, "tie", np.where(rng.random(n) < 1 / (1 + np.exp(theta[b] - theta[a])),
                                                          "model_a", "model_b"))  # fmt: skip
    if last == "lost":
        winner = np.where(a == models - 1, "model_b", np.where(b == models - 1, "model_a", winner))
        winner = np.where(
            (a == 0) & (b != models - 1), "model_a", np.where((b == 0) & (a != models - 1), "model_b", winner)
        )
    elif last == "tied":
        winner = np.where((a == models - 1) | (b == models - 1), "tie", winner)
        theta[:] = 0
    elif last == "apart":
        apart = models - 2
        there = (a < apart) == (b < apart)
        a, b, winner, n = a[there], b[there], winner[there], int(there.sum())
    names = np.array([f"m{(7 * i) % models:02d}" for i in range(models)])
    return pa.table(
        {
            "question_id": [f"q{q}" for q in rng.integers(0, questions, n)],
            "model_a": names[a].tolist(), "model_b": names[b].tolist(), "winner": winner.tolist(),
        }
    )  # fmt: skip


def split(folder: Path, table: pa.Table, files: int = 3) -> Path:
    """The rows in several files with row groups of their own sizes."""
    folder.mkdir()
    size = -(-len(table) // files)
    for number in range(files):
        pq.write_table(table.slice(number * size, size), folder / f"{number}.parquet", row_group_size=70 + 300 * number)
    return folder


def board(monkeypatch: pytest.MonkeyPatch, path: Path, options: RatingOptions, wanted: Wanted, *, many: int) -> dict:
    monkeypatch.setattr(parquet, "MANY", many)
    return dict(rate_files([path], options, wanted).report.stored)


def compare(found: object, expected: object, where: str = "") -> None:
    if isinstance(expected, dict):
        assert isinstance(found, dict) and found.keys() == expected.keys(), where
        for name, value in expected.items():
            compare(found[name], value, f"{where}.{name}")
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), where
        for place, value in enumerate(expected):
            compare(found[place], value, f"{where}[{place}]")
    elif isinstance(expected, float) and not where.endswith("gradient_norm"):
        assert found == pytest.approx(expected, rel=TOLERANCE, abs=1e-9), where
    elif not isinstance(expected, float):
        assert found == expected, where


OPTIONS = {
    "usual": RatingOptions(slices=(), stability=False),
    "by win rate": RatingOptions(slices=(), stability=False, methods=("win_rate", "bradley_terry")),
    "independent": RatingOptions(slices=(), stability=False, interval="independent"),
    "none": RatingOptions(slices=(), stability=False, interval="none"),
    "baseline": RatingOptions(slices=(), stability=False, baseline="m03", methods=("win_rate", "bradley_terry")),
    "simultaneous": RatingOptions(slices=(), stability=False, simultaneous=True, level=0.9),
}


@pytest.mark.parametrize("last", ["", "lost", "tied", "apart"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_sums_say_what_rows_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: RatingOptions, last: str
) -> None:
    folder = split(tmp_path / "battles", drawn(last=last))
    rows = board(monkeypatch, folder, options, Wanted(), many=10_000)
    compare(board(monkeypatch, folder, options, Wanted(), many=0), rows)
    assert rows["n_battles"] > 1_000


def test_without_question_ids_one_pass_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = split(tmp_path / "battles", drawn().drop_columns("question_id"))
    monkeypatch.setattr(summed, "add_residuals", None)
    found = board(monkeypatch, folder, OPTIONS["usual"], Wanted(), many=0)
    compare(found, board(monkeypatch, folder, OPTIONS["usual"], Wanted(), many=10_000))
    assert found["interval"] == "independent"


@pytest.mark.parametrize("column", ["outcome", "human_pref"])
def test_outcomes_between_the_three_are_added_up_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    table = drawn()
    values = np.round(np.random.default_rng(1).random(len(table)), 2).tolist()
    values[5] = None
    folder = split(tmp_path / "battles", table.drop_columns("winner").append_column(column, pa.array(values)))
    for name in ("usual", "independent"):
        rows = board(monkeypatch, folder, OPTIONS[name], Wanted(), many=10_000)
        compare(board(monkeypatch, folder, OPTIONS[name], Wanted(), many=0), rows)
        assert rows["excluded"] == {"no outcome": 1}


def test_rows_left_out_names_of_winners_and_numbers_for_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = drawn()
    a, b, winner = (table.column(name).to_pylist() for name in ("model_a", "model_b", "winner"))
    winner = [one if w == "model_a" else two if w == "model_b" else w for one, two, w in zip(a, b, winner, strict=True)]
    winner[3:6] = [None, "skip", "TIE (bothbad)"]
    question = pa.array([int(q[1:]) for q in table.column("question_id").to_pylist()])
    table = pa.table({"id": question, "model_a": a, "model_b": b, "winner": winner})
    folder = split(tmp_path / "battles", table)
    rows = board(monkeypatch, folder, OPTIONS["usual"], Wanted(), many=10_000)
    compare(board(monkeypatch, folder, OPTIONS["usual"], Wanted(), many=0), rows)
    assert rows["excluded"] == {"no outcome": 1, "skipped by the voter": 1}


def test_only_the_wanted_judges_rows_are_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = drawn()
    folder = split(
        tmp_path / "battles", table.append_column("judge", pa.array([f"j{i % 3}" for i in range(len(table))]))
    )
    wanted = Wanted(judge="j1")
    rows = board(monkeypatch, folder, OPTIONS["usual"], wanted, many=10_000)
    found = board(monkeypatch, folder, OPTIONS["usual"], wanted, many=0)
    assert found["judges"] == ["j1"] and found["judges_detail"] == []
    assert "leaves out: what is said of each judge" in found["warnings"][-1]
    for name in ("models", "n_battles", "n_questions", "diagnostics", "pairs"):
        compare(found[name], rows[name], name)
    assert "no battles by judge 'j9' (have: j0, j1, j2)" in refused(folder, "--judge", "j9")


def test_what_needs_rows_is_left_out_and_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = split(tmp_path / "battles", drawn())
    monkeypatch.setattr(parquet, "MANY", 0)
    done = invoke(folder, "--method", "elo,win_rate", "--interval", "bootstrap", "--json")
    found = json.loads(done.stdout)
    assert (found["ranked_by"], found["interval"]) == ("win_rate", "sandwich")
    assert found["warnings"][-1] == (
        "so many battles are added up as they are read, which leaves out: elo, "
        "bootstrap (intervals are those of the sandwich)"
    )


@pytest.mark.parametrize(
    "more",
    [{"weight": 2.0}, {"judge": "panel"}, {"state": "rated"}],
)
def test_columns_that_take_rows_are_rated_in_memory(tmp_path: Path, more: dict[str, object]) -> None:
    table = drawn()
    for name, value in more.items():
        table = table.append_column(name, pa.array([value] * len(table)))
    files = files_of([split(tmp_path / "battles", table)])
    assert rate_summed(files, OPTIONS["usual"], Wanted()) is None


def test_more_models_or_cells_than_sums_hold_are_rated_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of([split(tmp_path / "battles", drawn())])
    monkeypatch.setattr(stream, "DENSE_LIMIT", 11)
    assert rate_summed(files, OPTIONS["usual"], Wanted()) is None
    monkeypatch.setattr(stream, "DENSE_LIMIT", 12)
    monkeypatch.setattr(battle_sums, "MOST_CELLS", 12 * 59)
    assert rate_summed(files, OPTIONS["usual"], Wanted()) is None
    monkeypatch.setattr(battle_sums, "MOST_CELLS", 12 * 60)
    assert rate_summed(files, OPTIONS["usual"], Wanted()) is not None


def test_a_model_that_is_called_like_a_word_is_left_to_the_rows(tmp_path: Path) -> None:
    rows = [row | {"model_a": "tie" if row["model_a"] == "x" else row["model_a"]} for row in BATTLES]
    assert rate_summed([write(tmp_path / "b.parquet", rows)], OPTIONS["usual"], Wanted()) is None


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("winner", "nobody", "row 1500: winner: found 'nobody', allowed: model_a"),
        ("model_a", None, "row 1500: model_a: found nothing, allowed: a model's name"),
        ("question_id", None, "row 1500: question_id: found nothing, allowed: a question's id"),
        ("model_b", "m07", "row 1500: model_a, model_b: found 'm07', allowed: two different models"),
    ],
)
def test_a_bad_row_is_named_by_its_number_in_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, value: str | None, said: str
) -> None:
    rows = drawn().to_pylist()
    rows[1499] |= {"model_a": "m07", "model_b": "m01", "winner": "tie"} | {column: value}
    path = tmp_path / "b.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=70)
    in_memory = refused(path)
    assert said in in_memory
    monkeypatch.setattr(parquet, "MANY", 0)
    assert refused(path).partition(", allowed")[0] == in_memory.partition(", allowed")[0]


def test_files_of_other_columns_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = split(tmp_path / "battles", drawn())
    pq.write_table(drawn().drop_columns("question_id"), folder / "9.parquet")
    monkeypatch.setattr(parquet, "MANY", 0)
    assert "9.parquet: another layout than" in refused(folder) and "no column 'question_id'" in refused(folder)


def test_sums_are_written_as_files_and_not_shown_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from arena.errors import InputError
    from arena.stages.rate_file import write_board_of

    folder = split(tmp_path / "battles", drawn())
    pages = []
    for many, name in ((0, "sums"), (10_000, "rows")):
        monkeypatch.setattr(parquet, "MANY", many)
        assert invoke(folder, "--out", str(tmp_path / name)).exit_code == 0
        page = (tmp_path / name / "leaderboard.html").read_text()
        pages.append(
            re.sub('<section id="stability">.*?</section>|<a href="#stability">.*?</a>', "", page, flags=re.DOTALL)
        )
    assert pages[0] == pages[1]
    monkeypatch.setattr(parquet, "MANY", 0)
    with pytest.raises(InputError, match="more than the viewer shows"):
        write_board_of(tmp_path / "board", rate_files([folder], OPTIONS["usual"], Wanted()))


def test_a_large_row_group_is_read_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "b.parquet"
    pq.write_table(drawn(), path)
    compare(
        board(monkeypatch, path, OPTIONS["usual"], Wanted(), many=0),
        board(monkeypatch, path, OPTIONS["usual"], Wanted(), many=10_000),
    )


def test_ray_is_asked_for_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "b.csv", BATTLES)
    error = invoke(path, "--ray", "127.0.0.1:1").exception
    assert "--ray adds up Parquet files" in str(error)
    missing = path.with_name("nowhere.parquet")
    assert str(invoke(missing, "--ray", "127.0.0.1:1").exception) == f"{missing}: no such file"
