"""What a round of an adaptive board costs to compute, beside a plain rating of the same battles.

python measurements/adaptive_round.py [--models 50] [--questions 500] [--rounds 5] [--folder DIR]

A board is judged to its end by the program, the reference judge answering at once. Its schedule is then cut back by
some rounds, whose replies stay stored, and the rounds are gone through again: what judges owe is listed, replies are
read, estimates made, and the next cells drawn and written down, as between two rounds of a run. Processor time of this
process, medians. The plain rating is Bradley–Terry with intervals over all battles that there are by then.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import yaml

from arena.api import run
from arena.battles.columns import battle_table
from arena.board.answers import current_answers
from arena.board.open import open_board
from arena.board.tables import plain_rows
from arena.board.verdicts import open_ledgers
from arena.config.loading import load_config
from arena.ratings import RatingOptions, rate
from arena.stages.adaptive import AtWork
from arena.stages.options import RunOptions
from arena.stages.rounds import Rounds

RATED = RatingOptions(methods=("bradley_terry",), slices=(), details=False)


def make_board(folder: Path, models: int, questions: int) -> Path:
    """Recorded sums; the later a model's name, the more of them are right. Returns the config."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = [{"question_id": f"q{i:04d}", "text": f"What is {i} + 7?", "reference": str(i + 7)}
             for i in range(questions)]  # fmt: skip
    _write(folder / "questions.jsonl", asked)
    names = [f"m{place:02d}" for place in range(models)]
    for place, name in enumerate(names):
        rng = random.Random(place)
        right = [rng.random() < 0.1 + 0.8 * place / models for _ in asked]
        _write(folder / f"{name}.jsonl", [
            {"question_id": q["question_id"], "answer": f"{name}: {i + (7 if right[i] else 900)}."}
            for i, q in enumerate(asked)
        ])  # fmt: skip
    config = {
        "question_file": "questions.jsonl", "output_dir": "out",
        "answers_gen": {name: {"backend": "recorded", "file": f"{name}.jsonl"} for name in names},
        "reviews_gen": {"mode": "pairwise", "schedule": "adaptive", "judges": {"reference": {"backend": "reference"}}},
    }  # fmt: skip
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def _write(path: Path, lines: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def measure(config: Path, again: int) -> None:
    """Cut the schedule back and go through its last rounds."""
    path = config.parent / "out/schedule.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[: -again - 1]), encoding="utf-8")
    board, options = open_board(load_config(str(config))), RunOptions()
    answers, _ = current_answers(board)
    parts: dict[str, list[float]] = {"what is owed": [], "reading, estimating and drawing": [], "a plain rating": []}
    with ExitStack() as stack:
        ledgers = open_ledgers(board, stack, writable=True)
        rounds = Rounds(board, answers, ledgers, options)
        at_work = AtWork(board, answers, ledgers, options, rounds, print)
        drawn = rounds.draw()
        while drawn is not None:
            began = time.process_time()
            due, left = at_work.owes(at_work.todo([drawn])), at_work.left([drawn])
            complete = at_work.complete([drawn], left)
            between = time.process_time()
            drawn = rounds.draw()
            ended = time.process_time()
            if drawn is None:
                break
            if due or not complete:
                sys.exit("a reply is missing, so these were no rounds of the board that was judged")
            rows = plain_rows(board, ledgers, rounds.subjects(rounds.log.rounds[:-1]))
            table = battle_table(rows, models=rounds.cells.models)
            rated = time.process_time()
            rate(table, RATED)
            parts["a plain rating"].append(time.process_time() - rated)
            parts["what is owed"].append(between - began)
            parts["reading, estimating and drawing"].append(ended - between)
    for name, seconds in parts.items():
        print(f"{name:34} {1000 * median(seconds):8.1f} ms  ({len(seconds)} rounds)")
    whole = [owed + drawing for owed, drawing in zip(*list(parts.values())[:2], strict=True)]
    print(f"a round is {median(whole) / median(parts['a plain rating']):.1f} plain ratings of {len(table):,} battles")


def main() -> None:
    """Judge a board and measure its last rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = make_board(arguments.folder or Path(folder), arguments.models, arguments.questions)
        run(config)  # asks nothing where the folder holds the board already
        measure(config, arguments.rounds)


if __name__ == "__main__":
    main()
