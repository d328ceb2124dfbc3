"""Benchmarks by log-likelihood: our throughput beside lm-eval's own hf model, on the same random weights and documents.

    .venv-local/bin/python measurements/benchmarks.py

CPU seconds per document, start and load taken off (each side runs once with few documents and once with all), so that
other work on the machine does not count. `make test-bench` makes the environment.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
FEW, ALL, TASK = 4, 400, "hellaswag"

THEIRS = """
import sys, torch
from arena.config.benchmarks import BenchmarksConfig
from arena.evals.exams import open_exams
from arena.evals.lm import lm_task
import lm_eval
from lm_eval.models.huggingface import HFLM
torch.set_num_threads(1)
section = BenchmarksConfig.model_validate({"data_dir": sys.argv[2], "tasks": [sys.argv[3]]})
(exam,) = open_exams(section, 0)
task = lm_task(exam._settings(exam.parts[0].subject), exam.parts[0], exam.shots)
model = HFLM(pretrained=sys.argv[1], device="cpu", batch_size=16, dtype="float32")
lm_eval.simple_evaluate(model=model, tasks=[task], limit=int(sys.argv[4]), bootstrap_iters=0, verbosity="ERROR")
"""


def cpu_s(*command: str) -> float:
    """CPU seconds of a command and all it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
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


def main() -> None:
    """Measure and print."""
    sys.path.insert(0, str(ROOT / "tests"))
    from kit.downloads import hellaswag

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        data = root / "data"
        hellaswag(data / TASK, ALL)
        model = weights(root / "weights", (data / TASK / "hellaswag_val.jsonl").read_text())
        found = {}
        for documents in (FEW, ALL):
            theirs = cpu_s(sys.executable, "-c", THEIRS, str(model), str(data), TASK, str(documents))
            folder = root / f"ours-{documents}"
            folder.mkdir()
            (folder / "q.jsonl").write_text('{"question_id": 1, "text": "x"}\n')
            entry = {"backend": "transformers", "model": str(model), "precision": "float32"}
            (folder / "c.yaml").write_text(yaml.safe_dump({
                "question_file": "q.jsonl", "output_dir": "out", "answers_gen": {"m": entry},
                "benchmarks": {"data_dir": str(data), "tasks": [TASK], "limit": documents},
            }))  # fmt: skip
            ours = cpu_s(str(Path(sys.executable).with_name("arena")), "bench", "-c", str(folder / "c.yaml"))
            found[documents] = theirs, ours
        theirs, ours = (found[ALL][side] - found[FEW][side] for side in (0, 1))
        for label, spent in (("lm-eval's hf model", theirs), ("ours", ours)):
            print(f"{label:20} {spent:7.2f} CPU s for {ALL - FEW} documents ({(ALL - FEW) / spent:.1f}/s)")
        print(f"ours is {theirs / ours:.0%} of lm-eval's throughput")


if __name__ == "__main__":
    main()
