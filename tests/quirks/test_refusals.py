"""Refusals that concern everybody, and those that concern one request: 400s, told apart by behaviour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kit.api_boards import api_judge, board_on
from kit.boards import arithmetic_board, edit_config, read_jsonl
from kit.commands import arena
from kit.judges import read_prompt, sum_judge
from kit.quirks import good, played
from kit.servers import Action, Call, Fail, FakeServer

pytestmark = pytest.mark.slow

MINIMAL = "Reply with OK."
EVERYBODY = [
    Fail(400, "API key not valid. Please pass a valid API key."),
    Fail(400, "You have reached your specified API usage limits. You will regain access on 2026-12-01."),
    Fail(400, "No models loaded. Please load a model in the developer page."),
    Fail(422, "default chat template is no longer allowed, so you must provide a chat template"),
    Fail(400, body=[{"error": {"code": 400, "message": "API key expired.", "status": "INVALID_ARGUMENT"}}]),
]


def is_minimal(call: Call) -> bool:
    return call.prompt == MINIMAL


def numbered(action: Fail) -> Callable[[Call], Action]:
    """The same refusal, each time with another number and id."""
    return lambda call: Fail(action.status, f"{action.message} (request {call.number}, id 'req_{call.key[:6]}')")


@pytest.mark.parametrize("api", ["openai", "anthropic"])
@pytest.mark.parametrize("concurrency", [1, 4, 16])
@pytest.mark.parametrize("refusal", EVERYBODY, ids=str)
def test_when_everybody_is_turned_down_nothing_is_stored(
    tmp_path: Path, api: str, concurrency: int, refusal: Fail
) -> None:
    with FakeServer(lambda call: refusal) as server:
        config = board_on(server, tmp_path, api, concurrency=concurrency)
        done = arena("run", "-c", config)
        found = played(config, "judge", done, server.calls)
        assert sum(map(is_minimal, server.calls)) == 1
        assert len(server.calls) <= 8 + concurrency
        server.script = good
        again = arena("run", "-c", config)
    assert found.done.returncode == 2 and found.lines == []
    said = found.done.stderr.splitlines()[-1]
    assert "none of them is stored" in said and found.last_run["problems"] == [said.removeprefix("arena: ")]
    assert again.returncode == 0, again.stderr


def test_numbers_and_quotes_do_not_make_two_reasons(tmp_path: Path) -> None:
    with FakeServer(numbered(Fail(400, "usage limit reached"))) as server:
        config = board_on(server, tmp_path)
        assert arena("run", "-c", config).returncode == 2
        assert sum(map(is_minimal, server.calls)) == 1


def test_bad_requests_of_their_own_are_stored_and_told(tmp_path: Path) -> None:
    """Everything but the minimal request is turned down: those are bad requests, and the run goes on."""

    def script(call: Call) -> Action:
        return good(call) if is_minimal(call) else Fail(400, "the prompt was flagged")

    with FakeServer(script) as server:
        config = board_on(server, tmp_path)
        done = arena("run", "-c", config)
        found = played(config, "judge", done, server.calls)
        calls = len(server.calls)
        again = arena("run", "-c", config)
        assert len(server.calls) == calls
        server.script = good
        mended = arena("run", "-c", config, "--retry-errors")
    assert done.returncode == again.returncode == 3
    assert len(found.lines) == 36 and sum(map(is_minimal, found.calls)) == 1
    for output in (done, again):
        assert "mostly: 400: error: the prompt was flagged" in output.stderr and "--retry-errors" in output.stderr
    assert "the prompt was flagged" in str(found.last_run["problems"])
    assert mended.returncode == 0, mended.stderr


def test_a_minimal_request_is_counted_and_budgeted(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        return good(call) if is_minimal(call) else Fail(400, "flagged")

    with FakeServer(script) as server:
        config = board_on(server, tmp_path)
        found = played(config, "judge", arena("run", "-c", config), server.calls)
    assert found.last_run["reviews"]["j"]["done"] == 36  # replies; the minimal request is a call, paid like any other
    assert found.last_run["spent_known_usd"] == pytest.approx(60e-6)
    with FakeServer(script) as server:
        config = board_on(server, tmp_path / "poor", n_questions=4) if (tmp_path / "poor").mkdir() is None else None
        done = arena("run", "-c", config, "--budget-usd", "0.00001")
    assert done.returncode == 3 and "--budget-usd" in done.stderr and server.calls == []


def test_a_flagged_question_among_others_costs_no_minimal_request(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        return Fail(400, "flagged") if "What is 3 +" in read_prompt(call).question else sum_judge(call)

    with FakeServer(script) as server:
        config = board_on(server, tmp_path)
        found = played(config, "judge", arena("run", "-c", config), server.calls)
    assert [line["status"] for line in found.lines].count("bad_request") == 2
    assert not any("OK" in str(call.body["messages"][-1]["content"])[:20] for call in found.calls)


def test_a_limit_that_is_reached_in_the_middle_stops_the_endpoint_and_the_rest_is_pending(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        return good(call) if call.number < 12 else Fail(400, "You have reached your usage limits.")

    with FakeServer(script) as server:
        config = board_on(server, tmp_path, concurrency=4)
        found = played(config, "judge", arena("run", "-c", config), server.calls)
        server.script = good
        assert arena("run", "-c", config).returncode == 0
    assert found.done.returncode == 3
    assert {line["status"] for line in found.lines} == {"ok"} and len(found.lines) == 12


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_candidates_endpoint_is_stopped_alike(tmp_path: Path, api: str) -> None:
    with FakeServer(lambda call: EVERYBODY[0]) as server:
        config = arithmetic_board(tmp_path)
        recorded = {name: {"backend": "recorded", "file": f"{name}.jsonl"} for name in ("half", "wrong")}
        edit_config(config, answers_gen=recorded | {"right": api_judge(server, api)})
        done = arena("run", "-c", config)
        assert sum(map(is_minimal, server.calls)) == 1
        server.script = good
        again = arena("run", "-c", config)
    assert done.returncode in (2, 3) and "API key not valid" in done.stderr
    assert again.returncode == 0, again.stderr
    assert len(read_jsonl(tmp_path / "out/answers/right.jsonl")) == 12


@pytest.mark.parametrize("stays", [True, False])
def test_try_ends_with_an_error_when_its_verdicts_failed(tmp_path: Path, stays: bool) -> None:
    refusal = Fail(400, "No models loaded")
    with FakeServer(lambda call: refusal if stays or not is_minimal(call) else good(call)) as server:
        config = board_on(server, tmp_path)
        done = arena("try", "-c", config, "--question", "7")
    assert done.returncode == (2 if stays else 3)
    assert "No models loaded" in done.stderr
    assert (tmp_path / "out/reviews/j.jsonl").exists() and len(read_jsonl(tmp_path / "out/reviews/j.jsonl")) == (
        0 if stays else 2
    )


def test_nobody_at_the_address_ends_a_try_at_once_and_is_said_first_by_a_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeServer(good) as server:
        config = board_on(server, tmp_path)
    tried = arena("try", "-c", config, "--question", "7")
    assert tried.returncode == 2 and "cannot connect" in tried.stderr and "for 0 s" not in tried.stderr
    assert not [record for record in caplog.records if "waiting" in record.getMessage()]
    edit_config(config, reviews_gen={"mode": "pairwise_baseline", "baseline": "half", "judges": {
        "j": {**api_judge(server), "connect_patience_s": 1}}})  # fmt: skip
    assert arena("run", "-c", config).returncode == 2
    said = [record.getMessage() for record in caplog.records if "waiting up to 1 s" in record.getMessage()]
    assert len(said) == 1 and "cannot connect" in said[0]
