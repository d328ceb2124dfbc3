"""Bad input gets one line that says what is wrong and what is allowed, and exit code 2."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from kit.boards import arithmetic_board, write_jsonl
from kit.commands import Done, arena

PROMPT = "kind: pairwise\nformat: label\nuser: |\n  {question}\n  {answer_a}\n"


def change(config: Path, path: str, value: object) -> None:
    """Set a dotted key of a config; None removes it."""
    raw = yaml.safe_load(config.read_text())
    *above, last = path.split(".")
    section = raw
    for part in above:
        section = section[part]
    if value is None:
        section.pop(last)
    else:
        section[last] = value
    config.write_text(yaml.safe_dump(raw))


def categories(folder: Path, text: str) -> None:
    (folder / "categories.yaml").write_text(text)
    change(folder / "config.yaml", "category_file", "categories.yaml")


def references(folder: Path, line: dict[str, object]) -> None:
    write_jsonl(folder / "references.jsonl", [line])
    change(folder / "config.yaml", "reviews_gen.reference_file", "references.jsonl")


def in_config(folder: Path, text: str) -> None:
    """A key of the config with this written behind it."""
    path = folder / "config.yaml"
    path.write_text(f"{path.read_text()}seed: {text}\n")


def multiplying(line: str, times: int = 9) -> str:
    """Eleven lines, each of them nine times the one before."""
    names = "abcdefghijk"
    made = [f"  {names[0]}: &{names[0]} {{x: 1}}"]
    for before, name in pairwise(names):
        made.append(f"  {name}: &{name} " + line.replace("...", ", ".join([f"*{before}"] * times)))
    return "\n" + "\n".join(made)


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "question file missing": (lambda d: (d / "questions.jsonl").unlink(), r"questions\.jsonl: cannot be read: No such"),
    "question file empty": (
        lambda d: (d / "questions.jsonl").write_text("\n"),
        r"questions\.jsonl: no questions in it",
    ),
    "broken line": (
        lambda d: (d / "questions.jsonl").write_text('{"question_id": 1, "text": "x"}\n{"question_id": 2,\n'),
        r"questions\.jsonl:2: not JSON",
    ),
    "duplicate id": (
        lambda d: write_jsonl(
            d / "questions.jsonl", [{"question_id": 1, "text": "x"}, {"question_id": "1", "text": "y"}]
        ),
        r"questions\.jsonl:2: question_id '1' stands on line 1 too",
    ),
    "question without text": (
        lambda d: write_jsonl(d / "questions.jsonl", [{"question_id": 1}]),
        r"questions\.jsonl:1: turns \(or text\) must be a text",
    ),
    "unknown key": (
        lambda d: change(d / "config.yaml", "reviews_gen.baselin", "half"),
        r"reviews_gen\.baselin: unknown key; did you mean baseline\?",
    ),
    "anchor that is no candidate": (
        lambda d: change(d / "config.yaml", "rating_gen", {"anchor": {"haf": 1000}}),
        r"rating_gen\.anchor: 'haf' is no candidate \(have: half, right, wrong\)",
    ),
    "anchor at no number": (
        lambda d: change(d / "config.yaml", "rating_gen", {"anchor": {"half": float("nan")}}),
        r"rating_gen\.anchor\.half: input should be a finite number, found nan",
    ),
    "metric of another mode": (
        lambda d: change(d / "config.yaml", "rating_gen", {"metrics": ["score"]}),
        r"rating_gen\.metrics: found 'score', mode pairwise_baseline has bradley_terry, elo, win_rate",
    ),
    "metric that does not exist": (
        lambda d: change(d / "config.yaml", "rating_gen", {"metrics": ["elo", "win-rate"]}),
        r"rating_gen\.metrics: found 'win-rate', mode pairwise_baseline has [a-z_, ]*; did you mean win_rate\?",
    ),
    "style that no answer has": (
        lambda d: change(d / "config.yaml", "rating_gen", {"style_control": ["lenght"]}),
        r"rating_gen\.style_control: no feature 'lenght'; did you mean length\?",
    ),
    "quorum above the judges": (
        lambda d: change(d / "config.yaml", "reviews_gen.panel", {"quorum": 2}),
        r"reviews_gen\.panel\.quorum: 2 of 1 judges is never reached",
    ),
    "unknown backend": (
        lambda d: change(d / "config.yaml", "answers_gen.half.backend", "opnai"),
        r"answers_gen\.half\.backend: no backend 'opnai'; did you mean openai\?",
    ),
    "unknown prompt": (
        lambda d: change(d / "config.yaml", "reviews_gen.prompt", "pair-v2"),
        r"reviews_gen\.prompt: .*pair-v2.*pair-v1",
    ),
    "placeholder missing in a prompt": (
        lambda d: ((d / "mine.yaml").write_text(PROMPT), change(d / "config.yaml", "reviews_gen.prompt", "mine.yaml")),
        r"mine\.yaml.*answer_b",
    ),
    "baseline that is no candidate": (
        lambda d: change(d / "config.yaml", "reviews_gen.baseline", "hlaf"),
        r"reviews_gen\.baseline: 'hlaf' is no candidate; did you mean half\? \(have: half, right, wrong\)",
    ),
    "no baseline": (
        lambda d: change(d / "config.yaml", "reviews_gen.baseline", None),
        r"pairwise_baseline needs `baseline",
    ),
    "answer file missing": (
        lambda d: (d / "wrong.jsonl").unlink(),
        r"config\.yaml: answers_gen\.wrong\.file: .*wrong\.jsonl: no such file",
    ),
    "answer line without answer": (
        lambda d: write_jsonl(d / "wrong.jsonl", [{"question_id": 1}]),
        r"wrong\.jsonl:1: needs turns \(a list of texts\) or answer",
    ),
    "yaml that does not parse": (lambda d: (d / "config.yaml").write_text("a: [1"), r"config\.yaml:\d+: not YAML"),
    "key written twice": (
        lambda d: (d / "config.yaml").write_text((d / "config.yaml").read_text() + "output_dir: again\n"),
        r"config\.yaml:\d+: not YAML: the key 'output_dir' stands twice",
    ),
    "judge called panel": (
        lambda d: change(d / "config.yaml", "reviews_gen.judges.panel", {"backend": "reference"}),
        r"the judge name `panel` is reserved",
    ),
    "only the baseline": (
        lambda d: [change(d / "config.yaml", f"answers_gen.{name}", None) for name in ("right", "wrong")],
        r"only the baseline half is there; nothing to compare it with",
    ),
    "nothing enabled and nothing stored": (
        lambda d: [change(d / "config.yaml", f"answers_gen.{n}.enable", False) for n in ("right", "half", "wrong")],
        r"answers_gen: nothing is enabled and nothing is stored",
    ),
    "no references for a judge that needs them": (
        lambda d: write_jsonl(d / "questions.jsonl", [{"question_id": 1, "text": "x"}]),
        r"the reference judge needs questions with a reference, none has one",
    ),
    "environment variable not set": (
        lambda d: change(d / "config.yaml", "output_dir", "${ARENA_TEST_UNSET}/out"),
        r"the environment variable ARENA_TEST_UNSET is not set",
    ),
    "candidate called like a backend": (
        lambda d: change(d / "config.yaml", "answers_gen.openai", {"backend": "openai", "modle": "x"}),
        r"answers_gen\.openai\.modle: unknown key; did you mean model\?",
    ),
    "judges that are a word": (
        lambda d: change(d / "config.yaml", "reviews_gen.judges", "peer"),
        r"reviews_gen\.judges: expected a mapping or 'peers', found 'peer'",
    ),
    "one metric that is no list": (
        lambda d: change(d / "config.yaml", "rating_gen", {"metrics": "elo"}),
        r"rating_gen\.metrics: expected a list, found 'elo'",
    ),
    "category that is a list": (
        lambda d: write_jsonl(d / "questions.jsonl", [{"question_id": 1, "text": "x", "category": ["a"]}]),
        r"questions\.jsonl:1: category must be a text, found \['a'\]",
    ),
    "group of categories written twice": (
        lambda d: categories(d, "A: [math]\nA: [sums]\n"),
        r"categories\.yaml:2: not YAML: the key 'A' stands twice",
    ),
    "group of categories that is no list": (
        lambda d: categories(d, "A: {x: [math]}\n"),
        r"categories\.yaml: A: expected a list of categories, found \{'x'",
    ),
    "group of the rest without quotes": (lambda d: categories(d, "A: [*]\n"), r"categories\.yaml:1: not YAML"),
    "reference file without references": (
        lambda d: references(d, {"question_id": 1, "answer": "8"}),
        r"references\.jsonl:1: needs reference",
    ),
    "reference file of other questions": (
        lambda d: references(d, {"question_id": "x", "reference": "8"}),
        r"references\.jsonl: none of its question_ids is asked \(have: 0, 1,",
    ),
    "reference file with a turn too many": (
        lambda d: references(d, {"question_id": 1, "reference": ["8", "9"]}),
        r"references\.jsonl:1: 2 references for 1 turns",
    ),
    "questions that are not UTF-8": (
        lambda d: (d / "questions.jsonl").write_bytes(b'{"question_id": 1, "text": "caf\xe9"}\n'),
        r"questions\.jsonl:1: not UTF-8",
    ),
    "aliases that multiply": (
        lambda d: in_config(d, multiplying("[...]")),
        r"config\.yaml:\d+: not YAML: more than 1,000,000 values, with its aliases written out",
    ),
    "merges that multiply": (
        lambda d: in_config(d, multiplying("{<<: [...]}")),
        r"config\.yaml:\d+: not YAML: more than 1,000,000 values",
    ),
    "groups of categories that multiply": (
        lambda d: categories(d, "g: " + multiplying("[...]") + "\n"),
        r"categories\.yaml:\d+: not YAML: more than 1,000,000 values",
    ),
    "an alias of what it stands in": (lambda d: in_config(d, "&a [*a]"), r"not YAML: a value that holds itself"),
    "flow nested 5,000 deep": (lambda d: in_config(d, "[" * 5000 + "]" * 5000), r"config\.yaml: nested too deeply"),
    "lists nested 5,000 deep": (lambda d: categories(d, "- " * 5000 + "x"), r"categories\.yaml: nested too deeply"),
    "an integer of 10,000 digits": (lambda d: in_config(d, "9" * 10_000), r"not YAML: '9+' cannot be read as int"),
    "a hexadecimal one": (lambda d: in_config(d, "0x" + "f" * 10_000), r"not YAML: a number too large: 0xf"),
    "a day that does not exist": (lambda d: in_config(d, "2001-99-99"), r"'2001-99-99' cannot be read as timestamp"),
    "a character that YAML has not": (lambda d: in_config(d, "\0"), r"not YAML: unacceptable character"),
    "question nested 200,000 deep": (
        lambda d: (d / "questions.jsonl").write_text('{"question_id": ' + "[" * 200_000),
        r"questions\.jsonl:1: not JSON, one object per line \(nested too deeply\)",
    ),
    "question with an integer of 10,000 digits": (
        lambda d: (d / "questions.jsonl").write_text('{"question_id": %s, "text": "x"}' % ("7" * 10_000)),
        r"questions\.jsonl:1: not JSON, .*\(a number too large: 7{20}\.\.\.\)",
    ),
    "recorded usage beyond any float": (
        lambda d: (d / "wrong.jsonl").write_text('{"question_id": 1, "answer": "x", "usage": {"input_tokens": 1e400}}'),
        r"wrong\.jsonl:1: not JSON, .*\(a number too large: 1e400\)",
    ),
    "question whose text is no number": (
        lambda d: (d / "questions.jsonl").write_text('{"question_id": 1, "text": NaN}'),
        r"questions\.jsonl:1: turns \(or text\) must be a text or a list of texts, found None",
    ),
    "question whose id is no number": (
        lambda d: (d / "questions.jsonl").write_text('{"question_id": NaN, "text": "x"}'),
        r"questions\.jsonl:1: question_id must be an integer or a text, found None",
    ),
    "alien line inside a ledger": (
        lambda d: write_jsonl(d / "out/reviews/reference.jsonl", [{"hello": "world"}]),
        r"reference\.jsonl:1: not a reply: no key",
    ),
}


def refused(done: Done, message: str) -> None:
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0, done.stderr
    assert re.search(message, done.stderr), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_in_one_line(tmp_path: Path, case: str) -> None:
    arithmetic_board(tmp_path)
    spoil, message = CASES[case]
    spoil(tmp_path)
    refused(arena("run", "-c", tmp_path / "config.yaml"), message)


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_local_model_that_is_not_there_is_refused_before_anything_is_asked(tmp_path: Path, command: str) -> None:
    config = arithmetic_board(tmp_path)
    change(config, "answers_gen.mine", {"backend": "transformers", "model": "./checkpoints/last"})
    refused(arena(command, "-c", config), r"answers_gen\.mine: model: there is no folder .*checkpoints/last")
    assert not list(tmp_path.glob("out/answers/*"))


@pytest.mark.slow
@pytest.mark.parametrize("content", ["[" * 200_000, "9" * 10_000, "1e400", "{", "\xff\xfe"], ids=len)
def test_files_of_a_board_that_cannot_be_read_end_in_no_traceback(tmp_path: Path, content: str) -> None:
    """A broken run.json is refused where something is asked; a leaderboard where it is wanted."""
    config = arithmetic_board(tmp_path)
    assert arena("run", "-c", config).returncode == 0
    (tmp_path / "out/run.json").write_text(content, encoding="latin-1")
    refused(arena("run", "-c", config), r"run\.json: it is damaged: no JSON object")
    for command in (("report",), ("show", "1", "right", "half"), ("plan",), ("run", "--accept-shorter")):
        done = arena(command[0], "-c", config, *command[1:])
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), (command, done.stderr)
    (tmp_path / "out/reports/leaderboard.json").write_text(content, encoding="latin-1")
    refused(arena("report", "-c", config), r"leaderboard\.json: not a leaderboard")
    refused(arena("diff", config, config), r"leaderboard\.json: not a leaderboard")


OPTIONS = {
    ("--limit", "-1"): r"--limit.*-1 is not in the range x>=1",
    ("--models", "rihgt"): r"--models: no candidate 'rihgt'; did you mean right\?",
    ("--redo", "everything"): r"--redo everything: expected judge=NAME, model=NAME or question=ID",
    ("--budget-usd", "nan"): r"--budget-usd.*nan is no amount of money",
    ("--stage", "answer"): r"--stage.*'answer' is not one of",
}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option[0])
def test_wrong_options_are_refused(tmp_path: Path, option: tuple[str, str]) -> None:
    refused(arena("run", "-c", arithmetic_board(tmp_path), *option), OPTIONS[option])


def test_a_config_that_does_not_exist_names_the_shipped_ones(tmp_path: Path) -> None:
    refused(
        arena("run", "-c", "nope.yaml", cwd=tmp_path), r"nope\.yaml: no such file \(shipped configs: .*cfg_demo\.yaml"
    )


def test_a_command_that_does_not_exist_gets_the_nearest(tmp_path: Path) -> None:
    refused(arena("rnu"), r"no command 'rnu'; did you mean run\?")


def test_nothing_is_lost_when_a_ledger_has_an_alien_line(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    ledger = tmp_path / "out/reviews/reference.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    spoiled = b"".join([*lines[:5], b"<<<<<<< HEAD\n", *lines[5:]])
    ledger.write_bytes(spoiled)
    refused(arena("run", "-c", config), r"reference\.jsonl:6: not JSON")
    assert ledger.read_bytes() == spoiled


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_read_only_output_folder_is_refused(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    (tmp_path / "out").write_text("a file where the folder should be")
    refused(arena("run", "-c", config), r"out.*: cannot be written")


@pytest.mark.parametrize("command", [("run",), ("plan",), ("show", "1", "right", "half"), ("report",)])
def test_a_board_that_may_not_be_read_is_refused(tmp_path: Path, command: tuple[str, ...]) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    (tmp_path / "out/reviews").chmod(0)
    (tmp_path / "out/reports").chmod(0)
    if os.access(tmp_path / "out/reviews", os.R_OK):
        pytest.skip("permissions bind nobody here")
    try:
        refused(arena(command[0], "-c", config, *command[1:]), r"out.*: .*[Pp]ermission denied")
    finally:
        (tmp_path / "out/reviews").chmod(0o755)
        (tmp_path / "out/reports").chmod(0o755)


FULL = """
import os, sys, errno
from arena.cli import main
real, left = os.write, [int(sys.argv.pop(1))]
def write(handle, data):
    if os.fstat(handle).st_size and left[0] <= 0:
        raise OSError(errno.ENOSPC, "No space left on device")
    left[0] -= len(data)
    return real(handle, data)
os.write = write
main()
"""


@pytest.mark.slow
def test_a_full_disk_keeps_what_is_there_and_exits_with_3(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    command = [sys.executable, "-c", FULL, "20000", "run", "-c", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=os.environ)
    assert done.returncode == 3, done.stderr
    assert "the disk is full" in done.stderr
    stored = (tmp_path / "out/reviews/reference.jsonl").read_text().splitlines()
    assert stored
    assert all(json.loads(line)["key"] for line in stored)
    assert arena("run", "-c", config).returncode == 0
    assert (tmp_path / "out/reviews/reference.jsonl").read_text().splitlines()[: len(stored)] == stored


def test_half_a_character_in_a_question_ends_no_run(tmp_path: Path) -> None:
    """JSON can say `\\ud83d`, UTF-8 cannot: it is written as an escape wherever it goes."""
    lines = [
        {"question_id": f"q\ud83d{n}", "category": "c\ud83d", "language": "l\ud83d", "text": "\ud83d"} for n in range(2)
    ]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "c.yaml").write_text(
        'question_file: q.jsonl\noutput_dir: runs\nanswers_gen: {a: {backend: simulated}, b: {backend: simulated}}\n'
        'reviews_gen: {baseline: a, judges: {"j\\ud83d": {backend: simulated}}}\n'
    )  # fmt: skip
    for command in (["run"], ["report"], ["run", "--stage", "ratings"]):
        done = arena(command[0], "-c", "c.yaml", *command[1:], cwd=tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    board = json.loads((tmp_path / "runs" / "reports" / "leaderboard.json").read_text())
    assert {name for row in board["models"] for name in row["categories"]} == {"c\ud83d"}
