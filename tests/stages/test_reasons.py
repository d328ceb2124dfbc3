"""Why models lose, through `arena score`: what it prints, what it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, write_jsonl
from kit.commands import arena
from kit.planted_reasons import planted

from arena.errors import DataError
from arena.reports.reasons import read_reasons


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A rated board whose battles have planted reasons."""
    config = edit_config(arithmetic_board(tmp_path), scores={"reasons": True})
    assert arena("run", "-c", config).returncode == 0
    write_jsonl(tmp_path / "out/reports/battles.jsonl", [lost.row() for lost in planted(40)])
    return config


def test_a_score_tells_reasons_and_writes_them(board: Path) -> None:
    done = arena("score", "-c", board)
    assert done.returncode == 0, done
    found = read_reasons(board.parent / "out/reports/reasons.json")
    assert found is not None
    assert (found.n_losses, found.n_explained) == (40 * 28, 40 * 28)
    assert len(found.reasons) == 5
    for one in found.reasons:
        assert one.name in done.stdout
    assert "follow no reason that was found" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("reasons.json")
    before = (board.parent / "out/reports/reasons.json").read_bytes()
    assert arena("score", "-c", board).returncode == 0
    assert (board.parent / "out/reports/reasons.json").read_bytes() == before


def test_a_run_finds_them_in_the_battles_it_rated(board: Path) -> None:
    """The rule writes the same about every battle: there is nothing to find."""
    done = arena("run", "-c", board)
    assert done.returncode == 0, done
    found = read_reasons(board.parent / "out/reports/reasons.json")
    assert found is not None
    assert found.reasons == ()
    assert found.n_losses > 10
    assert "nothing in them goes with losing beyond chance" in done.stdout


def test_bad_input_is_one_line(board: Path) -> None:
    def refused(*args: str) -> str:
        done = arena(*args, "-c", board)
        assert (done.returncode, done.stdout) == (2, ""), done
        return done.stderr.splitlines()[-1]

    reports = board.parent / "out/reports"
    (reports / "battles.jsonl").unlink()
    assert "battles.jsonl: no such file; reasons are found in rated battles: run `arena run` first" in refused("score")
    edit_config(board, scores={"reasons": {"enabled": True}})
    assert "did you mean enable" in refused("check")
    edit_config(
        board, scores={"reasons": True}, reviews_gen={"mode": "single", "judges": {"r": {"backend": "reference"}}}
    )
    assert "scores.reasons: needs battles, so a mode of pairs; found reviews_gen.mode single" in refused("score")
    (reports / "reasons.json").write_text('{"reasons": 3}')
    with pytest.raises(DataError, match=r"reasons.json: not a list of reasons"):
        read_reasons(reports / "reasons.json")
