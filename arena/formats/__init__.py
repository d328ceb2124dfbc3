"""Output formats: in which form a judge gives its verdict. Each is one object: instruction, parser, writer, repair.

label        [[<nonce> A]], [[<nonce> B]], [[<nonce> C]] for a tie                     pairwise
levels       [[<nonce> A>>B]] ... [[<nonce> B>>A]]                                     pairwise
score_pair   [[<nonce> 8, 6]]                                                          pairwise
ranking      [[<nonce> A, B]]                                                          pairwise
json         {"explanation": ..., "verdict": "A"}                                      pairwise, schema
label_only   A                                                                         pairwise, log-probabilities
rating       [[<nonce> 7]]                                                             single
rubric       [[<nonce> accuracy=4 clarity=3]]                                          single, criteria
json_score   {"explanation": ..., "score": 7}, or a field per criterion                single, schema, criteria
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import cast

from arena.formats.base import Format, Kind, Outcome
from arena.formats.pairs import Levels, PairLabel, Ranking, ScorePair
from arena.formats.scores import Criterion, Rating, Rubric
from arena.formats.soft import LabelOnly
from arena.formats.structured import JsonScore, JsonVerdict
from arena.formats.suspicion import suspicious
from arena.formats.text import Unparsed

__all__ = [
    "FORMATS",
    "Criterion",
    "Format",
    "Kind",
    "Outcome",
    "Unparsed",
    "format_of",
    "make_format",
    "options_of",
    "spec_of",
    "suspicious",
]

_CLASSES: tuple[type[Format], ...] = (
    PairLabel,
    Levels,
    ScorePair,
    Ranking,
    JsonVerdict,
    LabelOnly,
    Rating,
    Rubric,
    JsonScore,
)
FORMATS: dict[str, type[Format]] = {fmt.name: fmt for fmt in _CLASSES}
"""Every format under the name that a prompt's `format` and a stored reply give it."""


def options_of(name: str) -> tuple[str, ...]:
    """What can be set about a format: scale, ties, labels, criteria."""
    return tuple(field.name for field in fields(FORMATS[name]))


def make_format(name: str, options: Mapping[str, object]) -> Format:
    """A format with these options, the rest at their defaults. Raises ValueError when an option makes no sense."""
    return cast("type", FORMATS[name])(**options)  # type: ignore[no-any-return]


def spec_of(fmt: Format) -> str:
    """A format as one string, enough for `format_of` to read and write replies with: `rating` or `rating {...}`.

    What a rubric tells the judge about its criteria is left out.
    """
    default = type(fmt)()
    options: dict[str, object] = {}
    for field in fields(fmt):
        value = getattr(fmt, field.name)
        if value == getattr(default, field.name):
            continue
        options[field.name] = (
            [c.model_dump(exclude={"about"}, exclude_defaults=True) for c in value]
            if field.name == "criteria"
            else value
        )
    return f"{fmt.name} {json.dumps(options, separators=(',', ':'))}" if options else fmt.name


def format_of(spec: str) -> Format:
    """The format behind a `spec_of` string. Raises ValueError when there is none."""
    name, _, rest = spec.partition(" ")
    if name not in FORMATS:
        raise ValueError(f"no format {name!r} (have: {', '.join(FORMATS)})")
    options: dict[str, object] = {}
    for option, value in json.loads(rest or "{}").items():
        if option == "criteria":
            options[option] = tuple(Criterion.model_validate(criterion) for criterion in value)
        else:
            options[option] = tuple(value) if isinstance(value, list) else value
    return make_format(name, options)
