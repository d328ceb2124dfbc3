"""Batches of both wire formats through the whole run: half price, shared keys, and a knife at every step."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kit.api_boards import WITH_SAMPLING, ledger
from kit.batch_servers import BatchServer, age_intents, batch_board
from kit.boards import leaderboard, read_jsonl
from kit.commands import arena
from kit.judges import sum_judge
from kit.processes import finish, start
from kit.servers import Action, Call, Fail, Say

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fork_server")]


@pytest.fixture(autouse=True)
def quick_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run in this process does not find in a provider's list at once was never created."""
    monkeypatch.setattr("arena.stages.batch.LISTED_AFTER_S", 0.01)


def test_a_board_judged_in_a_batch_equals_one_judged_live_at_half_the_price(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge, polls_until_done=1) as server:
        (tmp_path / "live").mkdir()
        (tmp_path / "batch").mkdir()
        live = batch_board(tmp_path / "live", server, api)
        assert arena("run", "-c", live).returncode == 0
        asked = len(server.live)
        done = arena("run", "-c", batch_board(tmp_path / "batch", server, api), "--batch")
        assert done.returncode == 0, done.stderr
        assert len(server.live) == asked
    lines, one = ledger(tmp_path / "batch"), ledger(tmp_path / "live")
    assert {line["via"] for line in lines} == {"batch"}
    assert sorted(line["key"] for line in lines) == sorted(line["key"] for line in one)
    full = (10 * 2 + 5 * 8) * 1e-6
    assert [line["cost_usd"] for line in one] == pytest.approx([full] * len(one))
    assert [line["cost_usd"] for line in lines] == pytest.approx([full / 2] * len(one))
    live_board, batch = leaderboard(tmp_path / "live"), leaderboard(tmp_path / "batch")
    assert live_board["models"] == batch["models"]
    assert max(server.batched.values()) == 1


def test_submit_and_collect_are_two_invocations_and_a_live_run_between_asks_nothing(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge, polls_until_done=1) as server:
        config = batch_board(tmp_path, server, api)
        done = arena("run", "-c", config, "--batch=submit")
        assert done.returncode == 0, done.stderr
        assert "requests are under way in batch" in done.stderr
        assert leaderboard(tmp_path)["pending"] > 0
        between = arena("run", "-c", config)
        assert between.returncode == 0
        assert server.live == []
        assert "under way in batches" in between.stderr
        waiting = arena("run", "-c", config, "--batch=collect")
        assert waiting.returncode == 0
        assert leaderboard(tmp_path)["pending"] > 0
        assert arena("run", "-c", config, "--batch=collect").returncode == 0
        assert leaderboard(tmp_path)["pending"] == 0
        assert arena("run", "-c", config, "--batch").returncode == 0
        assert arena("run", "-c", config).returncode == 0
        assert server.live == []
    assert len(server.batches) == 1
    assert max(server.batched.values()) == 1


def test_a_batch_finishes_what_live_calls_began(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge) as server:
        config = batch_board(tmp_path, server, api)
        assert arena("run", "-c", config, "--limit", "2").returncode == 0
        began = len(server.live)
        assert arena("run", "-c", config, "--batch").returncode == 0
        assert len(server.live) == began > 0
    lines = ledger(tmp_path)
    assert len({line["key"] for line in lines}) == len(lines) == began + sum(server.batched.values())
    assert leaderboard(tmp_path)["pending"] == 0


def test_an_unreadable_reply_is_repaired_in_a_second_batch(tmp_path: Path, api: str) -> None:
    def mumbles(call: Call) -> Action:
        if len(call.body["messages"]) <= (2 if api == "openai" else 1):
            return Say("Well, that is hard to say.")
        return sum_judge(call)

    with BatchServer(mumbles) as server:
        assert arena("run", "-c", batch_board(tmp_path, server, api), "--batch").returncode == 0
    assert len(server.batches) == 2
    assert max(server.batched.values()) == 1
    assert leaderboard(tmp_path)["excluded"] == {}


def test_expired_requests_are_due_again(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge, polls_until_done=1) as server:
        config = batch_board(tmp_path, server, api)
        assert arena("run", "-c", config, "--batch=submit").returncode == 0
        lost = sorted(server.batched)[:3]
        server.lose.update(lost)
        done = arena("run", "-c", config, "--batch")
        assert done.returncode == 0, done.stderr
    assert {key for key, n in server.batched.items() if n == 2} == set(lost)
    assert len(ledger(tmp_path)) == len(server.batched)
    assert leaderboard(tmp_path)["pending"] == 0


def test_a_request_turned_down_inside_a_batch_is_a_record_of_that_request(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge) as server:
        server.refuse = lambda body: "this prompt was moderated" if "What is 2 + 7?" in json.dumps(body) else None
        done = arena("run", "-c", batch_board(tmp_path, server, api), "--batch")
    assert done.returncode == 3, done.stderr
    bad = [line for line in ledger(tmp_path) if line["status"] == "bad_request"]
    assert {line["question_id"] for line in bad} == {"2"}
    assert {line["cost_usd"] for line in bad} == {0.0}
    assert leaderboard(tmp_path)["excluded"] == {"call_failed": 2}


@pytest.mark.parametrize("everybody", [True, False])
def test_a_batch_that_is_turned_down_throughout_may_concern_everybody(
    tmp_path: Path, api: str, everybody: bool
) -> None:
    why = "You have reached your usage limits."
    kind = "invalid_request_error" if api == "anthropic" else "error"

    def script(call: Call) -> Action:
        if "Reply with OK." not in json.dumps(call.body["messages"][-1]):
            return sum_judge(call)
        return Fail(400, body={"error": {"message": why, "type": kind}}) if everybody else Say("OK")

    with BatchServer(script) as server:
        server.refuse = lambda body: why
        config = batch_board(tmp_path, server, api)
        done = arena("run", "-c", config, "--batch")
        assert done.returncode == (2 if everybody else 3) and why in done.stderr, done.stderr
        assert {line["status"] for line in ledger(tmp_path)} == (set() if everybody else {"bad_request"})
        server.refuse = lambda body: None
        mended = arena("run", "-c", config, "--batch", *([] if everybody else ["--retry-errors"]))
    assert mended.returncode == 0, mended.stderr


def test_a_parameter_the_endpoint_rejects_is_asked_for_differently(tmp_path: Path, api: str) -> None:
    field, complaint = {
        "openai": ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        "anthropic": ("temperature", "`temperature` is not supported for this model"),  # of the version before
    }[api]
    with BatchServer(sum_judge) as server:
        server.refuse = lambda body: complaint if field in body else None
        config = batch_board(tmp_path, server, api, entry=WITH_SAMPLING.get(api, {}))
        done = arena("run", "-c", config, "--batch")
        assert done.returncode == 0, done.stderr
        assert len(server.batches) == 2
        assert not any(line["status"] == "bad_request" for line in ledger(tmp_path))
        (tmp_path / "out/reviews/j.jsonl").unlink()
        assert arena("run", "-c", config, "--batch", "--accept-shorter").returncode == 0
        assert len(server.batches) == 3


def test_a_batch_that_is_turned_down_as_a_whole_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    with BatchServer(sum_judge) as server:
        server.refuse_batch = "the model does not exist"
        done = arena("run", "-c", batch_board(tmp_path, server, "openai"), "--batch")
        assert done.returncode == 2, done.stderr
        assert "the model does not exist" in done.stderr
        assert ledger(tmp_path) == []
        again = arena("run", "-c", tmp_path / "config.yaml", "--batch")
        assert again.returncode == 0, again.stderr
    assert max(server.batched.values()) == 1


def test_a_batch_that_never_yields_anything_ends_the_run(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge) as server:
        config = batch_board(tmp_path, server, api)
        original = server._create

        def create(*args: object) -> Action:
            action = original(*args)
            server.lose.update(server.batched)
            return action

        server._create = create
        done = arena("run", "-c", config, "--batch")
    assert done.returncode == 3
    assert "came back without a usable result" in done.stderr
    assert len(server.batches) == 3


def answering(server: BatchServer, ending: str, how: Callable[[Action], Action]) -> None:
    """From now on the server's answers on paths that end so are changed."""
    route = server._route
    server.script = lambda call: how(route(call)) if call.path.endswith(ending) else route(call)


def test_results_that_cannot_be_fetched_are_waited_for_and_given_up_when_they_are_old(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge) as server:
        config = batch_board(tmp_path, server, api)
        assert arena("run", "-c", config, "--batch=submit").returncode == 0
        answering(server, "/content" if api == "openai" else "/results", lambda action: Fail(404, "no such file"))
        young = arena("run", "-c", config, "--batch=collect")
        assert young.returncode == 2 and "the results of batch_0 are not there: 404" in young.stderr
        assert "under way in batches" in arena("run", "-c", config).stderr
        age_intents(tmp_path, 8 * 86400)
        old = arena("run", "-c", config, "--batch=collect")
        assert old.returncode == 0 and "are gone and due again: 404" in old.stderr
        assert arena("run", "-c", config).returncode == 0
    assert leaderboard(tmp_path)["pending"] == 0
    assert {line["via"] for line in ledger(tmp_path)} == {"live"}


def test_a_batch_of_another_account_is_kept_and_named(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge) as server:
        config = batch_board(tmp_path, server, api)
        assert arena("run", "-c", config, "--batch=submit").returncode == 0
        answering(server, "batch_0", lambda action: Fail(404, "no such batch"))
        other = arena("run", "-c", config, "--batch")
        assert other.returncode == 2 and "does not know batch batch_0 (another key or account?)" in other.stderr
        server.script = server._route
        assert arena("run", "-c", config, "--batch").returncode == 0
    assert max(server.batched.values()) == 1


def test_a_line_of_results_that_broke_off_is_due_again_alone(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge) as server:
        config = batch_board(tmp_path, server, api)
        assert arena("run", "-c", config, "--batch=submit").returncode == 0
        broken = [lambda action: replace(action, body=action.body[:-30])]
        ending = "good/content" if api == "openai" else "/results"
        answering(server, ending, lambda action: broken.pop()(action) if broken else action)
        assert arena("run", "-c", config, "--batch").returncode == 0
    assert sorted(server.batched.values()) == [1] * 11 + [2]
    assert len(ledger(tmp_path)) == 12


def test_a_budget_counts_a_batch_before_it_is_sent(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge) as server:
        done = arena("run", "-c", batch_board(tmp_path, server, api), "--batch", "--budget-usd", "0.001", "--yes")
        assert done.returncode == 3
        assert "the next batch could cost" in done.stderr
    assert server.batches == {}


def test_the_nonces_a_batch_was_sent_with_read_its_replies_when_the_salt_is_lost(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge, polls_until_done=1) as server:
        config = batch_board(tmp_path, server, api)
        assert arena("run", "-c", config, "--batch=submit").returncode == 0
        (tmp_path / "out/salt").unlink()
        assert arena("run", "-c", config, "--batch").returncode == 0
    assert len(server.batches) == 1
    assert leaderboard(tmp_path)["excluded"] == {}


def test_interrupted_while_waiting_the_batch_is_found_by_the_next_run(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge, polls_until_done=10_000) as server:
        config = batch_board(tmp_path, server, api)
        process = start("run", "-c", config, "--batch")
        server.at["poll"] = lambda: os.kill(process.pid, signal.SIGINT)
        assert finish(process) == 130
        server.polls_until_done = 0
        done = arena("run", "-c", config, "--batch=collect")
        assert done.returncode == 0, done.stderr
    assert len(server.batches) == 1
    assert server.live == []
    assert leaderboard(tmp_path)["pending"] == 0


def test_a_key_that_is_turned_down_costs_nothing_and_leaves_no_open_batch(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge) as server:
        config = batch_board(tmp_path, server, api)
        server._route = lambda call: Fail(401, "bad key")
        server.script = server._route
        done = arena("run", "-c", config, "--batch")
        assert done.returncode == 2, done.stderr
        assert "check the API key" in done.stderr
    assert [event["event"] for event in read_jsonl(tmp_path / "out/batches.jsonl")] == ["intent", "void"]
    assert ledger(tmp_path) == []
