"""Answers and ledgers that are shorter than they were, or another's: refused before anything is asked for again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, read_jsonl, write_jsonl
from kit.commands import arena

pytestmark = pytest.mark.slow

LEDGER, ANSWERS = "reviews/one.jsonl", "answers/half.jsonl"
JUDGES = {"one": {"backend": "reference"}, "second": {"backend": "reference"}}


def board(folder: Path) -> Path:
    config = arithmetic_board(folder, n_questions=4, judges=JUDGES)
    assert arena("run", "-c", config).returncode == 0
    return config


def cut_at_a_line(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def cut_in_a_line_before_the_last(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1])[:-5])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def remove(path: Path) -> None:
    path.unlink()


def fewer_longer_lines(path: Path) -> None:
    """More bytes and fewer lines: another file of the same owner."""
    rows = read_jsonl(path)[:-1]
    write_jsonl(path, [row | {"created_at": "x" * 10_000} for row in rows])


def empty_line_for_the_last(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + b"\n" + b" " * len(lines[-1]) + b"\r\n")


DAMAGES = [empty_line_for_the_last, cut_at_a_line, cut_in_a_line_before_the_last, empty, remove, fewer_longer_lines]
CALLS = [
    ("run",), ("run", "--stage", "answers"), ("run", "--stage", "reviews"), ("run", "--stage", "ratings"),
    ("run", "--limit", "1"), ("run", "--batch=collect"), ("try",), ("review", "--judge", "one"),
    ("review", "--judge", "new", "--backend", "reference"),
]  # fmt: skip


@pytest.mark.parametrize("file", [LEDGER, ANSWERS])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_lost_lines_is_refused_with_what_was_found_and_expected(
    tmp_path: Path, damage: Callable[[Path], None], file: str
) -> None:
    config = board(tmp_path)
    path = tmp_path / "out" / file
    whole, expected = path.read_bytes(), json.loads((tmp_path / "out/run.json").read_text())["files"][file]
    assert expected == {"lines": whole.count(b"\n"), "bytes": len(whole)}
    damage(path)
    left = path.read_bytes() if path.exists() else None
    done = arena("run", "-c", config)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert f"{path}: it is " in line and "--accept-shorter" in line
    assert f"expected {expected['lines']:,} lines ({expected['bytes']:,} bytes)" in line
    assert left is None or "found " in line
    assert (path.read_bytes() if path.exists() else None) == left

    path.write_bytes(whole)
    assert arena("run", "-c", config).returncode == 0
    damage(path)
    taken = arena("run", "-c", config, "--accept-shorter")
    assert taken.returncode == 0 and f"taken as it is: {path}" in taken.stderr
    assert arena("run", "-c", config).returncode == 0


@pytest.mark.parametrize("file", [LEDGER, ANSWERS])
@pytest.mark.parametrize("lost", [1, 5])
def test_a_torn_last_line_is_told_and_asked_for_again_like_one_that_a_kill_tore(
    tmp_path: Path, file: str, lost: int
) -> None:
    config = board(tmp_path)
    path = tmp_path / "out" / file
    keys = [row["key"] for row in read_jsonl(path)]
    path.write_bytes(path.read_bytes()[:-lost])
    assert f"warning: {path}: its last line is torn" in arena("plan", "-c", config).stderr
    done = arena("run", "-c", config)
    assert done.returncode == 0 and f"{path}: its last line is torn: found " in done.stderr
    assert [row["key"] for row in read_jsonl(path)] == keys
    assert "torn" not in arena("run", "-c", config).stderr


def test_lines_without_anything_in_them_are_no_loss(tmp_path: Path) -> None:
    config = board(tmp_path)
    path = tmp_path / "out" / LEDGER
    path.write_bytes(b"\r\n" + path.read_bytes().replace(b"\n", b"\r\n") + b"\n \n")
    for _ in range(2):
        done = arena("run", "-c", config)
        assert done.returncode == 0 and "one.jsonl" not in done.stderr


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 200_000, b"\0" * 500])
def test_a_damaged_run_json_is_refused_before_anything_is_asked(tmp_path: Path, content: bytes) -> None:
    config = board(tmp_path)
    (tmp_path / "out/run.json").write_bytes(content)
    (tmp_path / "out" / LEDGER).unlink()
    done = arena("run", "-c", config)
    assert (
        done.returncode == 2 and "run.json: it is damaged" in done.stderr and not (tmp_path / "out" / LEDGER).exists()
    )
    assert "run.json: it is damaged" in arena("plan", "-c", config).stderr
    assert arena("run", "-c", config, "--accept-shorter").returncode == 0
    assert "damaged" not in arena("run", "-c", config).stderr


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_every_command_that_asks_refuses(tmp_path: Path, call: tuple[str, ...]) -> None:
    config = board(tmp_path)
    cut_at_a_line(tmp_path / "out" / LEDGER)
    left = len(read_jsonl(tmp_path / "out" / LEDGER))
    (tmp_path / "out" / ANSWERS).unlink()
    before = sorted((path, path.read_bytes()) for path in (tmp_path / "out").rglob("*.json*"))
    done = arena(call[0], "-c", config, *call[1:])
    assert done.returncode == 2
    assert f"one.jsonl: it is shorter than it was: found {left} lines" in done.stderr
    assert "half.jsonl: it is missing, expected 4 lines" in done.stderr
    assert sorted((path, path.read_bytes()) for path in (tmp_path / "out").rglob("*.json*")) == before


@pytest.mark.parametrize(
    "call",
    [("plan",), ("show", "1", "right", "half"), ("agree", "--judge", "one"), ("report",), ("diff",), ("view",)],
    ids=lambda call: call[0],
)
def test_commands_that_only_read_warn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: tuple[str, ...]) -> None:
    config = board(tmp_path)
    vote = {"question_id": "1", "model_a": "right", "model_b": "half", "winner": "model_a", "voter": "me"}
    write_jsonl(tmp_path / "out/votes.jsonl", [vote])
    monkeypatch.setattr("arena.cli.view._become", lambda command, environment: None)
    arguments = ("diff", config, tmp_path / "out") if call[0] == "diff" else (call[0], "-c", config, *call[1:])
    assert "it is shorter" not in arena(*arguments).stderr
    cut_at_a_line(tmp_path / "out" / LEDGER)
    done = arena(*arguments)
    assert done.returncode == 0, done.stderr
    assert f"warning: {tmp_path / 'out' / LEDGER}: it is shorter than it was: found" in done.stderr


@pytest.mark.parametrize("folder", ["reviews", "answers"])
def test_files_that_changed_places_are_refused_like_a_corrupt_line(tmp_path: Path, folder: str) -> None:
    config = board(tmp_path)
    one, other = {"reviews": ("one", "second"), "answers": ("half", "wrong")}[folder]
    first, second = (tmp_path / "out" / folder / f"{name}.jsonl" for name in (one, other))
    between = tmp_path / "between"
    for source, target in ((first, between), (second, first), (between, second)):
        shutil.move(source, target)
    before = first.read_bytes()
    done = arena("run", "-c", config, "--accept-shorter")
    assert done.returncode == 2
    assert f"{folder}/{one}.jsonl:1: not a" in done.stderr and f"of '{other}' in the file of '{one}'" in done.stderr
    assert first.read_bytes() == before


@pytest.mark.parametrize(
    "files",
    [
        None, 7, [], {"reviews/one.jsonl": 3}, {"reviews/one.jsonl": {"lines": "x", "bytes": 1}},
        {"../../etc/passwd": {"lines": 10**9, "bytes": 10**9}}, {"reviews/../../x.jsonl": {"lines": 9, "bytes": 9}},
        {"/etc/passwd": {"lines": 10**9, "bytes": 10**9}}, {"answers/x.txt": {"lines": 9, "bytes": 9}},
    ],
)  # fmt: skip
def test_a_board_without_counts_is_accepted_and_counted(tmp_path: Path, files: object) -> None:
    config = board(tmp_path)
    run_file = tmp_path / "out/run.json"
    counted = json.loads(run_file.read_text())
    old = counted | {"files": files} if files is not None else {k: v for k, v in counted.items() if k != "files"}
    run_file.write_text(json.dumps(old))
    done = arena("run", "-c", config, "--stage", "ratings")
    assert done.returncode == 0, done.stderr
    assert json.loads(run_file.read_text())["files"] == counted["files"]
    assert sorted(counted["files"]) == sorted(
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").glob("[ar]*[ws]/*.jsonl")
        if path.parent.name != "reports"
    )  # fmt: skip


def test_real_answers_of_a_rehearsed_judge_are_counted_on_the_real_board(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, n_questions=4)
    assert arena("run", "-c", config, "--limit", "2").returncode == 0
    assert arena("run", "-c", config, "--dry-run=judge").returncode == 0
    real, rehearsed = (json.loads((tmp_path / "out" / name / "run.json").read_text()) for name in ("", "dry-run"))
    assert real["files"][ANSWERS]["lines"] == 4 and "reviews/reference.jsonl" in real["files"]
    assert list(rehearsed["files"]) == ["reviews/reference.jsonl"]
    cut_at_a_line(tmp_path / "out" / ANSWERS)
    assert arena("run", "-c", config, "--dry-run=judge").returncode == 2
    assert arena("run", "-c", config, "--dry-run=judge", "--accept-shorter").returncode == 0
    assert arena("run", "-c", config).returncode == 0
