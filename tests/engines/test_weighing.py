"""Options weighed behind a beginning that is read once: what a plain forward pass says, whatever the architecture."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from arena.backends.local.likelihoods import Pair
from arena.types import Message, Request

pytestmark = [pytest.mark.local, pytest.mark.filterwarnings("default")]
VOCABULARY = 120
SIZES = {"vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
         "num_attention_heads": 4, "max_position_embeddings": 256}  # fmt: skip
MODELS = {
    "Llama": (SIZES | {"num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2}, True),
    "GPT2": ({"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 2, "n_head": 4, "bos_token_id": 1,
              "eos_token_id": 2}, True),
    "OPT": ({"vocab_size": VOCABULARY, "hidden_size": 32, "word_embed_proj_dim": 32, "ffn_dim": 64,
             "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 256}, True),
    "Gemma2": (SIZES | {"num_key_value_heads": 2, "head_dim": 8, "sliding_window": 16}, False),
    "Bloom": ({"vocab_size": VOCABULARY, "hidden_size": 32, "n_layer": 2, "n_head": 4, "bos_token_id": 1,
               "eos_token_id": 2}, False),
}  # fmt: skip
"""Settings by the name of a class, and whether it can go on behind a beginning: positions that turn, that are learnt,
that are learnt from the mask; a sliding window and an alibi, which cannot."""


def model_of(name: str) -> Any:
    import torch
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**MODELS[name][0])
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    for weight in model.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.1)
    return model


def asked(count: int) -> list[Any]:
    """Requests of four texts behind one context, of any length."""
    draw = random.Random(1)

    def some(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw.randrange(3, VOCABULARY) for _ in range(draw.randrange(low, high)))

    contexts = [some(12, 50) for _ in range(count)]
    return [SimpleNamespace(pairs=[Pair(own + some(1, 9), len(own)) for _ in range(4)]) for own in contexts]


def by_hand(model: Any, pair: Pair) -> tuple[float, bool]:
    import torch

    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([pair.ids])).logits[0, pair.start - 1 : -1]
    table, own = torch.log_softmax(logits.double(), dim=-1), torch.tensor(pair.ids[pair.start :])
    return float(table.gather(1, own[:, None]).sum()), bool((table.argmax(dim=-1) == own).all())


@pytest.mark.parametrize("name", MODELS)
def test_every_option_weighs_what_it_weighs_alone(name: str) -> None:
    from arena.backends.local.scales import Balance, Scales

    model, requests, line = model_of(name), asked(7), Scales()
    for request in requests:
        line.add(request)
    balance, shared = Balance(model, 0), 0
    while line:
        batch = line.next_batch(3, sharing=balance.sharing)
        shared += () not in batch
        for waiting, (value, greedy) in balance.weigh(batch, 3):
            expected, likeliest = by_hand(model, waiting.pair)
            assert value == pytest.approx(expected, abs=1e-4)
            assert greedy == likeliest
            waiting.weighed.pairs[waiting.place] = None
    assert all(pair is None for request in requests for pair in request.pairs)
    assert balance.sharing == MODELS[name][1]
    assert not balance.sharing or shared == 3


def test_out_of_memory_halves_the_rows_and_costs_no_option(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from arena.backends.local.spec import EngineSpec
    from arena.backends.local.transformers_engine import TransformersEngine

    engine = TransformersEngine(EngineSpec("transformers", str(tiny / "tiny-100"), precision="float32",
                                           engine={"batch_size": 8}))  # fmt: skip
    texts = tuple((letters, None) for letters in ("abc", "hgfe dcba", "b"))
    requests = [
        Request(
            str(n),
            str(n),
            (Message("user", f"repeat {'abcdefghi'[n:]} {'abcdefgh ' * 6}"),),
            raw=True,
            continuations=texts,
        )
        for n in range(9)
    ]

    def weighed() -> list[list[float]]:
        for number, request in enumerate(requests):
            engine.add(number, request)
        found: dict[int, list[float]] = {}
        while engine.busy:
            for number, completion in engine.step():
                found[number] = [value for value, _ in completion.loglikelihoods]
        return [found[number] for number in range(len(requests))]

    expected, forward, rows = weighed(), engine._model.forward, []

    def with_little_memory(input_ids: torch.Tensor, **arguments: object) -> object:
        rows.append(len(input_ids))
        if len(input_ids) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB")
        return forward(input_ids=input_ids, **arguments)

    monkeypatch.setattr(engine._model, "forward", with_little_memory)
    for found, wanted in zip(weighed(), expected, strict=True):
        assert found == pytest.approx(wanted, abs=1e-4)
    assert rows[:2] == [8, 4] and max(rows[2:]) == 2
    assert engine._balance.sharing
