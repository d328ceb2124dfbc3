"""`arena load` beside peers on one running server, in rounds that take turns: vLLM's `bench serve` and guidellm.

python measurements/load_peers.py KIND WEIGHTS --tokenizer FOLDER [--vllm PYTHON] [--guidellm COMMAND]
    [--at-once 1] [--requests 40] [--rounds 5] [--engine JSON]

KIND is vllm or llamacpp, and this runs with that engine's packages; PYTHON has vLLM and pandas. Each figure is the
median over rounds of a round's own, each difference that of the differences within a round. Where a peer means
something else by a name, ours by that meaning stands beside it, from the line per request:

- vLLM's first token is the first frame, text or not (a role alone comes first), and its latency ends with the last
  frame that has a choice; every gap between frames counts alike, those without text too: of them the
  line has the number (`events`), so here each of a request's gaps is their mean.
- guidellm's time per output token has the first token in it; its inter-token latency is a mean per request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean, median
from typing import Any

from arena.backends.local.server import SERVER
from arena.config.kinds import LlamaCppConfig, VllmConfig
from arena.load.engines import serving
from arena.load.targets import Target, target_on

WORDS, TOKENS = 8, 24
ASKED = {"vllm": {}, "llamacpp": {"cache_prompt": False}}
"""What the servers are told beside the load, so that nobody is served from what another asked before."""
PEER = "import asyncio, argparse; from vllm.benchmarks.serve import add_cli_args, main;" \
       "p = argparse.ArgumentParser(); add_cli_args(p); main(p.parse_args())"  # fmt: skip
TIMES = ("ttft", "tpot", "itl", "latency")
Figures = dict[str, float]
"""`ttft mean`, `ttft p50` and so on in milliseconds, `requests/s`, `tokens out/s`."""


def write_prompts(path: Path, requests: int) -> None:
    """The same prompts for all, in the form of each."""
    drawn = random.Random(requests)
    words = ["time", "year", "people", "way", "day", "man", "thing", "woman", "life", "child", "world", "school"]
    with path.open("w", encoding="utf-8") as file:
        for number in range(requests):
            text = " ".join(drawn.choices(words, k=WORDS))
            print(json.dumps({"question_id": number, "text": text, "prompt": text}), file=file)


def of(values: dict[str, list[float]]) -> Figures:
    """Mean and median of times in seconds, in milliseconds."""
    return {f"{name} {how}": 1000 * fold(values[name]) for name in TIMES
            for how, fold in (("mean", fmean), ("p50", median))}  # fmt: skip


def ours(there: Target, folder: Path, options: argparse.Namespace, env: dict[str, str]) -> dict[str, Figures]:
    """One level by the command itself, by our meanings and by those of the peers."""
    section = {"concurrency": [options.at_once], "requests": options.requests, "max_tokens": TOKENS,
               "warmup": options.at_once, "prompts": {"file": "prompts.jsonl"}}  # fmt: skip
    entry = {"backend": "openai", "base_url": there.entry.base_url, "api_key_env": "OPENAI_API_KEY",
             "extra_body": {"ignore_eos": True} | ASKED[options.kind],
             "generation_config": {"temperature": 0}}  # fmt: skip
    (folder / "q.jsonl").write_text('{"question_id": 1, "text": "x"}\n')
    config = {"question_file": "q.jsonl", "output_dir": "out", "answers_gen": {there.name: entry},
              "load_test": section}  # fmt: skip
    (folder / "c.yaml").write_text(json.dumps(config))
    done = subprocess.run([sys.executable, "-m", "arena", "load", "-c", folder / "c.yaml", "--json", "--yes"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, check=True)  # fmt: skip
    run = json.loads(done.stdout)
    level = run["models"][there.name]["levels"][0]
    with (folder / "out/load" / f"{there.name}-{run['run']}.jsonl").open() as file:
        lines = [line for line in map(json.loads, file) if not line["warmup"]]
    assert level["succeeded"] == options.requests, [line["error"] for line in lines if line["error"]]
    rates = {"requests/s": level["requests_per_s"], "tokens out/s": level["output_tokens_per_s"]}
    own = {f"{name} {how}": 1000 * level[f"{name}_s"][how]["value"] for name in TIMES for how in ("mean", "p50")}
    return {
        "ours": own | rates,
        "vllm": of(as_vllm(lines)) | rates,
        "guidellm": of(as_guidellm(lines)) | rates,
    }


def as_vllm(lines: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Times of our requests as vLLM's benchmark means them. The last event, the usage, is no frame of theirs."""
    spans = [line["packages_s"][-1] - line["opened_s"] for line in lines]
    tokens, gaps = [line["usage"]["output_tokens"] for line in lines], [line["events"] - 2 for line in lines]
    return {
        "ttft": [line["opened_s"] - line["sent_s"] for line in lines],
        "tpot": [span / (n - 1) for span, n in zip(spans, tokens, strict=True)],
        "itl": [span / n for span, n in zip(spans, gaps, strict=True) for _ in range(n)],
        "latency": [line["packages_s"][-1] - line["sent_s"] for line in lines],
    }


def as_guidellm(lines: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Times of our requests as guidellm means them."""
    tokens = [line["usage"]["output_tokens"] for line in lines]
    return {
        "ttft": [line["packages_s"][0] - line["sent_s"] for line in lines],
        "tpot": [(line["packages_s"][-1] - line["sent_s"]) / n for line, n in zip(lines, tokens, strict=True)],
        "itl": [(line["packages_s"][-1] - line["packages_s"][0]) / (n - 1)
                for line, n in zip(lines, tokens, strict=True)],
        "latency": [line["ended_s"] - line["sent_s"] for line in lines],
    }  # fmt: skip


def vllm(there: Target, folder: Path, options: argparse.Namespace, env: dict[str, str]) -> Figures:
    """The same load by vLLM's benchmark."""
    assert there.entry.base_url is not None
    words = {
        "backend": "openai-chat", "base-url": there.entry.base_url.removesuffix("/v1"), "model": there.name,
        "endpoint": "/v1/chat/completions", "tokenizer": options.tokenizer, "dataset-name": "custom",
        "dataset-path": folder / "prompts.jsonl", "custom-output-len": TOKENS, "num-prompts": options.requests,
        "max-concurrency": options.at_once, "result-dir": folder, "result-filename": "peer.json",
        "num-warmups": options.at_once, "extra-body": json.dumps(ASKED[options.kind]),
        "percentile-metrics": "ttft,tpot,itl,e2el", "temperature": 0,
    }  # fmt: skip
    flags = [part for name, value in words.items() for part in (f"--{name}", str(value))]
    subprocess.run([options.vllm, "-c", PEER, *flags, "--skip-chat-template", "--disable-shuffle",
                    "--ignore-eos", "--save-result"], check=True, env=env,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    found: dict[str, Any] = json.loads((folder / "peer.json").read_text())
    times = {f"{name} {how}": found[f"{their}_{key}_ms"]
             for name, key in (("ttft", "ttft"), ("tpot", "tpot"), ("itl", "itl"), ("latency", "e2el"))
             for how, their in (("mean", "mean"), ("p50", "median"))}  # fmt: skip
    return times | {"requests/s": found["request_throughput"], "tokens out/s": found["output_throughput"]}


def guidellm(there: Target, folder: Path, options: argparse.Namespace, env: dict[str, str]) -> Figures:
    """The same load by guidellm."""
    assert there.entry.base_url is not None
    backend = {
        "kind": "openai_http", "target": there.entry.base_url.removesuffix("/v1"), "model": there.name,
        "api_key": env["OPENAI_API_KEY"], "max_tokens": TOKENS, "http2": False, "validate_backend": False,
        "extras": {"body": {"ignore_eos": True, "temperature": 0} | ASKED[options.kind]},
    }  # fmt: skip
    report = folder / "guidellm.json"
    report.unlink(missing_ok=True)
    subprocess.run(
        [options.guidellm, "run", "--backend", json.dumps(backend),
         "--profile", json.dumps({"kind": "concurrent", "streams": options.at_once}),
         "--constraint", json.dumps({"kind": "max_requests", "count": options.requests}),
         "--data", json.dumps({"kind": "json_file", "path": str(folder / "prompts.jsonl")}),
         "--tokenizer", json.dumps({"kind": "hf_auto", "model": options.tokenizer}),
         "--output", json.dumps({"kind": "json", "path": str(report)}), "--disable-console"],
        check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    metrics = json.loads(report.read_text())["benchmarks"][0]["metrics"]
    read = lambda name, how: float(metrics[name]["successful"][how])  # noqa: E731
    names = {"ttft": "time_to_first_token_ms", "tpot": "time_per_output_token_ms", "itl": "inter_token_latency_ms",
             "latency": "request_latency"}  # fmt: skip
    times = {f"{name} {how}": read(their, {"mean": "mean", "p50": "median"}[how]) * (1000 if name == "latency" else 1)
             for name, their in names.items() for how in ("mean", "p50")}  # fmt: skip
    return times | {"requests/s": read("requests_per_second", "mean"),
                    "tokens out/s": read("output_tokens_per_second", "mean")}  # fmt: skip


async def main(options: argparse.Namespace) -> None:
    """Take turns, and print all with their difference."""
    place = {"model": options.weights, "backend": options.kind}
    entry = (VllmConfig if options.kind == "vllm" else LlamaCppConfig).model_validate(
        place | {"engine": json.loads(options.engine)}
    )
    peers = {name: run for name, run in (("vllm", vllm), ("guidellm", guidellm)) if getattr(options, name)}
    mine: list[dict[str, Figures]] = []
    other: dict[str, list[Figures]] = {name: [] for name in peers}
    async with serving(target_on("m", entry), print, SERVER) as there:
        env = os.environ | {"OPENAI_API_KEY": there.entry.headers["Authorization"].removeprefix("Bearer ")}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_prompts(folder / "prompts.jsonl", options.requests)
            await asyncio.to_thread(ours, there, folder, options, env)  # who is first pays for what is cold
            for turn in range(options.rounds):
                for who in sorted(("ours", *peers), reverse=bool(turn % 2)):
                    if who == "ours":
                        mine.append(await asyncio.to_thread(ours, there, folder, options, env))
                    else:
                        other[who].append(await asyncio.to_thread(peers[who], there, folder, options, env))
    for name, rounds in other.items():
        print_table(name, mine, rounds)


def print_table(peer: str, mine: list[dict[str, Figures]], theirs: list[Figures]) -> None:
    """Each figure of ours beside the peer's, and beside ours by its meaning. Differences are in per cent of the peer's
    in the same round: the median over rounds, since a machine that others use is faster in one than in another."""
    print(f"\n| {peer} | ours | peer | % | ours by its meaning | % |\n|---|---:|---:|---:|---:|---:|")
    for name in theirs[0]:
        cells = [name]
        for how in ("ours", peer):
            cells.append(f"{median(one[how][name] for one in mine):.2f}")
            if how == "ours":
                cells.append(f"{median(one[name] for one in theirs):.2f}")
            off = median(100 * (a[how][name] / b[name] - 1) for a, b in zip(mine, theirs, strict=True))
            cells.append(f"{off:+.1f}")
        print(f"| {' | '.join(cells)} |")
    print("requests/s by round:", [(round(a["ours"]["requests/s"], 2), round(b["requests/s"], 2))
                                   for a, b in zip(mine, theirs, strict=True)])  # fmt: skip


if __name__ == "__main__":
    reader = argparse.ArgumentParser()
    reader.add_argument("kind", choices=["vllm", "llamacpp"])
    reader.add_argument("weights")
    reader.add_argument("--tokenizer", required=True)
    reader.add_argument("--vllm")
    reader.add_argument("--guidellm")
    reader.add_argument("--at-once", type=int, default=1)
    reader.add_argument("--requests", type=int, default=40)
    reader.add_argument("--rounds", type=int, default=5)
    reader.add_argument("--engine", default="{}")
    asyncio.run(main(reader.parse_args()))
