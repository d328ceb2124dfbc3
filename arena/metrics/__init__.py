"""How close a text is to a reference: one file and one row of `METRICS` each. Pure; no judge, no model, no file."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import cast

from arena.errors import ConfigError, MissingDependency
from arena.metrics.tokens import bleu_tokenizer, language_of

Score = Callable[[str, Sequence[str], str], float]
"""(said, references, language) -> [0, 1]. With several references the closest counts, if the metric has no way of its
own to use them all."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A row: what it is called, where its arithmetic stands, and what it needs."""

    title: str
    where: str
    """module:function below `arena.metrics`; imported when first used."""
    signature: Callable[[str], str]
    """How texts of a language are cut and compared: what must be known to compare the number with somebody else's."""
    extra: str | None = None
    """The extra of this package that it needs."""
    against: str = "reference"
    """The field of a question that holds what a text is compared with; empty: the text alone is looked at."""
    nothing: float = 0.0
    """What nothing said comes to."""
    lower: bool = False
    """Whether less is better."""
    share: bool = True
    """Whether it lies in [0, 1]; else it is 0 or more."""

    def check(self) -> None:
        """Raises MissingDependency where what it needs is not installed."""
        self.score("1", ("1",), "en")

    def score(self, said: str, references: Sequence[str], language: str | None = None) -> float:
        """The number of a text; `nothing` where nothing is said. A language that is not given is the references'.

        Raises MissingDependency where a package is not installed.
        """
        if not said.strip():
            return self.nothing
        module, _, function = self.where.partition(":")
        try:
            found = cast("Score", getattr(importlib.import_module(f"arena.metrics.{module}"), function))
            value = max(0.0, found(said, references, language or language_of(*references)))
            return min(1.0, value) if self.share else value
        except ModuleNotFoundError as error:
            if self.extra is None or (error.name or "").startswith("arena"):
                raise
            need = f"pip install 'llm-arena[{self.extra}]'"
            raise MissingDependency(f"{self.title} needs the package {error.name}: {need}") from None


def _always(text: str) -> Callable[[str], str]:
    return lambda language: text


def _bleu(language: str) -> str:
    return f"BLEU, sentence level, effective order, tok:{bleu_tokenizer(language)}"


_WORDS = "words in small letters, Han and kana by character"
METRICS: Mapping[str, Metric] = {
    "exact": Metric("exact match", "exact:exact", _always("NFKC; case, white space and final dots aside")),
    "accuracy": Metric("accuracy", "choices:accuracy", _always("the letter or number it ends up with, else exact")),
    "f1": Metric("F1", "f1:f1", _always(f"F1 of {_WORDS}; English articles aside")),
    "bleu": Metric("BLEU", "sacre:bleu", _bleu),
    "chrf": Metric("chrF", "sacre:chrf", _always("chrF2, sentence level, character 6-grams")),
    "rouge_1": Metric("ROUGE-1", "rouge:rouge_1", _always(f"F of {_WORDS}"), "scores"),
    "rouge_2": Metric("ROUGE-2", "rouge:rouge_2", _always(f"F of pairs of {_WORDS}"), "scores"),
    "rouge_l": Metric(
        "ROUGE-L", "rouge:rouge_l", _always(f"F of the longest common subsequence of {_WORDS}"), "scores"
    ),
    "closeness": Metric("closeness", "closeness:against_any", _always("a choice, a number: 1 or 0; a text: 0.9 chrF2")),
}
"""Every metric by the name a user writes."""


def metric_named(name: str, where: str = "metric") -> Metric:
    """A row of METRICS. Raises ConfigError naming the nearest."""
    if name in METRICS:
        return METRICS[name]
    near = get_close_matches(name, METRICS, 1)
    hint = f"did you mean {near[0]}?" if near else f"have: {', '.join(METRICS)}"
    raise ConfigError(f"{where}: no metric {name!r} ({hint})")
