"""What engines that load a saved folder or a hub id must do alike, beside `behaviour.py`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kit.behaviour import copy_folder
from kit.running import Running, questions, request

from arena.errors import EndpointDead
from arena.types import Sampling, Windows

Start = Callable[..., Running]


def test_what_the_request_leaves_open_is_as_the_models_own_generation_config_says(
    engine: Start, tiny: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cold = copy_folder(tiny / "tiny-500", tmp_path_factory.mktemp("cold"))
    stated = json.loads((cold / "generation_config.json").read_text())
    stated.pop("do_sample", None)
    (cold / "generation_config.json").write_text(json.dumps(stated | {"temperature": 0.01, "max_new_tokens": 3}))
    running = engine(cold)
    open_to_all = [request("repeat abcd", Sampling(seed=i)) for i in range(8)]
    assert set(running.texts(*open_to_all)) == {"abc"}
    assert running.texts(request("repeat abcd", Sampling(temperature=0, max_tokens=12))) == ["abcd"]


def test_a_broken_model_folder_says_which(engine: Start, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "no-such-architecture"}')
    with pytest.raises(EndpointDead, match=str(tmp_path)):
        engine(tmp_path).ask(request("repeat ab"))


def test_an_unreachable_hub_says_so(engine: Start) -> None:
    with pytest.raises(EndpointDead, match="nobody/no-such-model: the hub cannot be reached"):
        engine(Path("nobody/no-such-model")).ask(request("repeat ab"))


def test_a_text_in_half_precision_weighs_nearly_the_same(engine: Start) -> None:
    text = " ".join(question["turns"][0] for question in questions()[:12])
    asked = replace(request(text), raw=True, windows=Windows(64, 32, True))
    (full,), (half,) = (engine("tiny-100", precision=p).ask(asked) for p in ("float32", "bfloat16"))
    assert full.weighed_tokens == half.weighed_tokens is not None
    gap = sum(value for value, _ in full.loglikelihoods) - sum(value for value, _ in half.loglikelihoods)
    assert abs(gap) / (full.weighed_tokens or 1) < 1e-2
