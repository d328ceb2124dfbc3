"""The weighted number: only on request, with its weights, never the rank."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, leaderboard, models_of
from kit.commands import arena

from arena.board.open import open_board
from arena.config.loading import load_config
from arena.scores.overall import with_overall
from arena.types import JSON


def with_weights(folder: Path, **weights: float) -> Path:
    return edit_config(arithmetic_board(folder), scores={"metrics": ["accuracy"], "overall": weights})


def test_quality_alone_is_the_win_rate_and_ranks_nothing(tmp_path: Path) -> None:
    config = with_weights(tmp_path, quality=2)
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    rows = models_of(tmp_path)
    assert rows["right"]["scores"]["overall"] == {  # type: ignore[index]
        "value": rows["right"]["win_rate"], "missing": [],
        "parts": {"quality": {"value": rows["right"]["win_rate"], "weight": 2.0}},
    }  # fmt: skip
    assert leaderboard(tmp_path)["ranked_by"] == "bradley_terry"
    assert "overall by the config's weights (quality 2), in no rating:" in arena("score", "-c", config).stdout


def test_a_part_that_is_lacking_leaves_no_number(tmp_path: Path) -> None:
    config = with_weights(tmp_path, quality=1, safety=1)
    assert arena("run", "-c", config).returncode == 0
    own = models_of(tmp_path)["right"]["scores"]["overall"]  # type: ignore[index]
    assert "safety: found by `arena probe`" in arena("score", "-c", config).stdout
    assert own["value"] is None and own["missing"] == ["safety"]


def test_the_mean_by_hand(tmp_path: Path) -> None:
    board = open_board(load_config(str(with_weights(tmp_path, quality=2, efficiency=1, safety=1, robustness=0))))

    def row(model: str, rate: float, seconds: float, told: float) -> dict[str, JSON]:
        probes: JSON = {"leak": {"group": "safety", "value": told}, "typo": {"group": "disturbance", "effect": -0.2}}
        return {"model": model, "win_rate": rate, "performance": {"load": "api", "latency_p50_s": seconds},
                "scores": {"probes": probes}}  # fmt: skip

    document: dict[str, JSON] = {"models": [row("a", 0.75, 1.0, 0.0), row("b", 0.25, 4.0, 0.5)]}
    found = with_overall(board, document)["models"]
    assert [one["scores"]["overall"]["value"] for one in found] == [  # type: ignore[index,call-overload,union-attr]
        pytest.approx((2 * 0.75 + 1 + 1) / 4), pytest.approx((2 * 0.25 + 0.25 + 0.5) / 4),
    ]  # fmt: skip
    assert found[0]["scores"]["probes"], "what stood there stays"  # type: ignore[index,call-overload]


def test_without_weights_there_is_none(tmp_path: Path) -> None:
    config = edit_config(arithmetic_board(tmp_path), scores={"metrics": ["accuracy"]})
    assert arena("run", "-c", config).returncode == 0
    assert "overall" not in models_of(tmp_path)["right"]["scores"]  # type: ignore[operator]
    done = arena("check", "-c", with_weights(tmp_path, quality=0))
    assert done.returncode == 2 and "scores.overall: no weight above 0" in done.stderr
