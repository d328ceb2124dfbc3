"""What reading a big board again costs: CPU seconds of whole commands, as a ratio to reading its ledger with orjson.

python measurements/board.py [--questions N ...] [--models M] [--rounds R] [--folder FOLDER] [--checkout CHECKOUT]

Writes boards of all pairs of 20 models in both orders before one judge whose every reply is stored: 200 questions are
76,000 replies (240 MB), 2000 are 760,000. Then times, on each, an idle `arena run`, `arena run --stage ratings` and
`arena plan`, less what the same command takes on a board of one question, and prints each ratio beside its goal, with
the most memory it took and a hash of reports/. With --checkout the commands of another checkout are timed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import arena
from arena.board.answers import current_answers
from arena.board.open import OpenBoard, open_board
from arena.board.verdicts import all_cases, open_ledgers
from arena.config.loading import load_config
from arena.files import Appender
from arena.judging.judge import Ask, Case, resolve
from arena.nonce import make_nonce
from arena.records import answer_to_json, reply_to_json
from arena.types import Answer, Completion, Parsed, Usage

ROOT = Path(__file__).resolve().parent.parent
WHEN = "2026-11-21T10:00:00Z"
ORJSON = "import sys, orjson\nfor line in open(sys.argv[1], 'rb'): orjson.loads(line)"
MEMORY_GIB = 1.0
_TEXT = (
    "the answer states each step with care and explains why a reader can follow it although one claim is missing from "
    "its second part so that the result is not quite what was asked while the other says it plainly and is correct"
)


@dataclass(frozen=True)
class Command:
    """One command and what it may cost, in readings of the ledger."""

    name: str
    arguments: tuple[str, ...]
    goal: float
    """From the second time on."""


COMMANDS = (
    Command("plan", ("plan",), 3.0),
    Command("run --stage ratings", ("run", "--yes", "--stage", "ratings"), 5.0),
    Command("run", ("run", "--yes"), 6.0),
)
FIRST_GOAL = 15.0
"""The first time, whatever the command."""


class Cost(NamedTuple):
    """What a process took."""

    cpu_s: float
    memory_gib: float


def write_board(folder: Path, questions: int, models: int) -> Path:
    """A board whose judge has said everything it is asked; its config."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(questions)
    asked = [{"question_id": i, "text": f"{_prose(rng, 20)}?", "category": f"c{i % 5}"} for i in range(questions)]
    (folder / "questions.jsonl").write_text("".join(json.dumps(question) + "\n" for question in asked))
    entries = "".join(f"  model-{i:02d}: {{backend: openai}}\n" for i in range(models))
    config = folder / "config.yaml"
    config.write_text(
        f"question_file: questions.jsonl\noutput_dir: out\nanswers_gen:\n{entries}"
        "reviews_gen:\n  mode: pairwise\n  judges:\n    judge: {backend: openai, price: {input: 1, output: 4}}\n"
    )
    board = open_board(load_config(str(config)))
    _write_answers(board, rng)
    _write_replies(board, rng)
    return config


def _write_answers(board: OpenBoard, rng: random.Random) -> None:
    for place, (name, candidate) in enumerate(board.candidates.items()):
        with closing(Appender(board.answer_folder.answer_file(name, board.names))) as file:
            for question in board.questions:
                request = candidate.request(question, 0)
                assert request is not None
                text = f"**{_prose(rng, 3)}**\n\n{_prose(rng, 95 + 3 * place)}.\n\n- {_prose(rng, 8)}\n- “{place}”"
                usage = Usage(40, len(text) // 4)
                answer = Answer(question.question_id, name, 0, (text,), "ok", request.key, usage=usage,
                                latency_s=1.5, cost_usd=0.001, model_returned=name, created_at=WHEN)  # fmt: skip
                file.append(answer_to_json(answer))


def _write_replies(board: OpenBoard, rng: random.Random) -> None:
    answers, _ = current_answers(board)
    with ExitStack() as stack:
        ledgers = open_ledgers(board, stack)
        file = stack.enter_context(closing(Appender(ledgers["judge"].path)))
        salt = board.review_folder.salt()
        for case in all_cases(board, answers, ledgers):
            ask = resolve(case, lambda key: None)
            assert isinstance(ask, Ask)
            request = ask.request(make_nonce(salt, case.question.question_id))
            assert request.exhibit is not None
            text = request.exhibit.write(_verdict(case, rng), f"{_prose(rng, 45).capitalize()}.")
            came = Completion("ok", (text,), usage=Usage(800, 70), latency_s=1.5, cost_usd=0.001, request_id="r")
            file.append(reply_to_json(ask.reply(request, came, created_at=WHEN, version=arena.__version__)))


def _verdict(case: Case, rng: random.Random) -> Parsed:
    a, b = (int(name[-2:]) for name in (case.models if case.order == "a_first" else reversed(case.models)))
    draw = rng.gauss(0.15 * (b - a), 1.0)
    return Parsed("tie" if abs(draw) < 0.15 else "second" if draw > 0 else "first")


def _prose(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(_TEXT.split(), k=words))


def cost_of(command: list[str], folder: Path) -> Cost:
    """One run of a command. Ends the program when it fails."""
    alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder,
                          env=os.environ | alone) as child:  # fmt: skip
        assert child.stderr is not None
        said = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {child.returncode}: {said.decode()[-500:]}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1 << 20))


def table(small: Path, big: Path, python: Path, rounds: int) -> Iterator[str]:
    """One line per command."""

    def least(command: list[str], times: int) -> float:
        return min(cost_of(command, big.parent).cpu_s for _ in range(times))

    def ledger(config: Path) -> Path:
        return config.parent / "out/reviews/judge.jsonl"

    reading = least([str(python), "-c", ORJSON, str(ledger(big))], rounds + 1)
    reading -= least([str(python), "-c", ORJSON, str(ledger(small))], rounds + 1)
    yield f"reading {ledger(big).stat().st_size / 1e6:.0f} MB with orjson: {reading:.2f} CPU s"
    for command in COMMANDS:
        first, *others = (
            [str(python), "-m", "arena", command.arguments[0], "-c", str(config), *command.arguments[1:]]
            for config in (big, small)
        )
        idle = least(others[0], rounds + 1)
        shutil.rmtree(big.parent.parent / "cache", ignore_errors=True)
        costs = [cost_of(first, big.parent) for _ in range(rounds + 1)]
        cold, warm = costs[0].cpu_s - idle, min(cost.cpu_s for cost in costs[1:]) - idle
        memory = max(cost.memory_gib for cost in costs)
        yield (f"{command.name:20} {warm:8.2f} CPU s  {warm / reading:6.1f} x (goal {command.goal:g} x)   first time "
               f"{cold / reading:6.1f} x (goal {FIRST_GOAL:g} x)   {memory:.2f} GiB (goal {MEMORY_GIB:g})")  # fmt: skip
    yield f"reports/ {_sha256(big.parent / 'out/reports')}"


def _sha256(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def main() -> None:
    """Write the boards, time the commands, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keeps the boards; those already there are used")
    parser.add_argument("--checkout", type=Path, default=ROOT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        configs = {n: folder / f"{n}x{options.models}" / "config.yaml" for n in (1, *options.questions)}
        for questions, config in configs.items():
            if not config.exists():
                write_board(config.parent, questions, options.models)
        os.environ["PYTHONPATH"] = str(options.checkout.resolve())
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        python = options.checkout.resolve() / ".venv/bin/python"
        for questions in options.questions:
            print(f"{questions} questions, {questions * options.models * (options.models - 1)} replies", flush=True)
            for line in table(configs[1], configs[questions], python, options.rounds):
                print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
