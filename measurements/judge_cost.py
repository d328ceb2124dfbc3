"""What a board of 10 models x 200 questions costs in judge calls, tokens and money, in every mode.

    python measurements/judge_cost.py ../shared/data        # a folder with alpaca_eval/ and orq_arena/
    python measurements/judge_cost.py ../shared/data --models 20 --questions 500 --json

Questions and answers are AlpacaEval's (9 models; further models repeat their answers question by question, since only
lengths matter here). Tokens per character and the length of a verdict come from the token counts that two real judge
runs recorded: GPT-4 Turbo's in alpaca_eval/judgments, a panel of three small judges' in orq_arena. Requests are the
ones `arena plan` counts, so nothing is sent. `cached` takes off what the provider's prompt cache can save.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from arena.board.open import open_board
from arena.config.base import Price
from arena.config.kinds import KINDS
from arena.config.loading import load_config
from arena.money import cost_usd
from arena.stages.options import RunOptions
from arena.stages.plan import BYTES_PER_TOKEN, make_plan
from arena.types import Usage

PRICES = {
    "openai": {"input": 2.0, "output": 8.0, "cached_input": 0.5},
    "anthropic": {"input": 3.0, "output": 15.0, "cached_input": 0.3, "cache_write": 3.75},
}
"""USD per million tokens, as in the shipped configs (gpt-4.1 and claude-sonnet-4-6)."""
MODES = ("single", "pairwise_baseline", "pairwise_baseline, one order", "pairwise", "pairwise, one order")


class Rates(NamedTuple):
    """What real judge runs recorded."""

    chars_per_token: float
    verdict_tokens: float
    """Output of one verdict with its explanation."""


class Cost(NamedTuple):
    """One line of the table."""

    mode: str
    judge: str
    calls: int
    tokens_in: int
    tokens_out: int
    live_usd: float
    cached_usd: float
    batch_usd: float


def measured(data: Path) -> Rates:
    """Characters per token of judge prompts, and tokens per verdict, from recorded counts."""
    texts = {str(row["question_id"]): row for row in rows(data / "alpaca_eval/questions.jsonl")}
    answers = {
        (path.stem, str(row["question_id"])): str(row["answer"])
        for path in sorted((data / "alpaca_eval/answers").glob("*.jsonl"))
        for row in rows(path)
    }
    chars, tokens = [], []
    for path in sorted((data / "alpaca_eval/judgments").glob("*.jsonl")):
        for row in rows(path):
            question = str(row["question_id"])
            pair = [answers.get((str(row[name]), question)) for name in ("model_1", "model_2")]
            if row.get("total_tokens") and None not in pair and path.stem != "NullModel":
                chars.append(len(str(texts[question]["instruction"])) + sum(len(text or "") for text in pair))
                tokens.append(float(row["total_tokens"]))
    slope, _template = np.polyfit(chars, tokens, 1)  # the intercept is what AlpacaEval's own prompt adds
    votes = [row for row in rows(data / "orq_arena/battles.jsonl") if row.get("judge_tokens_out")]
    verdicts = [row["judge_tokens_out"] / max(1, len(row["judge_votes"])) for row in votes]
    return Rates(1 / float(slope), fmean(verdicts))


def rows(path: Path) -> Iterator[dict]:  # type: ignore[type-arg]
    """The objects of a JSON-lines file."""
    return (json.loads(line) for line in path.read_bytes().split(b"\n") if line)


def write_board(data: Path, folder: Path, n_models: int, n_questions: int) -> list[str]:
    """Questions and recorded answers of as many models as wanted; returns their names, the baseline first."""
    asked = list(rows(data / "alpaca_eval/questions.jsonl"))[:n_questions]
    ids = [str(row["question_id"]) for row in asked]
    lines = [{"question_id": q, "text": row["instruction"]} for q, row in zip(ids, asked, strict=True)]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    paths = [p for p in sorted((data / "alpaca_eval/answers").glob("*.jsonl")) if p.stem != "NullModel"]
    paths.sort(key=lambda p: p.stem != "gpt4_1106_preview")
    names = []
    for number in range(n_models):
        texts = {str(row["question_id"]): row["answer"] for row in rows(paths[number % len(paths)])}
        round_number = number // len(paths)
        names.append(paths[number % len(paths)].stem + (f"-{round_number}" if round_number else ""))
        given = [{"question_id": q, "answer": texts[q] + " " + "." * round_number} for q in ids]
        (folder / f"{names[-1]}.jsonl").write_text("\n".join(map(json.dumps, given)))
    return names


def costs(folder: Path, names: list[str], rates: Rates) -> Iterator[Cost]:
    """Every mode with every judge, planned on the board."""
    for title in MODES:
        mode, _, one = title.partition(", ")
        for judge, price in PRICES.items():
            reviews = {
                "mode": mode,
                "baseline": names[0] if mode == "pairwise_baseline" else None,
                "order": "random" if one else "both",
                "judges": {judge: {"backend": judge, "model": judge, "api_key_env": None, "price": price}},
            }
            config = {
                "question_file": "questions.jsonl",
                "output_dir": f"out-{mode}",
                "answers_gen": {name: {"backend": "recorded", "file": f"{name}.jsonl"} for name in names},
                "reviews_gen": reviews,
            }
            (folder / "config.yaml").write_text(yaml.safe_dump(config))
            [row] = make_plan(open_board(load_config(str(folder / "config.yaml"))), RunOptions()).rows
            used = Usage(round(row.input_chars / rates.chars_per_token), round(row.calls * rates.verdict_tokens))
            live = cost_usd(used, Price.model_validate(price)) or 0.0
            saved = (row.cached_usd or 0.0) * BYTES_PER_TOKEN / rates.chars_per_token
            tokens = (used.input_tokens or 0, used.output_tokens or 0)
            yield Cost(title, judge, row.calls, *tokens, live, live - saved, live * KINDS[judge].config.batch_price)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rates = measured(options.data)
    with tempfile.TemporaryDirectory() as temporary:
        names = write_board(options.data, Path(temporary), options.models, options.questions)
        found = list(costs(Path(temporary), names, rates))
    if options.json:
        print(json.dumps({"rates": rates._asdict(), "costs": [cost._asdict() for cost in found]}, indent=1))
        return
    print(f"{options.models} models x {options.questions} questions")
    print(
        f"measured: {rates.chars_per_token:.2f} characters per token, {rates.verdict_tokens:.0f} tokens per verdict\n"
    )
    print(
        f"{'mode':32}{'judge':12}{'calls':>8}{'tokens in':>13}{'tokens out':>12}{'live':>10}{'cached':>10}{'batch':>10}"
    )
    for cost in found:
        money = "".join(f"{f'${usd:,.2f}':>10}" for usd in cost[5:])
        print(f"{cost.mode:32}{cost.judge:12}{cost.calls:>8,}{cost.tokens_in:>13,}{cost.tokens_out:>12,}{money}")


if __name__ == "__main__":
    main()
