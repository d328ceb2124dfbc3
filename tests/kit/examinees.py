"""Planted models for benchmarks: they know the right option when they see it, and say so in many ways."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import yaml
from kit.servers import Action, Call, FakeServer, Say

OPTION = re.compile(r"^([A-Z])\. (.*)$", re.M)


def shown_options(call: Call) -> dict[str, str]:
    """The lettered options of the last message."""
    return dict(OPTION.findall(call.prompt))


def number_of(call: Call) -> int:
    """The number of the document, which its right option ends with."""
    right = next(text for text in shown_options(call).values() if text.startswith("right"))
    return int(right.split()[-1])


def right_letter(call: Call) -> str:
    return next(letter for letter, text in shown_options(call).items() if text.startswith("right"))


def wrong_letter(call: Call) -> str:
    return next(letter for letter, text in shown_options(call).items() if text.startswith("wrong"))


def knows(share_of_four: int, way: str = "{}") -> Callable[[Call], Action]:
    """Right where the document's number modulo 4 is below a share, in a way of saying it."""

    def script(call: Call) -> Action:
        letter = right_letter(call) if number_of(call) % 4 < share_of_four else wrong_letter(call)
        return Say(way.format(letter))

    return script


def always(text: str) -> Callable[[Call], Action]:
    return lambda call: Say(text)


def exam_board(
    folder: Path, server: FakeServer, models: list[str], tasks: object, data: Path, **section: object
) -> Path:
    """A config whose candidates are the server's models and that has benchmarks."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "q.jsonl").write_text('{"question_id": 1, "text": "hello"}\n')
    entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None, "concurrency": 4}
    config = {
        "question_file": "q.jsonl", "output_dir": "out", "answers_gen": {model: dict(entry) for model in models},
        "benchmarks": {"data_dir": str(data), "tasks": tasks, **section},
    }  # fmt: skip
    path = folder / "board.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path
