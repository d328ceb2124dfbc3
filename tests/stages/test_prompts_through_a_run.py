"""Every shipped prompt through a whole run with the rule-based judge: the format must not change the result."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from kit.boards import arithmetic_board, edit_config, leaderboard, read_jsonl
from kit.commands import arena

from arena.config.shipped import shipped
from arena.formats import format_of
from arena.prompts import load_prompt

pytestmark = pytest.mark.slow

FOLDER = shipped("configs") / "prompts"
PROMPTS = [load_prompt(path.stem, [FOLDER]) for path in sorted(FOLDER.glob("*.yaml"))]
PAIRWISE = [prompt.name for prompt in PROMPTS if prompt.kind == "pairwise"]
SINGLE = [prompt.name for prompt in PROMPTS if prompt.kind == "single"]


@pytest.mark.parametrize("name", PAIRWISE)
def test_a_pairwise_format_changes_no_outcome(tmp_path: Path, name: str) -> None:
    config = arithmetic_board(tmp_path, prompt=name)
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    models = {row["model"]: row for row in leaderboard(config.parent)["models"]}
    assert (models["right"]["win_rate"], models["wrong"]["win_rate"]) == (0.75, 0.25)
    for reply in read_jsonl(tmp_path / "out" / "reviews" / "reference.jsonl"):
        assert reply["nonce"] in str(reply["request"])
        assert format_of(str(reply["format"])).kind == "pairwise"


@pytest.mark.parametrize("name", SINGLE)
def test_a_single_format_gives_right_answers_the_top_and_wrong_ones_the_bottom(tmp_path: Path, name: str) -> None:
    config = arithmetic_board(tmp_path, mode="single", baseline=None, prompt=name)
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    models = {row["model"]: row for row in leaderboard(config.parent)["models"]}
    assert (models["right"]["score"], models["wrong"]["score"]) == (10, 1)
    assert 5 < models["half"]["score"] < 6
    if name == "safety-v1":
        assert (models["right"]["criteria"]["violation"], models["wrong"]["criteria"]["violation"]) == (0, 1)


@pytest.mark.parametrize("config", ["cfg_single.yaml", "cfg_pairwise_baseline.yaml", "cfg_arena.yaml"])
def test_shipped_configs_rehearse_with_a_prompt_per_category(tmp_path: Path, config: str) -> None:
    done = arena("run", "-c", config, "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    raw = yaml.safe_load((shipped("configs") / config).read_text(encoding="utf-8"))
    ledgers = sorted(tmp_path.glob("runs/*/dry-run/reviews/*.jsonl"))
    assert len(ledgers) == len(raw["reviews_gen"]["judges"])
    for ledger in ledgers:
        assert {reply["prompt"] for reply in read_jsonl(ledger)} == set(raw["reviews_gen"]["prompt"].values())


def test_a_rehearsal_of_soft_verdicts_has_probabilities(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, prompt="label-only-v1")
    assert arena("run", "-c", config, "--dry-run").returncode == 0
    battles = read_jsonl(tmp_path / "out" / "dry-run" / "reports" / "battles.jsonl")
    probabilities = [verdict["probability"] for battle in battles for verdict in battle["verdicts"]]
    assert all(0 < p < 1 for p in probabilities)
    assert any(battle["outcome"] * 4 % 1 for battle in battles)


def test_scores_on_different_scales_do_not_share_a_board(tmp_path: Path) -> None:
    other = (FOLDER / "single-v1.yaml").read_text(encoding="utf-8").replace("scale: [1, 10]", "scale: [0, 5]")
    (tmp_path / "stars.yaml").write_text(other, encoding="utf-8")
    config = arithmetic_board(tmp_path, mode="single", baseline=None, prompt={"default": "single-v1", "math": "stars"})
    done = arena("run", "-c", config)
    assert done.returncode == 2
    assert "scores of one board need one scale" in done.stderr
    raw = yaml.safe_load(config.read_text(encoding="utf-8"))
    edit_config(config, reviews_gen=raw["reviews_gen"] | {"prompt": "stars"})
    assert arena("run", "-c", config).returncode == 0
    assert max(row["score"] for row in leaderboard(config.parent)["models"]) == 5
