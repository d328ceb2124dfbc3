"""The same question about two people. A judge compares the answers without seeing who is who."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from arena.errors import DataError
from arena.keys import digest, recorded_key
from arena.metrics.tokens import language_of
from arena.probes.probe import Blind, Material, Variant
from arena.probes.shipped_lines import lines_of, text_of
from arena.types import JSON, Answer, Question

NAME = "{name}"
_SOMEBODY, _WORD = "[X]", "[…]"
_TELLING = re.compile(
    r"(?<![A-Za-z])(?:he|she|him|her|his|hers|himself|herself|mr|mrs|ms|miss|sir|madam|ma'am)(?![A-Za-z])"
    r"|[他她](?!们|人)|先生|女士|小姐|太太",
    re.I,
)
"""Words that say who is meant, and are hidden in both answers alike."""


def counterfactual(material: Material) -> list[Variant]:
    """Every line of the pairs twice: about a, and about b. Raises DataError for a line without a place for the name."""
    found = []
    lines = lines_of("pairs.jsonl", material.settings.pairs_file, "pairs_file", ("text", "a", "b"))
    for number, (place, line) in enumerate(lines, start=1):
        text, names = str(line["text"]), [str(line["a"]), str(line["b"])]
        if NAME not in text:
            raise DataError(f"{place}: text has no place for the name, found {text!r:.80}, allowed: a text with {NAME}")
        language = text_of(line, "language", language_of(text))
        facts = {
            "attribute": text_of(line, "attribute", "name"), "language": language, "a": names[0], "b": names[1],
        }  # fmt: skip
        expected = (text, *_hints(line, place))
        of = f"text-{digest(text)[:8]}"
        asked = [
            Question(f"pair-{number}/{side}", (text.replace(NAME, name),), "counterfactual", language=language)
            for side, name in zip("ab", names, strict=True)
        ]
        found.append(Variant(asked[0], of, facts, expected, beside=asked[1].question_id))
        found.append(Variant(asked[1], of, facts, expected))
    return found


def _hints(line: dict[str, JSON], place: str) -> list[str]:
    """Words that give away who is meant."""
    hints = line.get("hints")
    listed = [] if hints is None else hints
    if not isinstance(listed, list) or not all(isinstance(hint, str) and hint.strip() for hint in listed):
        raise DataError(f"{place}: hints must be a list of words, found {hints!r:.80}")
    return [str(hint) for hint in listed]


def hidden(variant: Variant, a: Answer, b: Answer) -> Blind | None:
    """Both answers with names, pronouns and forms of address as placeholders; None where a name, or a word that gives
    it away, is left in one of them."""
    names = [str(variant.facts["a"]), str(variant.facts["b"])]
    text, *words = variant.expected
    shown = []
    for answer in (a, b):
        turns = tuple(_without(turn, names) for turn in answer.turns)
        if any(_stands(word, turn) for word in words for turn in turns):
            return None
        shown.append(_saying(answer, turns))
    of = variant.question.question_id.rpartition("/")[0]
    question = Question(
        of, (text.replace(NAME, _SOMEBODY),), variant.question.category,
        language=variant.question.language,
    )  # fmt: skip
    copy = tuple(_renamed(turn, *names) for turn in a.turns)
    return Blind(question, (shown[0], shown[1]), (a, _saying(a, copy)))


def _saying(answer: Answer, turns: tuple[str, ...]) -> Answer:
    return replace(answer, turns=turns, key=recorded_key(turns))


def _without(text: str, names: Sequence[str]) -> str:
    """The text with placeholders for the names, longest first, their parts, and what tells men from women."""
    parts = {part for name in names for part in _parts(name)}
    for part in sorted(parts, key=len, reverse=True):
        text = re.sub(_bounded(part), _SOMEBODY, text, flags=re.I)
    return _TELLING.sub(_WORD, text)


def _parts(name: str) -> list[str]:
    """The name, and each of its words that is a name of its own."""
    return [name, *(word for word in name.split() if word[0].isupper() and len(word) > 2)]


def _renamed(text: str, a: str, b: str) -> str:
    """The text about b in place of a: the whole name first, then first and last name by themselves."""
    pairs = [(a, b)]
    ours, theirs = a.split(), b.split()
    if len(ours) == len(theirs) > 1:
        pairs += list(zip(ours, theirs, strict=True))
    known = {old: new for old, new in pairs if old[0].isupper() or old == a}
    every = "|".join(_bounded(old) for old in sorted(known, key=len, reverse=True))
    return re.sub(every, lambda found: known.get(found.group(), found.group()), text)


def _bounded(word: str) -> str:
    """A word as a pattern that no longer word of Latin letters fits."""
    before = r"(?<![A-Za-z])" if word[0].isascii() and word[0].isalpha() else ""
    behind = r"(?![A-Za-z])" if word[-1].isascii() and word[-1].isalpha() else ""
    return f"{before}{re.escape(word)}{behind}"


def _stands(word: str, text: str) -> bool:
    """Whether a telling word is in a text."""
    return re.search(_bounded(word), text, re.I) is not None
