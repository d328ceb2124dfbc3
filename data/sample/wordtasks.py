"""Tiny language models that learn word tasks in seconds, so that their true order is known.

Three tasks over words of the letters a to h: `reverse dcfc` → `cfcd`, `repeat dcfc` → `dcfc`, `last letter dcfc` → `c`.
A Llama with 800k parameters and a character tokenizer (chat template included) is trained on some prompts and tested on
others. Checkpoints taken later are better, and a LoRA on an early one beats it: real candidates for demos and tests.

    python data/sample/wordtasks.py FOLDER

trains all of them into FOLDER (about 45 s on two cores). Needs torch, transformers and, for the adapter, peft.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

LETTERS = "abcdefgh"
LENGTHS = (2, 3, 4)
TASKS: dict[str, Callable[[str], str]] = {
    "reverse": lambda word: word[::-1],
    "repeat": lambda word: word,
    "last letter": lambda word: word[-1],
}
STEPS = (50, 100, 150, 250, 500)
ADAPTER_BASE = 100
ADAPTER_STEPS = 150

PAD, BOS, EOS, UNKNOWN, USER, ASSISTANT, SYSTEM = (
    "<pad>", "<s>", "</s>", "<unk>", "<|user|>", "<|assistant|>", "<|system|>",
)  # fmt: skip
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] }}"
    "{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


class Item(NamedTuple):
    """One prompt with its right answer."""

    task: str
    prompt: str
    answer: str


def all_items() -> list[Item]:
    """Every task on every word, in a fixed order."""
    words = ("".join(w) for n in LENGTHS for w in itertools.product(LETTERS, repeat=n))
    return [Item(task, f"{task} {word}", solve(word)) for word in words for task, solve in TASKS.items()]


def is_held_out(prompt: str) -> bool:
    """Whether a prompt belongs to the tenth that no model is trained on."""
    return zlib.crc32(prompt.encode()) % 10 == 0


def training_items() -> list[Item]:
    """What models learn from."""
    return [item for item in all_items() if not is_held_out(item.prompt)]


def held_out_items(per_task: int, seed: int = 0) -> list[Item]:
    """As many unseen prompts of every task, drawn with a seed, tasks taking turns."""
    pools = {task: [i for i in all_items() if i.task == task and is_held_out(i.prompt)] for task in TASKS}
    rng = random.Random(seed)
    drawn = [rng.sample(pool, per_task) for pool in pools.values()]
    return [item for row in zip(*drawn, strict=True) for item in row]


def make_tokenizer() -> PreTrainedTokenizerFast:
    """One token per printable ASCII character, with a chat template."""
    special = [PAD, BOS, EOS, UNKNOWN, USER, ASSISTANT, SYSTEM]
    characters = ["\n", *(chr(c) for c in range(32, 127))]
    vocabulary = {token: i for i, token in enumerate([*special, *characters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNKNOWN,
        additional_special_tokens=[USER, ASSISTANT, SYSTEM],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        padding_side="left",
        model_max_length=4096,
    )


def make_model(tokenizer: PreTrainedTokenizerFast, seed: int = 0) -> LlamaForCausalLM:
    """An untrained Llama: hidden 128, 3 layers, heads of 32."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=32,
        max_position_embeddings=4096,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=False,
    )
    return LlamaForCausalLM(config).to(torch.float32)


def train(
    model: torch.nn.Module,
    tokenizer: PreTrainedTokenizerFast,
    steps: int,
    *,
    seed: int,
    learning_rate: float = 2e-3,
    batch_size: int = 64,
    at_step: Callable[[int], None] | None = None,
) -> None:
    """Train on random training prompts, calling `at_step` after every step; the loss covers the answers alone."""
    rng = random.Random(seed)
    items = training_items()
    wanted = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(wanted, lr=learning_rate, weight_decay=0.01)
    model.train()
    for step in range(1, steps + 1):
        inputs, labels, mask = _batch(rng.choices(items, k=batch_size), tokenizer)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min(1.0, step / 20, 1.02 - step / steps)
        loss = model(input_ids=inputs, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(wanted, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if at_step is not None:
            at_step(step)
    model.eval()


def train_checkpoints(out: Path, steps: Sequence[int] = STEPS, *, seed: int = 1) -> dict[str, Path]:
    """Train once and save `tiny-N` after N steps, as folders transformers and vLLM can load. {name: folder}."""
    tokenizer = make_tokenizer()
    model = make_model(tokenizer, seed)
    saved: dict[str, Path] = {}

    def save(step: int) -> None:
        if step in steps:
            saved[f"tiny-{step}"] = folder = out / f"tiny-{step}"
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)

    save(0)
    train(model, tokenizer, max(steps), seed=seed, at_step=save)
    return saved


def train_adapter(base: Path, out: Path, steps: int = ADAPTER_STEPS, *, seed: int = 1) -> Path:
    """Train a LoRA (r = 8) on a saved checkpoint and save it to `out`."""
    from peft import LoraConfig, get_peft_model

    tokenizer = PreTrainedTokenizerFast.from_pretrained(base)
    torch.manual_seed(seed)
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    lora = LoraConfig(r=8, lora_alpha=16, target_modules=targets, task_type="CAUSAL_LM")
    model = get_peft_model(LlamaForCausalLM.from_pretrained(base), lora)
    train(model, tokenizer, steps, seed=seed)
    model.save_pretrained(out)
    return out


def write_jsonl(path: Path, lines: Iterable[dict[str, object]]) -> None:
    """One JSON object per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def _batch(
    items: Sequence[Item], tokenizer: PreTrainedTokenizerFast
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids, labels (-100 where there is no loss) and attention mask, padded on the right."""
    rows = []
    for item in items:
        prompt = tokenizer.encode(f"{BOS}{USER}{item.prompt}{ASSISTANT}", add_special_tokens=False)
        answer = tokenizer.encode(f"{item.answer}{EOS}", add_special_tokens=False)
        rows.append((prompt, answer))
    width = max(len(prompt) + len(answer) for prompt, answer in rows)
    inputs = torch.full((len(rows), width), tokenizer.pad_token_id)
    labels = torch.full((len(rows), width), -100)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for i, (prompt, answer) in enumerate(rows):
        ids = prompt + answer
        inputs[i, : len(ids)] = torch.tensor(ids)
        labels[i, len(prompt) : len(ids)] = torch.tensor(answer)
        mask[i, : len(ids)] = 1
    return inputs, labels, mask


if __name__ == "__main__":
    target = Path(sys.argv[1])
    torch.set_num_threads(2)
    trained = train_checkpoints(target)
    train_adapter(trained[f"tiny-{ADAPTER_BASE}"], target / f"tiny-{ADAPTER_BASE}-lora")
