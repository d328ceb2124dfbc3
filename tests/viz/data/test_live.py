"""A run seen from its files, whatever happens to them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kit.boards import arithmetic_board
from kit.commands import arena

from viz.data.provisional import Failure, LedgerTail
from viz.data.run_state import Rules, read_run, rules_of

RUN = {
    "started": "2026-11-21T10:00:00Z", "finished": None, "outcome": None, "plan": 100, "done": 25, "spent": None,
    "spent_known_usd": 1.5, "errors": {"error": 2}, "notes": ["slow"],
    "answers": {"m": {"planned": 10, "stored_before": 5, "done": 10, "errors": {}, "cost_usd": 0.5}},
    "reviews": {"j": {"planned": 90, "stored_before": 0, "done": 15, "errors": {"error": 2}, "cost_usd": None}},
}  # fmt: skip


def _reply(question: str, order: str, label: str, *, status: str = "ok", judge: str = "j") -> bytes:
    nonce = "0123456789ab"
    line = {
        "key": f"{question}{order}", "status": status, "judge": judge, "question_id": question, "model_a": "a",
        "model_b": "b", "order": order, "sample": 0, "format": "label", "nonce": nonce,
        "text": f"Because.\n[[{nonce} {label}]]" if status == "ok" else "",
    }  # fmt: skip
    return json.dumps(line).encode() + b"\n"


def test_the_latest_run_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"runs": [{"plan": 1}, RUN], "simulated": True}))
    state = read_run(path)
    assert state is not None
    assert (state.plan, state.done, state.simulated, state.running) == (100, 25, True, True)
    assert [(task.stage, task.name, task.errors) for task in state.tasks] == [("answers", "m", 0), ("reviews", "j", 2)]
    eta = state.eta_s(datetime(2026, 11, 21, 10, 0, 50, tzinfo=UTC))
    assert eta is not None
    assert abs(eta - 150) < 2


def test_a_killed_run_is_not_running(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"runs": [RUN]}))
    os.utime(path, (1, 1))
    state = read_run(path)
    assert state is not None
    assert not state.running


def test_no_run_and_a_half_written_one_are_none(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    assert read_run(path) is None
    for text in ("{", "[]", "{}", '{"runs": []}', '{"runs": [3]}'):
        path.write_text(text)
        assert read_run(path) is None


def test_the_tail_reads_what_was_added_and_waits_for_whole_lines(tmp_path: Path) -> None:
    path, tail = tmp_path / "j.jsonl", LedgerTail(tmp_path)
    line = _reply("2", "a_first", "B")
    path.write_bytes(_reply("1", "a_first", "A") + line[:20])
    tail.look()
    assert tail.replies == 1
    with path.open("ab") as out:
        out.write(line[20:])
    tail.look()
    assert tail.replies == 2


def test_a_truncated_or_replaced_ledger_starts_over(tmp_path: Path) -> None:
    path, tail = tmp_path / "j.jsonl", LedgerTail(tmp_path)
    path.write_bytes(b"".join(_reply(str(n), "a_first", "A") for n in range(5)))
    tail.look()
    path.write_bytes(_reply("9", "a_first", "A"))
    tail.look()
    assert tail.replies == 1
    new = tmp_path / "new"
    new.write_bytes(b"".join(_reply(str(n), "a_first", "A") for n in range(9)))
    new.replace(path)
    tail.look()
    assert tail.replies == 9


def test_slots_become_models(tmp_path: Path) -> None:
    tail = LedgerTail(tmp_path, Rules(both_orders=True))
    wins_of_a = b"".join(_reply(str(n), "a_first", "A") + _reply(str(n), "b_first", "B") for n in range(6))
    (tmp_path / "j.jsonl").write_bytes(wins_of_a + _reply("9", "a_first", "B") + _reply("9", "b_first", "A"))
    tail.look()
    board = tail.provisional().leaderboard
    assert board is not None
    assert [m.model for m in board.models] == ["a", "b"]
    assert (board.models[0].wins, board.models[0].losses) == (6, 1)


def test_half_a_battle_is_counted_and_not_rated(tmp_path: Path) -> None:
    tail = LedgerTail(tmp_path, Rules(both_orders=True))
    whole = _reply("1", "a_first", "A") + _reply("1", "b_first", "A")
    (tmp_path / "j.jsonl").write_bytes(whole + _reply("2", "a_first", "A") + _reply("3", "b_first", "A"))
    tail.look()
    found = tail.provisional()
    assert (found.battles, found.partly) == (1, 2)
    one_order = LedgerTail(tmp_path, Rules(both_orders=False))
    one_order.look()
    assert (one_order.provisional().battles, one_order.provisional().partly) == (3, 0)


def test_a_battle_waits_for_every_judge_but_not_for_one_that_failed_or_fell_silent(tmp_path: Path) -> None:
    rules = Rules(judges=frozenset({"j", "k", "old"}), silent=frozenset({"old"}))
    (tmp_path / "j.jsonl").write_bytes(b"".join(_reply(q, "a_first", "A") for q in "123"))
    said = _reply("1", "a_first", "B", judge="k") + _reply("2", "a_first", "?", judge="k")
    (tmp_path / "k.jsonl").write_bytes(said + _reply("1", "a_first", "A", judge="stranger"))
    tail = LedgerTail(tmp_path, rules)
    tail.look()
    found = tail.provisional()
    assert (found.battles, found.partly) == (2, 1)  # 1 by both judges, 2 by the one that could be read; 3 waits
    assert found.leaderboard is not None
    assert found.leaderboard.models[0].win_rate == (0.5 + 1.0) / 2


def test_the_baseline_stands_where_it_will_stand(tmp_path: Path) -> None:
    replies = b"".join(_reply(str(n), "a_first", "A" if n % 3 else "B") for n in range(12))
    (tmp_path / "j.jsonl").write_bytes(replies)
    tail = LedgerTail(tmp_path, Rules(baselines=("b",)))
    tail.look()
    board = tail.provisional().leaderboard
    assert board is not None
    assert {m.model: m.rating for m in board.models}["b"] == 1000


def test_replies_without_a_verdict_are_shown_not_rated(tmp_path: Path) -> None:
    tail = LedgerTail(tmp_path)
    path = tmp_path / "j.jsonl"
    path.write_bytes(_reply("1", "a_first", "Q") + _reply("2", "a_first", "A", status="error") + b"{damaged\n")
    tail.look()
    assert [failure.status for failure in tail.failures(9)] == ["damaged line", "error", "unparsed"]
    assert tail.failures(1) == [Failure("j", "", "damaged line", "{damaged")]
    assert tail.provisional().leaderboard is None
    with path.open("ab") as out:
        out.write(_reply("1", "a_first", "A"))  # the repaired reply
    tail.look()
    assert [failure.status for failure in tail.failures(9)] == ["damaged line", "error"]


@pytest.mark.parametrize("mode", ["pairwise", "pairwise_baseline"])
def test_when_every_reply_is_in_the_provisional_board_is_the_board(tmp_path: Path, mode: str) -> None:
    """A rehearsal with a panel: answers of their own, so that no battle is decided without a judge."""
    judges = {name: {"backend": "reference"} for name in ("j1", "j2")}
    config = arithmetic_board(tmp_path, 20, mode=mode, judges=judges, strong_weight=3)
    assert arena("run", "-c", config, "--dry-run").returncode == 0
    folder = tmp_path / "out" / "dry-run"
    state = read_run(folder / "run.json")
    assert state is not None
    assert state.rules.both_orders
    tail = LedgerTail(folder / "reviews", state.rules)
    tail.look()
    assert tail.replies >= state.planned_replies > 0
    found = tail.provisional()
    stored = json.loads((folder / "reports" / "leaderboard.json").read_text())
    assert found.leaderboard is not None
    assert (found.battles, found.partly) == (stored["n_battles"], 0)
    for mine, theirs in zip(found.leaderboard.models, stored["models"], strict=True):
        assert mine.model == theirs["model"]
        assert (mine.rank, mine.rank_low, mine.rank_high) == (theirs["rank"], theirs["rank_low"], theirs["rank_high"])
        assert mine.rating == pytest.approx(theirs["rating"], rel=1e-8)


@pytest.mark.parametrize(
    "config",
    [
        None, [], "x", {"reviews_gen": 3, "answers_gen": {"a": None}, "rating_gen": []},
        {"reviews_gen": {"judges": "peers", "panel": 7, "strong_weight": "${W}"}},
    ],
)  # fmt: skip
def test_a_config_that_says_nothing_leaves_the_defaults(config: object) -> None:
    rules = rules_of(config)
    assert (rules.judges, rules.baselines, rules.quorum, rules.strong_weight) == (frozenset(), (), 1, 1.0)


HOSTILE = (None, True, -3, 1e300, "x", "<b>", [], [None], [[1]], {}, {"x": None}, {"x": {"x": []}}, {"errors": "x"})


@pytest.mark.parametrize("field", [*RUN, "config", "simulated", "runs"])
def test_a_run_file_that_anybody_wrote_is_read_or_counts_as_absent(tmp_path: Path, field: str) -> None:
    path = tmp_path / "run.json"
    for value in HOSTILE:
        inner = RUN | ({field: value} if field in RUN else {})
        document = {"runs": [inner], "config": {}} | ({} if field in RUN else {field: value})
        path.write_text(json.dumps(document))
        state = read_run(path)
        if state is None:
            assert field == "runs"
            continue
        assert isinstance(state.plan, int) and state.plan >= 0 and state.done >= 0
        assert all(isinstance(n, int) for n in state.errors.values())
        assert all(task.errors >= 0 and isinstance(task.cost_usd, float | None) for task in state.tasks)
        state.eta_s(datetime.now(UTC))


@pytest.mark.parametrize(
    "field", ["status", "text", "judge", "question_id", "model_a", "order", "sample", "format", "error"]
)
def test_a_ledger_line_that_anybody_wrote_is_a_verdict_or_a_failure(tmp_path: Path, field: str) -> None:
    ledger = tmp_path / "j.jsonl"
    lines = [json.loads(_reply("q", "a_first", "A")) | {field: value} for value in HOSTILE]
    ledger.write_text("".join(json.dumps(line) + "\n" for line in lines))
    tail = LedgerTail(tmp_path)
    tail.look()
    tail.provisional()
    tail.mean_scores()
    assert all(isinstance(part, str) for failure in tail.failures(50) for part in (failure.judge, failure.said))
