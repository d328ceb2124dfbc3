"""`arena run` against judges and candidates over HTTP: the real SDKs, local servers that misbehave on demand."""

from __future__ import annotations

import json
import signal
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from kit.api_boards import HEADER, KEY, PRICE, board_on, last_run, ledger
from kit.boards import edit_config, leaderboard, read_jsonl
from kit.commands import arena
from kit.judges import read_prompt, sum_judge
from kit.processes import finish, start, until_it_says
from kit.servers import Action, Call, Cut, Drop, Fail, FakeServer, Raw, Say


@pytest.mark.slow
@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_judge_over_http_from_questions_to_leaderboard(tmp_path: Path, api: str) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path, api)
        done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    board = leaderboard(tmp_path)
    assert [row["model"] for row in board["models"]] == ["right", "half", "wrong"]
    assert len(server.calls) == len(ledger(tmp_path)) == 36  # two orders; six pairs of equal answers need no call
    assert set(server.counts.values()) == {1}
    cost = 36 * (10 * 2 + 5 * 8) / 1e6
    assert last_run(tmp_path)["spent"] == pytest.approx(cost)
    assert last_run(tmp_path)["reviews"]["j"]["usage"] == {"input_tokens": 360, "output_tokens": 180}
    assert "reviews by j" in done.stderr and "$0.00" in done.stderr


def test_a_second_run_calls_nobody_and_needs_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path)
        arena("run", "-c", config)
        monkeypatch.delenv("JUDGE_KEY")
        assert arena("run", "-c", config).returncode == 0
        assert len(server.calls) == 36


@pytest.mark.slow
@pytest.mark.parametrize("action", [Fail(429, headers={"Retry-After": "0"}), Fail(500), Fail(529), Cut(), Drop()])
@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_server_that_stumbles_now_and_then_changes_nothing(tmp_path: Path, api: str, action: Action) -> None:
    def script(call: Call) -> Action:
        return action if call.repeat == 0 and call.number % 5 == 0 else sum_judge(call)

    with FakeServer(script) as server:
        done = arena("run", "-c", board_on(server, tmp_path, api))
    assert done.returncode == 0, done.stderr
    assert len(ledger(tmp_path)) == 36 < len(server.calls)
    assert {reply["status"] for reply in ledger(tmp_path)} == {"ok"}
    billed = not isinstance(action, Fail) or action.status == 500
    assert {reply.get("maybe_billed", False) for reply in ledger(tmp_path)} == ({True, False} if billed else {False})


def test_a_moderated_prompt_in_the_middle_is_one_failed_battle(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        return Fail(403, "flagged by moderation") if "What is 3 +" in read_prompt(call).question else sum_judge(call)

    with FakeServer(script) as server:
        config = board_on(server, tmp_path)
        done = arena("run", "-c", config)
        assert done.returncode == 3
        calls = len(server.calls)
        statuses = [reply["status"] for reply in ledger(tmp_path)]
        assert statuses.count("bad_request") == 2 and statuses.count("ok") == 34
        assert leaderboard(tmp_path)["excluded"] == {"call_failed": 1}
        assert arena("run", "-c", config).returncode == 3  # still there, not asked again
        assert len(server.calls) == calls
        server.script = sum_judge
        assert arena("run", "-c", config, "--retry-errors").returncode == 0
        assert len(server.calls) == calls + 2


@pytest.mark.parametrize(
    ("action", "says"),
    [
        (Fail(401, f"Incorrect API key provided: {KEY}"), "check the API key"),
        (Fail(402), "no credit or quota left"),
        (Fail(404, "model not found"), "check base_url and model"),
        (Fail(403), "the key may not use this"),
        (Raw(b"<html>Sign in</html>", "text/html"), "web page"),
    ],
)
def test_an_endpoint_that_lets_nobody_in_is_exit_2_and_one_line(tmp_path: Path, action: Action, says: str) -> None:
    with FakeServer(lambda call: action) as server:
        done = arena("run", "-c", board_on(server, tmp_path, concurrency=4))
    assert done.returncode == 2
    assert says in done.stderr.splitlines()[-1]
    assert ledger(tmp_path) == []
    assert len(server.calls) <= 4
    assert KEY not in done.stderr


def test_an_endpoint_that_dies_in_the_middle_is_exit_3_and_what_exists_is_rated(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        return sum_judge(call) if call.number < 20 else Fail(401, "key revoked")

    with FakeServer(script) as server:
        config = board_on(server, tmp_path, concurrency=4)
        done = arena("run", "-c", config)
        assert done.returncode == 3
        assert len(ledger(tmp_path)) == 20
        assert leaderboard(tmp_path)["pending"] > 0
        server.script = sum_judge
        assert arena("run", "-c", config).returncode == 0
    assert sorted(server.counts.values())[-5:] != [1] * 5 and len(ledger(tmp_path)) == 36


def test_nobody_at_the_address_is_exit_2(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path, connect_patience_s=0)
    done = arena("run", "-c", config)
    assert done.returncode == 2
    assert "cannot connect" in done.stderr.splitlines()[-1]


def test_a_missing_key_is_found_before_any_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer(lambda call: Say("It is 1.")) as server:
        config = board_on(server, tmp_path)
        candidate = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        edit_config(config, answers_gen={"half": candidate, "other": candidate})
        monkeypatch.delenv("JUDGE_KEY")
        done = arena("run", "-c", config)
    assert done.returncode == 2
    assert f"{config}: reviews_gen.judges.j: the environment variable JUDGE_KEY is not set" in done.stderr
    assert server.calls == []


def test_what_could_not_be_read_is_asked_again_when_somebody_wants_it(tmp_path: Path) -> None:
    said = {"text": "I cannot decide."}

    def script(call: Call) -> Action:
        return Say(said["text"]) if "What is 1 +" in read_prompt(call).question and said else sum_judge(call)

    with FakeServer(script) as server:
        config = board_on(server, tmp_path)
        done = arena("run", "-c", config)
        assert done.returncode == 3
        assert f"arena show -c {config} " in done.stderr
        assert f"arena run -c {config} --retry-unparsed" in done.stderr
        stored = len(ledger(tmp_path))
        assert arena("run", "-c", config).returncode == 3
        assert len(ledger(tmp_path)) == stored
        planned = arena("plan", "-c", config, "--retry-unparsed")
        assert "the same text is likely" in planned.stdout
        said.clear()
        done = arena("run", "-c", config, "--retry-unparsed")
        assert "max_tokens" in done.stderr
    assert done.returncode == 0, done.stderr
    again = ledger(tmp_path)[stored:]
    assert {reply["key"] for reply in again} <= {reply["key"] for reply in ledger(tmp_path)[:stored]}
    kept = [reply for reply in ledger(tmp_path) if reply["text"] == "I cannot decide."]
    assert 2 * len(again) == len(kept) > 0  # the first request and its repair; the earlier texts stay
    assert leaderboard(tmp_path)["excluded"] == {}


def test_an_upgrade_asks_nothing_and_says_what_it_reads_differently(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path)
        assert arena("run", "-c", config).returncode == 0
        path = tmp_path / "out/reviews/j.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            line["arena_version"] = "0.1.0"
        lines[0]["text"] += f"\nWait, I was wrong. Final: **{lines[0]['nonce']} C**"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        record = json.loads((tmp_path / "out/run.json").read_text())
        record.pop("rated_with")
        (tmp_path / "out/run.json").write_text(json.dumps(record | {"arena_version": "0.1.0"}))
        calls = len(server.calls)
        done = arena("run", "-c", config)
        expected = "1 of 36 verdicts are read differently than under 0.1.0 (1 battles changed winner)"
        found = [note for note in last_run(tmp_path)["notes"] if "differently" in note]
        assert found == [expected], found
        assert expected in done.stderr
        assert "differently" not in arena("run", "-c", config).stderr  # once
        assert len(server.calls) == calls
        arena("run", "-c", config, "--retry-unparsed")
        assert len(server.calls) == calls + 1  # the repair alone


def test_empty_and_refused_and_cut_off_verdicts_are_no_verdicts(tmp_path: Path) -> None:
    odd = {"What is 1 +": Say(None), "What is 2 +": Say(None, refusal="no"), "What is 3 +": Say("A", finish="length")}

    def script(call: Call) -> Action:
        return next((say for text, say in odd.items() if text in read_prompt(call).question), sum_judge(call))

    with FakeServer(script) as server:
        done = arena("run", "-c", board_on(server, tmp_path))
    assert done.returncode == 3  # above max_unparsed
    assert leaderboard(tmp_path)["excluded"] == {"unparsed": 3}
    statuses = [reply["status"] for reply in ledger(tmp_path)]
    assert (statuses.count("empty"), statuses.count("refused"), statuses.count("truncated")) == (2, 2, 6)
    longer = [call for call in server.calls if call.body.get("max_tokens") == 8192]
    assert len(longer) == 2  # a cut-off verdict was asked for once more with twice the tokens


def test_candidates_over_http_answer_all_turns_and_keep_their_facts(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        return Say("It is 7.", reasoning="7 plus 0") if call.body["model"] == "m" else sum_judge(call)

    with FakeServer(script) as server:
        config = board_on(server, tmp_path)
        candidate = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None, "model": "m",
                     "stream": True, "price": PRICE, "generation_config": {"max_tokens": 50}}  # fmt: skip
        edit_config(config, answers_gen={"half": {"backend": "recorded", "file": "half.jsonl"}, "api": candidate})
        done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    answers = read_jsonl(tmp_path / "out/answers/api.jsonl")
    assert len(answers) == 12
    first = answers[0]
    assert (first["turns"], first["reasoning"], first["status"]) == (["It is 7."], ["7 plus 0"], "ok")
    assert first["cost_usd"] == pytest.approx(60e-6)
    assert first["ttft_s"] > 0
    row = next(row for row in leaderboard(tmp_path)["models"] if row["model"] == "api")
    assert row["cost_usd"] == pytest.approx(12 * 60e-6)


def test_secrets_are_in_no_file_and_no_line_of_output(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        if call.number % 3 == 0:
            return Fail(400, f"bad header {HEADER} and key {KEY}")
        return Fail(500, f"key {KEY}") if call.repeat == 0 else sum_judge(call)

    headers = {"X-Team": "${JUDGE_HEADER}", "X-Plain": "written-out-0003"}
    with FakeServer(script) as server:
        config = board_on(server, tmp_path, headers=headers)
        done = arena("run", "-c", config)
        shows = arena("show", "-c", config, "1", "half", "right")
    assert server.calls[0].headers["x-team"] == HEADER
    written = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    everything = b"\n".join([*written, *(text.encode() for text in (done.stdout, done.stderr, shows.stdout))])
    for secret in (KEY, HEADER, "written-out-0003"):
        assert secret.encode() not in everything
    assert b"[redacted]" in everything
    assert any("[redacted]" in str(reply.get("error")) for reply in ledger(tmp_path))


def test_a_key_inside_an_answer_is_data_and_stays(tmp_path: Path) -> None:
    with FakeServer(lambda call: Say(f"It is {KEY}.") if call.body["model"] == "m" else sum_judge(call)) as server:
        config = board_on(server, tmp_path)
        candidate = {"backend": "openai", "base_url": server.openai_url, "api_key_env": "JUDGE_KEY", "model": "m"}
        edit_config(config, answers_gen={"half": {"backend": "recorded", "file": "half.jsonl"}, "api": candidate})
        assert arena("run", "-c", config).returncode == 0
    assert read_jsonl(tmp_path / "out/answers/api.jsonl")[0]["turns"] == [f"It is {KEY}."]
    assert any(KEY in json.dumps(reply["request"]) for reply in ledger(tmp_path))


@pytest.mark.usefixtures("fork_server")
def test_waiting_for_retry_after_is_shown_as_such(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        return Fail(429, "slow down", {"Retry-After": "50"}) if call.number == 0 else sum_judge(call)

    errors = tmp_path / "errors"
    with FakeServer(script) as server:
        config = board_on(server, tmp_path, n_questions=2, concurrency=1)
        run = start("run", "-c", config, errors=errors)
        until_it_says(errors, "slow down", run)
        run.kill()
        assert finish(run) == -signal.SIGKILL
        assert any("waiting 0:" in line and "slow down" in line for line in errors.read_text().splitlines())
        assert arena("run", "-c", config).returncode == 0


def test_one_call_of_each_shared_start_goes_ahead_of_the_others(tmp_path: Path) -> None:
    under_way: Counter[tuple[str, bool]] = Counter()
    seen: dict[tuple[str, bool], list[int]] = {}

    def script(call: Call) -> Action:
        shown = read_prompt(call)
        number = int(shown.question.split()[2])
        baseline = f"It is {number + 7}." if number < 4 else f"It is {number + 900}4."
        start = (shown.question, shown.answers[0] == baseline)  # the baseline's answer belongs to the shared start
        seen.setdefault(start, []).append(under_way[start])
        under_way[start] += 1
        threading.Timer(0.02, lambda: under_way.subtract([start])).start()
        return replace(sum_judge(call), latency_s=0.05)

    with FakeServer(script) as server:
        config = board_on(server, tmp_path, n_questions=8, concurrency=8)
        assert arena("run", "-c", config).returncode == 0
    assert server.most_in_flight > 2  # other questions fill the workers
    assert sum(len(others) > 1 for others in seen.values()) == 8
    assert all(others[0] == 0 and others[1:2] in ([], [0]) for others in seen.values())
