"""`arena show`: all that is stored about one battle."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from kit.boards import arithmetic_board, edit_config, write_jsonl
from kit.commands import arena


def two_samples(folder: Path) -> Path:
    """A board on which every model answers every question twice."""
    config = arithmetic_board(folder, 2)
    candidates = yaml.safe_load(config.read_text())["answers_gen"]
    for name, entry in candidates.items():
        lines = [{"question_id": q, "sample": n, "answer": f"{name} says {q}{n}"} for q in range(2) for n in range(2)]
        write_jsonl(folder / f"{name}.jsonl", lines)
        entry["generation_config"] = {"n": 2}
    return edit_config(config, answers_gen=candidates)


def test_every_sample_stands_with_its_own_answers(tmp_path: Path) -> None:
    config = two_samples(tmp_path)
    assert arena("run", "-c", config).returncode == 0
    shown = arena("show", "-c", config, "1", "right", "half").stdout
    first, second = shown.split("battle · reference ", 1)
    for sample, part in (("0", first), ("1", second)):
        for name in ("right", "half"):
            other = "1" if sample == "0" else "0"
            assert f"{name} says 1{sample}" in part
            assert f"{name} says 1{other}" not in part
    assert "answer of right · sample 1 ──" in second
    assert "battle · reference · sample 1 ──" in second
    assert shown.count("What is 1 + 7?\n[END QUESTION") == 4


def test_what_follows_a_bare_dry_run_is_the_question(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, 2)
    arena("run", "-c", config, "--dry-run")
    rehearsed = arena("show", "-c", config, "--dry-run", "1", "right", "half")
    assert rehearsed.returncode == 0, rehearsed.stderr
    assert rehearsed.stdout == arena("show", "-c", config, "--dry-run=all", "1", "right", "half").stdout
    assert "rated: P(right wins)" in rehearsed.stdout
    assert arena("show", "-c", config, "--dry-run=judge", "1", "right", "half").stdout != rehearsed.stdout


def test_models_that_do_not_meet_are_refused_before_anything_is_shown(tmp_path: Path) -> None:
    done = arena("show", "-c", arithmetic_board(tmp_path, 2), "1", "right", "wrong")
    assert (done.returncode, done.stdout) == (2, "")
    assert "right and wrong do not meet on this board" in done.stderr


@pytest.mark.parametrize(
    ("asked", "chance", "said"),
    [(("right", "half"), "P(right wins) = 1", "right wins"), (("half", "right"), "P(half wins) = 0", "right wins")],
)
def test_a_battle_is_shown_the_way_it_was_asked_for(
    tmp_path: Path, asked: tuple[str, str], chance: str, said: str
) -> None:
    config = arithmetic_board(tmp_path, 4)
    arena("run", "-c", config)
    shown = arena("show", "-c", config, "3", *asked).stdout
    assert shown.index(f"answer of {asked[0]}") < shown.index(f"answer of {asked[1]}")
    assert f"rated: {chance}, {said}" in shown
    assert "parsed · right first" in shown and f"ok: {said} ({chance})" in shown
    assert "model_a" not in shown and "a_first" not in shown


def test_short_leaves_prompts_and_raw_replies_out(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, 4)
    arena("run", "-c", config)
    full = arena("show", "-c", config, "3", "right", "half").stdout
    short = arena("show", "-c", config, "3", "right", "half", "--short").stdout
    assert "raw reply" in full and "sent to reference" in full
    assert "raw reply" not in short and "sent to reference" not in short
    assert set(short.splitlines()) < set(full.splitlines())
    assert "battle · reference" in short and "parsed · half first" in short


@pytest.mark.parametrize("command", ["try", "show"])
def test_equal_answers_are_said_to_be_a_tie_without_a_judge(tmp_path: Path, command: str) -> None:
    config = arithmetic_board(tmp_path, 4)
    assert arena("run", "-c", config).returncode == 0
    args = ("--question", "0", "--models", "half,right") if command == "try" else ("0", "right", "half")
    done = arena(command, "-c", config, *args)
    assert done.returncode == 0
    assert "not sent to reference" in done.stdout
    assert "The two answers are equal but for white space at both ends" in done.stdout
    assert "rated: P(" in done.stdout and "= 0.5, a tie" in done.stdout


def test_a_key_is_shown_in_full(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, 8)
    arena("run", "-c", config)
    ledger = (tmp_path / "out/reviews/reference.jsonl").read_text()
    shown = arena("show", "-c", config, "7", "right", "half").stdout
    keys = [line.split("key ")[1].split()[0] for line in shown.splitlines() if " · key " in line]
    assert len(keys) == 2
    assert all(f'"key":"{key}"' in ledger for key in keys)
