"""Counts name whole lines that are on the disk: no kill, and no torn line, makes a file shorter than its count."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.files import Appender, to_json
from arena.store.counts import SyncedCounts, shortfalls
from arena.store.folder import BoardFolder

PIECES = st.lists(st.sampled_from([b'{"n":1}\n', b'{"text":"' + b"x" * 3000 + b'"}\n', b"\n", b'{"to']), max_size=8)


def written(folder: BoardFolder, counts: SyncedCounts) -> None:
    folder.run_file.write_bytes(to_json({"files": counts.to_json()}))


@given(before=PIECES, after=PIECES, kept=st.integers(0, 30_000))
@settings(max_examples=80, deadline=None)
def test_whatever_a_kill_takes_after_the_count_the_file_is_not_shorter(
    before: list[bytes], after: list[bytes], kept: int
) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = BoardFolder(Path(root))
        path = folder.root / "reviews/j.jsonl"
        path.parent.mkdir()
        path.write_bytes(b"".join(before))
        counts = SyncedCounts(folder)
        counts.update()
        written(folder, counts)
        whole = sum(bool(line.strip()) for line in b"".join(before).split(b"\n")[:-1])
        [entry] = counts.to_json().values()
        assert entry == {"lines": whole, "bytes": b"".join(before).rfind(b"\n") + 1}

        content = b"".join([*before, *after])
        path.write_bytes(content[: max(kept, len(b"".join(before)))])  # what was written since may be lost
        assert shortfalls([folder]) == []
        Appender(path).close()  # a torn line is repaired
        assert shortfalls([folder]) == []
        counts.update()
        again = SyncedCounts(folder)
        again.update()
        assert counts.to_json() == again.to_json()


def test_a_line_is_counted_only_once_it_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = BoardFolder(tmp_path)
    path = tmp_path / "answers/m.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"{}\n{}\n")
    fsync, synced = os.fsync, []

    def late(handle: int) -> None:
        path.write_bytes(b"{}\n{}\n{}\n")  # arrives while the others are being synced
        synced.append(handle)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", late)
    counts = SyncedCounts(folder)
    counts.update()
    assert synced and counts.to_json() == {"answers/m.jsonl": {"lines": 2, "bytes": 6}}
    counts.update()
    assert counts.to_json() == {"answers/m.jsonl": {"lines": 3, "bytes": 9}}
    counts.update()
    assert len(synced) == 2, "nothing new, nothing to sync"
