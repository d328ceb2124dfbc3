"""Numbers of a text by rule, mostly of how close it is to a reference: one row of `METRICS` each. No judge, no network.

Only the rows that say so use more than texts: an encoder's folder, a sandbox."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib import metadata
from typing import Literal, cast

from arena.errors import ConfigError, MissingDependency
from arena.metrics.number import NO_TOOLS, NoNumber, Number, Tools
from arena.metrics.tokens import bleu_tokenizer, language_of

Score = Callable[..., "float | Number"]
"""(said, references, language) -> a number; with `tools`, a fourth argument. With several references the closest
counts, if the metric has no way of its own to use them all. May raise NoNumber."""


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
    package: str | None = None
    """Whose arithmetic it is: its version is part of what must be known."""
    against: str = "reference"
    """The field of a question that holds what a text is compared with; empty: the text alone is looked at; `question`:
    (the language that it names, its text)."""
    wrong: str | None = None
    """module:function that raises DataError for what cannot be compared with."""
    trial: tuple[str, ...] = ("1",)
    """Something that it can be compared with, to find out whether all it needs is there."""
    tools: Literal["encoder", "sandbox"] | None = None
    """What it needs beside texts."""
    nothing: float | None = 0.0
    """What nothing said comes to; None: that says nothing."""
    lower: bool = False
    """Whether less is better."""
    share: bool = True
    """Whether it lies in [0, 1]; else it is 0 or more."""

    def signed(self, language: str) -> str:
        """The signature, with the version of the package behind it."""
        signature = self.signature(language)
        return signature if self.package is None else f"{signature}, {_version(self.package)}"

    def check(self, tools: Tools = NO_TOOLS) -> None:
        """Raises InputError where what it needs is not there: a package, data on the disk, a folder, a sandbox."""
        with suppress(NoNumber):
            self.number("1", self.trial, "en", tools)

    def check_expected(self, text: str) -> None:
        """Raises DataError where nothing can be compared with this text of a question or the config."""
        if self.wrong is not None:
            self._call(self.wrong, text)

    def score(self, said: str, references: Sequence[str], language: str | None = None) -> float:
        """The value of `number`."""
        return self.number(said, references, language).value

    def number(
        self, said: str, references: Sequence[str], language: str | None = None, tools: Tools = NO_TOOLS
    ) -> Number:
        """The number of a text; `nothing` where nothing is said. A language that is not given is the references'.

        Raises NoNumber where it says nothing of this text, MissingDependency where a package is not installed, and
        InputError where something else that it needs is not there.
        """
        if not said.strip():
            if self.nothing is None:
                raise NoNumber("not_applicable")
            return Number(self.nothing)
        more = () if self.tools is None else (tools,)
        found = self._call(self.where, said, references, language or language_of(*references), *more)
        number = found if isinstance(found, Number) else Number(cast("float", found))
        value = max(0.0, number.value)
        return replace(number, value=min(1.0, value) if self.share else value)

    def _call(self, where: str, *args: object) -> object:
        module, _, function = where.partition(":")
        try:
            return cast("Score", getattr(importlib.import_module(f"arena.metrics.{module}"), function))(*args)
        except ModuleNotFoundError as error:
            if self.extra is None or (error.name or "").startswith("arena"):
                raise
            need = f"pip install 'llm-arena[{self.extra}]'"
            raise MissingDependency(f"{self.title} needs the package {error.name}: {need}") from None


@cache
def _version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return package


def _always(text: str) -> Callable[[str], str]:
    return lambda language: text


def _bleu(language: str) -> str:
    return f"BLEU, sentence level, effective order, tok:{bleu_tokenizer(language)}"


_WORDS = "words in small letters, Han and kana by character"
METRICS: Mapping[str, Metric] = {
    "exact": Metric("exact match", "exact:exact", _always("NFKC; case, white space and final dots aside")),
    "accuracy": Metric("accuracy", "choices:accuracy", _always("the letter or number said to be it, else exact")),
    "f1": Metric("F1", "f1:f1", _always(f"F1 of {_WORDS}; English articles aside")),
    "bleu": Metric("BLEU", "sacre:bleu", _bleu, package="sacrebleu"),
    "chrf": Metric("chrF", "sacre:chrf", _always("chrF2, sentence level, character 6-grams"), package="sacrebleu"),
    "rouge_1": Metric("ROUGE-1", "rouge:rouge_1", _always(f"F of {_WORDS}"), "scores", "rouge-score"),
    "rouge_2": Metric("ROUGE-2", "rouge:rouge_2", _always(f"F of pairs of {_WORDS}"), "scores", "rouge-score"),
    "rouge_l": Metric(
        "ROUGE-L", "rouge:rouge_l", _always(f"F of the longest common subsequence of {_WORDS}"), "scores", "rouge-score"
    ),
    "meteor": Metric(
        "METEOR", "meteor:meteor", _always("α 0.9, β 3, γ 0.5, Porter stems, WordNet; English"), "scores", "nltk"
    ),
    "bertscore": Metric("BERTScore", "encoder:bertscore", _always("F1, no idf, no baseline"), "local", tools="encoder"),
    "similarity": Metric("similarity", "encoder:similarity", _always("cosine of vectors"), "local", tools="encoder"),
    "wer": Metric(
        "word error rate",
        "wer:wer",
        _always(f"edits of {_WORDS} ÷ words of the reference"),
        "scores",
        "jiwer",
        nothing=1.0,
        lower=True,
        share=False,
    ),
    "cer": Metric(
        "character error rate",
        "wer:cer",
        _always("edits of letters and digits ÷ those of the reference"),
        "scores",
        "jiwer",
        nothing=1.0,
        lower=True,
        share=False,
    ),
    "math": Metric(
        "equal by math", "equality:equality", _always("the last formula or number of each"), "scores", "math-verify"
    ),
    "json_valid": Metric("valid JSON", "structure:json_valid", _always("the text, or the one block in it"), against=""),
    "json_schema": Metric(
        "follows its JSON schema",
        "structure:json_schema",
        _always("the text, or the one block in it"),
        "scores",
        "jsonschema",
        "json_schema",
        "structure:check_schema",
        ("{}",),
    ),
    "regex": Metric(
        "pattern found", "pattern:regex", _always("Python's re.search"), None, None, "regex", "pattern:check_pattern"
    ),
    "length": Metric(
        "length kept",
        "length:length",
        _always(f"{_WORDS}; characters without white space at the ends"),
        None,
        None,
        "length",
        "length:check_bounds",
        ('{"max_words": 1}',),
    ),
    "language": Metric(
        "language kept",
        "spoken:language",
        _always("by script, else its bytes"),
        "scores",
        "py3langid",
        "question",
        trial=("en", "This is enough to tell."),
    ),
    "code_parses": Metric(
        "Python that parses", "code:code_parses", _always("blocks of Python, else the text"), against=""
    ),
    "code_tests": Metric(
        "passes its tests",
        "code:code_tests",
        _always("blocks of Python with the question's tests, in a sandbox"),
        None,
        None,
        "tests",
        trial=("pass",),
        tools="sandbox",
    ),
    "bandit": Metric(
        "findings of bandit",
        "code:bandit",
        _always("findings of bandit, all severities, # nosec ignored"),
        "scores",
        "bandit",
        "",
        nothing=None,
        lower=True,
        share=False,
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
