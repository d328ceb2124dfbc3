"""The real vLLM engine, on tiny candidates whose true order is known: on a CPU, or on a GPU where there is one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kit.behaviour import *  # noqa: F403 - the tests that every engine must pass
from kit.fine_tunes import assert_a_fine_tune_is_compared
from kit.folders import *  # noqa: F403 - and those of every engine that loads a folder
from kit.reward_models import *  # noqa: F403 - and of those that score
from kit.reward_models import assert_probabilities, judged_board
from kit.running import (
    GREEDY,
    Running,
    all_candidates,
    arena,
    command,
    env,
    in_true_order,
    leaderboard,
    paired_difference,
    questions,
    ranking,
    request,
    stored,
    write_board,
)

from arena.backends import Opening, open_backend
from arena.config.kinds import OpenAIConfig
from arena.errors import EndpointDead
from arena.formats.structured import JsonVerdict
from arena.types import JSON, Completion

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]
SMALL: dict[str, JSON] = {"max_model_len": 1024, "kv_cache_memory_bytes": 64 << 20, "gpu_memory_utilization": 0.1}
OFFLINE = {"HF_HUB_OFFLINE": "1"}
CODE = "0a1b2c3d4e5f"
NARROW = JsonVerdict().schema(CODE)


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def engine(engines: Callable[..., Running], tiny: Path) -> Callable[..., Running]:
    def start(model: str | Path, *, adapter: str | Path | None = None, **fields: object) -> Running:
        place = tiny / model if isinstance(model, str) else model
        put_on = str(tiny / adapter) if adapter is not None else None
        return engines(kind="vllm", model=place, adapter=put_on, **({"engine": SMALL} | fields))

    return start


def test_greedy_text_equals_that_of_transformers(engine: Callable[..., Running], tiny: Path) -> None:
    asked = [request(q["turns"][0]) for q in questions()]
    other = Running("transformers", tiny / "tiny-500")
    try:
        assert engine("tiny-500").texts(*asked) == other.texts(*asked)
    finally:
        other.close()


def test_a_schema_shapes_the_reply(engine: Callable[..., Running]) -> None:
    schema = {
        "type": "object",
        "properties": {"verdict": {"enum": ["A", "B"]}},
        "required": ["verdict"],
        "additionalProperties": False,
    }
    (reply,) = engine("tiny-500").ask(request("who?", replace(GREEDY, max_tokens=200), schema=schema))
    assert json.loads(reply.text)["verdict"] in {"A", "B"}
    assert reply.enforced


def test_the_schema_of_a_judge_holds_the_code_of_the_question_from_the_first_request_on(
    engine: Callable[..., Running],
) -> None:
    asked = replace(request("who?", replace(GREEDY, max_tokens=400)), schema=JsonVerdict().schema(),
                    narrow_schema=NARROW)  # fmt: skip
    for reply in engine("tiny-500").ask(*(replace(asked, key=str(i)) for i in range(4))):
        if reply.status == "ok":  # what is cut off holds what came until then
            assert json.loads(reply.text)["code"] == CODE
        assert f'"code": "{CODE}"' in reply.text.replace('":"', '": "') or reply.status == "truncated"


def test_a_guided_reply_is_no_reasoning_even_where_the_template_opens_it(engine: Callable[..., Running]) -> None:
    thinking = engine("tiny-500", chat_template="{{ messages[0].content }}<think>")
    (reply,) = thinking.ask(request("who?", choices=("A", "B")))
    assert (reply.status, reply.text in {"A", "B"}, reply.reasoning) == ("ok", True, ())


def test_a_parameter_that_vllm_refuses_is_a_failure_of_that_question_alone(engine: Callable[..., Running]) -> None:
    hot, fine = engine("tiny-500").ask(request("repeat ab", replace(GREEDY, temperature=3.0)), request("repeat abcd"))
    assert hot.status == "bad_request"
    assert "temperature" in str(hot.error)
    assert fine.text == "abcd"


def test_an_unknown_engine_argument_is_named_with_the_nearest_known_one(engine: Callable[..., Running]) -> None:
    running = engine("tiny-100", engine=SMALL | {"max_model_length": 99})
    with pytest.raises(EndpointDead, match=r"engine\.max_model_length: .* did you mean max_model_len\?"):
        running.ask(request("repeat ab"))


def test_too_little_memory_names_the_knobs(engine: Callable[..., Running]) -> None:
    running = engine("tiny-100", engine={"max_model_len": 1024, "kv_cache_memory_bytes": 4096})
    with pytest.raises(EndpointDead, match=r"out of memory while loading; turn engine: gpu_memory_utilization"):
        running.ask(request("repeat ab"))


def test_an_engine_killed_in_the_middle_costs_nothing_but_time(engine: Callable[..., Running]) -> None:
    running = engine("tiny-500")
    asked = [request(q["turns"][0]) for q in questions()]
    expected = running.texts(*asked)
    process = running.backend._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert running.texts(*asked) == expected
    assert running.backend._process is not process


def test_the_board_shows_the_true_order_and_what_the_fine_tune_gained(tiny: Path, tmp_path: Path) -> None:
    config = write_board(tmp_path, all_candidates("vllm", tiny, SMALL))
    done = arena("run", "-c", config, environment=OFFLINE)
    assert done.returncode == 0, done.stderr
    board = tmp_path / "board"
    assert in_true_order(ranking(board))
    _, low, _ = paired_difference(board, "tiny-100-lora", "tiny-100")
    assert low > 0
    for row in leaderboard(board)["models"]:  # type: ignore[union-attr]
        assert row["performance"]["output_tokens_per_s"] > 0  # type: ignore[index,call-overload,operator]


def test_a_run_killed_while_generating_is_resumed_at_once(tiny: Path, tmp_path: Path) -> None:
    """kill -9 in the middle of a candidate: no orphan keeps the lock, no stored answer is asked for again."""
    engine = SMALL | {"max_num_seqs": 4}
    entry = all_candidates("vllm", tiny)["tiny-100"] | {"concurrency": 4, "engine": engine}
    config = write_board(tmp_path, {"tiny-100": entry}, reviews_gen={"enable": False, "mode": "pairwise"})
    board = tmp_path / "board"
    run = subprocess.Popen(command("run", "-c", config), env=env(OFFLINE), stderr=subprocess.DEVNULL)
    while len(stored(board, "tiny-100")) < 20:
        assert run.poll() is None
        time.sleep(0.01)
    run.kill()
    run.wait()
    before = stored(board, "tiny-100")
    assert len(before) < 198
    again = arena("run", "-c", config, environment=OFFLINE)
    assert again.returncode == 0, again.stderr
    after = stored(board, "tiny-100")
    assert after[: len(before)] == before
    assert len(after) == len({line["question_id"] for line in after}) == 198


@pytest.fixture
def server(tiny: Path, tmp_path: Path) -> Iterator[str]:
    """vLLM's own API server with tiny-100 and its adapter; gives the base URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [
        "--model", str(tiny / "tiny-100"), "--served-model-name", "tiny-100", "--dtype", "float32",
        "--host", "127.0.0.1", "--port", str(port), "--enforce-eager", "--max-model-len", "1024",
        "--gpu-memory-utilization", "0.1", "--kv-cache-memory-bytes", str(64 << 20),
        "--enable-lora", "--max-lora-rank", "8", "--lora-modules", f"tiny-100-lora={tiny / 'tiny-100-lora'}",
    ]  # fmt: skip
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *arguments],
            stdout=log, stderr=log, env=env(OFFLINE), start_new_session=True,
        )  # fmt: skip
    try:
        end = time.monotonic() + 240
        while not _answers(port):
            assert process.poll() is None, (tmp_path / "server.log").read_text()[-2000:]
            assert time.monotonic() < end
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def test_a_running_server_serves_candidates_adapters_and_judges(server: str, tmp_path: Path) -> None:
    endpoint: dict[str, JSON] = {"backend": "openai", "base_url": server, "api_key_env": None}
    entries: dict[str, dict[str, JSON]] = {
        name: endpoint | {"model": name, "generation_config": {"temperature": 0, "max_tokens": 12}}
        for name in ("tiny-100", "tiny-100-lora")
    }
    config = write_board(tmp_path, entries)
    # One after the other: the CPU build of vLLM puts the adapter on base requests that share a batch with adapted ones.
    first = arena("run", "-c", config, "--stage", "answers", "--models", "tiny-100")
    assert first.returncode == 0, first.stderr
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    board = tmp_path / "board"
    assert ranking(board) == ["tiny-100", "tiny-100-lora"]
    _, low, _ = paired_difference(board, "tiny-100-lora", "tiny-100")
    assert low > 0
    judge = OpenAIConfig.model_validate(
        endpoint | {"model": "tiny-100", "extra_body": {"structured_outputs": {"choice": ["A", "B"]}}}
    )

    async def verdict() -> Completion:
        backend = open_backend(Opening("judge", "reviews_gen.judges"), judge)
        try:
            return await backend.complete(request("who?", top_logprobs=5))
        finally:
            await backend.close()

    said = asyncio.run(verdict())
    assert (said.status, said.text in {"A", "B"}) == ("ok", True)
    assert {"A", "B"} <= {token for token, _ in said.logprobs[0].top}


def test_a_reward_model_judges_a_board_of_pairs(reward_model: Path, tmp_path: Path) -> None:
    entry = {"backend": "vllm", "task": "reward", "model": str(reward_model), "precision": "float32",
             "temperature": 0.5, "engine": SMALL}  # fmt: skip
    assert_probabilities(judged_board(tmp_path, entry, OFFLINE), 0.5)


def test_a_load_test_starts_its_server_and_leaves_none(tiny: Path, tmp_path: Path) -> None:
    load: JSON = {"concurrency": [1, 2], "requests": 8, "max_tokens": 6}
    entry = all_candidates("vllm", tiny, SMALL)["tiny-100-lora"]
    config = write_board(tmp_path, {"tuned": entry}, load_test=load, reviews_gen={"enable": False, "mode": "pairwise"})
    done = arena("load", "-c", config, "--json", environment=OFFLINE)
    assert done.returncode == 0, done.stderr
    levels = json.loads(done.stdout)["models"]["tuned"]["levels"]
    assert [level["succeeded"] for level in levels] == [8, 8]
    assert all(level["output_tokens"] for level in levels)


def test_a_base_and_its_adapter_are_compared_over_battles_and_a_benchmark(tmp_path: Path, tiny: Path) -> None:
    assert_a_fine_tune_is_compared(tmp_path, tiny, "vllm", SMALL)
