"""How an adaptive board asks: failures in passing, batches, several judges, one battle tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.adaptive_boards import adaptive_board, drawn_cells, schedule_lines
from kit.batch_servers import BatchServer
from kit.boards import edit_config, leaderboard, read_jsonl
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import Action, Call, Fail, FakeServer, Say

pytestmark = pytest.mark.slow

SCHEDULE = {"method": "adaptive", "calls": 200, "batch": 50}


def judge_at(server: FakeServer, **fields: object) -> dict[str, object]:
    return {"backend": "openai", "model": "j", "base_url": server.openai_url, "api_key_env": None} | fields


def failing(often: Callable[[Call], bool]) -> Callable[[Call], Action]:
    """A reply that is larger than the judge may be is an error, and is not asked for again at once."""
    return lambda call: Say("x" * 100_000) if often(call) else sum_judge(call)


def replies(folder: Path, name: str = "j") -> list[dict[str, object]]:
    return read_jsonl(folder / f"out/reviews/{name}.jsonl")


def test_what_fails_in_passing_is_asked_again_before_the_next_round(tmp_path: Path) -> None:
    with FakeServer(failing(lambda call: call.repeat < 1 and call.number % 9 == 0)) as server:
        config = adaptive_board(
            tmp_path, 5, 40, schedule=SCHEDULE, judges={"j": judge_at(server, max_reply_bytes=50_000)}
        )
        done = arena("run", "-c", config)
        assert done.returncode == 0, done.stderr
    failed = sum(line["status"] == "error" for line in replies(tmp_path))
    assert failed > 5
    assert leaderboard(tmp_path)["schedule"]["calls"] == len(drawn_cells(tmp_path)) == 200
    assert len(schedule_lines(tmp_path)) == 4


def test_no_round_is_drawn_from_half_of_one_and_the_next_run_goes_on(tmp_path: Path) -> None:
    down = {"is": True}
    with FakeServer(failing(lambda call: down["is"] and call.number > 120 and call.number % 3 == 0)) as server:
        config = adaptive_board(
            tmp_path, 5, 40, schedule=SCHEDULE, judges={"j": judge_at(server, max_reply_bytes=50_000)}
        )
        done = arena("run", "-c", config)
        assert done.returncode == 3
        assert "failed twice, so no further round is drawn; run again" in done.stderr
        half = len(schedule_lines(tmp_path))
        assert 0 < half < 4
        assert leaderboard(tmp_path)["schedule"]["stopped_by"] is None
        down["is"] = False
        assert arena("run", "-c", config).returncode == 0
    undisturbed = tmp_path / "whole"
    with FakeServer(sum_judge) as server:
        judges = {"j": judge_at(server, max_reply_bytes=50_000)}
        assert arena("run", "-c", adaptive_board(undisturbed, 5, 40, schedule=SCHEDULE, judges=judges)).returncode == 0
    assert (tmp_path / "out/schedule.jsonl").read_bytes() == (undisturbed / "out/schedule.jsonl").read_bytes()
    assert leaderboard(tmp_path)["schedule"]["boundary"] == 1.0  # the budget was not changed


def test_what_cannot_be_read_is_charged_and_not_drawn_again(tmp_path: Path) -> None:
    def mumbles(call: Call) -> Action:
        return Say("Hard to say.") if "What is 3 +" in str(call.body["messages"]) else sum_judge(call)

    with FakeServer(mumbles) as server:
        config = adaptive_board(
            tmp_path, 5, 40, schedule=SCHEDULE, judges={"j": judge_at(server)}, max_unparsed=0.5, max_first_slot=None
        )
        assert arena("run", "-c", config).returncode == 0
    assert leaderboard(tmp_path)["schedule"]["calls"] == 200
    assert leaderboard(tmp_path)["excluded"]["unparsed"] > 0
    assert schedule_lines(tmp_path)[-1]["round"] == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("refusal", "option", "statuses"),
    [
        (Fail(400, "no such thing"), "--retry-errors", {"bad_request"}),
        (Say("Hard to say."), "--retry-unparsed", {"ok"}),
    ],
)
def test_what_is_turned_down_or_unread_stays_charged_and_is_asked_again_by_name(
    tmp_path: Path, refusal: Action, option: str, statuses: set[str]
) -> None:
    odd = {"is": True}

    def script(call: Call) -> Action:
        return refusal if odd["is"] and "What is 3 +" in str(call.body["messages"]) else sum_judge(call)

    with FakeServer(script) as server:
        config = adaptive_board(
            tmp_path, 5, 40, schedule=SCHEDULE, judges={"j": judge_at(server)}, max_unparsed=0.5, max_failed=0.5,
            max_first_slot=None,
        )  # fmt: skip
        arena("run", "-c", config)
        schedule = (tmp_path / "out/schedule.jsonl").read_bytes()
        about, asked = leaderboard(tmp_path)["schedule"], len(server.calls)
        assert (about["calls"], about["stopped_by"]) == (200, "budget")
        odd["is"] = False
        arena("run", "-c", config)
        assert len(server.calls) == asked
        arena("run", "-c", config, option)
    lost = [line for line in replies(tmp_path)[:asked] if "What is 3 +" in str(line["request"])]
    assert {line["status"] for line in lost} == statuses
    assert len(server.calls) - asked == sum(question == "3" for question, *_ in drawn_cells(tmp_path)) > 0
    assert (tmp_path / "out/schedule.jsonl").read_bytes() == schedule
    assert leaderboard(tmp_path)["excluded"] == {}
    assert leaderboard(tmp_path)["schedule"]["calls"] == 200


def test_rounds_grow_in_batches_and_collecting_draws_the_next(tmp_path: Path) -> None:
    with BatchServer(sum_judge, polls_until_done=1) as server:
        judge = judge_at(server, price={"input": 2.0, "output": 8.0})
        config = adaptive_board(tmp_path, 5, 40, schedule=SCHEDULE | {"batch": 30}, judges={"j": judge})
        assert arena("run", "-c", config, "--batch=submit").returncode == 0
        assert [len(line["cells"]) for line in schedule_lines(tmp_path)] == [30]
        assert arena("run", "-c", config, "--batch=submit").returncode == 0
        assert len(schedule_lines(tmp_path)) == 1
        live = arena("run", "-c", config)  # what is in a batch is left to it, and no failure
        assert live.returncode == 0, live.stderr
        assert server.live == []
        assert arena("run", "-c", config, "--batch=collect").returncode == 0
        assert [len(line["cells"]) for line in schedule_lines(tmp_path)] == [30, 30]
        assert leaderboard(tmp_path)["pending"] > 0
        assert arena("run", "-c", config, "--batch").returncode == 0
        assert server.live == []
    assert [len(line["cells"]) for line in schedule_lines(tmp_path)] == [30, 30, 60, 80]
    assert max(server.batched.values()) == 1
    assert leaderboard(tmp_path)["schedule"]["stopped_by"] == "budget"
    assert leaderboard(tmp_path)["schedule"]["boundary"] == 1.0


def test_every_judge_reads_every_cell_and_calls_count_all_of_them(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        judges = {name: judge_at(server, model=name) for name in ("j", "k")}
        config = adaptive_board(tmp_path, 5, 40, schedule=SCHEDULE, judges=judges)
        assert arena("run", "-c", config).returncode == 0
    assert len(drawn_cells(tmp_path)) == 100
    assert len(replies(tmp_path)) == len(replies(tmp_path, "k")) == 100
    shown = leaderboard(tmp_path)
    assert shown["schedule"]["calls"] == 200
    assert shown["schedule"]["calls_full"] == 2 * 20 * 40
    rows = [row for row in read_jsonl(tmp_path / "out/reports/battles.jsonl") if row["judge"] == "panel"]
    assert Counter(len(row["verdicts"]) for row in rows) == {1: 100}
    assert {verdict["order"] for row in rows for verdict in row["verdicts"]} == {"a_first", "b_first"}


def test_one_battle_can_be_tried_before_anything_is_drawn(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 5, 40)
    done = arena("try", "-c", config, "--question", "3", "--models", "m01,m04")
    assert done.returncode == 0, done.stderr
    assert "m01" in done.stdout
    assert not (tmp_path / "out/schedule.jsonl").exists()
    assert arena("show", "-c", config, "3", "m01", "m04").returncode == 0


@pytest.mark.parametrize("option", [("--models", "m00,m01"), ("--limit", "10")])
def test_a_narrower_run_finishes_what_it_may_and_draws_nothing_new(tmp_path: Path, option: tuple[str, str]) -> None:
    config = adaptive_board(tmp_path, 5, 40, schedule={"method": "adaptive", "calls": 100, "batch": 50})
    assert arena("run", "-c", config).returncode == 0
    before = drawn_cells(tmp_path)
    done = arena("run", "-c", config, "--schedule", "adaptive", "--calls", "200", *option)
    assert done.returncode == 0, done.stderr
    assert drawn_cells(tmp_path) == before


def test_peers_never_read_their_own_battles(tmp_path: Path) -> None:
    def peer(call: Call) -> Action:
        return sum_judge(call) if "[BEGIN QUESTION" in call.prompt else Say(f"{call.body['model']} says {call.number}")

    names = [f"m{place:02d}" for place in range(4)]
    with FakeServer(peer) as server:
        config = adaptive_board(
            tmp_path, 4, 30, schedule={"method": "adaptive", "calls": 120, "batch": 60}, judges="peers"
        )
        edit_config(config, answers_gen={name: judge_at(server, model=name) for name in names})
        done = arena("run", "-c", config)
        assert done.returncode == 0, done.stderr
    assert [line["cells"] for line in schedule_lines(tmp_path, "open")] == [60]  # each is read by the two not in it
    assert leaderboard(tmp_path)["schedule"]["calls"] == 120
    for name in names:
        assert all(name not in (reply["model_a"], reply["model_b"]) for reply in replies(tmp_path, name))
