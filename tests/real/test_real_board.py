"""Whole boards with real weights: every shipped prompt, every mode, a kill, an interruption, a server of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from kit.paths import ROOT

from arena.types import JSON

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("default")]
ENGINE: JSON = {"n_threads": 1, "n_parallel": 2, "n_ctx": 8192}
PROMPTS = sorted(path.stem for path in (ROOT / "configs" / "prompts").glob("*.yaml"))


def entry(weights: Path, **fields: JSON) -> dict[str, JSON]:
    return {"backend": "llamacpp", "model": str(weights), "engine": ENGINE} | fields


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two candidates' recorded answers to two short questions with references, so that judging costs little."""
    folder = tmp_path_factory.mktemp("answers")
    asked = [("q1", "What is 2 + 2?", "4"), ("q2", "What is the capital of France?", "Paris")]
    lines = [{"question_id": i, "category": "general", "text": text, "reference": right} for i, text, right in asked]
    (folder / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name, said in (("right", ["4", "Paris"]), ("wrong", ["It is 5.", "Lyon, I think."])):
        rows = [{"question_id": i, "answer": text} for (i, _, _), text in zip(asked, said, strict=True)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def board(folder: Path, answers: Path, weights: Path, **reviews: JSON) -> Path:
    judge = entry(weights, generation_config={"max_tokens": 60})
    config = {
        "question_file": str(answers / "questions.jsonl"),
        "output_dir": str(folder / "out"),
        "answers_gen": {n: {"backend": "recorded", "file": str(answers / f"{n}.jsonl")} for n in ("right", "wrong")},
        "reviews_gen": {"mode": "pairwise", "judges": {"smol": judge}} | reviews,
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def run(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "arena", "run", "-c", str(config), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def replies(config: Path) -> list[dict[str, JSON]]:
    path = config.parent / "out" / "reviews" / "smol.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize("prompt", PROMPTS)
def test_every_shipped_prompt_gets_replies_and_a_board(
    prompt: str, tmp_path: Path, answers: Path, weights: Path
) -> None:
    kind = yaml.safe_load((ROOT / "configs" / "prompts" / f"{prompt}.yaml").read_text())["kind"]
    config = board(tmp_path, answers, weights, mode="single" if kind == "single" else "pairwise", prompt=prompt)
    done = run(config, "--limit", "1")
    assert done.returncode in {0, 3}, done.stdout + done.stderr
    stored = replies(config)
    assert stored
    assert all(line["status"] in {"ok", "truncated", "empty"} for line in stored)
    written = json.loads((config.parent / "out" / "reports" / "leaderboard.json").read_text())
    assert not written["simulated"]


def test_a_letter_is_always_readable_and_soft(tmp_path: Path, answers: Path, weights: Path) -> None:
    config = board(tmp_path, answers, weights, mode="pairwise_baseline", baseline="right", prompt="label-only-v1")
    done = run(config)
    assert done.returncode in {0, 3}, done.stdout + done.stderr
    rows = [json.loads(line) for line in (tmp_path / "out/reports/battles.jsonl").read_text().splitlines()]
    verdicts = [verdict for row in rows for verdict in row["verdicts"]]
    assert len(verdicts) == 4
    assert all(verdict["status"] == "ok" and 0 < verdict["probability"] < 1 for verdict in verdicts)


def test_a_reply_under_a_schema_is_never_unparsed_for_its_form(tmp_path: Path, answers: Path, weights: Path) -> None:
    config = board(tmp_path, answers, weights, prompt="pair-json-v1")
    run(config)
    whole = [line for line in replies(config) if line["status"] == "ok"]
    assert whole
    assert all(json.loads(str(line["text"]))["code"] == line["nonce"] for line in whole)


def start(config: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "arena", "run", "-c", str(config)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def wait_for_replies(config: Path, process: subprocess.Popen[str], least: int) -> None:
    for _ in range(1200):
        if len(replies(config)) >= least or process.poll() is not None:
            return
        time.sleep(0.1)


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if f"arena.backends.local.child {pid}" in line]


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_ends_early_goes_on_and_leaves_no_engine(
    sent: signal.Signals, tmp_path: Path, answers: Path, weights: Path
) -> None:
    config = board(tmp_path, answers, weights, prompt="pair-v1")
    process = start(config)
    wait_for_replies(config, process, 1)
    os.kill(process.pid, sent)
    process.wait(60)
    if sent == signal.SIGINT:
        assert process.returncode == 130
    assert process.stderr is not None
    process.stderr.close()
    for _ in range(100):
        if not children_of(process.pid):
            break
        time.sleep(0.1)
    assert not children_of(process.pid)
    before = replies(config)
    assert run(config).returncode in {0, 3}
    after = replies(config)
    assert after[: len(before)] == before
    firsts = [line["key"] for line in after]
    assert len(set(firsts)) == len(firsts)


def test_behind_its_own_server_it_streams_goes_away_and_comes_back(
    tmp_path: Path, answers: Path, weights: Path
) -> None:
    """The same weights as an endpoint: llama.cpp's server speaks the OpenAI protocol."""
    script = tmp_path / "serve.py"
    script.write_text(
        "import sys, time, xllamacpp as x\n"
        "p = x.CommonParams(); p.model.path = sys.argv[1]; p.port = int(sys.argv[2]); p.verbosity = 0\n"
        "p.n_ctx = 8192; p.n_parallel = 2; p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1\n"
        "s = x.Server(p); print(s.listening_address, flush=True); time.sleep(600)\n"
    )

    def serve(port: int) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, str(script), str(weights), str(port)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    server, address = serve(0)
    try:
        config = {
            "question_file": str(answers / "questions.jsonl"),
            "output_dir": str(tmp_path / "out"),
            "answers_gen": {
                "right": {"backend": "recorded", "file": str(answers / "right.jsonl")},
                "smol": {
                    "backend": "openai", "base_url": f"{address}/v1", "api_key_env": None, "stream": True,
                    "model": "smol", "generation_config": {"temperature": 0, "max_tokens": 30}, "connect_patience_s": 1,
                },
            },
            "reviews_gen": {"mode": "pairwise", "judges": {"reference": {"backend": "reference"}}},
        }  # fmt: skip
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(config))
        server.kill()
        server.wait()
        away = run(path)
        assert away.returncode == 2, away.stdout + away.stderr
        server.stdout.close()  # type: ignore[union-attr]
        server, _ = serve(int(address.rsplit(":", 1)[1]))
        back = run(path)
        assert back.returncode == 0, back.stdout + back.stderr
        stored = [json.loads(line) for line in (tmp_path / "out/answers/smol.jsonl").read_text().splitlines()]
        assert len(stored) == 2
        assert all(line["ttft_s"] for line in stored)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()  # type: ignore[union-attr]
