"""Benchmarks by log-likelihood: our throughput beside lm-eval's own hf model, on the same random weights and documents.

    .venv-local/bin/python measurements/benchmarks.py [short] [long]

Batches of 16, float32 and one thread on both sides. CPU seconds of whole processes, start and load taken off (each
side runs with few documents and with all, each the least of RUNS). `make test-bench` makes the environment.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
FEW, RUNS, TASK = 4, 2, "hellaswag"
LENGTHS = {"short": (400, range(5, 6), range(3, 4)), "long": (100, range(20, 60), range(5, 25))}
"""Documents, words of a question, words of each of its four options; those of the real task are like the long."""

THEIRS = """
import sys
from arena.config.benchmarks import BenchmarksConfig
from arena.evals.exams import open_exams
from arena.evals.lm import lm_task
import lm_eval
from lm_eval.models.huggingface import HFLM
section = BenchmarksConfig.model_validate({"data_dir": sys.argv[2], "tasks": [sys.argv[3]]})
(exam,) = open_exams(section, 0)
task = lm_task(exam._settings(exam.parts[0].subject), exam.parts[0], exam.shots)
model = HFLM(pretrained=sys.argv[1], device="cpu", batch_size=16, dtype="float32")
lm_eval.simple_evaluate(model=model, tasks=[task], limit=int(sys.argv[4]), bootstrap_iters=0, verbosity="ERROR")
"""


def cpu_s(*command: str) -> float:
    """CPU seconds of a command and all it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def weights(folder: Path, text: str) -> Path:
    """A random model of a few million parameters: the work does not depend on what it says."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    own = Tokenizer(models.BPE())
    own.pre_tokenizer, own.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    own.train_from_iterator([text], trainers.BpeTrainer(vocab_size=400, special_tokens=["<s>", "</s>"],
                                                        initial_alphabet=alphabet, show_progress=False))  # fmt: skip
    PreTrainedTokenizerFast(tokenizer_object=own, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=400, hidden_size=256, intermediate_size=768, num_hidden_layers=6,
                         num_attention_heads=4, max_position_embeddings=1024, bos_token_id=0,
                         eos_token_id=1)  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def documents(folder: Path, count: int, asked: range, told: range) -> str:
    """hellaswag's file, with words that mean nothing; its text."""
    draw = random.Random(0)
    words = ["".join(draw.choices("abcdefghijklmnoprstuvw", k=draw.randint(2, 8))) for _ in range(1000)]

    def some(lengths: range) -> str:
        return " ".join(draw.choices(words, k=draw.choice(lengths)))

    lines = [
        {"ind": n, "activity_label": "Words", "ctx_a": some(asked), "ctx_b": "", "label": n % 4,
         "endings": [some(told) for _ in range(4)]}
        for n in range(count)
    ]  # fmt: skip
    text = "".join(json.dumps(line) + "\n" for line in lines)
    folder.mkdir(parents=True)
    (folder / "hellaswag_val.jsonl").write_text(text)
    return text


def both(root: Path, model: Path, limit: int) -> tuple[float, ...]:
    """CPU seconds of lm-eval and of ours for so many documents, which take turns."""
    runs = [once(root, model, limit, root / f"ours-{limit}-{run}") for run in range(RUNS)]
    return tuple(map(min, zip(*runs, strict=True)))


def once(root: Path, model: Path, limit: int, folder: Path) -> tuple[float, float]:
    """CPU seconds of lm-eval, and of ours on a new board in `folder`."""
    theirs = cpu_s(sys.executable, "-c", THEIRS, str(model), str(root), TASK, str(limit))
    folder.mkdir()
    (folder / "q.jsonl").write_text('{"question_id": 1, "text": "x"}\n')
    entry = {"backend": "transformers", "model": str(model), "precision": "float32", "engine": {"batch_size": 16}}
    (folder / "c.yaml").write_text(yaml.safe_dump({
        "question_file": "q.jsonl", "output_dir": "out", "answers_gen": {"m": entry},
        "benchmarks": {"data_dir": str(root), "tasks": [TASK], "limit": limit},
    }))  # fmt: skip
    return theirs, cpu_s(str(Path(sys.executable).with_name("arena")), "bench", "-c", str(folder / "c.yaml"))


def main() -> None:
    """Measure and print."""
    for label in sys.argv[1:] or LENGTHS:
        count, asked, told = LENGTHS[label]
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            model = weights(root / "weights", documents(root / TASK, count, asked, told))
            few, every = both(root, model, FEW), both(root, model, count)
        theirs, ours = (every[side] - few[side] for side in (0, 1))
        more, share = count - FEW, theirs / ours
        each = f"{1e3 * theirs / more:.2f} and {1e3 * ours / more:.2f} ms"
        print(f"{more} {label} documents: lm-eval's hf model {theirs:.2f} CPU s, ours {ours:.2f} ({each} each)")
        print(f"ours is {share:.0%} of lm-eval's throughput")


if __name__ == "__main__":
    main()
