"""A judge that follows the place of an answer is said to, and ends the run with 3; identical answers prove nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from kit.api_boards import board_on
from kit.boards import edit_config, leaderboard, read_jsonl, write_jsonl
from kit.commands import arena
from kit.judges import read_prompt, sum_judge
from kit.servers import Action, Call, FakeServer, Say

QUESTIONS = 24


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sk-sentinel-key-0001")


def always(label: str) -> object:
    def judge(call: Call) -> Action:
        return Say(f"[[{read_prompt(call).nonce} {label}]]")

    return judge


def with_reviews(config: Path, fields: dict[str, object]) -> None:
    known = yaml.safe_load(config.read_text(encoding="utf-8"))
    edit_config(config, reviews_gen=known["reviews_gen"] | fields)


def identical(folder: Path, n: int) -> None:
    """The first n answers of everybody are the same."""
    for model in ("right", "half", "wrong"):
        lines = read_jsonl(folder / f"{model}.jsonl")
        write_jsonl(folder / f"{model}.jsonl", [{**line, "answer": "Same."} if i < n else line
                                                for i, line in enumerate(lines)])  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("judge", "n", "reviews", "code", "place"),
    [
        (always("A"), QUESTIONS, {}, 3, "first"),
        (always("B"), QUESTIONS, {}, 3, "second"),
        (always("A"), QUESTIONS, {"max_first_slot": None}, 0, None),
        (always("A"), QUESTIONS, {"max_first_slot": 0.99}, 0, None),
        (always("A"), QUESTIONS, {"order": "fixed"}, 0, None),
        (always("A"), 9, {}, 0, None),
        (sum_judge, QUESTIONS, {}, 0, None),
    ],
)
def test_a_judge_that_always_says_the_same_letter(
    judge, n: int, reviews: dict[str, object], code: int, place: str | None, tmp_path: Path
) -> None:
    with FakeServer(judge) as server:
        config = board_on(server, tmp_path, n_questions=n)
        with_reviews(config, reviews)
        done = arena("run", "-c", config)
    assert done.returncode == code, done.stderr
    warned = [text for text in leaderboard(tmp_path)["warnings"] if "follows the place" in text]
    failed = [line for line in done.stderr.splitlines() if "max_first_slot" in line]
    assert len(warned) == len(failed) == (place is not None)
    if place is not None:
        assert f"100% [85%, 100%] of the points go to the one shown {place}" in warned[0]
        assert "take another judge or prompt" in failed[0]
        assert "follows the place" not in done.stdout  # once on the screen: in the line that says what to do


def test_identical_answers_neither_prove_nor_excuse_a_judge(tmp_path: Path) -> None:
    with FakeServer(always("A")) as server:
        config = board_on(server, tmp_path, n_questions=60)
        identical(tmp_path, 30)
        done = arena("run", "-c", config)
    (detail,) = leaderboard(tmp_path)["judges_detail"]
    assert (detail["consistency"]["value"], detail["order_consistency"]) == (0, 0)
    assert (detail["first_slot"]["value"], detail["first_slot"]["n"]) == (1, 60)
    assert done.returncode == 3


def test_too_few_battles_are_left_where_most_answers_are_identical(tmp_path: Path) -> None:
    with FakeServer(always("A")) as server:
        config = board_on(server, tmp_path, n_questions=60)
        identical(tmp_path, 51)
        done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr


def test_low_consistency_only_warns(tmp_path: Path) -> None:
    def by_question(call: Call) -> Action:
        shown = read_prompt(call)
        return Say(f"[[{shown.nonce} {'AB'[len(shown.question) % 2]}]]")  # the place, but not always the same one

    with FakeServer(by_question) as server:
        config = board_on(server, tmp_path, n_questions=QUESTIONS)
        done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    (warning,) = (text for text in leaderboard(tmp_path)["warnings"] if "both orders" in text)
    assert warning.startswith("judge j names the same winner in both orders in only 0%")
    assert (done.stdout + done.stderr).count(warning) == 1


@pytest.mark.parametrize(("value", "code"), [(0.49, 2), (1.01, 2), (0.5, 0), (1, 0)])
def test_the_limit_is_a_share_of_at_least_a_half(value: float, code: int, tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path)
        with_reviews(config, {"max_first_slot": value})
        assert arena("check", "-c", config).returncode == code
