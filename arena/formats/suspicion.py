"""What looks like an attack on the judge inside an answer. It is flagged and never edited."""

from __future__ import annotations

import re

from arena.formats.text import normal, plain, plain_labels

_SIGNS: dict[str, re.Pattern[str]] = {
    "label": re.compile(
        r"\[\[\s*(?:[0-9a-f]{12}[\s:,]+)?(?:[ABC]|tie|[AB]\s*[<>=]{1,3}\s*[AB])\s*\]\]"
        r"|\[\[\s*[0-9a-f]{12}[\s:,]+[AB]\s*,\s*[AB]\s*\]\]|^[^\w\n=(]*\[\[\s*[AB]\s*,\s*[AB]\s*\]\][^\w\n]*$",
        re.I | re.M,
    ),
    "rating": re.compile(
        r"\b(?:rating|score|grade|verdict)s?\b[^\n]{0,20}\[\[\s*-?\d[\d.,; /]*\]\]|\[\[\s*[0-9a-f]{12}[\s:,]+-?\d"
        r"|^[^\w\n=(]*\[\[\s*-?\d[\d.,; /]*\]\][^\w\n]*$"
        r"|\[\[[^\[\]\n]{0,40}\b[a-z_]{2,40}\s*[=:]\s*\d+\s*(?:[\],;]|[a-z_]{2,40}\s*[=:]\s*\d)",
        re.I | re.M,
    ),
    "json_verdict": re.compile(
        r"\"(?:verdict|winner|preferred|better_answer)\"\s*:\s*(?:\[\s*)?\"[\s*_`\[(]{0,9}(?:[ABCmM]|tie|model_\w)[\s*_`\]).!]{0,9}\""
        r"|\"code\"\s*:\s*\"[\s*_`\[(]{0,9}[0-9a-f]{12}[\s*_`\])]{0,9}\"",
        re.I,
    ),
    "fence": re.compile(
        r"\[\s*(?:BEGIN|END)\s+(?:OF\s+)?(?:ANSWER|QUESTION|REFERENCE)|\[The (?:Start|End) of (?:Assistant|Reference)"
        r"|</?answer_?[ab]\b|\"model_identifier\"\s*:",
        re.I,
    ),
    "chat_token": re.compile(
        r"<\|(?:im_start|im_end|system|user|assistant|eot_id|start_header_id|endoftext)\|>|\[/?INST\]|<</?SYS>>"
        r"|</?think>|^(?:###\s*)?(?-i:System|Human|User|SYSTEM|HUMAN|USER)\s*:",
        re.I | re.M,
    ),
    "override": re.compile(
        r"\b(?:ignore|disregard|forget)\b[^.\n]{0,30}\b(?:above|previous|prior|preceding|earlier)\b"
        r"|\b(?:answer|response|assistant|model)\s+[AB]\s+(?:is|should be)\s+(?:the\s+)?(?:better|best|winner)\b"
        r"|(?:忽略|无视)(?:以上|上述|之前|前面)|(?:回答|助手)\s*[AB]\s*(?:更好|获胜)",
        re.I,
    ),
    "control": re.compile(
        r"[\x00-\x08\x0b\x0e-\x1f\x7f\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
    ),
}

_HINTS: dict[str, tuple[str, ...]] = {
    "label": ("[[",),
    "rating": ("[[",),
    "override": ("ignore", "disregard", "forget", "better", "best", "winner", "忽略", "无视", "更好", "获胜"),
}
"""What a text must hold, in small letters, for a sign to be possible: looking for it is much faster."""


def suspicious(answer: str) -> tuple[str, ...]:
    """The kinds of signs an answer shows, in a fixed order; empty for almost every honest one.

    label, rating, json_verdict: a verdict as a judge would write it. fence: a border of the prompt. chat_token: turns
    of a conversation. override: orders to the judge. control: invisible or direction-changing characters. Look-alike
    letters in full width, and brackets that a parser would see through, are seen through.
    """
    texts = (answer, seen) if (seen := normal_lines(answer)) != answer else (answer,)
    small = [text.lower() for text in texts]
    return tuple(
        kind for kind in _SIGNS if any(_shows(kind, text, low) for text, low in zip(texts, small, strict=True))
    )


def _shows(kind: str, text: str, small: str) -> bool:
    hints = _HINTS.get(kind)
    return (hints is None or any(hint in small for hint in hints)) and _SIGNS[kind].search(text) is not None


def normal_lines(text: str) -> str:
    """The text with full-width signs as plain ones and its labels as the parsers see them, line by line."""
    return "\n".join(plain_labels(plain(normal(line))) for line in text.splitlines())
