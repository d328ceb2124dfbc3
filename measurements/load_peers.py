"""`arena load` beside vLLM's own `bench serve` on one running server, in rounds that take turns.

python measurements/load_peers.py KIND WEIGHTS --peer PYTHON --tokenizer FOLDER [--requests 100] [--rounds 3]

KIND is vllm or llamacpp, and this runs with that engine's packages; PYTHON has vLLM and pandas. Each figure is the
median over rounds of a round's own. Where the peer's time to first token is the time to its first frame, text or not,
ours by that definition stands beside it, from the line per request.
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
from statistics import median
from typing import Any

from arena.backends.local.server import SERVER
from arena.config.kinds import LlamaCppConfig, VllmConfig
from arena.load.engines import serving
from arena.load.targets import Target, target_on

WORDS, TOKENS, AT_ONCE = 8, 24, 2
PEER = "import asyncio, argparse; from vllm.benchmarks.serve import add_cli_args, main;" \
       "p = argparse.ArgumentParser(); add_cli_args(p); main(p.parse_args())"  # fmt: skip


def write_prompts(path: Path, requests: int) -> None:
    """The same prompts for both, in the form of each."""
    drawn = random.Random(requests)
    words = ["time", "year", "people", "way", "day", "man", "thing", "woman", "life", "child", "world", "school"]
    with path.open("w", encoding="utf-8") as file:
        for number in range(requests):
            text = " ".join(drawn.choices(words, k=WORDS))
            print(json.dumps({"question_id": number, "text": text, "prompt": text}), file=file)


def ours(there: Target, folder: Path, requests: int, env: dict[str, str]) -> dict[str, float]:
    """One level by the command itself."""
    section = {"concurrency": [AT_ONCE], "requests": requests, "max_tokens": TOKENS, "warmup": AT_ONCE,
               "prompts": {"file": "prompts.jsonl"}}  # fmt: skip
    entry = {"backend": "openai", "base_url": there.entry.base_url, "api_key_env": "OPENAI_API_KEY",
             "extra_body": {"ignore_eos": True}, "generation_config": {"temperature": 0}}  # fmt: skip
    (folder / "q.jsonl").write_text('{"question_id": 1, "text": "x"}\n')
    config = {"question_file": "q.jsonl", "output_dir": "out", "answers_gen": {there.name: entry},
              "load_test": section}  # fmt: skip
    (folder / "c.yaml").write_text(json.dumps(config))
    done = subprocess.run([sys.executable, "-m", "arena", "load", "-c", folder / "c.yaml", "--json", "--yes"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, check=True)  # fmt: skip
    run = json.loads(done.stdout)
    level = run["models"][there.name]["levels"][0]
    lines = [json.loads(line) for line in (folder / "out/load" / f"{there.name}-{run['run']}.jsonl").open()]
    opened = [line["opened_s"] - line["sent_s"] for line in lines if line["opened_s"] and not line["warmup"]]
    found = {f"{name} {of}": 1000 * level[key][of]["value"]
             for name, key in (("ttft", "ttft_s"), ("tpot", "tpot_s"), ("itl", "itl_s"), ("latency", "latency_s"))
             for of in ("mean", "p50")}  # fmt: skip
    return found | {
        "first frame mean": 1000 * sum(opened) / len(opened), "first frame p50": 1000 * median(opened),
        "requests/s": level["requests_per_s"], "tokens out/s": level["output_tokens_per_s"],
    }  # fmt: skip


def theirs(there: Target, folder: Path, options: argparse.Namespace, env: dict[str, str]) -> dict[str, float]:
    """The same load by the peer."""
    assert there.entry.base_url is not None
    words = {
        "backend": "openai-chat", "base-url": there.entry.base_url.removesuffix("/v1"), "model": there.name,
        "endpoint": "/v1/chat/completions", "tokenizer": options.tokenizer, "dataset-name": "custom",
        "dataset-path": folder / "prompts.jsonl", "custom-output-len": TOKENS, "num-prompts": options.requests,
        "max-concurrency": AT_ONCE, "result-dir": folder, "result-filename": "peer.json", "num-warmups": AT_ONCE,
        "percentile-metrics": "ttft,tpot,itl,e2el", "temperature": 0,
    }  # fmt: skip
    flags = [part for name, value in words.items() for part in (f"--{name}", str(value))]
    subprocess.run([options.peer, "-c", PEER, *flags, "--skip-chat-template", "--disable-shuffle",
                    "--ignore-eos", "--save-result"], check=True, env=env,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    found: dict[str, Any] = json.loads((folder / "peer.json").read_text())
    times = {f"{name} {of}": found[f"{how}_{key}_ms"]
             for name, key in (("ttft", "ttft"), ("tpot", "tpot"), ("itl", "itl"), ("latency", "e2el"))
             for of, how in (("mean", "mean"), ("p50", "median"))}  # fmt: skip
    return times | {"requests/s": found["request_throughput"], "tokens out/s": found["output_throughput"]}


async def main(options: argparse.Namespace) -> None:
    """Take turns, and print both with their difference."""
    place = {"model": options.weights, "backend": options.kind}
    entry = (VllmConfig if options.kind == "vllm" else LlamaCppConfig).model_validate(
        place | {"engine": json.loads(options.engine)}
    )
    mine, other = [], []
    async with serving(target_on("m", entry), print, SERVER) as there:
        env = os.environ | {"OPENAI_API_KEY": there.entry.headers["Authorization"].removeprefix("Bearer ")}
        for turn in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                write_prompts(Path(folder) / "prompts.jsonl", options.requests)
                for own in (True, False) if turn % 2 else (False, True):  # who is first pays for what is cold
                    if own:
                        mine.append(await asyncio.to_thread(ours, there, Path(folder), options.requests, env))
                    else:
                        other.append(await asyncio.to_thread(theirs, there, Path(folder), options, env))
    print(
        "requests/s", [(round(a["requests/s"], 2), round(b["requests/s"], 2)) for a, b in zip(mine, other, strict=True)]
    )
    for name in other[0]:
        here, peer = (median(one[name] for one in rounds) for rounds in (mine, other))
        print(f"{name:14} ours {here:9.2f}  peer {peer:9.2f}  {100 * (here / peer - 1):+6.1f} %")
        if name.startswith("ttft"):
            first = median(one[name.replace("ttft", "first frame")] for one in mine)
            print(f"{'':14} ours to the first frame, text or not {first:9.2f}  {100 * (first / peer - 1):+6.1f} %")


if __name__ == "__main__":
    reader = argparse.ArgumentParser()
    reader.add_argument("kind", choices=["vllm", "llamacpp"])
    reader.add_argument("weights")
    reader.add_argument("--peer", required=True)
    reader.add_argument("--tokenizer", required=True)
    reader.add_argument("--requests", type=int, default=100)
    reader.add_argument("--rounds", type=int, default=3)
    reader.add_argument("--engine", default="{}")
    asyncio.run(main(reader.parse_args()))
