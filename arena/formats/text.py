"""Reading replies as text: what the judge said aloud, where its label stands, and numbers as they are written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

_THINK = re.compile(r"\s*<(think|thinking)>", re.IGNORECASE)
_LABEL = re.compile(r"\[\[([^\[\]\n]{1,2000})\]\]")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,30})?")


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A reply that holds no verdict, and why. Never a tie, never a zero."""

    reason: str


def visible(text: str) -> str | Unparsed:
    """The reply without its leading reasoning block: `<think>…</think>` in front is taken off.

    One that is never closed means that the reply broke off. A closing tag without an opening one is left alone: an
    answer may have been quoted with it.
    """
    opening = _THINK.match(text)
    if opening is None:
        return text
    _, closing, rest = text[opening.end() :].partition(f"</{opening.group(1)}>")
    return rest if closing else Unparsed("the reasoning never ends: cut off")


def label_payloads(text: str, nonce: str | None) -> tuple[list[str], str]:
    """What stands in double square brackets on the line that decides, and that line.

    With a nonce: the last line holding a label that starts with it, the nonce taken off. Without: the last line that
    is not empty.
    """
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    if nonce is None:
        last = lines[-1] if lines else ""
        return [normal(payload) for payload in _LABEL.findall(last)], last
    for line in reversed(lines):
        if payloads := [p for raw in _LABEL.findall(line) if (p := _after_nonce(raw, nonce)) is not None]:
            return payloads, line
    return [], ""


def label_line(payload: str, nonce: str | None) -> str:
    """A label as it is asked for: the nonce, a space, the label, in double square brackets."""
    return f"[[{payload}]]" if nonce is None else f"[[{nonce} {payload}]]"


def hide_nonce(text: str, nonce: str | None) -> str | None:
    """A text for reports: stripped, with NONCE for the nonce; None when nothing is left."""
    text = text.strip()
    return (text.replace(nonce, "NONCE") if nonce else text) or None


def normal(text: str) -> str:
    """A label's spelling made comparable: full-width signs become plain ones, runs of white space one space."""
    return " ".join(unicodedata.normalize("NFKC", text.replace("≫", ">>").replace("≪", "<<")).split())


def read_number(text: str) -> float | None:
    """A plain decimal number; None for anything else (no exponents, no infinities, no words)."""
    return float(text) if _NUMBER.fullmatch(text) and text.isascii() else None


def write_number(value: float) -> str:
    """The shortest plain decimal that `read_number` turns back into the same number."""
    text = format(Decimal(repr(float(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _after_nonce(payload: str, nonce: str) -> str | None:
    first, _, rest = payload.strip().partition(" ")
    if first.rstrip(":").lower() != nonce.lower():
        return None
    return normal(rest)
