"""The same weights through lm-eval's own model and through ours: equal log-likelihoods and scores, to 1e-4."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.beside_lm_eval import assert_the_same, ours, theirs
from kit.downloads import write_downloads

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


def test_log_likelihoods_and_scores_are_lm_evals(tmp_path: Path, weights: Path, downloads: Path) -> None:
    section = {"data_dir": str(downloads), "tasks": TASKS}
    assert assert_the_same(ours(tmp_path, weights, section), theirs(weights, section)) > 200
