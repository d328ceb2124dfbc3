"""BERTScore and similarity by a real encoder in a folder: against their formulas, and against bert_score itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arena.errors import ConfigError
from arena.metrics import METRICS
from arena.metrics.number import Tools

pytestmark = [pytest.mark.local, pytest.mark.filterwarnings("default")]
PAIRS = [("the cat lay on a mat", "the cat sat on the mat"), ("今天天气不错", "今天天气很好"), ("cat", "the mat sat")]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of three layers whose weights were drawn."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    letters = list("abcdefghijklmnopqrstuvwxyz今天气很好不错")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "on", "mat", "lay", *letters]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    torch.manual_seed(0)
    shape = BertConfig(vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=3, num_attention_heads=2,
                       intermediate_size=64, max_position_embeddings=64)  # fmt: skip
    BertModel(shape).eval().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("layer", [None, 2])
@pytest.mark.parametrize(("said", "right"), PAIRS)
def test_bertscore_is_its_formula(encoder: Path, said: str, right: str, layer: int | None) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(encoder), AutoModel.from_pretrained(encoder).eval()

    def vectors(text: str) -> torch.Tensor:
        with torch.inference_mode():
            made = model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True)
        states = made.hidden_states[3 if layer is None else layer][0]
        return states / states.norm(dim=-1, keepdim=True)

    mine, theirs = vectors(said), vectors(right)
    alike = (mine @ theirs.T).tolist()
    precision = [max(row) for row in alike[1:-1]]  # the first and the last token are special: they have no weight
    recall = [max(row[n] for row in alike) for n in range(1, len(alike[0]) - 1)]
    p, r = sum(precision) / len(precision), sum(recall) / len(recall)
    found = METRICS["bertscore"].number(said, ["qqq", right], "en", Tools(encoder, layer)).value
    assert found >= 2 * p * r / (p + r) - 1e-6
    assert METRICS["bertscore"].number(said, [right], "en", Tools(encoder, layer)).value == pytest.approx(
        2 * p * r / (p + r)
    )


@pytest.mark.parametrize(("said", "right"), PAIRS)
def test_bertscore_is_that_of_bert_score(encoder: Path, said: str, right: str) -> None:
    score = pytest.importorskip("bert_score").score
    *_, f = score([said], [right], model_type=str(encoder), num_layers=2, device="cpu")
    assert METRICS["bertscore"].number(said, [right], "en", Tools(encoder, 2)).value == pytest.approx(
        float(f[0]), abs=1e-6
    )


def test_similarity_is_the_cosine_of_what_the_folder_pools(encoder: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(encoder), AutoModel.from_pretrained(encoder).eval()

    def states(text: str) -> torch.Tensor:
        with torch.inference_mode():
            return model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]

    said, right = PAIRS[0]
    cosine = torch.nn.functional.cosine_similarity
    mean = float(cosine(states(said).mean(0), states(right).mean(0), dim=0))
    assert METRICS["similarity"].number(said, [right], "en", Tools(encoder)).value == pytest.approx(mean, abs=1e-6)
    assert METRICS["similarity"].number(said, [said], "en", Tools(encoder)).value == pytest.approx(1.0)
    assert METRICS["similarity"].number(" ", [right], "en", Tools(encoder)).value == 0.0


def test_a_tokenizer_that_does_not_fit_and_a_layer_that_there_is_not_are_said(encoder: Path, tmp_path: Path) -> None:
    from shutil import copytree

    other = copytree(encoder, tmp_path / "other")
    tokenizer = json.loads((other / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"] |= {f"more{n}": 100 + n for n in range(50)}
    (other / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(ConfigError, match="the tokenizer does not fit the model"):
        METRICS["bertscore"].check(Tools(other))
    with pytest.raises(ConfigError, match=r"scores\.encoder\.layer: found 9, allowed: 0 to 3"):
        METRICS["bertscore"].check(Tools(encoder, 9))
    (tmp_path / "none").mkdir()
    (tmp_path / "none/config.json").write_text('{"model_type": "no such"}')
    with pytest.raises(ConfigError, match="no encoder"):
        METRICS["similarity"].check(Tools(tmp_path / "none"))
