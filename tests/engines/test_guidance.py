"""Replies held to labels and to JSON schemas, by a model of random weights that would never keep to them by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kit.running import GREEDY, Running, request

from arena.formats.structured import JsonVerdict
from arena.types import JSON, Parsed, Sampling

pytestmark = [pytest.mark.local, pytest.mark.filterwarnings("default")]
SCHEMA: dict[str, JSON] = {
    "type": "object",
    "properties": {
        "explanation": {"type": "string", "maxLength": 20},
        "verdict": {"type": "string", "enum": ["A", "B", "tie"]},
        "score": {"type": "integer", "enum": [1, 2, 10]},
    },
    "required": ["explanation", "verdict", "score"],
    "additionalProperties": False,
}
CHAT = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
WILD = Sampling(temperature=3.0, max_tokens=400)


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of random weights that writes bytes; its vocabulary is wider than its tokenizer's, as is common."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("wild")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate(["<pad>", "</s>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>")
    fast.chat_template = CHAT
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=320, hidden_size=64, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=2048, bos_token_id=None, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def start(wild: Path) -> Iterator[Callable[..., Running]]:
    started: dict[Path, Running] = {}

    def get(model: Path = wild) -> Running:
        if model not in started:
            started[model] = Running("transformers", model)
        return started[model]

    yield get
    for running in started.values():
        running.close()


def test_every_reply_is_an_object_of_the_schema_and_free_ones_beside_it_stay_free(
    start: Callable[..., Running],
) -> None:
    running = start()
    held = [replace(request("who?", replace(WILD, seed=i)), schema=SCHEMA) for i in range(10)]
    free = [request("who?", replace(WILD, max_tokens=8, seed=i)) for i in range(4)]
    replies = running.ask(*held, *free)
    for reply in replies[:10]:
        assert (reply.status, reply.enforced) == ("ok", True)
        said = json.loads(reply.text)
        assert list(said) == ["explanation", "verdict", "score"]
        assert said["verdict"] in {"A", "B", "tie"}
        assert said["score"] in {1, 2, 10}
        assert len(said["explanation"]) <= 20
    assert len({json.loads(reply.text)["verdict"] for reply in replies[:10]}) > 1
    assert {reply.enforced for reply in replies[10:]} == {None}
    assert running.texts(*free) == [reply.text for reply in replies[10:]]


def test_the_schema_of_a_judge_holds_the_code_of_the_question_from_the_first_request_on(
    start: Callable[..., Running],
) -> None:
    code = "0a1b2c3d4e5f"
    fmt = JsonVerdict()
    asked = [
        replace(request(f"{i}?", replace(WILD, seed=i)), schema=fmt.schema(), narrow_schema=fmt.schema(code))
        for i in range(8)
    ]
    replies = start().ask(*asked)
    whole = [reply for reply in replies if reply.status == "ok"]
    assert whole
    for reply in whole:
        said = json.loads(reply.text)
        assert (said["code"], reply.enforced) == (code, True)
        assert isinstance(fmt.parse(reply.text, code), Parsed)


def test_a_schema_that_cannot_be_guided_is_left_to_the_prompt_and_said_once(start: Callable[..., Running]) -> None:
    running = start()
    odd: dict[str, JSON] = {"type": "no-such-type"}
    replies = running.ask(*(replace(request(f"{i}", replace(GREEDY, max_tokens=4)), schema=odd) for i in range(3)))
    assert {reply.enforced for reply in replies} == {False}
    assert [note.partition(":")[0] for note in running.backend.notes] == ["replies are not held to their JSON schema"]


def test_a_tokenizer_that_cannot_be_guided_is_no_reason_to_fail(start: Callable[..., Running], tiny: Path) -> None:
    running = start(tiny / "tiny-500")  # characters without a byte-level decoder
    (reply,) = running.ask(replace(request("repeat abcd"), schema=SCHEMA))
    assert (reply.text, reply.enforced) == ("abcd", False)
    assert "not held to their JSON schema" in running.backend.notes[0]


def test_a_label_ends_the_reply_by_itself(start: Callable[..., Running]) -> None:
    labels = ("A", "B", "B+")
    asked = [replace(request("who?", replace(WILD, seed=i)), choices=labels, top_logprobs=3) for i in range(12)]
    replies = start().ask(*asked)
    assert {reply.text for reply in replies} == set(labels)
    lengths = {reply.text: reply.usage.output_tokens for reply in replies}
    assert lengths == {"A": 1, "B": 2, "B+": 2}  # after B comes its end, or a plus


def test_a_reply_is_guided_once_its_reasoning_is_closed(wild: Path) -> None:
    import torch
    from transformers import AutoTokenizer

    from arena.backends.local.decoding import Decoding, Row
    from arena.backends.local.guidance import OneOf

    tokenizer = AutoTokenizer.from_pretrained(wild)

    def ids(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False)

    row = Row([0], 100, 0, guide=OneOf([ids("A"), ids("B")], 1), thinking=True)
    decoding = Decoding([row], tokenizer, {1}, GREEDY)
    for token in ids("hm. A</think>hm. A"):
        scores = torch.zeros((1, 320))
        scores[0, token] = 1.0
        decoding(torch.tensor([[0]]), scores)
    assert row.done
    assert decoding.text(row) == "hm. A</think>A"
