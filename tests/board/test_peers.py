"""`judges: peers`: everybody judges the battles of the others, and nobody its own."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, read_jsonl, write_config
from kit.commands import arena
from kit.judges import by_model, read_prompt, sum_judge
from kit.servers import Action, Call, FakeServer, Say

from arena.board.peers import peer_judges
from arena.config.schema import Config
from arena.errors import ConfigError


def candidate(call: Call) -> Action:
    """Answers sums (always right for `gpt-4.1`), and judges when it is shown answers."""
    if "[BEGIN QUESTION" in call.prompt:
        return sum_judge(call)
    total = sum(int(n) for n in call.prompt.replace("?", "").split() if n.isdigit())
    return Say(f"It is {total if call.body['model'] == 'gpt-4.1' else total + 1}.")


def peer_board(folder: Path, url: str) -> Path:
    config = arithmetic_board(folder, n_questions=4)
    entry = {"backend": "openai", "base_url": url, "api_key_env": None}
    models = {name: entry | {"model": name} for name in ("gpt-4.1", "claude-x", "qwen3")}
    reviews = {"mode": "pairwise", "judges": "peers"}
    half = {"half": {"backend": "recorded", "file": "half.jsonl"}}
    return edit_config(config, answers_gen=models | half, reviews_gen=reviews)


def test_peers_judge_the_battles_of_the_others_and_never_their_own(tmp_path: Path) -> None:
    with FakeServer(candidate) as server:
        done = arena("run", "-c", peer_board(tmp_path, server.openai_url))
        assert done.returncode == 0, done.stderr
        asked = len(server.calls)
        assert arena("run", "-c", tmp_path / "config.yaml").returncode == 0
        assert len(server.calls) == asked
    rows = read_jsonl(tmp_path / "out/reports/battles.jsonl")
    judges = {row["judge"] for row in rows}
    assert judges == {"gpt-4.1", "claude-x", "qwen3", "panel"}
    for row in rows:
        own = row["judge"] in (row["model_a"], row["model_b"])
        assert (row["reason"] == "self_judged") == own
        assert row["state"] == ("excluded" if own else "rated")
    panel = [row for row in rows if row["judge"] == "panel"]
    assert len(panel) == 6 * 4
    board = json.loads((tmp_path / "out/reports/leaderboard.json").read_text())
    assert board["models"][0]["model"] == "gpt-4.1"
    assert board["n_battles"] == 24
    assert board["excluded"] == {}


def test_a_peer_judges_at_temperature_0_whatever_it_answers_with(tmp_path: Path) -> None:
    with FakeServer(candidate) as server:
        config = peer_board(tmp_path, server.openai_url)
        document = json.loads(json.dumps(Config.model_validate(_raw(config)).model_dump(mode="json", by_alias=True)))
        for entry in document["answers_gen"].values():
            if entry["backend"] == "openai":
                entry["generation_config"] = {"temperature": 0.9, "max_tokens": 7, "reasoning_effort": "low"}
        write_config(tmp_path, document)
        assert arena("run", "-c", config).returncode == 0
        judged = [call.body for call in server.calls if "[BEGIN QUESTION" in call.prompt]
        answered = [call.body for call in server.calls if "[BEGIN QUESTION" not in call.prompt]
    assert {body["temperature"] for body in answered} == {0.9}
    assert {body["temperature"] for body in judged} == {0}
    assert {body["max_tokens"] for body in judged} == {4096}
    assert {body["reasoning_effort"] for body in judged} == {"low"}


def test_the_baseline_is_no_peer_since_every_battle_is_its_own(tmp_path: Path) -> None:
    raw = _raw(peer_board(tmp_path, "http://127.0.0.1:1/v1"))
    raw["reviews_gen"] = {"mode": "pairwise_baseline", "baseline": "gpt-4.1", "judges": "peers"}
    assert set(peer_judges(Config.model_validate(raw))) == {"claude-x", "qwen3"}


def test_recordings_cannot_judge(tmp_path: Path) -> None:
    done = arena("run", "-c", arithmetic_board(tmp_path, judges="peers"))
    assert done.returncode == 2
    assert "`peers` needs candidates that can judge" in done.stderr
    with pytest.raises(ConfigError):
        peer_judges(Config.model_validate(_raw(tmp_path / "config.yaml")))


def test_peers_can_be_rehearsed(tmp_path: Path) -> None:
    done = arena("run", "-c", peer_board(tmp_path, "http://127.0.0.1:1/v1"), "--dry-run")
    assert done.returncode == 0, done.stderr
    rows = read_jsonl(tmp_path / "out/dry-run/reports/battles.jsonl")
    assert {row["judge"] for row in rows} >= {"gpt-4.1", "claude-x", "qwen3", "panel"}


def test_disagreement_of_a_panel_is_kept(tmp_path: Path) -> None:
    def contrary(call: Call) -> Action:
        shown = read_prompt(call)
        return Say(f"[[{shown.nonce} {'A' if 'It is 90' in shown.answers[0] else 'B'}]]")

    with FakeServer(by_model({"one": sum_judge, "two": sum_judge, "three": contrary})) as server:
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        config = arithmetic_board(tmp_path, n_questions=4, judges=dict.fromkeys(("one", "two", "three"), entry))
        assert arena("run", "-c", config).returncode == 0
    rows = [r for r in read_jsonl(tmp_path / "out/reports/battles.jsonl") if r["judge"] == "panel"]
    decided = [r for r in rows if r["winner"] != "tie"]
    assert Counter(round(r["agreement"], 9) for r in decided) == {round(2 / 3, 9): 4}
    assert {round(r["outcome"], 9) for r in decided} == {round(2 / 3, 9), round(1 / 3, 9)}

    board = json.loads((tmp_path / "out/reports/leaderboard.json").read_text())
    pairs = {(pair["a"], pair["b"]): pair["raw"]["value"] for pair in board["diagnostics"]["judges_agreement"]}
    assert pairs == {("one", "three"): 0.5, ("one", "two"): 1.0, ("three", "two"): 0.5}
    detail = {entry["judge"]: entry for entry in board["judges_detail"]}
    assert set(detail) == {"one", "two", "three", "panel"}
    assert detail["three"]["reliability_pooled"]
    assert detail["one"]["consistency"]["value"] == 1.0


def test_peers_are_weighed_by_how_sharply_they_tell_models_apart(tmp_path: Path) -> None:
    with FakeServer(candidate) as server:
        assert arena("run", "-c", peer_board(tmp_path, server.openai_url)).returncode == 0
    board = json.loads((tmp_path / "out/reports/leaderboard.json").read_text())
    assert set(board["diagnostics"]["judge_aware"]) <= {row["model"] for row in board["models"]}
    assert {(p["a"], p["b"]) for p in board["diagnostics"]["judges_agreement"]} == {
        ("claude-x", "gpt-4.1"), ("claude-x", "qwen3"), ("gpt-4.1", "qwen3"),
    }  # fmt: skip


def _raw(path: Path) -> dict[str, object]:
    import yaml

    return yaml.safe_load(path.read_text())
