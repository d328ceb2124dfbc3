"""What every engine must do alike: tests that every suite runs, each with its own engine.

A suite defines the fixture `engine`: a function from a model's name or folder (and fields of EngineSpec) to a Running
backend. What holds for engines that load a folder or a hub id alone stands in `folders.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kit.running import GREEDY, Running, questions, request, right

from arena.errors import EndpointDead
from arena.types import Message, Request, Sampling, Windows

Start = Callable[..., Running]
WARM = Sampling(temperature=2.0, max_tokens=8)
HOT = Sampling(temperature=2.0, top_p=0.95, top_k=40, min_p=0.01, max_tokens=8)


def _prompts(count: int) -> list[str]:
    return [q["turns"][0] for q in questions()[:count]]


def test_the_sample_boards_own_answers_come_out_again(engine: Start) -> None:
    assert right(engine("tiny-500")) > 190


def test_the_adapter_is_applied(engine: Start) -> None:
    assert right(engine("tiny-100", adapter="tiny-100-lora")) > 160  # its base: 119


@pytest.mark.parametrize("sampling", [GREEDY, WARM, HOT])
def test_a_batch_equals_one_at_a_time(engine: Start, sampling: Sampling) -> None:
    running = engine("tiny-500")
    asked = [request(text, replace(sampling, seed=i)) for i, text in enumerate(_prompts(24))]
    together = running.texts(*asked)
    alone = [running.texts(one)[0] for one in asked]
    assert together == alone
    assert len(set(together)) > 8


def test_seeds_reproduce_and_different_seeds_differ(engine: Start) -> None:
    running = engine("tiny-50")  # hardly trained: sure of nothing, wherever it was trained

    def draw(first: int) -> list[str]:
        return running.texts(*(request(text, replace(WARM, seed=first + i)) for i, text in enumerate(_prompts(24))))

    assert draw(0) == (texts := draw(0))
    assert sum(one != other for one, other in zip(texts, draw(100), strict=True)) > 12


def test_the_second_turn_sees_the_first_answer(engine: Start) -> None:
    running = engine("tiny-500")
    (talk,) = running.ask(replace(request("reverse abc"), follow_ups=("repeat abcd",)))
    assert len(talk.turns) == 2
    (first,) = running.ask(request("reverse abc"))
    seen = (Message("user", "reverse abc"), Message("assistant", first.text), Message("user", "repeat abcd"))
    (by_hand,) = running.ask(Request("k", "q", seen, sampling=GREEDY))
    assert talk.turns == (first.text, by_hand.text)
    assert talk.usage.input_tokens == (first.usage.input_tokens or 0) + (by_hand.usage.input_tokens or 0)


def test_a_stop_string_ends_the_text_and_is_not_part_of_it(engine: Start) -> None:
    running = engine("tiny-500")
    assert running.texts(request("repeat abcd")) == ["abcd"]
    (stopped,) = running.ask(request("repeat abcd", replace(GREEDY, stop=("cd", "zz"))))
    assert (stopped.text, stopped.status, stopped.finish_reason) == ("ab", "ok", "stop")


def test_the_token_limit_truncates(engine: Start) -> None:
    (cut,) = engine("tiny-500").ask(request("repeat abcd", replace(GREEDY, max_tokens=2)))
    assert (cut.text, cut.status, cut.finish_reason) == ("ab", "truncated", "length")


def test_a_question_longer_than_the_context_is_a_failure_of_that_question_alone(engine: Start) -> None:
    running = engine("tiny-500")
    long, short = running.ask(request("a" * 5000), request("repeat ab"))
    assert long.status == "bad_request"
    assert "tokens, the context holds" in str(long.error)
    assert short.status == "ok"


def test_a_verdict_can_only_be_one_of_the_labels_and_has_their_probabilities(engine: Start) -> None:
    labels = ("A", "B", "tie")
    asked = [replace(request(f"who? {i}"), choices=labels, top_logprobs=5) for i in range(6)]
    for completion in engine("tiny-500").ask(*asked):
        assert completion.text in labels
        first = completion.logprobs[0]
        known = dict(first.top)
        assert {"A", "B", "t"} <= known.keys()
        assert sum(math.exp(known[token]) for token in ("A", "B", "t")) == pytest.approx(1, abs=1e-3)
        assert first.logprob == pytest.approx(known[first.token])
        assert all(math.isfinite(p) for token in completion.logprobs for _, p in token.top)


def test_a_model_that_says_nothing_is_empty(engine: Start) -> None:
    (silent,) = engine("tiny-500").ask(request("repeat abcd", replace(GREEDY, stop=("a",))))
    assert (silent.status, silent.turns) == ("empty", ("",))


def test_a_base_model_without_a_chat_template_completes_plain_text(
    engine: Start, tiny: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = copy_folder(tiny / "tiny-500", tmp_path_factory.mktemp("base"))
    for file in base.glob("chat_template*"):
        file.unlink()
    settings = json.loads((base / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (base / "tokenizer_config.json").write_text(json.dumps(settings))
    plain = engine(base)
    (answer,) = plain.ask(request("repeat abcd"))
    assert "no chat template" in plain.backend.notes[0]
    assert answer.usage.input_tokens in {len("repeat abcd"), len("repeat abcd") + 1}
    plain.close()
    template = (
        "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] }}{% endfor %}<|assistant|>"
    )
    chatting = engine(base, chat_template=template)
    assert chatting.texts(request("repeat abcd")) == ["abcd"]
    assert chatting.backend.notes == []


def test_an_adapter_that_does_not_fit_its_base_says_so(
    engine: Start, tiny: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    adapter = copy_folder(tiny / "tiny-100-lora", tmp_path_factory.mktemp("adapter"))
    shrink_adapter(adapter / "adapter_model.safetensors")
    with pytest.raises(EndpointDead, match=r"this adapter does not fit .*tiny-100"):
        engine("tiny-100", adapter=adapter).ask(request("repeat ab"))


def test_latency_tokens_and_memory_are_measured(engine: Start) -> None:
    (answer,) = engine("tiny-500").ask(request("repeat abcd"))
    assert answer.ttft_s is not None
    assert answer.latency_s is not None
    assert 0 < answer.ttft_s <= answer.latency_s
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (14, 5)
    assert answer.load == "offline-batch"
    assert (answer.peak_memory_bytes or 0) > 50_000_000


@pytest.mark.parametrize("adapter", [None, "tiny-100-lora"])
def test_log_likelihoods_are_those_of_a_plain_forward_pass(engine: Start, tiny: Path, adapter: str | None) -> None:
    """Chats and plain texts, several texts behind one prompt, contexts of their own, none at all."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny / "tiny-100")
    model = AutoModelForCausalLM.from_pretrained(tiny / "tiny-100", dtype=torch.float32).eval()
    if adapter is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(tiny / adapter)).eval()

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False))

    def by_hand(before: list[int], text: str) -> tuple[float, bool]:
        own = encode(text)
        ids = torch.tensor([before + own])
        with torch.inference_mode():
            table = torch.log_softmax(model(input_ids=ids).logits[0].double(), dim=-1)[len(before) - 1 : -1]
        told = table[range(len(own)), own]
        return float(told.sum()), bool((table.argmax(dim=-1) == torch.tensor(own)).all())

    running, expected, asked = engine("tiny-100", adapter=adapter), [], []
    for number, question in enumerate(_prompts(12)):
        texts = [question.split()[-1], question.split()[-1][::-1], "a b", "hgfe"]
        chat = tokenizer.apply_chat_template([{"role": "user", "content": question}], tokenize=False,
                                             add_generation_prompt=True)  # fmt: skip
        raw = number % 2 == 1
        before = encode(question) if raw else encode(chat)
        pairs = tuple((text, None) for text in texts)
        asked.append(replace(request(question), raw=raw, continuations=pairs))
        expected.append([by_hand(before, text) for text in texts])
    start = [tokenizer.bos_token_id]
    asked.append(
        replace(request("repeat ab"), raw=True, continuations=(("ab", "repeat "), ("ba", "reverse"), ("abc", "")))
    )
    expected.append([by_hand(encode("repeat"), " ab"), by_hand(encode("reverse"), "ba"), by_hand(start, "abc")])
    greedy = 0
    for completion, wanted in zip(running.ask(*asked), expected, strict=True):
        assert (completion.status, completion.error) == ("ok", None)
        assert [value for value, _ in completion.loglikelihoods] == pytest.approx([v for v, _ in wanted], abs=1e-4)
        assert [flag for _, flag in completion.loglikelihoods] == [flag for _, flag in wanted]
        greedy += sum(flag for _, flag in wanted)
    assert greedy > 2


def shrink_adapter(file: Path) -> None:
    """Make every matrix of an adapter a little too narrow for its base."""
    from safetensors.torch import load_file, save_file

    weights = load_file(file)
    save_file({name: w[..., :-8].contiguous() if "lora_A" in name else w for name, w in weights.items()}, file)


def copy_folder(source: Path, target: Path) -> Path:
    """The files of a folder in another."""
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_a_text_in_windows_weighs_what_transformers_says_by_hand(engine: Start, tiny: Path) -> None:
    """Every token but those before the first window's past counts once, behind what its window holds."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny / "tiny-100")
    model = AutoModelForCausalLM.from_pretrained(tiny / "tiny-100", dtype=torch.float32).eval()
    text = " ".join(_prompts(12))
    own = list(tokenizer.encode(text, add_special_tokens=False))
    start = [tokenizer.bos_token_id]
    settings = [Windows(24, 16, True), Windows(24, 16, False), Windows(32, 1, True)]

    def by_hand(windows: Windows) -> tuple[float, int]:
        ids, total = (start if windows.first and own[:1] != start else []) + own, 0.0
        for at in range(1, len(ids)):
            begin = next(b for b in range(0, len(ids), windows.stride) if at < b + windows.window)
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([ids[begin:at]])).logits[0, -1]
            total += float(torch.log_softmax(logits.double(), dim=-1)[ids[at]])
        return total, len(ids) - 1

    asked = [replace(request(text), raw=True, windows=one) for one in settings]
    for windows, completion in zip(settings, engine("tiny-100").ask(*asked), strict=True):
        assert (completion.status, completion.error) == ("ok", None)
        total, tokens = by_hand(windows)
        assert completion.weighed_tokens == tokens
        assert abs(sum(value for value, _ in completion.loglikelihoods) - total) / tokens < 1e-5
    wide = replace(request("wide"), raw=True, windows=Windows(10_000, 1, True))
    (failed,) = engine("tiny-100").ask(wide)
    assert failed.status == "bad_request" and "scores.perplexity.window" in (failed.error or "")
