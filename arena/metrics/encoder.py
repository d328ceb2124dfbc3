"""Closeness of meaning by a model of one's own: BERTScore and cosine similarity, from a folder on this disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from arena.errors import ConfigError
from arena.metrics.number import Tools

if TYPE_CHECKING:
    from torch import Tensor

WHERE = "scores.encoder"


def bertscore(said: str, references: Sequence[str], language: str, tools: Tools) -> float:
    """F1 of tokens, each with the likest one of the other text (Zhang et al. 2020): no idf, no baseline. The nearest
    reference counts."""
    encoder = opened(tools)
    mine = encoder.tokens(said, tools.layer)
    return max(_f1(mine, encoder.tokens(right, tools.layer)) for right in references)


def similarity(said: str, references: Sequence[str], language: str, tools: Tools) -> float:
    """Cosine of the texts' vectors, 0 where it is below; the nearest reference counts. Pooled as the folder says
    (1_Pooling/config.json of sentence-transformers), else the mean of its tokens."""
    encoder = opened(tools)
    mine = encoder.text(said)
    return max(float(mine @ encoder.text(right)) for right in references)


def _f1(mine: Vectors, theirs: Vectors) -> float:
    alike = mine.tokens @ theirs.tokens.T
    precision = float(alike.max(dim=1).values[mine.counted].mean())
    recall = float(alike.max(dim=0).values[theirs.counted].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


class Vectors(NamedTuple):
    """The unit vectors of a text's tokens, and which count: special ones may be the likest, but have no weight."""

    tokens: Tensor
    counted: Tensor


@dataclass(frozen=True, eq=False)
class Encoder:
    """A model that makes vectors of texts, and its tokenizer."""

    tokenizer: Any
    model: Any
    first_token: bool
    """Whether a text's vector is that of its first token."""
    limit: int
    """Tokens of a text that are read; what comes after them is left out."""

    @lru_cache(maxsize=4096)  # noqa: B019 - encoders live as long as the process
    def tokens(self, text: str, layer: int | None) -> Vectors:
        """Of each token, as bert_score has them."""
        states, _, special = self._states(text, layer)
        counted = special == 0
        unit = states / states.norm(dim=-1, keepdim=True).clamp_min(1e-12)
        return Vectors(unit, counted if bool(counted.any()) else counted | True)

    @lru_cache(maxsize=4096)  # noqa: B019 - the same
    def text(self, text: str) -> Tensor:
        """(width,): its unit vector."""
        states, mask, _ = self._states(text, None)
        pooled = states[0] if self.first_token else (states * mask[:, None]).sum(0) / mask.sum()
        return pooled / pooled.norm().clamp_min(1e-12)

    def _states(self, text: str, layer: int | None) -> tuple[Tensor, Tensor, Tensor]:
        import torch

        read = self.tokenizer(text, return_tensors="pt", truncation=True, max_length=self.limit,
                              return_special_tokens_mask=True)  # fmt: skip
        special = read.pop("special_tokens_mask")[0]
        with torch.inference_mode():
            made = self.model(**read, output_hidden_states=layer is not None)
        states = made.last_hidden_state if layer is None else made.hidden_states[layer]
        return states[0].float(), read["attention_mask"][0], special


def opened(tools: Tools) -> Encoder:
    """The encoder of a folder, opened once. Raises ConfigError where there is none, and ModuleNotFoundError without
    transformers."""
    if tools.encoder is None:
        raise ConfigError(f"{WHERE}: names no folder; BERTScore and similarity need a model that lies on this disk")
    return _opened(tools.encoder, tools.layer)


@cache
def _opened(folder: Path, layer: int | None) -> Encoder:
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    if not (folder / "config.json").is_file():
        raise ConfigError(f"{WHERE}: {folder}: no encoder (a folder with config.json, the weights and the tokenizer)")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{WHERE}: {folder}: no encoder: {' '.join(str(error).split())[:200]}") from None
    width, layers = getattr(model.config, "vocab_size", None), getattr(model.config, "num_hidden_layers", 0)
    if width is not None and len(tokenizer) > width:
        raise ConfigError(
            f"{WHERE}: {folder}: the tokenizer does not fit the model: {len(tokenizer):,} tokens and {width:,}"
        )
    if layer is not None and not 0 <= layer <= layers:
        raise ConfigError(f"{WHERE}.layer: found {layer}, allowed: 0 to {layers}")
    most = min(tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", 512), 8192)
    return Encoder(tokenizer, model, _takes_first_token(folder), int(most))


def _takes_first_token(folder: Path) -> bool:
    try:
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(pooling, dict) and bool(pooling.get("pooling_mode_cls_token"))
