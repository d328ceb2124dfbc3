"""How likely models find texts: bits per byte, which compare across tokenizers, and perplexity per token, which do not.

    bits per byte = −Σ log2 p ÷ UTF-8 bytes        perplexity = exp(−Σ ln p ÷ tokens)

Both are ratios over all documents; their intervals are those of ratios, a document being a cluster (Cochran, Sampling
Techniques, 6.3: residuals of numerator − ratio × denominator), by Student's t.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from arena.ratings.intervals.means import Mean
from arena.ratings.intervals.student_t import t_quantile
from arena.types import JSON


class Weight(NamedTuple):
    """What one model makes of one document."""

    doc_id: str
    nats: float
    """−Σ ln p over its tokens."""
    tokens: int
    size: int
    """Bytes in UTF-8."""

    @property
    def bits_per_byte(self) -> float:
        """Of this document."""
        return self.nats / math.log(2) / self.size


def ratio(above: Sequence[float], below: Sequence[float], level: float) -> Mean:
    """Σ above ÷ Σ below with its interval over documents; without one for a single document."""
    top, bottom = np.array(above, dtype=float), np.array(below, dtype=float)
    n = len(top)
    if not n:
        return Mean(None, None, None, 0)
    value = float(top.sum() / bottom.sum())
    if n < 2:
        return Mean(value, None, None, n)
    residual = top - value * bottom
    se = math.sqrt(n / (n - 1) * float((residual**2).sum())) / float(bottom.sum())
    half = float(t_quantile(level, np.array([n - 1.0]))[0]) * se
    return Mean(value, value - half, value + half, n)


def summary(weights: Sequence[Weight], level: float) -> dict[str, JSON]:
    """One model's numbers over its documents."""
    bits = ratio([w.nats / math.log(2) for w in weights], [w.size for w in weights], level)
    nats = ratio([w.nats for w in weights], [w.tokens for w in weights], level)
    tokens = (None if end is None else math.exp(max(0.0, end)) for end in nats[:3])
    low = None if bits.low is None else max(0.0, bits.low)
    return {
        "bits_per_byte": bits.value, "low": low, "high": bits.high,
        **dict(zip(("token_perplexity", "token_low", "token_high"), tokens, strict=True)),
        "n_documents": len(weights), "n_tokens": sum(w.tokens for w in weights),
        "n_bytes": sum(w.size for w in weights),
    }  # fmt: skip


def differences(models: Mapping[str, Sequence[Weight]], level: float) -> list[JSON]:
    """Of every two models: bits per byte of a − those of b, on the documents that both have, paired by document."""
    found: list[JSON] = []
    names = sorted(models)
    for place, a in enumerate(names):
        for b in names[place + 1 :]:
            theirs = {w.doc_id: w for w in models[b]}
            shared = [(w, theirs[w.doc_id]) for w in models[a] if w.doc_id in theirs]
            if shared:
                bits = [(x.nats - y.nats) / math.log(2) for x, y in shared]
                mean = ratio(bits, [x.size for x, _ in shared], level)
                found.append({"a": a, "b": b, "diff": mean.value, "low": mean.low, "high": mean.high,
                              "n_documents": mean.n})  # fmt: skip
    return found
