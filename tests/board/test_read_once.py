"""A run reads a ledger's line once and parses its verdict once; keys and verdicts are those of the long way round."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from kit.boards import arithmetic_board
from kit.commands import arena
from kit.judges import sum_judge
from kit.paths import ROOT
from kit.servers import FakeServer
from kit.silent import Silent

from arena.board.answers import current_answers
from arena.board.open import open_board
from arena.board.verdicts import all_cases, open_ledgers, stored
from arena.config.loading import load_config
from arena.judging.frames import Judge
from arena.judging.judge import Ask, Case, resolve
from arena.keys import NONCE_IN_KEYS, reply_keys
from arena.prompts import Prompt, load_prompt
from arena.records import reply_to_json
from arena.stages.options import RunOptions
from arena.stages.run import run_board
from arena.store import ledger as ledger_file
from arena.store.ledger import Ledger
from arena.store.memory import Said
from arena.types import Answer, Question, Reply, Sampling

BOARDS = sorted(path.parent for path in (ROOT / "tests/fixtures/boards_0_1_0").glob("*/config.yaml"))
PROMPTS = sorted((ROOT / "configs/prompts").glob("*.yaml"))
ODD = ("plain", 'quo"ted \\ and\nlines {answer_b} \x00', "“鍵” 🔑 \ud83d", "\udd11 ends \ud83d")


def counted(wrapped: Callable[..., object], about: Callable[..., object]) -> tuple[object, Counter[object]]:
    """A function, and its calls by what `about` makes of their arguments."""
    calls: Counter[object] = Counter()

    def function(*args: object, **more: object) -> object:
        calls[about(*args)] += 1
        return wrapped(*args, **more)

    return function, calls


@pytest.mark.parametrize("order", ["both", "random"])
def test_an_idle_run_reads_a_line_once_and_parses_its_verdict_once(
    order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeServer(sum_judge) as server:
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        config = arithmetic_board(tmp_path, judges={"j": entry}, mode="pairwise", baseline=None, order=order)
        assert arena("run", "-c", config).returncode == 0
    (ledger,) = (config.parent / "out/reviews").glob("*.jsonl")
    written = (config.parent / "out/reports/battles.jsonl").read_bytes()
    calls: list[Counter[object]] = []
    for place, name in (
        (ledger_file, "object_of"),
        (ledger_file, "reply_from_json"),
        (Prompt, "parse"),
        (Prompt, "render"),
    ):
        function, of_it = counted(getattr(place, name), lambda *args: args[-1] if isinstance(args[-1], bytes) else 0)
        monkeypatch.setattr(place, name, function)
        calls.append(of_it)
    lines, replies, parsed, rendered = calls
    assert run_board(load_config(str(config)), RunOptions(), Silent()).exit_code == 0
    stored_lines = ledger.read_bytes().splitlines()
    assert len(stored_lines) > 10
    assert lines == Counter(stored_lines)
    assert parsed.total() == len(stored_lines)
    assert (replies.total(), rendered.total()) == (0, 0)
    assert (config.parent / "out/reports/battles.jsonl").read_bytes() == written


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_verdicts_and_keys_are_those_of_the_long_way_round(board: Path, tmp_path: Path) -> None:
    opened = open_board(load_config(str(Path(shutil.copytree(board, tmp_path / "b")) / "config.yaml")))
    answers, _ = current_answers(opened)
    with ExitStack() as stack:
        ledgers = open_ledgers(opened, stack)
        for case in all_cases(opened, answers, ledgers):
            ledger = ledgers[case.judge.name]
            step = resolve(case, ledger.get)
            for _ in range(2):  # the second time from memory
                assert stored(case, ledger) == (None if isinstance(step, Ask) else step)
            assert case.keys == keys_of_rendered(case)


def keys_of_rendered(case: Case) -> object:
    shown = [case.answers[i].turns for i in ((1, 0) if case.order == "b_first" else range(len(case.models)))]
    messages = case.prompt.render(case.question, shown, case.question.reference, NONCE_IN_KEYS)
    judge = case.judge
    return reply_keys(judge.name, judge.model, judge.revision, messages, case.sampling, case.prompt.format_spec,
                      case.sample, extra=judge.key_extra, kind=judge.kind)  # fmt: skip


def cases_of(prompt: Prompt) -> Iterator[Case]:
    question = Question("q", ("One “question”?", "And\nthen?"), reference=("1", ""), system="Be {turns}.")
    answers = [Answer("q", f"m{n}", 0, (text, text[::-1]), "ok", str(n)) for n, text in enumerate(ODD)]
    frames = Case.__dataclass_fields__["frames"].default_factory()  # type: ignore[misc]
    for kind in (None, "reference"):
        judge = Judge("j", "m", "r", Sampling(0.0, seed=7), key_extra={"adapter": "x"} if kind else None, kind=kind)
        for a in answers:
            if prompt.kind == "single":
                yield Case(judge, prompt, question, (a.model,), (a,), None, 1, (), frames)
                continue
            for b in answers:
                for order in ("a_first", "b_first"):
                    yield Case(judge, prompt, question, (a.model, b.model), (a, b), order, 1, (), frames)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PROMPTS, ids=lambda path: path.stem)
def test_a_key_needs_no_rendered_prompt(path: Path) -> None:
    for case in cases_of(load_prompt(str(path), [])):
        assert case.keys == keys_of_rendered(case)


def reply(key: str, text: str, **more: object) -> Reply:
    fields: dict[str, object] = {
        "key": key, "status": "ok", "judge": "j", "model_requested": "m", "prompt": "p", "prompt_sha256": "s",
        "format": "label", "nonce": "abc", "request": {"text": text, "messages": []}, "question_id": "1",
        "model_a": "a", "model_b": "b", "order": "a_first", "sample": 0, "text": text,
    }  # fmt: skip
    return Reply(**(fields | more))  # type: ignore[arg-type]


def said_under(ledger: Ledger, key: str) -> Said | None:
    row = ledger.row(key)
    return None if row is None else ledger.said(row)


@pytest.mark.parametrize("text", [*ODD, "", "[[A]]"])
def test_a_text_is_found_in_its_line_however_it_was_written(text: str, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with closing(Ledger(path, writable=True)) as ledger:
        ledger.add(reply("own", text, cost_usd=0.5))
        assert said_under(ledger, "own") == ("own", "ok", text, "abc", False, 0.5)
    other = json.dumps(reply_to_json(reply("other", text, reasoning='","text":"x"', model_returned="reference")))
    with path.open("ab") as file:
        file.write(b"\n" + other.encode() + b"\r\n")
    for line in ({"text": text, "key": "first"}, {"key": "last", "text": text}):
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"status": "ok", "judge": "j", "question_id": 1, "model_a": "a", **line}) + "\n")
    with closing(Ledger(path)) as ledger:
        found = [said_under(ledger, key) for key in ledger.keys()]  # noqa: SIM118
    assert {said.text for said in found if said} == {text}
    assert [said.key for said in found if said] == ["own", "other", "first", "last"]


def test_a_ledger_that_was_closed_reads_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    ledger = Ledger(path)
    assert len(ledger) == 0
    ledger.open(writable=True)
    ledger.add(reply("k", "[[A]]"))
    ledger.close()
    with closing(Ledger(path, writable=True)) as another:
        another.add(reply("k", "[[B]]"))
        another.add(reply("l", "[[A]]"))
    ledger.open()
    said = said_under(ledger, "k")
    assert said is not None and (said.text, len(ledger)) == ("[[B]]", 2)
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    ledger.open()
    assert (ledger.keys(), ledger.get("k")) == (["k"], reply("k", "[[A]]"))
    ledger.close()
