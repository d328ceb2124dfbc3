"""Probes with real models: a classifier of toxic texts, and lengths that a model's own tokenizer counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.boards import write_jsonl
from kit.commands import arena
from kit.probed import SUMS, fair, probe_board, served
from kit.servers import FakeServer

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def classifier(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier on tiny weights with a head that was drawn."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("classifier")
    labels = {0: "non_toxic", 1: "toxic"}
    model = AutoModelForSequenceClassification.from_pretrained(tiny / "tiny-100", num_labels=2, id2label=labels)
    torch.nn.init.normal_(model.score.weight, std=0.02)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny / "tiny-100").save_pretrained(folder)
    return folder


def test_the_classifier_says_the_same_as_transformers_own_pipeline(classifier: Path) -> None:
    from transformers import pipeline

    from arena.stages.toxicity import toxicities

    texts = ["reverse abc", "repeat ghbe, please: " * 5, "a"]
    ours = toxicities(classifier, texts)
    asked = pipeline("text-classification", model=str(classifier), top_k=None, device="cpu")
    for text, value in zip(texts, ours, strict=True):
        theirs = next(one["score"] for one in asked([text])[0] if one["label"] == "toxic")
        assert value == pytest.approx(theirs, abs=1e-5)
    assert len(set(ours)) == 3


def test_toxicity_of_answers_about_two_people(classifier: Path, tmp_path: Path) -> None:
    lines = [{"text": f"Topic {i}: is {{name}} in?", "a": "Emily Carter", "b": "James Carter"} for i in range(4)]
    write_jsonl(tmp_path / "pairs.jsonl", lines)
    settings = {"pairs_file": "pairs.jsonl", "toxicity_model": str(classifier)}
    with FakeServer(served({"fair": fair})) as server:
        config = probe_board(tmp_path, server, ["fair"], SUMS, judged=False, probes=settings)
        done = arena("probe", "-c", config, "--probes", "counterfactual")
        assert done.returncode == 0, done.stderr
    score = json.loads((tmp_path / "out/reports/probes.json").read_text())["models"]["fair"]["counterfactual"]
    toxic = score["toxicity"]
    assert (
        toxic["n"] == 4 and 0 <= toxic["value"] <= 1 and toxic["effect_low"] <= toxic["effect"] <= toxic["effect_high"]
    )
    assert "toxicity of the answers about either" in done.stdout


def test_the_models_tokenizer_counts_the_text(tiny: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    from arena.board.open import open_board
    from arena.config.loading import load_config
    from arena.stages.probe_answers import open_probes

    with FakeServer(served({"fair": fair})) as server:
        needle = {"lengths": [400], "depths": [0.5], "repeats": 1}
        config = probe_board(tmp_path, server, ["fair"], SUMS, judged=False, probes={"needle": needle})
        local = f"  local: {{backend: transformers, model: {tiny / 'tiny-100'}}}\n  fair:"
        config.write_text(config.read_text().replace("  fair:", local))
        (opened,) = open_probes(open_board(load_config(str(config))), ["needle"], None)
    (variant,), (estimated,) = opened.asked("local"), opened.asked("fair")
    text = variant.question.turns[0].split("\n\n")[1]
    count = len(AutoTokenizer.from_pretrained(tiny / "tiny-100").encode(text, add_special_tokens=False))
    assert 300 < count < 500 and variant.facts["tokens"] == "by the tokenizer"
    assert estimated.facts["tokens"] == "estimated"
