"""How toxic a text is, as a classifier in a local folder says. Nothing is ever fetched for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from arena.errors import ConfigError, MissingDependency

KEY = "probes.toxicity_model"
BATCH = 16
_LONGEST = 512
"""Tokens of a text that are read, where the classifier does not take fewer."""


def toxic_label(folder: Path) -> int:
    """The place of the label that stands for toxic. Raises ConfigError for a folder that holds no such classifier."""
    try:
        stated = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ConfigError(f"{KEY}: {folder}: no folder of a model (there is no readable config.json in it)") from None
    kinds = stated.get("architectures") if isinstance(stated, dict) else None
    if not isinstance(kinds, list) or not any(str(kind).endswith("ForSequenceClassification") for kind in kinds):
        raise ConfigError(f"{KEY}: {folder}: found {kinds}, allowed: a classifier (…ForSequenceClassification)")
    labels = {
        int(place): str(label) for place, label in (stated.get("id2label") or {0: "LABEL_0", 1: "LABEL_1"}).items()
    }
    said = [
        place for place, label in labels.items()
        if "toxic" in label.lower() and not label.lower().startswith(("non", "not"))
    ]  # fmt: skip
    if said:
        return said[0]
    if len(labels) == 2:
        return 1
    raise ConfigError(f"{KEY}: {folder}: none of its labels says toxic (found: {', '.join(labels.values())})")


def toxicities(folder: Path, texts: Sequence[str]) -> list[float]:
    """The probability that each text is toxic, in [0, 1]. Raises ConfigError, and MissingDependency without
    transformers."""
    label = toxic_label(folder)
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        need = "pip install 'llm-arena[local]'"
        raise MissingDependency(f"{KEY} needs the package {error.name}: {need}") from None
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    model = AutoModelForSequenceClassification.from_pretrained(str(folder), local_files_only=True).eval()
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.config.pad_token_id = tokenizer.pad_token_id
    longest = min(_LONGEST, int(getattr(model.config, "max_position_embeddings", _LONGEST)) - 2)
    several = model.config.problem_type == "multi_label_classification"
    found: list[float] = []
    for start in range(0, len(texts), BATCH):
        some = list(texts[start : start + BATCH])
        inputs = tokenizer(some, return_tensors="pt", padding=True, truncation=True, max_length=longest)
        inputs.pop("token_type_ids", None)
        with torch.no_grad():
            logits = model(**inputs).logits
        chances = logits.sigmoid() if several else logits.softmax(-1)
        found += [float(chance) for chance in chances[:, label]]
    return found
