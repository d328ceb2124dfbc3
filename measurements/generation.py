"""Throughput of local engines through the backend, against the bare engine over the same requests.

    python measurements/generation.py vllm MODEL [--requests 512] [--max-tokens 128] [--rounds 3] [--engine JSON]
    python measurements/generation.py transformers MODEL [--batch-size 16] ...
    python measurements/generation.py llamacpp MODEL.gguf [--requests 32] ...

Both sides run in processes of their own, take turns (bare, ours, bare, …) after one warm-up round each, and answer
the same prompts greedily. Loading is left out on both sides. Prints one row per side: output tokens per second, by the
clock and by processor time, the median of the rounds; and both ratios, the median over pairs of rounds. On a machine
that does other work too, only the ratio by processor time says anything. The bare side of vLLM is `LLM.chat` over all
requests at once, that of transformers is `generate` over batches of the same size, sorted by length, that of llama.cpp
is the same server with the same slots, asked by as many threads.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from arena.backends.local.backend import LocalBackend
from arena.backends.local.llamacpp_engine import NEUTRAL
from arena.backends.local.spec import EngineSpec
from arena.gguf import SLOT_CONTEXT, SLOTS, read_gguf
from arena.types import Message, Request, Sampling

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample" / "questions.jsonl"


class Round(NamedTuple):
    """One pass over all requests."""

    seconds: float
    tokens: int
    cpu_s: float = 0.0
    """Processor time of the side's processes."""


class Job(NamedTuple):
    """What both sides do."""

    kind: str
    model: str
    prompts: list[str]
    max_tokens: int
    batch_size: int
    engine: dict[str, object]


def prompts(count: int) -> list[str]:
    """That many questions, those of the sample board over and over with a number in front, so that none is equal."""
    asked = [json.loads(line)["turns"][0] for line in SAMPLE.read_text().splitlines()]
    return [f"{i}: {asked[i % len(asked)]}" if i >= len(asked) else asked[i] for i in range(count)]


def bare_vllm(job: Job) -> Callable[[], Round]:
    """`LLM.chat` over everything."""
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    from vllm import LLM, SamplingParams

    llm = LLM(model=job.model, enforce_eager=True, disable_log_stats=True, **job.engine)
    chats = [[{"role": "user", "content": prompt}] for prompt in job.prompts]
    params = [SamplingParams(temperature=0.0, max_tokens=job.max_tokens) for _ in chats]

    def run() -> Round:
        began = time.perf_counter()
        outputs = llm.chat(chats, params, use_tqdm=False)
        return Round(time.perf_counter() - began, sum(len(o.outputs[0].token_ids) for o in outputs))

    return run


def bare_transformers(job: Job) -> Callable[[], Round]:
    """Batched greedy `generate`, left-padded, sorted by length."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(job.model, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(job.model, dtype="auto").to(device).eval()

    def run() -> Round:
        began, tokens = time.perf_counter(), 0
        texts = [
            tokenizer.apply_chat_template([{"role": "user", "content": p}], tokenize=False, add_generation_prompt=True)
            for p in sorted(job.prompts, key=len)
        ]
        for start in range(0, len(texts), job.batch_size):
            inputs = tokenizer(
                texts[start : start + job.batch_size], return_tensors="pt", padding=True, add_special_tokens=False
            ).to(device)
            with torch.inference_mode():
                made = model.generate(
                    input_ids=inputs.input_ids, attention_mask=inputs.attention_mask,
                    do_sample=False, max_new_tokens=job.max_tokens,
                )  # fmt: skip
            answers = made[:, inputs.input_ids.shape[1] :]
            tokenizer.batch_decode(answers, skip_special_tokens=True)
            tokens += int((answers != tokenizer.pad_token_id).sum())
        return Round(time.perf_counter() - began, tokens)

    return run


def bare_llamacpp(job: Job) -> Callable[[], Round]:
    """llama.cpp's server, started with the same parameters, and a thread per slot that asks one after another."""
    from xllamacpp import CommonParams, Server

    params = CommonParams()
    params.model.path, params.verbosity, params.kv_unified = job.model, 0, False
    given: dict[str, Any] = {"n_parallel": SLOTS, "n_threads": max(1, (os.cpu_count() or 1) // 2)} | job.engine
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = given.pop("n_threads")
    header = read_gguf(Path(job.model))
    params.n_ctx = given["n_parallel"] * min(header.context_length or SLOT_CONTEXT, SLOT_CONTEXT)
    for name, value in given.items():
        setattr(params, name, value)
    server = Server(params)

    def ask(number: int) -> int:
        body = {
            "messages": [{"role": "user", "content": job.prompts[number]}],
            **NEUTRAL, "temperature": 0.0, "seed": number, "max_tokens": job.max_tokens,
        }  # fmt: skip
        made = server.handle_chat_completions(body)
        return int(made["usage"]["completion_tokens"])

    def run() -> Round:
        began = time.perf_counter()
        with ThreadPoolExecutor(given["n_parallel"]) as threads:
            tokens = sum(threads.map(ask, range(len(job.prompts))))
        return Round(time.perf_counter() - began, tokens)

    return run


def ours(job: Job) -> Callable[[], Round]:
    """The backend, as a run uses it: its own process, requests over a pipe, answers streamed back."""
    runner = asyncio.Runner()
    engine = job.engine | ({"batch_size": job.batch_size} if job.kind == "transformers" else {})
    backend = LocalBackend(EngineSpec(job.kind, job.model, engine=engine, concurrency=1024))  # type: ignore[arg-type]
    asked = [
        Request(str(i), str(i), (Message("user", prompt),),
                sampling=Sampling(temperature=0.0, max_tokens=job.max_tokens, seed=i))
        for i, prompt in enumerate(job.prompts)
    ]  # fmt: skip

    async def all_at_once() -> Round:
        began = time.perf_counter()
        done = await asyncio.gather(*(backend.complete(request) for request in asked))
        return Round(time.perf_counter() - began, sum(c.usage.output_tokens or 0 for c in done))

    return lambda: runner.run(all_at_once())


SIDES: dict[str, Callable[[Job], Callable[[], Round]]] = {
    "bare vllm": bare_vllm,
    "bare transformers": bare_transformers,
    "bare llamacpp": bare_llamacpp,
    "arena": ours,
}


def serve(side: str, job: Job, pipe: Connection) -> None:
    """One side in its process: a round whenever it is told to."""
    run = SIDES[side](job)
    while pipe.recv() == "go":
        before = _cpu_s()
        done = run()
        pipe.send(done._replace(cpu_s=_cpu_s() - before))


def _cpu_s() -> float:
    """Processor time of this process and of those it started, the engine's child among them."""
    me = os.getpid()
    found = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(stat.parent.name) == me or int(fields[1]) == me:
            found += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("vllm", "transformers", "llamacpp"))
    parser.add_argument("model")
    parser.add_argument("--requests", type=int, default=512)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", type=json.loads, default={})
    given = parser.parse_args()
    job = Job(given.kind, given.model, prompts(given.requests), given.max_tokens, given.batch_size, given.engine)
    rounds = measure(job, given.rounds)
    print(f"{given.requests} requests, at most {given.max_tokens} tokens each, median of {given.rounds} rounds")
    for title, speed in (("by the clock", _per_second), ("by processor time", _per_cpu_second)):
        print(title)
        speeds = {side: [speed(one) for one in found] for side, found in rounds.items()}
        for side, found in speeds.items():
            each = ", ".join(f"{one:.1f}" for one in found)
            print(f"  {side:18s} {statistics.median(found):10.1f} output tokens/s   ({each})")
        ratios = sorted(own / bare for bare, own in zip(*speeds.values(), strict=True))
        low, middle, high = statistics.quantiles(ratios) if len(ratios) > 1 else ratios * 3
        print(f"  {'ratio':18s} {middle:10.3f}   (half of the pairs: {low:.3f} to {high:.3f})")


def _per_second(one: Round) -> float:
    return one.tokens / one.seconds


def _per_cpu_second(one: Round) -> float:
    return one.tokens / one.cpu_s


def measure(job: Job, rounds: int) -> dict[str, list[Round]]:
    """The rounds of both sides, which take turns."""
    spawn = multiprocessing.get_context("spawn")
    sides = {}
    for side in (f"bare {job.kind}", "arena"):
        here, there = spawn.Pipe()
        spawn.Process(target=serve, args=(side, job, there)).start()
        there.close()
        here.send("go")  # load and warm up before the other side loads
        here.recv()
        sides[side] = here
    found: dict[str, list[Round]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, pipe in sides.items():
            pipe.send("go")
            found[side].append(pipe.recv())
    for pipe in sides.values():
        pipe.send("stop")
    return found


if __name__ == "__main__":
    main()
