"""Makes the sample board anew: trains the candidates, asks them the questions, writes questions and answers beside.

    python data/sample/train.py [--weights FOLDER]

Takes about a minute on two cores. The weights go to FOLDER (default: a temporary one) and are not committed.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast
from wordtasks import ADAPTER_BASE, Item, held_out_items, train_adapter, train_checkpoints, write_jsonl

HERE = Path(__file__).resolve().parent
PER_TASK = 66
BATCH = 30
MAX_TOKENS = 12


def questions(items: list[Item]) -> list[dict[str, object]]:
    """Lines of questions.jsonl."""
    return [
        {"question_id": f"w{i:03d}", "category": item.task, "turns": [item.prompt], "reference": [item.answer]}
        for i, item in enumerate(items, 1)
    ]


def answers(
    name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, asked: list[dict[str, object]]
) -> list[dict[str, object]]:
    """Lines of answers/<name>.jsonl: greedy answers in batches, with what was measured."""
    lines: list[dict[str, object]] = []
    for start in range(0, len(asked), BATCH):
        batch = asked[start : start + BATCH]
        chats = [[{"role": "user", "content": q["turns"][0]}] for q in batch]  # type: ignore[index]
        texts = tokenizer.apply_chat_template(chats, tokenize=False, add_generation_prompt=True)
        inputs = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        began = time.perf_counter()
        with torch.inference_mode():
            made = model.generate(
                input_ids=inputs.input_ids,
                attention_mask=inputs.attention_mask,
                do_sample=False,
                max_new_tokens=MAX_TOKENS,
            )
        seconds = time.perf_counter() - began
        width = inputs.input_ids.shape[1]
        for question, ids, mask in zip(batch, made[:, width:].tolist(), inputs.attention_mask, strict=True):
            ended = tokenizer.eos_token_id in ids
            count = ids.index(tokenizer.eos_token_id) + 1 if ended else len(ids)
            lines.append(_line(name, question, tokenizer.decode(ids[:count], skip_special_tokens=True), ended))
            lines[-1] |= {
                "usage": {"input_tokens": int(mask.sum()), "output_tokens": count},
                "latency_s": round(seconds, 4),
                "load": "offline-batch",
            }
    return lines


def _line(name: str, question: dict[str, object], text: str, ended: bool) -> dict[str, object]:
    status = "truncated" if not ended else "ok" if text.strip() else "empty"
    return {
        "question_id": question["question_id"],
        "model": name,
        "sample": 0,
        "turns": [text],
        "status": status,
        "finish_reason": "stop" if ended else "length",
        "key": hashlib.sha256(text.encode()).hexdigest(),
    }


def main() -> None:
    """Train, ask, write, and print the share of right answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path)
    weights = parser.parse_args().weights or Path(tempfile.mkdtemp(prefix="tiny-"))
    torch.set_num_threads(2)
    transformers.utils.logging.disable_progress_bar()
    asked = questions(held_out_items(PER_TASK))
    write_jsonl(HERE / "questions.jsonl", asked)
    folders = train_checkpoints(weights)
    base = f"tiny-{ADAPTER_BASE}"
    adapter = train_adapter(folders[base], weights / f"{base}-lora")
    for name in [*folders, adapter.name]:
        folder = folders.get(name, folders[base])
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder)
        if name not in folders:
            model.load_adapter(str(adapter))
        lines = answers(name, model.eval(), tokenizer, asked)
        write_jsonl(HERE / "answers" / f"{name}.jsonl", lines)
        right = sum(line["turns"] == q["reference"] for line, q in zip(lines, asked, strict=True))
        print(f"{name:15s} {right / len(asked):.3f}")
    print(f"weights: {weights}")


if __name__ == "__main__":
    main()
