"""`arena load` against a planted server whose times are known, over real sockets: closed loop beside what was planted,
an open loop request by request beside Lindley's recursion on the arrivals and services that the server logged.

python measurements/load.py [REQUESTS]
python measurements/load.py --streams 2000       # so many at once on one core: does the generator keep up?
python measurements/load.py --requests 100000    # what it holds in memory as requests come back
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

FIRST_S, GAP_S, TOKENS, IN_PACKAGE = 0.3, 0.05, 33, 4
MEAN_SERVICE_S = 0.05
RATE = 12.0


def event(delta: dict[str, str]) -> bytes:
    """One event of a chat."""
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta}]})}\n\n".encode()


async def stream(writer: asyncio.StreamWriter, tokens: int, gap_s: float) -> None:
    """A reply of so many tokens, one a package."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    due = time.monotonic()
    for _ in range(tokens):
        if gap_s:
            due += gap_s
            await asyncio.sleep(due - time.monotonic())
        writer.write(event({"content": "word "}))
    usage = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": tokens}}
    writer.write(b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n')
    writer.write(f"data: {json.dumps(usage)}\n\ndata: [DONE]\n\n".encode())
    await writer.drain()


async def serve(log: Path, *, queue: bool, plain: tuple[int, float] | None = None) -> None:
    """A chat endpoint: a role alone, reasoning, then packages of several tokens; or a queue with one place."""
    place, drawn = asyncio.Lock(), random.Random(5)
    lines = log.open("w", encoding="utf-8")

    async def answer(writer: asyncio.StreamWriter) -> None:
        arrived = time.monotonic()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        writer.write(event({"role": "assistant", "content": ""}))
        if queue:
            async with place:
                service = drawn.expovariate(1 / MEAN_SERVICE_S)
                began = time.monotonic()
                await asyncio.sleep(service)
                print(json.dumps([arrived, time.monotonic() - began]), file=lines, flush=True)
            writer.write(event({"content": "x"}))
        else:
            due = arrived + FIRST_S
            await asyncio.sleep(due - time.monotonic())
            writer.write(event({"reasoning_content": "thinks"}))
            for _ in range((TOKENS - 1) // IN_PACKAGE):
                due += GAP_S
                await asyncio.sleep(due - time.monotonic())
                writer.write(event({"content": "four tokens in one piece"}))
        usage = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 1 if queue else TOKENS}}
        writer.write(b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n')
        writer.write(f"data: {json.dumps(usage)}\n\ndata: [DONE]\n\n".encode())
        await writer.drain()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        if json.loads(await reader.readexactly(length)).get("stream"):
            await (answer(writer) if plain is None else stream(writer, *plain))
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def measured(
    folder: Path, *options: str, queue: bool
) -> tuple[dict[str, Any], list[dict[str, Any]], list[list[float]]]:
    """One level by the command itself: its summary, its requests, the server's log."""
    log = folder / "server.log"
    command = [sys.executable, __file__, "--serve", str(log), *(["--queue"] if queue else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        options = ("--out", str(folder), *options)
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        try:
            done = subprocess.run(
                [sys.executable, "-m", "arena", "load", "--url", url, "--model", "m", "--json", *options],
                stdout=subprocess.PIPE, check=True,
            )  # fmt: skip
        finally:
            server.kill()
    run = json.loads(done.stdout)
    requests = [json.loads(line) for line in (folder / f"m-{run['run']}.jsonl").read_bytes().splitlines()]
    return run["models"]["m"]["levels"][0], requests, [json.loads(line) for line in log.read_text().splitlines()]


def closed(requests: int) -> None:
    """Every figure beside what was planted."""
    took = FIRST_S + GAP_S * (TOKENS - 1) / IN_PACKAGE
    with tempfile.TemporaryDirectory() as folder:
        level, _, _ = measured(Path(folder), "--concurrency", "4", "--requests", str(requests // 4 * 4), queue=False)
    planted = {
        "ttft_s": FIRST_S,
        "tpot_s": (took - FIRST_S) / (TOKENS - 1),
        "itl_s": GAP_S / IN_PACKAGE,
        "latency_s": took,
    }
    pairs = {name: (level[name]["p50"]["value"], value) for name, value in planted.items()}
    pairs |= {"requests_per_s": (level["requests_per_s"], 4 / took),
              "output_tokens_per_s": (level["output_tokens_per_s"], 4 * TOKENS / took)}  # fmt: skip
    for name, (found, value) in pairs.items():
        print(f"closed loop  {name:20} {found:9.4f}  planted {value:9.4f}  {100 * (found / value - 1):+6.2f} %")
    print("closed loop  generator", level["generator"])


def opened(requests: int) -> None:
    """Each latency beside Lindley's recursion."""
    with tempfile.TemporaryDirectory() as folder:
        level, lines, log = measured(Path(folder), "--rate", str(RATE), "--requests", str(requests), queue=True)
    own = sorted((line for line in lines if not line["warmup"]), key=lambda line: line["sent_s"])
    log = sorted(log)[-len(own) :]  # before them: the one that finds the form, and warm-up
    waited, off = 0.0, []
    for at, (line, (arrived, service)) in enumerate(zip(own, log, strict=True)):
        if at:
            waited = max(0.0, waited + log[at - 1][1] - (arrived - log[at - 1][0]))
        expected = waited + service + line["sent_s"] - line["scheduled_s"]
        found = line["ended_s"] - line["scheduled_s"]
        off.append((found - expected, max(0.02 * expected, 0.005)))
    near = sum(abs(by) <= allowed for by, allowed in off) / len(off)
    print(f"open loop    {100 * near:.1f} % of {len(off)} requests within max(2 %, 5 ms) of Lindley; beyond it")
    print(
        f"open loop    by a median of {1000 * median(by for by, _ in off):+.1f} ms, least {1000 * min(off)[0]:+.1f} ms"
    )
    print("open loop    generator", level["generator"])


def watched(command: list[str], every_s: float) -> tuple[list[int], float]:
    """Run it on one core; its memory in MB as time goes, and its CPU seconds."""
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    os.sched_setaffinity(run.pid, {0})
    held = []
    while run.poll() is None:
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{run.pid}/status").read_text().splitlines()
            held.append(next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS")))
        time.sleep(every_s)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return held, used.ru_utime + used.ru_stime


def by_command(plain: tuple[int, float], options: list[str], every_s: float) -> None:
    """One level against a server in another process, by the command itself; its figures, memory and CPU."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--serve", f"{folder}/log", "--plain", *map(str, plain)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            os.sched_setaffinity(server.pid, {1})
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
            load = [sys.executable, "-m", "arena", "load", "--url", url, "--model", "m", "--out", folder, *options]
            try:
                held, cpu_s = watched(load, every_s)
            finally:
                server.kill()
        level = json.loads((Path(folder) / "load.json").read_text())["runs"][0]["models"]["m"]["levels"][0]
    lag = level["send_lag_s"] and level["send_lag_s"]["p99"]["value"]
    print(f"{level['titled']}: {level['succeeded']:,} of {level['expected']:,} replies")
    most, rate, packages = (level[name] for name in ("concurrency_reached", "requests_per_s", "output_tokens_per_s"))
    print(f"{most:,} at once, {rate:.1f}/s, {packages:,.0f} packages/s")
    print(f"send lag p99 {lag if lag is None else round(1000 * lag, 1)} ms; generator {level['generator']}")
    print(f"{1000 * cpu_s / level['succeeded']:.1f} ms of CPU per request, start of the program included")
    print("memory in MB along the time:", held[:: max(1, len(held) // 20)], "highest", max(held))


if __name__ == "__main__":
    if "--serve" in sys.argv:
        where = sys.argv.index("--plain") if "--plain" in sys.argv else None
        planned = None if where is None else (int(sys.argv[where + 1]), float(sys.argv[where + 2]))
        asyncio.run(serve(Path(sys.argv[2]), queue="--queue" in sys.argv, plain=planned))
    elif "--streams" in sys.argv:
        streams = int(sys.argv[sys.argv.index("--streams") + 1])
        rate = streams / 20  # replies of 20 seconds, a package a second
        by_command((20, 1.0), ["--rate", f"{rate:g}", "--requests", str(3 * streams), "--max-tokens", "20"], 1.0)
    elif "--requests" in sys.argv:
        requests = sys.argv[sys.argv.index("--requests") + 1]
        by_command((16, 0.0), ["--concurrency", "16", "--requests", requests, "--max-tokens", "16"], 1.0)
    else:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
        closed(count)
        opened(count)
