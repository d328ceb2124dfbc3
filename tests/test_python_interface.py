"""`import arena`: the same bytes as the command line, errors as exceptions, and a notebook."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from kit.api_boards import board_on
from kit.boards import arithmetic_board, edit_config, read_jsonl, write_jsonl
from kit.commands import arena as command
from kit.judges import sum_judge
from kit.paths import ROOT
from kit.servers import Action, Call, Fail, FakeServer

import arena
from arena.errors import ConfigError, DataError, InputError


def test_importing_arena_loads_nothing_of_it() -> None:
    code = "import arena, sys; assert 'run' in dir(arena); print([m for m in sys.modules if m.startswith('arena.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    code = "import arena, sys; print(arena.errors.InputError.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "InputError"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = arena.nothing


def test_a_run_writes_the_same_bytes_as_the_command_line(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    board = arena.run(arithmetic_board(here))
    assert command("run", "-c", arithmetic_board(there)).returncode == 0
    for name in ("leaderboard.json", "leaderboard.csv", "leaderboard.md", "battles.jsonl"):
        assert (here / "out/reports" / name).read_bytes() == (there / "out/reports" / name).read_bytes()
    assert (board.exit_code, board.problems) == (0, ())
    assert board.to_json() == (there / "out/reports/leaderboard.json").read_bytes()
    assert [row["model"] for row in board.leaderboard()] == ["right", "half", "wrong"]


def test_a_config_may_be_a_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arithmetic_board(tmp_path)
    monkeypatch.chdir(tmp_path)
    config = {
        "question_file": Path("questions.jsonl"),
        "output_dir": "out",
        "answers_gen": {m: {"backend": "recorded", "file": f"{m}.jsonl"} for m in ("right", "half")},
        "reviews_gen": {"mode": "pairwise", "judges": {"reference": {"backend": "reference"}}},
    }
    heard = []
    board = arena.run(config, progress=heard.append)
    assert (tmp_path / "out/reports/leaderboard.json").is_file()
    assert len(board.battles()) == 12
    assert {(event.stage, event.name) for event in heard if event.stage} >= {
        ("answers", "right"),
        ("reviews", "reference"),
    }
    assert max(event.done for event in heard) == 12
    with pytest.raises(ConfigError, match="question_fil"):
        arena.run({"question_fil": "x", **config})


def test_a_board_gives_what_lies_in_its_folder(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    with pytest.raises(InputError, match="rate the board first"):
        arena.Board(config)
    arena.run(config)
    for place in (config, tmp_path / "out", tmp_path / "out/reports", tmp_path / "out/reports/leaderboard.json"):
        assert len(arena.Board(place).leaderboard()) == 3
    board = arena.Board(config)
    assert len(board.answers()) == 36
    assert len(board.answers("half", format="pandas")) == 12
    assert {row["judge"] for row in board.replies()} == {"reference"}
    assert isinstance(board.battles(format="arrow"), pa.Table)
    with pytest.raises(InputError, match="nothing of 'haf'"):
        board.answers("haf")
    with pytest.raises(InputError, match="allowed: dicts, pandas, arrow"):
        board.battles(format="numpy")


def test_a_rehearsal_that_there_is_not_is_no_other_board(tmp_path: Path) -> None:
    (tmp_path / "leaderboard.json").write_text("{}")
    with pytest.raises(InputError, match=r"nothing is rehearsed there; rehearse first: arena.run\(..., dry_run=True\)"):
        arena.Board(tmp_path, dry_run=True)


def test_gate_and_compare_say_what_the_command_says(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, 40)
    arena.run(config)
    board = arena.Board(config)
    found = board.gate("right", "half", metric="win_rate", margin="2pp")
    said = json.loads(
        command("gate", "-c", config, "right", "half", "--metric", "win_rate", "--margin", "2pp", "--json").stdout
    )
    assert (found.verdict, found.exit_code) == (said["verdict"], said["exit_code"]) == ("PASS", 0)
    assert found.whole.ends.low == pytest.approx(said["low"])
    compared = board.compare("half", "right")
    assert compared.interval_level == pytest.approx(0.95)
    assert compared.whole.ends.value > 0
    with pytest.raises(InputError, match="did you mean half"):
        board.gate("right", "hlaf")
    with pytest.raises(InputError, match=r"between 0\.5 and 1"):
        board.gate("right", "half", level=0.3)
    with pytest.raises(InputError, match="reads the board's config"):
        arena.Board(tmp_path / "out").gate("right", "half")


def rows(folder: Path) -> list[dict[str, object]]:
    return read_jsonl(folder / "out/reports/battles.jsonl")


def test_rate_takes_files_and_frames_alike(tmp_path: Path) -> None:
    arena.run(arithmetic_board(tmp_path, 40))
    path = tmp_path / "battles.csv"
    frame = pd.DataFrame(rows(tmp_path))[["question_id", "model_a", "model_b", "outcome"]]
    frame.to_csv(path, index=False)
    said = command("rate", path, "--baseline", "half", "--json").stdout
    given = [str(path), path, [path], frame, pa.Table.from_pandas(frame), frame.to_dict("list")]
    for battles in given:
        rated = arena.rate(battles, baseline="half")
        assert json.loads(rated.to_json()) == json.loads(said)
    own = tmp_path / "out/reports/battles.jsonl"
    asked = command("rate", own, "--weights", "balanced", "--set-aside", "wrong", "--json")
    weighed = arena.rate(own, weights="balanced", set_aside="wrong")
    assert json.loads(weighed.to_json()) == json.loads(asked.stdout)
    with pytest.raises(DataError, match="did you mean category"):
        arena.rate(frame, weights={"categry": {"sums": 2}})
    with pytest.raises(InputError, match="allowed"):
        arena.rate(frame, methods=["elos"])
    with pytest.raises(DataError, match=r"^battles.*model_b"):
        arena.rate(frame[["model_a", "outcome"]])
    with pytest.raises(DataError, match="found int, allowed: a path, a data frame"):
        arena.rate(7)


@pytest.mark.parametrize("price", [None, {"input": 1e6, "output": 1e6}])
def test_a_run_that_costs_or_may_cost_is_not_begun_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, price
) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sk-sentinel-key-0001")
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path, **({} if price is None else {"price": price}))
        with pytest.raises(InputError, match=r"pass yes=True, or budget_usd"):
            arena.run(config)
        assert sum(server.counts.values()) == 0
        assert arena.run(config, yes=True).exit_code == 0


def test_failures_above_thresholds_are_in_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sk-sentinel-key-0001")

    def script(call: Call) -> Action:
        return Fail(400, "no such luck") if "What is 1 +" in str(call.body) else sum_judge(call)

    with FakeServer(script) as server:
        board = arena.run(board_on(server, tmp_path), yes=True)
    assert board.exit_code == 3
    assert "no such luck" in board.problems[0]


def test_it_works_where_an_event_loop_is_running(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)

    async def cell() -> int:
        return arena.run(config).exit_code

    assert asyncio.run(cell()) == 0
    with pytest.raises(InputError, match="no such file"):
        asyncio.run(_broken())


async def _broken() -> None:
    arena.run("nowhere.yaml")


def test_a_callback_may_stop_a_run_and_what_was_received_is_kept(tmp_path: Path) -> None:
    config, seen = arithmetic_board(tmp_path, 40), []

    def stop(event: object) -> None:
        seen.append(event)
        if len(seen) > 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        arena.run(config, progress=stop)
    assert sum(len(read_jsonl(path)) for path in (tmp_path / "out/answers").glob("*.jsonl")) > 20
    assert arena.run(config).exit_code == 0


def test_a_notebook_shows_the_table_with_names_escaped(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>|*b*"
    config = arithmetic_board(tmp_path)
    files = {"half": "half.jsonl", name: "right.jsonl"}
    edit_config(config, answers_gen={m: {"backend": "recorded", "file": f} for m, f in files.items()})
    page = arena.run(config)._repr_html_()
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;|*b*" in page
    assert page.count("<tr>") == 3


@pytest.mark.slow
def test_a_real_kernel_runs_a_board_in_a_notebook(tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    config = arithmetic_board(tmp_path, 40)
    cells = ["import arena", f"board = arena.run({str(config)!r})\nboard", "board.gate('right', 'half').verdict"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}})
    client.execute()
    (shown,) = notebook.cells[1].outputs
    assert "<table>" in shown["data"]["text/html"]
    assert notebook.cells[2].outputs[0]["data"]["text/plain"] == "'PASS'"


def test_nothing_is_written_by_a_frame_that_cannot_be_read(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "x.jsonl", [{"model_a": "a"}])
    with pytest.raises(DataError) as found:
        arena.rate({"model_a": ["a"], "model_b": [["b", 1]], "outcome": [1.0]})
    assert "/tmp" not in str(found.value)


def test_what_the_page_shows_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    found: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", page, re.S | re.M):
        exec(block, found)
    assert found["gate"].verdict == "PASS"
    assert found["difference"].n_questions == 198
    assert {row["model"] for row in found["rated"].leaderboard()} == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"interval": "sandwhich"}, "interval: found 'sandwhich', allowed: sandwich"),
        ({"level": 95}, "level: found 95, allowed: between 0 and 1"),
        ({"seed": -1}, "seed: found -1, allowed: 0 or more"),
        ({"by": "topic"}, "by: found 'topic', allowed: category, language"),
        ({"methods": "elos"}, "did you mean elo"),
    ],
)
def test_what_is_no_option_of_a_rating_is_named(wish: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        arena.rate({"model_a": ["a"], "model_b": ["b"], "outcome": [1.0]}, **wish)


def test_one_name_need_not_be_in_a_list() -> None:
    battles = {"model_a": ["a", "b"], "model_b": ["b", "a"], "outcome": [1.0, 1.0]}
    assert arena.rate(battles, methods="elo").to_json() == arena.rate(battles, methods=["elo"]).to_json()


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"dry_run": "judges"}, "dry_run: found 'judges', allowed: True, False, judge"),
        ({"stages": ["answer"]}, "stages: found 'answer', allowed: answers, reviews"),
        ({"limit": 0}, "limit: found 0, allowed: 1 or more"),
        ({"budget_usd": float("nan")}, "budget_usd: found nan, allowed: 0 or more"),
    ],
)
def test_what_is_no_option_of_a_run_asks_nobody(tmp_path: Path, wish: dict[str, Any], said: str) -> None:
    config = arithmetic_board(tmp_path)
    with pytest.raises(InputError, match=said):
        arena.run(config, **wish)
    assert not (tmp_path / "out").exists()
