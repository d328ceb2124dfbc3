"""A tiny reward model made in place, and what every engine that scores must do alike."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.running import Running, arena, questions, write_board

from arena.errors import EndpointDead
from arena.types import Message, Request

Start = Callable[..., Running]


def make(base: Path, folder: Path, labels: int = 1) -> Path:
    """A trained candidate with a head of drawn weights in place of its own: numbers that depend on every token."""
    import torch
    from transformers import AutoTokenizer, LlamaForSequenceClassification

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = LlamaForSequenceClassification.from_pretrained(
        base, num_labels=labels, pad_token_id=tokenizer.pad_token_id, ignore_mismatched_sizes=True
    )
    with torch.no_grad():
        model.score.weight.normal_(0.0, 1.0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def conversations(count: int) -> list[Request]:
    """Answered questions of different lengths."""
    asked = [q["turns"][0] for q in questions()[:count]]
    return [
        Request(f"k{i}", "q", (Message("user", text), Message("assistant", text.split()[-1] * (1 + i % 3))))
        for i, text in enumerate(asked)
    ]


def plain_scores(folder: Path, asked: list[Request]) -> list[float]:
    """transformers' own, one conversation at a time."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    found = []
    for request in asked:
        chat = [{"role": m.role, "content": m.content} for m in request.messages]
        text = tokenizer.apply_chat_template(chat, tokenize=False)
        ids = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids
        with torch.inference_mode():
            found.append(float(model(input_ids=ids).logits[0, 0]))
    return found


@pytest.fixture(scope="module")
def reward_model(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one label."""
    return make(tiny / "tiny-100", tmp_path_factory.mktemp("reward"))


def test_scores_are_the_models_own_logits_alone_and_together(engine: Start, reward_model: Path) -> None:
    running, asked = engine(reward_model, reward=True), conversations(24)
    together = [float(text) for text in running.texts(*asked)]
    assert together == pytest.approx(plain_scores(reward_model, asked), abs=2e-4)
    assert together[:6] == pytest.approx([float(running.texts(one)[0]) for one in asked[:6]], abs=2e-4)
    assert len({round(score, 3) for score in together}) > 12
    assert min(together) < 0 or max(together) > 1  # no sigmoid of it


def test_a_score_counts_the_tokens_it_read_and_writes_none(engine: Start, reward_model: Path) -> None:
    (one,) = engine(reward_model, reward=True).ask(*conversations(1))
    assert (one.status, one.usage.output_tokens) == ("ok", 0)
    assert (one.usage.input_tokens or 0) > 10
    assert one.latency_s


def test_a_conversation_longer_than_the_context_is_a_failure_of_that_one_alone(
    engine: Start, reward_model: Path
) -> None:
    long = Request("k", "q", (Message("user", "repeat ab"), Message("assistant", "ab" * 3000)))
    refused, fine = engine(reward_model, reward=True).ask(long, *conversations(1))
    assert (refused.status, fine.status) == ("bad_request", "ok")
    assert "tokens, the context holds" in str(refused.error)


def test_what_is_no_reward_model_says_so(engine: Start, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    classes = make(tiny / "tiny-100", tmp_path_factory.mktemp("classes"), labels=3)
    for folder in (tiny / "tiny-100", classes):
        with pytest.raises(EndpointDead, match="no reward model"):
            engine(folder, reward=True).ask(*conversations(1))


def judged_board(folder: Path, entry: dict[str, object], environment: dict[str, str]) -> list[dict[str, object]]:
    """The battles of two recorded candidates before a reward model."""
    from kit.paths import SAMPLE

    recorded = {
        name: {"backend": "recorded", "file": str(SAMPLE / "answers" / f"{name}.jsonl")}
        for name in ("tiny-100", "tiny-500")
    }
    reviews = {"mode": "pairwise_baseline", "baseline": "tiny-100", "judges": {"rm": entry}}
    config = write_board(folder, recorded, reviews_gen=reviews)  # type: ignore[arg-type]
    done = arena("run", "-c", config, "--limit", "12", environment=environment)
    assert done.returncode == 0, done.stderr
    rows = (folder / "board/reports/battles.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, rows) if row["state"] == "rated"]


def assert_probabilities(rows: list[dict[str, object]], temperature: float) -> None:
    """That outcomes are those of the scores."""
    assert len(rows) == 12
    judged = [row["verdicts"][0] for row in rows if row["verdicts"][0]["status"] == "ok"]  # type: ignore[index]
    assert judged
    for verdict in judged:
        expected = 1 / (1 + math.exp(-(verdict["score_a"] - verdict["score_b"]) / temperature))
        assert verdict["probability"] == pytest.approx(expected, rel=1e-6)
