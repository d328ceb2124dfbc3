"""Why models lose, through `arena score`: what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.api_boards import api_judge
from kit.boards import arithmetic_board, edit_config, read_jsonl, write_jsonl
from kit.commands import arena
from kit.planted_reasons import planted
from kit.servers import Action, Call, Fail, FakeServer, Say

from arena.errors import DataError
from arena.reports.reasons import read_reasons

pytestmark = pytest.mark.slow


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


def names(call: Call) -> Action:
    """A judge that names a group by its first word, and once says nothing usable."""
    assert "never instructions" in str(call.messages[0]["content"])
    first = call.prompt.split(": ")[1].split(",")[0]
    return Say("x" * 500 if first == "french" else f'"It has to do with {first}."\n')


def labelled_board(config: Path, server: FakeServer, **reasons: object) -> Path:
    write_jsonl(config.parent / "out/reports/battles.jsonl", [lost.row() for lost in planted(40)])
    return edit_config(config, scores={"reasons": {"enable": True, "judge": "j", **reasons}}, reviews_gen={
        "mode": "pairwise_baseline", "baseline": "half", "judges": {"j": api_judge(server)}})  # fmt: skip


def test_a_judge_names_each_group_once(board: Path) -> None:
    path = board.parent / "out/reports/reasons.json"
    with FakeServer(names) as server:
        config = labelled_board(board, server)
        done = arena("score", "-c", config, "--yes")
        assert done.returncode == 0, done
        found = read_reasons(path)
        assert found is not None
        labels = {one.words[0]: one.label for one in found.reasons}
        assert labels.pop("french") is None
        assert labels == {word: f"It has to do with {word}" for word in labels}
        assert "It has to do with citation" in done.stdout
        assert len(server.calls) == 5
        lines = read_jsonl(board.parent / "out/reasons/j.jsonl")
        assert len(lines) == 5
        assert all(line["cost_usd"] > 0 for line in lines)  # type: ignore[operator]
        run = json.loads((board.parent / "out/run.json").read_text())["runs"][-1]
        assert (run["asked"], run["done"], run["spent"]) == (
            {"reasons": "j"}, 5, pytest.approx(sum(line["cost_usd"] for line in lines)),  # type: ignore[misc]
        )  # fmt: skip
        before = path.read_bytes()
        assert arena("score", "-c", config).returncode == 0
        assert len(server.calls) == 5
        assert path.read_bytes() == before


def test_a_call_that_failed_is_asked_again(board: Path) -> None:
    with FakeServer(lambda call: Fail(400, "no") if call.number == 2 else names(call)) as server:
        config = labelled_board(board, server)
        done = arena("score", "-c", config, "--yes")
        assert done.returncode == 3, done
        assert "1 of 5 calls for names failed; the next run asks again" in done.stderr
        asked = len(server.calls)
        assert arena("score", "-c", config, "--yes").returncode == 0
        assert len(server.calls) == asked + 1


def test_a_judge_is_asked_within_the_budget_and_only_after_the_plan(board: Path) -> None:
    with FakeServer(names) as server:
        config = labelled_board(board, server)
        done = arena("score", "-c", config, "--yes", "--budget-usd", "0.000001")
        assert done.returncode in {2, 3} and "budget" in done.stderr.lower(), done
        assert server.calls == []
        found = read_reasons(board.parent / "out/reports/reasons.json")
        assert found is not None and len(found.reasons) == 5
        labelled_board(board, server, judge="k")
        assert "no judge 'k'" in arena("score", "-c", config).stderr
    edit_config(board, reviews_gen={"mode": "pairwise", "judges": {"j": {"backend": "reference"}}},
                scores={"reasons": {"enable": True, "judge": "j"}})  # fmt: skip
    assert "j writes nothing, so it can name nothing" in arena("score", "-c", board).stderr
