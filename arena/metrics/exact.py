"""Exact match."""

from __future__ import annotations

from collections.abc import Sequence

from arena.formats.text import nfkc


def normal(text: str) -> str:
    """A text without what never matters: compatibility forms, case, white space and final dots."""
    return " ".join(nfkc(text).casefold().split()).rstrip(".。")


def exact(said: str, references: Sequence[str], language: str = "en") -> float:
    """1 where the text is one of the references."""
    return float(any(normal(said) == normal(right) for right in references))
