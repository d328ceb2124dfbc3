"""The same weights through lm-eval's own model and through ours: equal log-likelihoods and scores, to 1e-4."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from kit.boards import read_jsonl
from kit.commands import arena
from kit.downloads import write_downloads

from arena.config.benchmarks import BenchmarksConfig
from arena.evals.exams import open_exams
from arena.evals.lm import lm_task

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("default")]
TASKS = ["mmlu", "ceval", "arc_easy", "hellaswag", "truthful_qa", "truthful_qa_mc2", "race"]
N = 6


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_downloads(tmp_path_factory.mktemp("downloads"), N)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Path:
    """A small random model with a tokenizer of its own: what it says does not matter here."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    text = [path.read_text(encoding="utf-8") for path in sorted(downloads.rglob("*.csv"))]
    own = Tokenizer(models.BPE())
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    own.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=["<s>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    own.train_from_iterator(text, trainer)
    own.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    folder = tmp_path_factory.mktemp("weights")
    PreTrainedTokenizerFast(tokenizer_object=own, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=600, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                         num_attention_heads=2, max_position_embeddings=1024, bos_token_id=0, eos_token_id=1,
                         initializer_range=0.2)  # fmt: skip
    LlamaForCausalLM(config).eval().save_pretrained(folder)
    return folder


def ours(folder: Path, weights: Path, data: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "q.jsonl").write_text('{"question_id": 1, "text": "hello"}\n')
    entry = {"backend": "transformers", "model": str(weights), "precision": "float32"}
    path = folder / "board.yaml"
    path.write_text(yaml.safe_dump({
        "question_file": "q.jsonl", "output_dir": "out", "answers_gen": {"m": entry},
        "benchmarks": {"data_dir": str(data), "tasks": TASKS},
    }))  # fmt: skip
    done = arena("bench", "-c", path)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def theirs(weights: Path, data: Path) -> dict[str, dict[str, object]]:
    import lm_eval
    from lm_eval.models.huggingface import HFLM

    section = BenchmarksConfig.model_validate({"data_dir": data, "tasks": TASKS})
    tasks = []
    for exam in open_exams(section, 0):
        for part in exam.parts:
            task = lm_task(exam._settings(part.subject), part, exam.shots)
            task.config.task = f"{exam.name}/{part.subject}"
            tasks.append(task)
    model = HFLM(pretrained=str(weights), device="cpu", batch_size=8, dtype="float32")
    found = lm_eval.simple_evaluate(model=model, tasks=tasks, bootstrap_iters=0, log_samples=True, verbosity="ERROR")
    return {"samples": found["samples"], "results": found["results"]}


def test_log_likelihoods_and_scores_are_lm_evals(tmp_path: Path, weights: Path, downloads: Path) -> None:
    out, reference = ours(tmp_path, weights, downloads), theirs(weights, downloads)
    scores = json.loads((out / "reports/benchmarks.json").read_text())["models"]["m"]
    checked = 0
    for name in TASKS:
        lines = {line["doc_id"]: line for line in read_jsonl(out / f"benchmarks/{name}/m.jsonl")}
        sums, sizes = 0.0, 0
        for called, samples in reference["samples"].items():
            task, _, subject = called.partition("/")
            if task != name:
                continue
            metric = scores[name]["metric"]
            sums += sum(sample[metric] for sample in samples)
            sizes += len(samples)
            for sample in samples:
                mine = lines[f"{subject}/{sample['doc_id']}"]["loglikelihoods"]
                for (value, greedy), (expected, wanted) in zip(mine, sample["filtered_resps"], strict=True):
                    assert value == pytest.approx(float(expected), abs=1e-4)
                    assert greedy == (str(wanted) == "True")
                    checked += 1
        assert scores[name]["score"] == pytest.approx(sums / sizes, abs=1e-4), name
        assert scores[name]["mode"] == "loglikelihood"
    assert checked > 200
