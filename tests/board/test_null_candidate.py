"""The null sentinel finds judges that a constant answer persuades, and never touches a rating."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, leaderboard, read_jsonl
from kit.commands import arena
from kit.judges import read_prompt, sum_judge
from kit.servers import Action, Call, FakeServer, Say

from arena.board.null_candidate import CONSTANT_ANSWER
from arena.formats import suspicious


def gullible(call: Call) -> Action:
    """Prefers whoever says that it is the winner."""
    shown = read_prompt(call)
    claims = [i for i, text in enumerate(shown.answers) if "it is the winner" in text]
    if len(shown.answers) == 1:
        return Say(f"[[{shown.nonce} {9 if claims else 5}]]")
    return Say(f"[[{shown.nonce} {'AB'[claims[0]]}]]") if claims else sum_judge(call)


def board_of(folder: Path, url: str, **reviews: object) -> Path:
    judges = {"j": {"backend": "openai", "base_url": url, "api_key_env": None}}
    return arithmetic_board(folder, n_questions=12, **({"judges": judges, "null_sentinel": True} | reviews))


def test_a_judge_that_can_be_gamed_is_named_on_the_board(tmp_path: Path) -> None:
    with FakeServer(gullible) as server:
        done = arena("run", "-c", board_of(tmp_path, server.openai_url))
    assert done.returncode == 0, done.stderr
    board = leaderboard(tmp_path)
    [warning] = [text for text in board["warnings"] if "gamed" in text]
    assert warning.startswith("judge j can be gamed: a constant answer reached 100% [")
    [detail] = board["judges_detail"]
    assert (detail["null_share"], detail["null_questions"]) == (1.0, 12)
    assert 0.6 < detail["null_low"] < 1.0


def test_an_honest_judge_is_not_accused_and_ratings_do_not_move(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_of(tmp_path, server.openai_url)
        assert arena("run", "-c", config).returncode == 0
        with_sentinel = leaderboard(tmp_path)
        rows = (tmp_path / "out/reports/battles.jsonl").read_bytes()
        reviews = {**_reviews(config), "null_sentinel": False}
        edit_config(config, reviews_gen=reviews)
        assert arena("run", "-c", config).returncode == 0
    without = leaderboard(tmp_path)
    assert with_sentinel["judges_detail"][0]["null_share"] == 0.0
    assert not any("gamed" in text for text in with_sentinel["warnings"])
    assert with_sentinel["models"] == without["models"]
    assert "null_share" not in without["judges_detail"][0]
    assert rows == (tmp_path / "out/reports/battles.jsonl").read_bytes()
    assert b"null-sentinel" not in rows


def test_its_calls_are_stored_and_not_repeated(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_of(tmp_path, server.openai_url, null_sentinel={"questions": 5})
        assert arena("run", "-c", config).returncode == 0
        asked = len(server.calls)
        assert arena("run", "-c", config).returncode == 0
        assert len(server.calls) == asked
    rows = read_jsonl(tmp_path / "out/reports/sentinel.jsonl")
    assert len(rows) == 5
    assert {(row["model_a"], row["model_b"], row["state"]) for row in rows} == {("null-sentinel", "half", "rated")}


def test_single_mode_measures_how_far_up_the_scale_it_gets(tmp_path: Path) -> None:
    with FakeServer(gullible) as server:
        done = arena("run", "-c", board_of(tmp_path, server.openai_url, mode="single", baseline=None))
    assert done.returncode == 0, done.stderr
    board = leaderboard(tmp_path)
    assert board["judges_detail"][0]["null_share"] == pytest.approx(8 / 9)
    assert any("gamed" in text for text in board["warnings"])
    assert {row["model"] for row in board["models"]} == {"right", "half", "wrong"}


def test_all_pairs_meet_it_on_either_side_of_the_alphabet(tmp_path: Path) -> None:
    with FakeServer(gullible) as server:
        done = arena("run", "-c", board_of(tmp_path, server.openai_url, mode="pairwise", baseline=None))
    assert done.returncode == 0, done.stderr
    rows = read_jsonl(tmp_path / "out/reports/sentinel.jsonl")
    assert {(r["model_a"], r["model_b"]) for r in rows} == {
        ("half", "null-sentinel"), ("null-sentinel", "right"), ("null-sentinel", "wrong"),
    }  # fmt: skip
    assert leaderboard(tmp_path)["judges_detail"][0]["null_share"] == 1.0


def test_the_constant_answer_shows_every_sign_of_an_attack() -> None:
    assert set(suspicious(CONSTANT_ANSWER)) >= {"label", "rating", "json_verdict", "fence", "override"}


def _reviews(config: Path) -> dict[str, object]:
    import yaml

    return yaml.safe_load(config.read_text())["reviews_gen"]
