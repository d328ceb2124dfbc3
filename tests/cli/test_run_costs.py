"""What a run would cost, what it may cost, and one battle tried out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from kit.api_boards import board_on, last_run, ledger
from kit.boards import leaderboard
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import Action, Call, FakeServer
from kit.terminals import at_a_terminal

from arena.config.kinds import OpenAIConfig


def spending_board(server: FakeServer, folder: Path, **fields: object) -> Path:
    """Every call costs 60 millionths of a dollar, and can cost up to about a thousandth."""
    return board_on(server, folder, concurrency=4, generation_config={"max_tokens": 50}, **fields)


def test_a_budget_stops_the_run_before_it_is_passed_and_keeps_what_came(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = spending_board(server, tmp_path)
        done = arena("run", "-c", config, "--budget-usd", "0.003")
        assert done.returncode == 3
        assert "--budget-usd 0.003 is reached" in done.stderr.splitlines()[-1]
        spent = last_run(tmp_path)["spent"]
        assert 0 < spent <= 0.003
        assert spent == pytest.approx(len(ledger(tmp_path)) * 60e-6)
        assert len(server.calls) == len(ledger(tmp_path)) < 36
        assert leaderboard(tmp_path)["pending"] > 0
        assert arena("run", "-c", config, "--budget-usd", "1").returncode == 0
    assert set(server.counts.values()) == {1}


def test_a_budget_with_an_unknown_price_names_the_field(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path, price=None)
        done = arena("run", "-c", config, "--budget-usd", "1")
    assert (done.returncode, server.calls) == (2, [])
    assert "reviews_gen.judges.j.price: missing" in done.stderr


def test_without_a_price_the_cost_is_unknown_everywhere(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path, price=None)
        assert "no price in the config, so the cost is unknown: j" in arena("plan", "-c", config).stdout
        done = arena("run", "-c", config)
    assert done.returncode == 0
    assert last_run(tmp_path)["spent"] is None
    assert ledger(tmp_path)[0].get("cost_usd") is None


def test_the_plan_counts_what_a_run_then_asks(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path)
        plan = arena("plan", "-c", config)
        assert server.calls == []
        done = arena("run", "-c", config)
        again = arena("plan", "-c", config)
    assert "reviews by j" in plan.stdout and " 36 " in plan.stdout
    characters = sum(len(m["content"]) for call in server.calls for m in call.body["messages"])
    assert f"{characters:,}" in plan.stdout
    assert "reviews by j" in done.stderr and "together" in done.stderr  # the run shows it too
    assert "reviews by j" in again.stdout and " 36 " in again.stdout  # stored now
    assert len(server.calls) == 36


def test_try_asks_for_one_battle_and_shows_it_and_a_run_does_not_pay_it_again(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path)
        done = arena("try", "-c", config, "--question", "7", "--models", "half,right")
        assert done.returncode == 0, done.stderr
        assert len(server.calls) == 2
        for part in ("What is 7 + 7?", "[BEGIN ANSWER A", "I have added it up.", "10 tokens in, 5 out", "$0.000060",
                     "P(half wins) = 0", "right wins", "battle · j"):  # fmt: skip
            assert part in done.stdout, part
        assert arena("run", "-c", config).returncode == 0
        assert len(server.calls) == 36
    assert set(server.counts.values()) == {1}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--question", "77"), "no question '77'"),
        (("--models", "half,nobody"), "no candidate 'nobody'"),
        (("--models", "half"), "needs 2 different names"),
        (("--models", "right,wrong"), "one of them is the baseline half"),
    ],
)
def test_try_says_what_it_cannot_find(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    with FakeServer(sum_judge) as server:
        done = arena("try", "-c", board_on(server, tmp_path), *arguments)
    assert (done.returncode, server.calls) == (2, [])
    assert says in done.stderr


def test_a_try_that_cannot_be_shown_after_it_was_paid_for_ends_with_3(tmp_path: Path) -> None:
    def breaking(call: Call) -> Action:
        (tmp_path / "questions.jsonl").write_text("{")
        return sum_judge(call)

    with FakeServer(breaking) as server:
        done = arena("try", "-c", board_on(server, tmp_path), "--question", "7", "--models", "half,right")
    assert len(server.calls) == 2
    assert done.returncode == 3 and "questions.jsonl" in done.stderr.splitlines()[-1]


def test_a_try_that_reaches_nobody_shows_no_battle(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path)
    done = arena("try", "-c", config, "--question", "7", "--models", "half,right")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot connect" in done.stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("typed", "flags", "code", "calls"), [("n\n", (), 130, 0), ("y\n", (), 0, 36), ("", ("--yes",), 0, 36)]
)
def test_at_a_terminal_the_cost_is_shown_and_asked_about_once(
    tmp_path: Path, typed: str, flags: tuple[str, ...], code: int, calls: int
) -> None:
    with FakeServer(sum_judge) as server:
        seen = at_a_terminal("run", "-c", board_on(server, tmp_path), *flags, typed=typed)
    assert (seen.returncode, len(server.calls)) == (code, calls), seen.text
    assert seen.text.count("Go on?") == (0 if flags else 1)
    assert "together" in seen.text


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("fields", "asks"),
    [
        ({}, False),
        ({"headers": {"x-team": "somebody"}}, True),
        ({"price": {"input": 1.0, "output": 1.0}}, True),
        ({"extra_query": {"api-key": "abcdefgh"}}, True),
    ],
)
def test_nobody_is_asked_about_a_keyless_server_of_this_machine(
    tmp_path: Path, fields: dict[str, object], asks: bool
) -> None:
    with FakeServer(sum_judge) as server:
        fields = {"api_key_env": None, "price": None} | fields
        seen = at_a_terminal(
            "run", "-c", board_on(server, tmp_path, n_questions=2, **fields), typed="n\n" if asks else ""
        )
    assert ("Go on?" in seen.text, seen.returncode, bool(server.calls)) == (asks, 130 if asks else 0, not asks)
    assert ("no key, local" in seen.text) is not asks


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:8000/v1", True), ("http://127.9.9.9/v1", True), ("http://[::1]:1/v1", True),
        ("http://localhost.example.com/v1", False), ("http://192.168.0.7/v1", False), ("https://api.openai.com", False),
        ("http://me:secret@127.0.0.1/v1", False), (None, False),
    ],
)  # fmt: skip
def test_what_stands_at_a_loopback_address_is_local(url: str | None, local: bool) -> None:
    entry = OpenAIConfig.model_validate({"backend": "openai", "base_url": url, "api_key_env": None})
    assert entry.keyless_local is local
    assert not OpenAIConfig.model_validate({"backend": "openai", "base_url": url}).keyless_local
