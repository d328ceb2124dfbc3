"""Planted models for probes, behind one server: each breaks in one way, beside one that does not."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from kit.boards import write_config, write_jsonl
from kit.judges import read_prompt
from kit.servers import Action, Call, FakeServer, Say

SUMS = [
    {"question_id": f"sum-{i}", "category": "math", "language": "en", "reference": str(2 * i + 31),
     "text": f"Please tell me, what is the sum of the numbers {i} and {i + 31}?"}
    for i in range(16)
]  # fmt: skip
TOPICS = [
    {"question_id": f"topic-{i}", "category": "writing", "language": "en",
     "text": f"Explain to a small child, in one sentence, why topic number {i} matters."}
    for i in range(8)
]  # fmt: skip
KNOWN = {str(question["text"]) for question in (*SUMS, *TOPICS)}
_COUNT = itertools.count()


def steady(call: Call) -> Action:
    """Reads the numbers whatever stands around them; never says it in the same words twice."""
    said = f"Version {next(_COUNT)} of my answer."
    numbers = [int(number) for number in re.findall(r"\d+", plain(call.prompt))]
    return Say(f"{said} The sum is {sum(numbers)}" if len(numbers) == 2 else f"{said} It matters: theme {numbers[0]}")


def brittle(call: Call) -> Action:
    """The same as long as every character stands as it knows it."""
    return steady(call) if call.prompt in KNOWN else Say(f"Something else {next(_COUNT)}: nothing is 99999")


def plain(text: str) -> str:
    """Full-width digits as digits."""
    return text.translate({code + 0xFEE0: code for code in range(0x21, 0x7F)})


def same_theme(call: Call) -> Action:
    """A judge: a tie where both name the same theme, else the one that names one."""
    shown = read_prompt(call)
    themes = [re.findall(r"theme \d+", answer) for answer in shown.answers]
    label = "C" if themes[0] == themes[1] else "A" if themes[0] else "B"
    return Say(f"I compared the themes.\n\n[[{shown.nonce} {label}]]")


def served(scripts: Mapping[str, Callable[[Call], Action]]) -> Callable[[Call], Action]:
    return lambda call: scripts[str(call.body["model"])](call)


def probe_board(
    folder: Path, server: FakeServer, models: list[str], questions: list[dict[str, object]], *, judged: bool = True,
    **sections: object,
) -> Path:  # fmt: skip
    """A config whose candidates, and perhaps whose judge, are the server's models."""
    entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None, "concurrency": 4}
    write_jsonl(folder / "questions.jsonl", questions)
    reviews = {"reviews_gen": {"mode": "pairwise", "judges": {"judge": dict(entry)}}} if judged else {}
    return write_config(folder, {
        "question_file": "questions.jsonl", "output_dir": "out",
        "answers_gen": {model: dict(entry) for model in models}, **reviews, **sections,
    })  # fmt: skip
