"""Prompt caching through the whole run: marks on the wire, one writer per prefix, cached tokens in usage and cost."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from kit.boards import read_jsonl, write_config, write_jsonl
from kit.commands import arena
from kit.servers import Action, Call, FakeServer, Say

PRICE = {"input": 3.0, "output": 15.0, "cached_input": 0.3, "cache_write": 3.75}
MODELS = ("base", "one", "three", "two")


class CachingJudge:
    """Bills as Anthropic does: a marked prefix is written once and read by whoever comes later."""

    def __init__(self) -> None:
        self.written: Counter[str] = Counter()
        self.read = 0

    def __call__(self, call: Call) -> Action:
        blocks = [block for message in call.body["messages"] for block in message["content"]]
        marked = [i for i, block in enumerate(blocks) if isinstance(block, dict) and "cache_control" in block]
        nonce = call.prompt.split("[BEGIN QUESTION ")[1][:12]
        usage = {"input_tokens": 100, "output_tokens": 5}
        if marked:
            prefix = json.dumps([call.body.get("system"), blocks[: marked[0] + 1]])
            if prefix in self.written:
                self.read += 1
                usage |= {"cache_read_input_tokens": 2000}
            else:
                usage |= {"cache_creation_input_tokens": 2000}
                self.written[prefix] += 1
        return Say(f"[[{nonce} A]]", usage=usage, latency_s=0.05)


def caching_board(folder: Path, url: str, length: int) -> Path:
    questions = [{"question_id": i, "text": f"Question {i}?"} for i in range(3)]
    write_jsonl(folder / "questions.jsonl", questions)
    for model in MODELS:
        text = f"{model} says " + "much " * (length // 5)
        write_jsonl(folder / f"{model}.jsonl", [{"question_id": i, "answer": text} for i in range(3)])
    judge = {"backend": "anthropic", "base_url": url, "api_key_env": None, "price": PRICE, "concurrency": 8}
    return write_config(folder, {
        "question_file": "questions.jsonl", "output_dir": "out",
        "answers_gen": {m: {"backend": "recorded", "file": f"{m}.jsonl"} for m in MODELS},
        "reviews_gen": {"mode": "pairwise_baseline", "baseline": "base", "judges": {"j": judge}},
    })  # fmt: skip


def test_the_baselines_answer_is_cached_where_it_stands_first(tmp_path: Path) -> None:
    judge = CachingJudge()
    with FakeServer(judge) as server:
        done = arena("run", "-c", caching_board(tmp_path, server.anthropic_url, 6000))
    assert done.returncode == 0, done.stderr
    assert "prompt caches can take up to" in done.stderr
    assert (len(judge.written), judge.read) == (3, 6)  # 3 questions, 3 opponents; the others wait for the first
    lines = read_jsonl(tmp_path / "out/reviews/j.jsonl")
    usages = Counter((line["order"], line["usage"]["in"], line["usage"]["in_cached"]) for line in lines)
    assert usages == {("a_first", 100, None): 9, ("b_first", 2100, None): 3, ("b_first", 2100, 2000): 6}
    cost = {line["usage"]["in_cached"] or line["usage"]["cache_write"] or 0: line["cost_usd"] for line in lines}
    cheap = next(line["cost_usd"] for line in lines if line["usage"]["in_cached"])
    dear = next(line["cost_usd"] for line in lines if line["usage"]["cache_write"])
    assert cheap == pytest.approx((100 * 3.0 + 2000 * 0.3 + 5 * 15.0) * 1e-6)
    assert dear == pytest.approx((100 * 3.0 + 2000 * 3.75 + 5 * 15.0) * 1e-6)
    assert cost[0] == pytest.approx((100 * 3.0 + 5 * 15.0) * 1e-6)


def test_short_prefixes_are_not_marked(tmp_path: Path) -> None:
    judge = CachingJudge()
    with FakeServer(judge) as server:
        assert arena("run", "-c", caching_board(tmp_path, server.anthropic_url, 50)).returncode == 0
    assert (len(judge.written), judge.read) == (0, 0)
