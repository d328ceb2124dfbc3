"""What is kept of a ledger saves reading it and changes nothing: stale, damaged, another's, or where none can be."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from kit.boards import arithmetic_board
from kit.commands import arena
from kit.judges import sum_judge
from kit.paths import ROOT
from kit.servers import FakeServer
from kit.silent import Silent

from arena.board.open import open_board
from arena.config.loading import load_config
from arena.errors import InputError
from arena.files import from_json, object_of
from arena.prompts import Prompt
from arena.records import reply_from_json
from arena.stages.options import RunOptions
from arena.stages.plan import make_plan
from arena.stages.rate import rate_stage
from arena.stages.run import run_board
from arena.store import cache
from arena.store import ledger as ledger_file
from arena.store.cache import LedgerCache
from arena.store.ledger import Ledger

REPORTS = ("battles.jsonl", "leaderboard.json")


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config of a board with everything stored, however small its ledger."""
    monkeypatch.setattr(cache, "SMALL", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with FakeServer(sum_judge) as server:
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        config = arithmetic_board(tmp_path / "board", judges={"j": entry}, mode="pairwise", baseline=None)
        assert arena("run", "-c", config).returncode == 0
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    return config


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache/llm-arena/ledgers").glob("*"))


def rated(config: Path, into: Path, *, cached: bool = True) -> dict[str, bytes]:
    """The bytes of the board's reports."""
    loaded = load_config(str(config))
    rate_stage(open_board(loaded if cached else replace(loaded, cache=None)), into)
    return {name: (into / name).read_bytes() for name in REPORTS}


def test_what_is_kept_is_not_read_again(board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()

    def counted(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def called(*args: object) -> object:
            calls[name] += 1
            return function(*args)

        return called

    monkeypatch.setattr(ledger_file, "object_of", counted("read", ledger_file.object_of))
    monkeypatch.setattr(Prompt, "parse", counted("parsed", Prompt.parse))
    first = rated(board, tmp_path / "a")
    assert len(kept(tmp_path)) == 1
    assert min(calls.values()) > 0
    assert rated(board, tmp_path / "b", cached=False) == first
    calls.clear()
    assert rated(board, tmp_path / "c") == first
    run_board(load_config(str(board)), RunOptions(), Silent())
    assert calls == {}


def ledger_of(board: Path) -> Path:
    (found,) = (board.parent / "out/reviews").glob("*.jsonl")
    return found


def edited(board: Path, file: Path) -> None:
    """Every verdict turned around in place: the same size, and the same time of change to all appearances."""
    ledger = ledger_of(board)
    stat, content = ledger.stat(), ledger.read_bytes()
    turned = content.replace(b" A]]", b" ?]]").replace(b" B]]", b" A]]").replace(b" ?]]", b" B]]")
    assert turned != content
    with ledger.open("r+b") as handle:
        handle.write(turned)
    os.utime(ledger, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def shortened(board: Path, file: Path) -> None:
    ledger = ledger_of(board)
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-3]))


def grown(board: Path, file: Path) -> None:
    ledger = ledger_of(board)
    line = ledger.read_bytes().splitlines(keepends=True)[0]
    with ledger.open("ab") as handle:
        handle.write(line.replace(b" A]]", b" C]]").replace(b" B]]", b" C]]"))


def truncated(board: Path, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5])


def flipped(board: Path, file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def emptied(board: Path, file: Path) -> None:
    file.write_bytes(b"")


def foreign(board: Path, file: Path) -> None:
    """Another board's, whose answers to the same questions were judged otherwise."""
    other = board.parent.parent / "other"
    shutil.copytree(board.parent, other)
    edited(other / board.name, file)
    rated(other / board.name, other / "reports")
    (theirs,) = (path for path in file.parent.iterdir() if path != file)
    shutil.copy(theirs, file)


def no_folder(board: Path, file: Path) -> None:
    shutil.rmtree(file.parent)
    file.parent.write_text("a file where the folder was")


CHANGES = (edited, shortened, grown, truncated, flipped, emptied, foreign, no_folder)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_the_ledger_decides_whatever_is_kept(board: Path, tmp_path: Path, change: Callable[[Path, Path], None]) -> None:
    rated(board, tmp_path / "a")
    (file,) = kept(tmp_path)
    change(board, file)
    expected = rated(board, tmp_path / "b", cached=False)
    assert rated(board, tmp_path / "c") == expected
    assert rated(board, tmp_path / "d") == expected


def read_lines_of(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The lines of ledgers that are read from now on."""
    lines: list[bytes] = []

    def read(path: Path, number: int, line: bytes) -> object:
        lines.append(line)
        return object_of(path, number, line)

    monkeypatch.setattr(ledger_file, "object_of", read)
    return lines


def test_of_a_ledger_that_grew_what_is_new_is_read(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rated(board, tmp_path / "a")
    grown(board, kept(tmp_path)[0])
    lines = read_lines_of(monkeypatch)
    found = rated(board, tmp_path / "b")
    assert lines == ledger_of(board).read_bytes().splitlines()[-1:]
    lines.clear()
    assert rated(board, tmp_path / "c") == found
    assert lines == []
    assert rated(board, tmp_path / "d", cached=False) == found


def test_what_was_just_asked_for_is_not_read_again(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rated(board, tmp_path / "a")
    ledger = ledger_of(board)
    lines = ledger.read_bytes().splitlines(keepends=True)
    with closing(Ledger(ledger, "j", writable=True, cache=LedgerCache(kept(tmp_path)[0].parent))) as written:
        for line in lines[:3]:
            written.add(replace(reply_from_json(from_json(line)), text="[[C]]"))  # type: ignore[arg-type]
    again = read_lines_of(monkeypatch)
    found = rated(board, tmp_path / "b")
    assert again == []
    assert rated(board, tmp_path / "c", cached=False) == found


def test_what_somebody_else_changed_while_it_was_written_to_is_not_kept(board: Path, tmp_path: Path) -> None:
    rated(board, tmp_path / "a")
    ledger = ledger_of(board)
    line = ledger.read_bytes().splitlines()[0]
    with closing(Ledger(ledger, "j", writable=True, cache=LedgerCache(kept(tmp_path)[0].parent))) as written:
        edited(board, ledger)
        written.add(reply_from_json(from_json(line)))  # type: ignore[arg-type]
    assert rated(board, tmp_path / "b") == rated(board, tmp_path / "c", cached=False)


def test_what_a_server_said_it_was_is_kept(board: Path, tmp_path: Path) -> None:
    ledger = ledger_of(board)
    lines = [line | {"model_returned": "quite-another"} for line in map(json.loads, ledger.read_text().splitlines())]
    ledger.write_text("".join(json.dumps(line) + "\n" for line in lines))
    first = rated(board, tmp_path / "a")
    assert b"quite-another" in first["leaderboard.json"]
    assert rated(board, tmp_path / "b") == first


@pytest.mark.slow
@pytest.mark.parametrize("change", [edited, shortened, grown, truncated, flipped, emptied, no_folder])
def test_lines_are_counted_anew_where_anything_changed(
    board: Path, tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    rated(board, tmp_path / "a")
    ledger = ledger_of(board)
    stored = cache.LedgerCache(kept(tmp_path)[0].parent)
    content = ledger.read_bytes()
    assert stored.counted(ledger) == (content.count(b"\n"), len(content))
    change(board, kept(tmp_path)[0])
    assert stored.counted(ledger) is None


def test_nothing_is_written_where_nothing_may_be(board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`plan` leaves a board as it is, and a cache folder that cannot be written to is done without."""

    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in board.parent.rglob("*")}

    def refused(path: Path) -> object:
        raise InputError(f"{path}: cannot be written: Read-only file system")

    first = rated(board, tmp_path / "a")
    before = state()
    assert make_plan(open_board(load_config(str(board))), RunOptions()).calls == 0
    shutil.rmtree(tmp_path / "cache")
    monkeypatch.setattr(cache, "replacing", refused)
    assert make_plan(open_board(load_config(str(board))), RunOptions()).calls == 0
    assert state() == before
    assert kept(tmp_path) == []
    assert rated(board, tmp_path / "b") == first


def test_another_version_reads_again(board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = rated(board, tmp_path / "a")
    monkeypatch.setattr(cache, "_version", lambda: "another")
    lines = read_lines_of(monkeypatch)
    assert rated(board, tmp_path / "b") == first
    assert lines


def test_a_writer_that_was_killed_leaves_nothing_behind(board: Path, tmp_path: Path) -> None:
    rated(board, tmp_path / "a")
    (file,) = kept(tmp_path)
    (file.parent / f".{file.name}.999999999@{os.uname().nodename}.abcdefgh").write_bytes(b"half")
    file.unlink()
    rated(board, tmp_path / "b")
    assert kept(tmp_path) == [file]


def test_no_text_is_kept(board: Path, tmp_path: Path) -> None:
    rated(board, tmp_path / "a")
    (file,) = kept(tmp_path)
    content = file.read_bytes()
    texts = (word for line in ledger_of(board).read_bytes().splitlines() for word in line.split() if len(word) > 6)
    assert not {word for word in texts if word.isalpha() and word in content}


@pytest.mark.parametrize("name", ["openai", "openai_single", "reference_single", "simulated_pairwise", "anthropic"])
def test_boards_of_every_kind_rate_alike_from_what_is_kept(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SMALL", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = Path(shutil.copytree(ROOT / "tests/fixtures/boards_0_1_0" / name, tmp_path / name)) / "config.yaml"

    def reports(into: str, *, cached: bool = True) -> dict[str, bytes]:
        loaded = load_config(str(config))
        rate_stage(open_board(loaded if cached else replace(loaded, cache=None)), tmp_path / into)
        return {path.name: path.read_bytes() for path in sorted((tmp_path / into).iterdir())}

    first = reports("a", cached=False)
    assert reports("b") == reports("c") == first
    assert kept(tmp_path)
