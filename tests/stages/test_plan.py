"""Calls, tokens and cost before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.api_boards import PRICE, board_on
from kit.boards import edit_config, read_jsonl, write_jsonl
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import FakeServer

from arena.board.open import open_board
from arena.config.loading import load_config
from arena.stages.options import RunOptions
from arena.stages.plan import BYTES_PER_TOKEN, JUDGE_TOKENS, Plan, make_plan

CLOSED = "http://127.0.0.1:9/v1"


def plan_of(config: Path, options: RunOptions = RunOptions()) -> Plan:  # noqa: B008 - frozen
    return make_plan(open_board(load_config(str(config))), options)


def with_judge(config: Path, **fields: object) -> Path:
    judge = {"backend": "openai", "base_url": CLOSED, "api_key_env": None, "price": PRICE, **fields}
    return edit_config(config, reviews_gen={"mode": "pairwise_baseline", "baseline": "half", "judges": {"j": judge}})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    with FakeServer(sum_judge) as server:
        return with_judge(board_on(server, tmp_path))


def test_before_anything_is_measured_a_rule_of_thumb_is_used(config: Path) -> None:
    (row,) = plan_of(config).rows
    assert (row.calls, row.stored, row.measured, row.paid) == (36, 0, False, True)
    assert row.input_tokens == round(row.input_chars / BYTES_PER_TOKEN)
    assert row.output_tokens == 36 * JUDGE_TOKENS
    assert row.cost_usd == pytest.approx((row.input_tokens * 2 + row.output_tokens * 8) / 1e6)
    assert row.most_usd > row.cost_usd + 36 * (4096 - JUDGE_TOKENS) * 8e-6


def test_afterwards_tokens_follow_the_judges_own_replies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "a-key-for-tests")
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path)
        assert arena("run", "-c", config, "--limit", "6").returncode == 0
        asked = len(server.calls)
    (row,) = plan_of(config).rows
    assert (row.calls, row.stored, row.measured) == (36 - asked, asked, True)
    assert row.output_tokens == row.calls * 5  # what the server reports
    assert row.input_tokens == pytest.approx(row.calls * 10, rel=0.05)


def test_a_batch_costs_half(config: Path) -> None:
    live, batch = plan_of(config), plan_of(config, RunOptions(batch="wait"))
    assert batch.cost_usd == pytest.approx(live.cost_usd / 2)
    assert batch.most_usd == pytest.approx(live.most_usd / 2)


def test_one_unknown_price_makes_the_total_unknown(config: Path) -> None:
    plan = plan_of(with_judge(config, price=None, base_url="https://judge.example/v1"))
    assert (plan.cost_usd, plan.most_usd, plan.paid_calls) == (None, None, 36)


def test_restrictions_count(config: Path) -> None:
    assert plan_of(config, RunOptions(limit=1)).paid_calls < plan_of(config, RunOptions(limit=8)).paid_calls < 36
    assert plan_of(config, RunOptions(models=("right",))).paid_calls == 12
    assert plan_of(config, RunOptions(stages=("answers",))).rows == ()


def test_answers_that_do_not_exist_yet_are_assumed(config: Path) -> None:
    candidate = {"backend": "openai", "base_url": CLOSED, "api_key_env": None, "price": PRICE}
    recorded = {name: {"backend": "recorded", "file": f"{name}.jsonl"} for name in ("half", "right")}
    edit_config(config, answers_gen=recorded | {"new": candidate | {"generation_config": {"max_tokens": 100}}})
    plan = plan_of(config)
    answers, reviews = plan.rows
    assert (answers.name, answers.calls, answers.output_tokens) == ("new", 12, 1200)
    assert reviews.calls == 12 + 24  # both orders; half of right's answers equal the baseline's
    assert plan.expected_answers == 12
    assert answers.most_usd == pytest.approx(answers.cost_usd, rel=0.2)  # the limit is what is expected


def test_what_a_prompt_cache_saves(config: Path) -> None:
    questions = read_jsonl(config.parent / "questions.jsonl")
    write_jsonl(config.parent / "questions.jsonl", [q | {"text": q["text"] + " really" * 1000} for q in questions])
    cached = PRICE | {"cached_input": 0.5}
    assert plan_of(config).cached_usd == 0
    (row,) = plan_of(with_judge(config, price=cached)).rows
    repeated = (
        6 * 2
    )  # six questions have two prompts that begin with question and baseline, and two with question alone
    shared = 7000 / BYTES_PER_TOKEN  # characters of question and instructions that each prompt starts with
    assert row.cached_usd == pytest.approx(repeated * shared * 1.5e-6, rel=0.3)
    assert row.cached_usd < row.cost_usd


def test_short_prompts_save_nothing(config: Path) -> None:
    (row,) = plan_of(with_judge(config, price=PRICE | {"cached_input": 0.5})).rows
    assert row.cached_usd == 0
