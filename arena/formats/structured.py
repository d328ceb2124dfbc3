"""JSON replies: enforced by a schema where the endpoint has structured output, asked for in words elsewhere."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from arena.formats.base import Format, Kind, Outcome, expect_pair, expect_score
from arena.formats.pairs import WEAK
from arena.formats.scores import (
    Criterion,
    Scale,
    check_criteria,
    check_scale,
    combine_criteria,
    criteria_of,
    describe_criteria,
)
from arena.formats.text import Unparsed, hide_nonce, normal, visible
from arena.types import JSON, Label, Parsed, ParsedScore, TokenLogprobs

_WORDS: dict[Label, str] = {"first": "A", "second": "B", "tie": "tie"}
_LABELS: dict[str, Label] = {"A": "first", "B": "second", "TIE": "tie"}
_START = re.compile(r'\{(?=\s*")')
_STARTS_TRIED = 200
"""How many opening braces are tried, from the end: a reply with more behind its verdict is no verdict but noise."""


class JsonReply(Format):
    """Formats whose reply ends with one JSON object: the explanation, the nonce as `code`, then the enums that decide.

    The schema leaves `code` open, so that endpoints compile it once and not for every question; the parser compares.
    """

    needs_nonce: ClassVar[bool] = True

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

    def schema(self) -> Mapping[str, JSON] | None:
        properties: dict[str, JSON] = {"explanation": {"type": "string"}, "code": {"type": "string"}}
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
        found = _last_object(text, nonce)
        if isinstance(found, Unparsed):
            return found
        if nonce is not None and str(found.get("code")).strip().lower() != nonce.lower():
            return Unparsed("the JSON object lacks the nonce")
        outcome = self.read(found)
        wanted = {name: found.get(name) for name in self.enums()}
        return outcome if outcome is not None else Unparsed(f"off the menu: {wanted!r:.120}")

    def write(self, outcome: Outcome, nonce: str | None, explanation: str = "") -> str:
        values = self.values(outcome)
        return json.dumps({"explanation": explanation, "code": nonce or "", **values}, ensure_ascii=False)

    def _fields(self, nonce: str | None) -> str:
        return ", ".join([f'"code": "{nonce or ""}"', *(f'"{name}": ...' for name in self.enums())])

    def explanation(self, text: str, nonce: str | None) -> str | None:
        found = _last_object(text, nonce)
        said = found.get("explanation") if isinstance(found, dict) else None
        return hide_nonce(said.strip(), nonce) or None if isinstance(said, str) else None


@dataclass(frozen=True)
class JsonVerdict(JsonReply):
    """`{"explanation": ..., "verdict": "A" | "B" | "tie"}`."""

    ties: bool = True

    name: ClassVar[str] = "json"
    kind: ClassVar[Kind] = "pairwise"

    def enums(self) -> dict[str, tuple[str, ...] | tuple[int, ...]]:
        return {"verdict": ("A", "B", "tie") if self.ties else ("A", "B")}

    def meaning(self) -> str:
        tie = ', "tie" if they are equally good' if self.ties else "; you have to choose one of them"
        return f'The verdict is "A" if answer A is better, "B" if answer B is better{tie}.'

    def read(self, values: Mapping[str, JSON]) -> Outcome | None:
        said = values.get("verdict")
        label = _LABELS.get(normal(said).upper()) if isinstance(said, str) else None
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
            said = values.get(name)
            if isinstance(said, bool) or not isinstance(said, int | float) or said not in allowed:
                return None
            numbers[name] = float(said)
        return combine_criteria(numbers, self.criteria, self.scale) if self.criteria else ParsedScore(numbers["score"])

    def values(self, outcome: Outcome) -> Mapping[str, JSON]:
        parsed = expect_score(outcome)
        if self.criteria:
            return {n: round(v) for n, v in criteria_of(parsed, self.criteria, self.scale).items()}
        return {"score": round(parsed.score)}

    @property
    def bounds(self) -> tuple[float, float] | None:
        return self.scale


def _last_object(text: str, nonce: str | None) -> dict[str, JSON] | Unparsed:
    """The JSON object that ends the reply, a closing code fence left out of account.

    With a nonce, which tells the object from one that was quoted, words without a brace may follow it.
    """
    shown = visible(text)
    if isinstance(shown, Unparsed):
        return shown
    shown = shown.strip().removesuffix("```").rstrip()
    decoder = json.JSONDecoder(object_pairs_hook=_distinct_keys, strict=False)  # judges put plain line ends in strings
    for start in [m.start() for m in _START.finditer(shown)][: -_STARTS_TRIED - 1 : -1]:
        try:
            value, end = decoder.raw_decode(shown, start)
        except (ValueError, RecursionError):
            continue
        if end == len(shown) or (nonce is not None and not {"{", "}"} & set(shown[end:])):
            return cast("dict[str, JSON]", value)
    return Unparsed("no JSON object at the end of the reply")


def _distinct_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
