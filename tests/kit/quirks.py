"""Quirks of endpoints: one row says what a server does, the machinery plays it through a whole `arena run`.

    Quirk("no temperature of zero", complains("temperature", 422, "must be strictly positive"))

A server is a script over calls. `complains` refuses what it does not take and otherwise does its work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kit.api_boards import WITH_SAMPLING, api_judge
from kit.boards import arithmetic_board, edit_config, read_jsonl
from kit.commands import Done, arena
from kit.judges import is_right, read_prompt
from kit.servers import Action, Call, Fail, FakeServer, Say

Script = Callable[[Call], Action]
Holds = str | Callable[[Call], bool]


@dataclass(frozen=True)
class Quirk:
    """One endpoint that is different, and what must come of it."""

    name: str
    script: Script
    apis: tuple[str, ...] = ("openai", "anthropic")
    roles: tuple[str, ...] = ("judge",)
    streams: tuple[bool, ...] = (False,)
    mode: str = "pairwise_baseline"
    prompt: str = "pair-v1"
    entry: Mapping[str, object] = field(default_factory=dict)
    """Further keys of the API's entry."""
    says: str = ""
    """What a warning says exactly once."""
    refused_once: int = 1
    """How many forms of a request are refused, at most, before it is known how to ask."""

    def cases(self) -> list[tuple[str, str, bool]]:
        return [(api, role, stream) for api in self.apis for role in self.roles for stream in self.streams]


@dataclass(frozen=True)
class Played:
    """What a run against a quirk left behind."""

    done: Done
    calls: list[Call]
    lines: list[dict[str, object]]
    """Replies of the judge, or the candidate's answers."""
    board: dict[str, object] | None
    config: Path
    last_run: dict[str, object]


def complains(about: Holds, status: int, text: str, otherwise: Script | None = None, body: object = None) -> Script:
    """A server that refuses requests with this field (or for which this holds), and does the others."""
    holds = (lambda call: about in call.body) if isinstance(about, str) else about

    def script(call: Call) -> Action:
        return Fail(status, text, body=body) if holds(call) else (otherwise or good)(call)

    return script


def good(call: Call) -> Action:
    """A judge of sums in every format, and a candidate who adds up rightly."""
    prompt = call.prompt
    if "[BEGIN " not in json.dumps(call.messages):
        return Say(f"It is {sum(int(word) for word in prompt.replace('?', '').split() if word.isdigit())}.")
    shown = read_prompt(call)
    right = [is_right(shown.question, answer) for answer in shown.answers]
    if len(right) == 1:
        return Say(json.dumps({"explanation": "Added up.", "code": shown.nonce, "score": 10 if right[0] else 1}))
    label = "C" if right[0] == right[1] else "A" if right[0] else "B"
    if '"verdict"' in prompt:
        verdict = "tie" if label == "C" else label
        return Say(json.dumps({"explanation": "Added up.", "code": shown.nonce, "verdict": verdict}))
    if "one word" in prompt:
        letter = "A" if label == "C" else label
        return Say(letter, logprobs=_letters(letter) if {"logprobs", "include"} & call.body.keys() else None)
    return Say(f"I have added it up.\n\n[[{shown.nonce} {label}]]")


def _letters(letter: str) -> list[dict[str, object]]:
    top = [{"token": token, "logprob": -0.1 if token == letter else -2.5} for token in ("A", "B", "The")]
    return [{"token": letter, "logprob": -0.1, "top_logprobs": top}]


def play(quirk: Quirk, folder: Path, api: str, role: str, stream: bool, n_questions: int = 6) -> Played:
    """Run a board against the quirk."""
    with FakeServer(quirk.script) as server:
        config = quirk_board(quirk, server, folder, api, role, stream, n_questions)
        done = arena("run", "-c", config)
        found = played(config, role, done, list(server.calls))
        again = arena("run", "-c", config)
        assert len(server.calls) == len(found.calls) or done.returncode, f"asked again: {again.stderr}"
    return found


def quirk_board(
    quirk: Quirk, server: FakeServer, folder: Path, api: str, role: str, stream: bool, n_questions: int
) -> Path:
    """A board whose judge, or one of whose candidates, sits behind the server."""
    entry = api_judge(server, api, stream=stream, **{**WITH_SAMPLING.get(api, {}), **quirk.entry})
    if role == "candidate":
        config = arithmetic_board(folder, n_questions)
        recorded = {name: {"backend": "recorded", "file": f"{name}.jsonl"} for name in ("half", "wrong")}
        return edit_config(config, answers_gen=recorded | {"right": entry})
    baseline = None if quirk.mode == "single" else "half"
    return arithmetic_board(
        folder, n_questions, mode=quirk.mode, baseline=baseline, prompt=quirk.prompt, judges={"j": entry}
    )


def played(config: Path, role: str, done: Done, calls: list[Call]) -> Played:
    out = config.parent / "out"
    path = out / ("answers/right.jsonl" if role == "candidate" else "reviews/j.jsonl")
    lines = read_jsonl(path) if path.exists() else []
    report = out / "reports/leaderboard.json"
    board = json.loads(report.read_text()) if report.exists() else None
    return Played(done, calls, lines, board, config, json.loads((out / "run.json").read_text())["runs"][-1])
