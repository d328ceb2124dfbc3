"""`arena import --force`: never under a running board, nothing lost of what it replaces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from kit.boards import read_jsonl, write_jsonl
from kit.commands import Done, arena
from kit.judges import sum_judge
from kit.processes import finish, start
from kit.servers import Action, Call, FakeServer

from arena.files import replacing
from arena.importers.placing import Placing
from arena.store.lock import BoardLock

LEDGER = "runs/pairwise/reviews/llmuses-reviewer.jsonl"


def source(folder: Path, n: int = 6) -> Path:
    """Verdicts of another tool on sums, one per question."""
    rows = [
        {"question_id": i, "question": f"What is {i} + 7?", "category": "x", "model_a": "right", "model_b": "wrong",
         "win": "model_a", "output_a": f"It is {i + 7}.", "output_b": f"It is {i + 900}."}
        for i in range(n)
    ]  # fmt: skip
    return write_jsonl(folder / "rows.jsonl", rows)


def imported(folder: Path, n: int = 6, *options: str) -> Done:
    return arena("import", "llmuses", source(folder, n), "--out", folder / "b", *options)


def with_judge(config: Path, server: FakeServer) -> None:
    document = yaml.safe_load(config.read_text())
    judge = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
    document["reviews_gen"] |= {"judges": {"llmuses-reviewer": judge}, "order": "both"}
    config.write_text(yaml.safe_dump(document))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.usefixtures("fork_server")
def test_an_import_over_a_running_board_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    assert imported(tmp_path).returncode == 0
    arrived, go_on = threading.Event(), threading.Event()

    def judge(call: Call) -> Action:
        if call.number == 5:
            arrived.set()
            assert go_on.wait(60)
        return sum_judge(call)

    with FakeServer(judge) as server:
        with_judge(tmp_path / "b/config.yaml", server)
        process = start("run", "-c", tmp_path / "b/config.yaml")
        try:
            assert arrived.wait(60)
            before = {name: text for name, text in contents(tmp_path / "b").items() if not name.startswith("runs")}
            refused = imported(tmp_path, 3, "--force")
        finally:
            go_on.set()
        assert refused.returncode == 2
        assert f"pid {process.pid} on " in refused.stderr and "another run works on this board" in refused.stderr
        assert finish(process) == 0
        assert {name: text for name, text in contents(tmp_path / "b").items() if not name.startswith("runs")} == before
        lines = read_jsonl(tmp_path / "b" / LEDGER)
        assert sum(line["via"] == "live" for line in lines) == 12 == len(server.calls)
        assert sum(line["via"] == "import" for line in lines) == 6
        assert arena("run", "-c", tmp_path / "b/config.yaml").returncode == 0
        assert len(server.calls) == 12


@pytest.mark.parametrize("place", ["runs/pairwise", "runs/single", "runs/mine", "elsewhere/deep/board", ""])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_every_board_below_the_folder_is_held(tmp_path: Path, place: str, force: tuple[str, ...]) -> None:
    assert imported(tmp_path).returncode == 0
    with BoardLock(tmp_path / "b" / place):
        before = contents(tmp_path / "b")
        done = imported(tmp_path, 3, *force)
        assert done.returncode == 2
        assert contents(tmp_path / "b") == before
    assert imported(tmp_path, 3, "--force").returncode == 0


@pytest.mark.slow
def test_what_is_replaced_is_kept_and_a_real_judges_replies_stay(tmp_path: Path) -> None:
    board = tmp_path / "b"
    assert imported(tmp_path).returncode == 0
    assert not list(board.glob("replaced-*"))
    with FakeServer(sum_judge) as server:
        with_judge(board / "config.yaml", server)
        assert arena("run", "-c", board / "config.yaml").returncode == 0
        live = [line for line in read_jsonl(board / LEDGER) if line["via"] == "live"]
        before = contents(board)
        for turn in (1, 2):
            done = imported(tmp_path, 4, "--force")
            assert done.returncode == 0 and f"what stood there is kept in {board / f'replaced-{turn}'}" in done.stdout
            kept = contents(board / f"replaced-{turn}")
            assert {"config.yaml", "questions.jsonl", "answers-recorded/right.jsonl", LEDGER} <= set(kept)
            assert turn == 2 or kept == {name: before[name] for name in kept}
            lines = read_jsonl(board / LEDGER)
            assert [line for line in lines if line["via"] == "live"] == live
            assert sum(line["via"] == "import" for line in lines) == 4
        counted = json.loads((board / "runs/pairwise/run.json").read_text())
        ledger = (board / LEDGER).read_bytes()
        assert counted["files"][LEDGER.removeprefix("runs/pairwise/")] == {
            "lines": ledger.count(b"\n"), "bytes": len(ledger),
        }  # fmt: skip
        assert len(counted["runs"]) == 1
        with_judge(board / "config.yaml", server)
        asked = len(server.calls)
        assert arena("run", "-c", board / "config.yaml").returncode == 0
        assert len(server.calls) == asked


@pytest.mark.parametrize("when", ["before", "after"])
def test_cut_off_around_the_ledger_the_board_does_not_refuse_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    board = tmp_path / "b"
    assert imported(tmp_path).returncode == 0
    assert arena("run", "-c", board / "config.yaml").returncode == 0
    write = Placing.write

    def cut_off(place: Placing, path: Path, content: bytes) -> None:
        if path == board / LEDGER:
            if when == "after":
                write(place, path, content)
            raise KeyboardInterrupt
        write(place, path, content)

    with monkeypatch.context() as patched:
        patched.setattr(Placing, "write", cut_off)
        assert imported(tmp_path, 2, "--force").returncode == 130
    done = arena("run", "-c", board / "config.yaml")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("end", [b"", b'{"torn'])
def test_a_real_reply_without_its_newline_is_kept(tmp_path: Path, end: bytes) -> None:
    ledger = tmp_path / "b" / LEDGER
    assert imported(tmp_path).returncode == 0
    line = read_jsonl(ledger)[0] | {"via": "live", "key": "k"}
    ledger.write_bytes(ledger.read_bytes() + json.dumps(line).encode() + (b"\n" + end if end else b""))
    assert imported(tmp_path, 6, "--force").returncode == 0
    assert [row["key"] for row in read_jsonl(ledger) if row["via"] == "live"] == ["k"]


def test_lines_that_were_lost_before_are_told(tmp_path: Path) -> None:
    assert imported(tmp_path).returncode == 0
    assert arena("run", "-c", tmp_path / "b/config.yaml").returncode == 0
    (tmp_path / "b" / LEDGER).write_bytes(b"")
    done = imported(tmp_path, 6, "--force")
    assert done.returncode == 0 and f"{tmp_path / 'b' / LEDGER}: it is shorter than it was: found 0" in done.stdout


def no_links(*_: object) -> None:
    raise OSError("no links here")


@pytest.mark.parametrize("link", [None, no_links])
def test_a_disk_without_links_keeps_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: Callable[..., None] | None
) -> None:
    if link is not None:
        monkeypatch.setattr("os.link", link)
    place = Placing(tmp_path)
    for text in ("one", "two"):
        place.write(tmp_path / "a/b.txt", text)
    assert contents(tmp_path) == {"a/b.txt": b"two", "replaced-1/a/b.txt": b"one"}


@pytest.mark.skipif(os.name != "posix", reason="nobody can be asked whether he lives")
def test_what_killed_imports_left_is_removed(tmp_path: Path) -> None:
    assert imported(tmp_path).returncode == 0
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    with replacing(tmp_path / "b/config.yaml"):
        [mine] = (tmp_path / "b").glob(".*")
    left = [tmp_path / "b" / place / mine.name.replace(f".{os.getpid()}@", f".{done.pid}@")
            for place in ("", "answers-recorded", "runs/pairwise/reviews")]  # fmt: skip
    for path in left:
        path.write_text("")
    assert imported(tmp_path, 6, "--force").returncode == 0
    assert not any(path.exists() for path in left)
