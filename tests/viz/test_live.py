"""A run seen from its files, whatever happens to them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from viz.live import LedgerTail, read_run

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
    tail = LedgerTail(tmp_path)
    wins_of_a = b"".join(_reply(str(n), "a_first", "A") + _reply(str(n), "b_first", "B") for n in range(6))
    (tmp_path / "j.jsonl").write_bytes(wins_of_a + _reply("9", "a_first", "B") + _reply("9", "b_first", "A"))
    tail.look()
    board = tail.provisional()
    assert board is not None
    assert [m.model for m in board.models] == ["a", "b"]
    assert (board.models[0].wins, board.models[0].losses) == (12, 2)


def test_replies_without_a_verdict_are_shown_not_rated(tmp_path: Path) -> None:
    tail = LedgerTail(tmp_path)
    (tmp_path / "j.jsonl").write_bytes(
        _reply("1", "a_first", "Q") + _reply("2", "a_first", "A", status="error") + b"{damaged\n"
    )
    tail.look()
    assert [status for _, _, status, _ in tail.failures] == ["unparsed", "error", "damaged line"]
    assert tail.provisional() is None
