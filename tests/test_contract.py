"""The outside that others script against: the documented config block, and the fields of every file of a board."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.api_boards import HEADER, KEY, board_on
from kit.boards import arithmetic_board, read_jsonl, write_jsonl
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import FakeServer

from arena.redact import forget_secrets

CONFIG = """
question_file: ../data/questions.jsonl
category_file: null
output_dir: runs/pairwise_baseline
seed: 0
answers_gen:
  qwen3-4b:
    backend: vllm
    model: Qwen/Qwen3-4B
    revision: main
    precision: bfloat16
    adapter: null
    enable: true
    generation_config: {temperature: 0.7, top_p: 0.8, max_tokens: 2048, seed: 0, n: 1}
    engine: {tensor_parallel_size: 1, gpu_memory_utilization: 0.9, replicas: 1, ray_address: null}
    gpu_hour_price: null
  gpt-4.1:
    backend: openai
    base_url: null
    api_key_env: OPENAI_API_KEY
    headers: {}
    extra_body: {}
    stream: false
    concurrency: 16
    price: {input: 2.0, output: 8.0, cached_input: 0.5}
  sample-a: {backend: recorded, file: ../data/sample-a.jsonl}
reviews_gen:
  enable: true
  mode: pairwise_baseline
  baseline: gpt-4.1
  judges:
    gpt-4.1-mini: {backend: openai, model: gpt-4.1-mini, samples: 1}
  panel: {quorum: 1}
  prompt: {default: pair-v1, math: pair-reference-v1}
  reference_file: null
  order: both
  strong_weight: 1
  answer_failures: exclude
  max_unparsed: 0.02
  max_failed: 0.02
rating_gen:
  enable: true
  metrics: [bradley_terry, elo, win_rate]
  elo: {k: 4, orders: 100}
  anchor: null
  interval: {method: sandwich, cluster: question_id, level: 0.95, simultaneous: false}
  style_control: []
"""

ANSWER = """question_id model sample turns reasoning status error finish_reason usage ttft_s latency_s load cost_usd
    model_returned key created_at"""
REPLY = """key status judge model_requested model_returned prompt prompt_sha256 format nonce request order question_id
    model_a model_b sample text reasoning finish_reason logprobs usage via cost_usd latency_s attempts maybe_billed
    request_id created_at arena_version"""
BATTLE = """question_id category language model_a model_b answer_key_a answer_key_b judge sample state reason outcome
    winner weight verdicts consistent style"""
VERDICT = "order answer_sample sample label score_a score_b probability explanation status reason key"
SCORE = "question_id category language model judge sample score criteria explanation state reason key"
BOARD = """simulated mode ranked_by judges baseline anchor level interval n_questions n_battles excluded pending seed
    inputs warnings judges_detail pairs style diagnostics models"""
MODEL = """model rank rank_low rank_high rating rating_low rating_high unbounded elo elo_low elo_high elo_order_sd
    win_rate win_rate_low win_rate_high lc_win_rate wins losses ties n_battles score score_low score_high mean_length
    cost_usd performance categories languages criteria flags"""
PAIR = "a b diff low high p_better"
RUN = "versions config prompts git_commit runs"
INVOCATION = "started finished plan done spent errors"


def missing(fields: str, line: dict[str, object]) -> set[str]:
    return set(fields.split()) - set(line)


def first(path: Path) -> dict[str, object]:
    return read_jsonl(path)[0]


def read(path: Path) -> dict[str, object]:
    found = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("JUDGE_KEY", KEY)
    monkeypatch.setenv("JUDGE_HEADER", HEADER)
    yield
    forget_secrets()


@pytest.mark.parametrize("questions_key", ["question_file", "questions_file"])
def test_the_documented_config_loads_as_it_stands(tmp_path: Path, questions_key: str) -> None:
    config = tmp_path / "configs/board.yaml"
    config.parent.mkdir()
    config.write_text(CONFIG.replace("question_file", questions_key, 1))
    questions = [
        {"question_id": n, "category": c, "text": "1 + 1?", "reference": "2"} for n, c in enumerate(["math", "x"])
    ]
    write_jsonl(tmp_path / "data/questions.jsonl", questions)
    write_jsonl(tmp_path / "data/sample-a.jsonl", [{"question_id": n, "answer": "2"} for n in range(2)])
    done = arena("check", "--c", config)
    assert done.returncode == 0
    assert "default: pair-v1, math: pair-reference-v1" in done.stdout
    assert arena("run", "-c", config, "--dry-run").returncode == 0
    assert (config.parent / "runs/pairwise_baseline/dry-run/reports/leaderboard.json").is_file()


def test_a_pairwise_board_has_every_field_under_its_name(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path)
        assert arena("run", "-c", config).returncode == 0
    out = tmp_path / "out"
    answer, reply = first(out / "answers/right.jsonl"), first(out / "reviews/j.jsonl")
    assert missing(ANSWER, answer) == set()
    assert missing("input_tokens output_tokens reasoning_tokens", answer["usage"]) == set()
    assert missing(REPLY, reply) == set()
    assert missing("in in_cached out reasoning", reply["usage"]) == set()
    assert missing("messages params", reply["request"]) == set()
    battle = first(out / "reports/battles.jsonl")
    assert missing(BATTLE, battle) == set()
    assert [missing(VERDICT, verdict) for verdict in battle["verdicts"]] == [set(), set()]
    assert [verdict["order"] for verdict in battle["verdicts"]] == ["a_first", "b_first"]
    assert missing("length_a length_b", battle["style"]) == set()
    board = read(out / "reports/leaderboard.json")
    assert missing(BOARD, board) == set()
    assert [missing(MODEL, row) for row in board["models"]] == [set()] * 3
    assert all(missing(PAIR, pair) == set() for pair in board["pairs"]) and board["pairs"]
    run = read(out / "run.json")
    assert missing(RUN, run) == set()
    assert missing(INVOCATION, run["runs"][0]) == set()
    assert missing("usage cost_usd", run["runs"][0]["reviews"]["j"]) == set()


def test_a_single_board_has_every_field_under_its_name(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, mode="single", baseline=None)
    assert arena("run", "-c", config).returncode == 0
    reports = tmp_path / "out/reports"
    assert missing(SCORE, first(reports / "scores.jsonl")) == set()
    board = read(reports / "leaderboard.json")
    assert missing(BOARD, board) == set()
    assert [missing(MODEL, row) for row in board["models"]] == [set()] * 3
    assert board["ranked_by"] == "score"


def test_the_csv_has_the_fields_of_the_json(tmp_path: Path) -> None:
    assert arena("run", "-c", arithmetic_board(tmp_path)).returncode == 0
    head = (tmp_path / "out/reports/leaderboard.csv").read_text().splitlines()[0].split(",")
    assert set(MODEL.split()) - {"performance", "categories", "languages", "criteria", "flags"} <= set(head)
