"""JSON replies: enforced by a schema where the endpoint has structured output, asked for in words elsewhere."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from arena.formats.base import Format, Kind, Outcome, expect_pair, expect_score
from arena.formats.pairs import LETTERS, WEAK
from arena.formats.scores import (
    NUMBERS,
    Criterion,
    Scale,
    check_criteria,
    check_scale,
    combine_criteria,
    criteria_of,
    describe_criteria,
    read_score,
)
from arena.formats.text import Unparsed, deciding_line, hide_nonce, normal, visible
from arena.redact import masked
from arena.types import JSON, Label, Parsed, ParsedScore, TokenLogprobs

_WORDS: dict[Label, str] = {"first": "A", "second": "B", "tie": "tie"}
_LABELS: dict[str, Label] = {"A": "first", "B": "second", "TIE": "tie"}
_PUNCTUATION = " \t\r\n.,;:!'\"`*_[](){}<>"
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})?')
_START = re.compile(r'\{(?=\s*")')
_STARTS_TRIED = 200
"""How many opening braces are tried, from the end: a reply with more behind its verdict is no verdict but noise."""


class JsonReply(Format):
    """Formats whose reply ends with one JSON object: the explanation, the nonce as `code`, then the enums that decide.

    The schema can leave `code` open, so that endpoints compile it once and not for every question; the parser compares.
    """

    needs_nonce: ClassVar[bool] = True
    looks: ClassVar[re.Pattern[str]]
    """What looks like a label of this format in words after the object."""

    @abstractmethod
    def enums(self) -> dict[str, tuple[str, ...] | tuple[int, ...]]:
        """The fields after the explanation and what each may hold."""

    @abstractmethod
    def read(self, values: Mapping[str, JSON]) -> Outcome | None:
        """The outcome in these fields; None when one is missing or off the menu."""

    @abstractmethod
    def values(self, outcome: Outcome) -> Mapping[str, JSON]:
        """The inverse of `read`."""

    @abstractmethod
    def meaning(self) -> str:
        """What the fields mean, for the judge."""

    def schema(self, nonce: str | None = None) -> Mapping[str, JSON] | None:
        return self._schema({"explanation": {"type": "string"}, "code": _text(nonce)})

    def repair_schema(self, nonce: str | None) -> Mapping[str, JSON] | None:
        return self._schema({"code": _text(nonce or "")})

    def _schema(self, properties: dict[str, JSON]) -> Mapping[str, JSON]:
        for name, allowed in self.enums().items():
            kind = "string" if isinstance(allowed[0], str) else "integer"
            properties[name] = {"type": kind, "enum": list(allowed)}
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    def instructions(self, nonce: str | None) -> str:
        return (
            f'Reply with one JSON object of the form {{"explanation": ..., {self._fields(nonce)}}} and nothing else. '
            f"Write the explanation, a few sentences, before you decide. {self.meaning()}"
        )

    def repair(self, nonce: str | None) -> str:
        return (
            "Your last message did not end with the JSON object that was asked for. Keep your judgement, do not "
            f"explain it again, and reply with the object {{{self._fields(nonce)}}} and nothing else. {self.meaning()}"
        )

    def parse(self, text: str, nonce: str | None, logprobs: Sequence[TokenLogprobs] = ()) -> Outcome | Unparsed:
        found = _last_object(text, nonce, self.looks)
        if isinstance(found, Unparsed):
            return found
        if nonce is not None and str(found.get("code")).strip(_PUNCTUATION).lower() != nonce.lower():
            return Unparsed("the JSON object lacks the nonce")
        outcome = self.read(found)
        wanted = {name: found.get(name) for name in self.enums()}
        return outcome if outcome is not None else Unparsed(f"off the menu: {masked(repr(wanted)):.120}")

    def complete(self, text: str, nonce: str | None) -> bool:
        return not isinstance(self.parse(text, nonce), Unparsed)  # the object is closed

    def read_before(self, text: str, nonce: str | None, logprobs: Sequence[TokenLogprobs] = ()) -> bool:
        found = _last_object(text, nonce, None)
        code = str(found.get("code")).strip().lower() if isinstance(found, dict) else None
        return isinstance(found, dict) and (nonce is None or code == nonce.lower()) and self.read(found) is not None

    def write(self, outcome: Outcome, nonce: str | None, explanation: str = "") -> str:
        values = self.values(outcome)
        return json.dumps({"explanation": explanation, "code": nonce or "", **values}, ensure_ascii=False)

    def _fields(self, nonce: str | None) -> str:
        return ", ".join([f'"code": "{nonce or ""}"', *(f'"{name}": ...' for name in self.enums())])

    def explanation(self, text: str, nonce: str | None) -> str | None:
        found = _last_object(text, nonce, self.looks)
        said = found.get("explanation") if isinstance(found, dict) else None
        return hide_nonce(said.strip(), nonce) or None if isinstance(said, str) else None


@dataclass(frozen=True)
class JsonVerdict(JsonReply):
    """`{"explanation": ..., "verdict": "A" | "B" | "tie"}`."""

    ties: bool = True

    name: ClassVar[str] = "json"
    kind: ClassVar[Kind] = "pairwise"
    looks: ClassVar[re.Pattern[str]] = LETTERS

    def enums(self) -> dict[str, tuple[str, ...] | tuple[int, ...]]:
        return {"verdict": ("A", "B", "tie") if self.ties else ("A", "B")}

    def meaning(self) -> str:
        tie = ', "tie" if they are equally good' if self.ties else "; you have to choose one of them"
        return f'The verdict is "A" if answer A is better, "B" if answer B is better{tie}.'

    def read(self, values: Mapping[str, JSON]) -> Outcome | None:
        said = values.get("verdict")
        label = _LABELS.get(normal(said).strip(_PUNCTUATION).upper()) if isinstance(said, str) else None
        return None if label is None or (label == "tie" and not self.ties) else Parsed(label)

    def values(self, outcome: Outcome) -> Mapping[str, JSON]:
        label = WEAK[expect_pair(outcome).label]
        return {"verdict": _WORDS["first" if label == "tie" and not self.ties else label]}


@dataclass(frozen=True)
class JsonScore(JsonReply):
    """`{"explanation": ..., "score": 7}`, or one field per criterion; then the score is their weighted mean."""

    scale: Scale = (1, 10)
    criteria: tuple[Criterion, ...] = ()

    name: ClassVar[str] = "json_score"
    kind: ClassVar[Kind] = "single"
    looks: ClassVar[re.Pattern[str]] = NUMBERS

    def __post_init__(self) -> None:
        check_scale(self.scale)
        if self.criteria:
            check_criteria(self.criteria)
        if any(criterion.name == "code" for criterion in self.criteria):
            raise ValueError("a criterion of json_score cannot be called code: there the nonce stands")

    def enums(self) -> dict[str, tuple[str, ...] | tuple[int, ...]]:
        scales = {c.name: c.scale or self.scale for c in self.criteria} or {"score": self.scale}
        return {name: tuple(range(low, high + 1)) for name, (low, high) in scales.items()}

    def meaning(self) -> str:
        if self.criteria:
            return f"Every value is a whole number.\n{describe_criteria(self.criteria, self.scale)}"
        return f"The score is a whole number from {self.scale[0]} (worst) to {self.scale[1]} (best)."

    def read(self, values: Mapping[str, JSON]) -> Outcome | None:
        numbers: dict[str, float] = {}
        for name, allowed in self.enums().items():
            number = _whole(values.get(name), (int(allowed[0]), int(allowed[-1])))
            if number is None:
                return None
            numbers[name] = float(number)
        return combine_criteria(numbers, self.criteria, self.scale) if self.criteria else ParsedScore(numbers["score"])

    def values(self, outcome: Outcome) -> Mapping[str, JSON]:
        parsed = expect_score(outcome)
        if self.criteria:
            return {n: round(v) for n, v in criteria_of(parsed, self.criteria, self.scale).items()}
        return {"score": round(parsed.score)}

    @property
    def bounds(self) -> tuple[float, float] | None:
        return self.scale


def _text(only: str | None) -> JSON:
    """The schema of a string: any, or this one only."""
    return {"type": "string"} if only is None else {"type": "string", "enum": [only]}


def _whole(said: JSON, scale: Scale) -> int | None:
    """A whole number on the scale, also as `"7"`, as `"7/10"` where 10 is the highest, and as `[7]`."""
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    number = read_score(normal(said).strip(_PUNCTUATION), scale) if isinstance(said, str) else said
    if isinstance(number, bool) or not isinstance(number, int | float) or not scale[0] <= number <= scale[1]:
        return None
    return int(number) if number == int(number) else None


def _last_object(text: str, nonce: str | None, looks: re.Pattern[str] | None) -> dict[str, JSON] | Unparsed:
    """The JSON object that ends the reply, a closing code fence left out of account.

    With a nonce, which tells the object from one that was quoted, words without a brace may follow it, as long as they
    are no other verdict (`looks`; None: not asked). A backslash that escapes nothing stands for itself.
    """
    shown = visible(text)
    if isinstance(shown, Unparsed):
        return shown
    shown = _ESCAPE.sub(
        lambda m: m.group() if len(m.group()) > 1 else "\\\\", shown.strip().removesuffix("```").rstrip()
    )
    decoder = json.JSONDecoder(object_pairs_hook=_distinct_keys, strict=False)  # judges put plain line ends in strings
    for start in [m.start() for m in _START.finditer(shown)][: -_STARTS_TRIED - 1 : -1]:
        try:
            value, end = decoder.raw_decode(shown, start)
        except (ValueError, RecursionError):
            continue
        if end == len(shown) or (nonce is not None and not {"{", "}"} & set(shown[end:])):
            if nonce is not None and looks is not None and deciding_line(shown[end:], nonce, looks).line:
                return Unparsed("the verdict was taken back after the JSON object")
            return cast("dict[str, JSON]", value)
    return Unparsed("no JSON object at the end of the reply")


def _distinct_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
