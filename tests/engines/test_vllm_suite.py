"""The real vLLM engine, on tiny candidates whose true order is known: on a CPU, or on a GPU where there is one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from engines.behaviour import *  # noqa: F403 - the tests that every engine must pass
from engines.running import (
    GREEDY,
    TRUE_ORDER,
    Running,
    all_candidates,
    arena,
    command,
    env,
    leaderboard,
    paired_difference,
    questions,
    ranking,
    request,
    stored,
    write_board,
)

from arena.errors import EndpointDead
from arena.types import JSON

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]
SMALL: dict[str, JSON] = {"max_model_len": 1024, "kv_cache_memory_bytes": 64 << 20, "gpu_memory_utilization": 0.1}
OFFLINE = {"HF_HUB_OFFLINE": "1"}


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
    assert ranking(board) == TRUE_ORDER
    _, low, _ = paired_difference(board, "tiny-100-lora", "tiny-100")
    assert low > 0
    for row in leaderboard(board)["models"]:  # type: ignore[union-attr]
        assert row["performance"]["output_tokens_per_s"] > 0  # type: ignore[index,call-overload,operator]


def test_a_run_killed_while_generating_is_resumed_at_once(tiny: Path, tmp_path: Path) -> None:
    """kill -9 in the middle of a candidate: no orphan keeps the lock, no stored answer is asked for again."""
    entries = {
        name: entry | {"concurrency": 4, "engine": SMALL | {"max_num_seqs": 4}}
        for name, entry in all_candidates("vllm", tiny).items()
        if name in {"tiny-100", "tiny-150"}
    }
    config = write_board(tmp_path, entries)
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
    assert ranking(board) == ["tiny-100", "tiny-150"]
