"""Reading replies as text: what the judge said aloud, where its label stands, and numbers as they are written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

_THINK = re.compile(r"\s*<(think|thinking)>", re.IGNORECASE)
_LABEL = re.compile(r"\[\[([^\[\]\n]{1,2000})\]\]")
_BRACKETS = {**str.maketrans("［］【】", "[][]"), **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))}
_DECORATION = " *_`\"'“”"
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

    With a nonce: the last line holding a label with it, the nonce taken off. Without: the last line that is not empty.
    Full-width or escaped brackets, invisible characters and Markdown around a label are seen through, and a line whose
    brackets are wrong decides too, without a label: else a verdict that was taken back would count.
    """
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    if nonce is None:
        last = lines[-1] if lines else ""
        return [label.strip(_DECORATION) for label in _labels(_plain(last))], last
    for line in reversed(lines):
        if nonce in line or nonce.upper() in line:
            plain = _plain(line).replace(nonce.upper(), nonce)
            payloads = [_without(nonce, label) for label in _labels(plain) if nonce in label]
            if payloads or any(before.rstrip(f"{_DECORATION}<").endswith("[") for before in plain.split(nonce)[:-1]):
                return payloads, line
    return [], ""


def label_line(payload: str, nonce: str | None) -> str:
    """A label as it is asked for: the nonce, a space, the label, in double square brackets."""
    return f"[[{payload}]]" if nonce is None else f"[[{nonce} {payload}]]"


def hide_nonce(text: str, nonce: str | None) -> str:
    """A text for reports and keys: with NONCE for the nonce, so that it is the same for every board's salt."""
    return text.replace(nonce, "NONCE").replace(nonce.upper(), "NONCE") if nonce else text


def normal(text: str) -> str:
    """A label's spelling made comparable: full-width signs become plain ones, runs of white space one space."""
    plain = text.replace("≫", ">>").replace("≪", "<<").replace("、", ",")
    return " ".join(unicodedata.normalize("NFKC", plain).split())


def read_number(text: str) -> float | None:
    """A plain decimal number; None for anything else (no exponents, no infinities, no words)."""
    return float(text) if _NUMBER.fullmatch(text) and text.isascii() else None


def write_number(value: float) -> str:
    """The shortest plain decimal that `read_number` turns back into the same number."""
    text = format(Decimal(repr(float(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(line: str) -> str:
    return line.translate(_BRACKETS).replace("\\[", "[").replace("\\]", "]")


def _labels(plain: str) -> list[str]:
    return [normal(label) for label in _LABEL.findall(plain)]


def _without(nonce: str, label: str) -> str:
    """The label without its nonce. What stands in front of the nonce stays."""
    before, _, after = label.partition(nonce)
    return f"{before.strip(_DECORATION)} {after.lstrip(f'{_DECORATION}:,').rstrip(f'{_DECORATION}.')}".strip()
