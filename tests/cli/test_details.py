"""The tables under the leaderboard show what the JSON holds."""

from __future__ import annotations

import json
from pathlib import Path

from kit.boards import arithmetic_board
from kit.commands import arena


def test_slices_and_pairs_are_printed_when_asked_for(tmp_path: Path) -> None:
    assert arena("run", "-c", arithmetic_board(tmp_path, n_questions=24)).returncode == 0
    battles = tmp_path / "out/reports/battles.jsonl"
    options = ("rate", battles, "--baseline", "half", "--by", "category", "--pairs")
    shown = arena(*options).stdout
    board = json.loads(arena(*options, "--json").stdout)
    assert [line.split(" · ")[0].strip() for line in shown.splitlines() if line.startswith("category ")] == [
        "category math", "category sums"
    ]  # fmt: skip
    assert "thin: fewer than 20 questions" in shown
    for pair in board["pairs"]:
        if pair["diff"] is not None:
            assert f"{pair['diff']:+.0f}" in shown
    plain = arena("rate", battles, "--baseline", "half").stdout
    assert "category math" not in plain
    assert "P(a is better)" not in plain
