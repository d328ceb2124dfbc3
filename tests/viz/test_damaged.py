"""Damaged files, and files that belong to two boards: every page says so in words, or shows what it can."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from viz.data.board import open_board
from viz.data.detail import identity_of
from viz.data.source import Source
from viz.pages import PAGES

pytestmark = pytest.mark.slow

Damage = Callable[[bytes], bytes]


def _half(whole: bytes) -> bytes:
    return whole[: len(whole) // 2 + 7]


def _rows(change: Callable[[dict[str, object]], dict[str, object]]) -> Damage:
    """Every line of a file changed."""

    def damage(whole: bytes) -> bytes:
        return b"".join(json.dumps(change(json.loads(line))).encode() + b"\n" for line in whole.splitlines())

    return damage


BOARD, BATTLES = "reports/leaderboard.json", "reports/battles.jsonl"
DAMAGE: dict[str, tuple[str, Damage]] = {
    "half a leaderboard": (BOARD, _half),
    "a leaderboard that is a list": (BOARD, lambda _: b"[1, 2]"),
    "an empty leaderboard": (BOARD, lambda _: b""),
    "a leaderboard of other models": (BOARD, lambda whole: whole.replace(b"atlas-70b", b"zeta-70b")),
    "half of the battles": (BATTLES, _half),
    "battles of noise": (BATTLES, lambda _: bytes(range(256)) * 40),
    "no battles": (BATTLES, lambda _: b""),
    "battles of other models": (BATTLES, lambda whole: whole.replace(b"atlas-70b", b"zeta-70b")),
    "battles of other judges": (BATTLES, lambda whole: whole.replace(b"judge-", b"jury-")),
    "one battle": (BATTLES, lambda whole: whole.splitlines(keepends=True)[0]),
    "verdicts that are texts": (BATTLES, _rows(lambda row: row | {"verdicts": ["first"]})),
    "explanations that are numbers": (
        BATTLES,
        _rows(lambda row: row | {"verdicts": [v | {"explanation": 7, "score_a": "x", "score_b": []}
                                              for v in row["verdicts"]]}),
    ),
    "outcomes beyond one": (BATTLES, _rows(lambda row: row | {"outcome": 7})),
    "names that are numbers": (BATTLES, _rows(lambda row: row | {"model_a": 1, "judge": None, "language": 3})),
    "keys that are lists": (BATTLES, _rows(lambda row: row | {"answer_key_a": [1], "category": {"x": 1}})),
    "half of the answers": ("answers/atlas-70b.jsonl", _half),
    "answers of wrong types": (
        "answers/atlas-70b.jsonl",
        _rows(lambda row: row | {"turns": 7, "usage": 3, "latency_s": "x", "cost_usd": {}}),
    ),
    "answers said to be odd": (
        "answers/atlas-70b.jsonl",
        _rows(lambda row: row | {"reasoning": [3], "finish_reason": [], "latency_s": "x", "cost_usd": {}}),
    ),
    "half a run": ("run.json", _half),
    "an anchor beyond all numbers": (
        "run.json",
        _rows(lambda run: run | {"config": {"rating_gen": {"anchor": {"a": 10**306}}},
                                 "runs": [run["runs"][-1] | {"plan": 10**40, "done": -7, "spent": 10**306}]}),
    ),
    "a run without an object": ("run.json", lambda _: b'{"runs": [7]}'),
    "half a ledger": ("reviews/judge-large.jsonl", _half),
    "votes of noise": ("votes.jsonl", lambda _: b"\xff{}\n[]\n{\"model_a\": 3}\n"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_every_page_of_a_damaged_board(app, board_folder: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    named = identity_of(open_board(Source(board=folder)), 0).parameters()
    path, change = DAMAGE[damage]
    (folder / path).write_bytes(change((folder / path).read_bytes() if (folder / path).exists() else b""))
    for page in PAGES:
        given = named | {"view": "raw"} if page.hidden else {}
        at = app("--board", folder, page=f"views/{page.name}.py", **given)
        assert not at.exception, (page.name, at.exception)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"runs": 3}', b'{"runs": [3]}', b"\xff\xfe"])
def test_a_run_that_cannot_be_read_is_said_in_words(app, board_folder: Path, tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    (folder / "run.json").write_bytes(content)
    at = app("--board", folder, page="views/live.py")
    assert not at.exception
    assert any("cannot be read" in info.value for info in at.info)
