"""How fast a judge over HTTP is asked, beside a bare loop on the SDK in the same process and against the same server.

    python measurements/judge_throughput.py                 # 32 and 128 calls in flight, alternating rounds
    python measurements/judge_throughput.py --memory 50000  # resident memory over that many calls

The local server takes 100 ms per call and runs in a process of its own. "bare" is the loop on the SDK's usual client,
"bare, aiohttp" the same on the client that the SDK brings for aiohttp, where that is installed. "arena" is the whole
review stage: prompt, retry loop, budget, parsing, ledger on disk, progress. The garbage collector is set as the command
sets it, for all of them. Claims: at least 95 % of the bare rate at 32 in flight, and at 128, where the CPU is the
limit, 1.3 times as many calls as it for less CPU each; memory that grows by what is remembered of a stored line (its
key, place and nonce), some hundred bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kit.servers import Call, FakeServer, Say  # noqa: E402
from kit.silent import Silent  # noqa: E402

from arena.config.loading import load_config  # noqa: E402
from arena.stages.options import RunOptions  # noqa: E402
from arena.stages.run import run_board  # noqa: E402
from arena.types import Completion  # noqa: E402

NONCE = re.compile(r"\[BEGIN QUESTION ([0-9a-f]{12})\]")


class Measured(NamedTuple):
    """One round."""

    calls_per_s: float
    cpu_ms: float
    """CPU time of this process per call."""


class Meter(Silent):
    """Notes when the judge's calls begin and end, and the memory on the way."""

    def __init__(self, expected: int) -> None:
        self.calls = 0
        self.expected = expected
        self.memory_mib: list[tuple[int, float]] = []

    def begin(self, stage: str, name: str, total: int, done: int, *, recorded: bool = False) -> None:
        self.started, self.cpu = time.perf_counter(), time.process_time()

    def advance(
        self, stage: str, name: str, completion: Completion, cost_usd: float | None, *, again: bool = False
    ) -> None:
        assert completion.status == "ok", completion
        if stage == "reviews":
            self.calls += 1
            if self.calls == self.expected:
                self.ended, self.cpu_ended = time.perf_counter(), time.process_time()
            if self.calls % 5000 == 0:
                self.memory_mib.append((self.calls, resident_mib()))

    def measured(self) -> Measured:
        return Measured(self.calls / (self.ended - self.started), (self.cpu_ended - self.cpu) / self.calls * 1000)


def resident_mib() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def board(folder: Path, url: str, calls: int, in_flight: int) -> Path:
    """A board with that many judge calls to make: both orders of one pair per question."""
    questions = range((calls + 1) // 2)
    names = ("left", "right")
    (folder / "questions.jsonl").write_text(
        "".join(
            json.dumps({"question_id": i, "text": f"Say something about number {i}. " * 20}) + "\n" for i in questions
        )
    )
    for name in names:
        lines = (json.dumps({"question_id": i, "answer": f"{name} says {i}. " * 40}) for i in questions)
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    judge = {"backend": "openai", "base_url": url, "api_key_env": None, "concurrency": in_flight}
    config = {
        "question_file": "questions.jsonl",
        "output_dir": "out",
        "answers_gen": {name: {"backend": "recorded", "file": f"{name}.jsonl"} for name in names},
        "reviews_gen": {"mode": "pairwise", "judges": {"j": judge}},
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(config))
    return path


def ask_with_arena(url: str, calls: int, in_flight: int) -> Meter:
    """The review stage of a run on a fresh board."""
    with tempfile.TemporaryDirectory() as folder:
        loaded = load_config(str(board(Path(folder), url, calls, in_flight)))
        run_board(loaded, RunOptions(("answers",)), Silent())
        meter = Meter(calls)
        run_board(loaded, RunOptions(("reviews",)), meter)
        return meter


def ask_bare(url: str, calls: int, in_flight: int, *, aiohttp: bool = False) -> Measured:
    """The same number of calls of the same size in a loop around `client.chat.completions.create`."""
    import httpx2
    import openai

    prompt = "[BEGIN QUESTION 0123456789ab]\n" + "Say something about number 1. " * 60 + "left says 1. " * 113
    kind = openai.DefaultAioHttpClient if aiohttp else openai.DefaultAsyncHttpxClient
    no_limit = 0 if aiohttp else None

    async def main() -> Measured:
        started, cpu = time.perf_counter(), time.process_time()
        limits = httpx2.Limits(max_connections=no_limit, max_keepalive_connections=in_flight)
        client = openai.AsyncOpenAI(api_key="none", base_url=url, max_retries=0, http_client=kind(limits=limits))
        left = iter(range(calls))

        async def worker() -> None:
            for number in left:
                messages = [{"role": "user", "content": f"{prompt}{number}"}]
                completion = await client.chat.completions.create(
                    model="j", messages=messages, temperature=0.0, max_tokens=4096
                )
                assert completion.choices[0].message.content

        await asyncio.gather(*(worker() for _ in range(in_flight)))
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
        await client.close()
        return Measured(calls / took, cpu / calls * 1000)

    return asyncio.run(main())


@contextmanager
def server(latency_s: float) -> Iterator[str]:
    """The judge in a process of its own; gives its URL."""
    command = [sys.executable, __file__, "--serve", str(latency_s)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
    finally:
        process.kill()
        process.wait()


def serve(latency_s: float) -> None:
    """Answer every prompt with a verdict for A, until killed."""

    def script(call: Call) -> Say:
        nonce = next(found[1] for m in call.body["messages"] if (found := NONCE.search(m["content"])))
        return Say(f"A is better.\n[[{nonce} A]]", latency_s=latency_s)

    with FakeServer(script, record=False) as running:
        print(running.port, flush=True)
        time.sleep(1e9)


def compare(in_flight: int, calls: int, rounds: int) -> None:
    """One after another in every round, and print the medians and their ratios to the bare loop."""
    with server(0.1) as url:
        ways: dict[str, Callable[[], Measured]] = {
            "bare": lambda: ask_bare(url, calls, in_flight),
            "arena": lambda: ask_with_arena(url, calls, in_flight).measured(),
        }
        if find_spec("aiohttp") is not None:
            ways["bare, aiohttp"] = lambda: ask_bare(url, calls, in_flight, aiohttp=True)
        ask_bare(url, in_flight * 2, in_flight)
        found: dict[str, list[Measured]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, ask in ways.items():
                found[name].append(ask())
    print(f"{in_flight} in flight, {calls} calls, {rounds} rounds (medians)")
    for name, each in found.items():
        rate, cpu = (statistics.median(values) for values in zip(*each, strict=True))
        beside = list(zip(each, found["bare"], strict=True))
        faster = in_words([own.calls_per_s / bare.calls_per_s for own, bare in beside])
        costs = in_words([own.cpu_ms / bare.cpu_ms for own, bare in beside])
        print(f"  {name:13} {rate:7.1f} calls/s  {cpu:5.2f} ms CPU per call   / bare: {faster}; {costs}")


def in_words(ratios: list[float]) -> str:
    """The median, and both ends."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--in-flight", type=int, nargs="*", default=[32, 128])
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, metavar="CALLS", help="memory over that many calls instead")
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    gc.set_threshold(100_000, 20, 20)  # as arena.start does
    if options.serve is not None:
        serve(options.serve)
    elif options.memory:
        with server(0.01) as url:
            meter = ask_with_arena(url, options.memory, 128)
        for calls, mib in meter.memory_mib:
            print(f"{calls:7} calls: {mib:7.1f} MiB resident")
    else:
        for in_flight in options.in_flight:
            compare(in_flight, options.calls, options.rounds)


if __name__ == "__main__":
    main()
