"""Multiple choice at chat endpoints: options with letters, shuffled for every document, and the letter in the reply.

Chat endpoints tell no log-probabilities of a text they are given, so the reply is read. The right option often stands
first in the published files (TruthfulQA: always): unshuffled, "A" to everything would score 1.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase

from arena.config.benchmarks import AskingMode
from arena.errors import InputError
from arena.evals.documents import Choice, Document, Row
from arena.evals.ways import Asked, Reading, Said
from arena.metrics.choices import plain_choice_text, said_letter
from arena.metrics.exact import normal
from arena.types import Message

ASKS = {
    "en": "Answer with the letter of the right option alone.",
    "zh": "请只回答正确选项的字母。",
}


def shuffled(seed: int, item: str, options: int) -> tuple[int, ...]:
    """The published places of the options in the order they are shown: the same for every model, drawn per item."""
    drawn = hashlib.sha256(f"{seed}\x1f{item}\x1f".encode()).digest()
    order = list(range(options))
    random.Random(drawn).shuffle(order)
    return tuple(order)


def letter_messages(
    choice: Choice, order: Sequence[int], examples: Sequence[Choice] = (), language: str = "en"
) -> tuple[Message, ...]:
    """One document as a chat: examples with their letters as turns, then the question."""
    messages: list[Message] = []
    for example in examples:
        messages += [Message("user", _asked(example, range(len(example.options)), language)),
                     Message("assistant", ascii_uppercase[example.gold])]  # fmt: skip
    return (*messages, Message("user", _asked(choice, order, language)))


def _asked(choice: Choice, order: Sequence[int], language: str) -> str:
    lines = [f"{ascii_uppercase[n]}. {choice.options[place].strip()}" for n, place in enumerate(order)]
    return f"{choice.question}\n\n" + "\n".join(lines) + f"\n\n{ASKS.get(language, ASKS['en'])}"


_LABELLED = re.compile(r"^\s*[(\[「【]?(?P<letter>[A-Z])\s*[)\]」】.:：、]\s*(?P<text>\S.*)$", re.S)


def read_letter(reply: str, options: Sequence[str]) -> int | None:
    """Which option a reply names, by the place it was shown at; None where none, or more than one, can be read.

    `options` are the texts as they were shown. Read in this order: the letter that is said to be the answer
    (`said_letter`); a letter with its option's text; one option's text alone. Letters beyond the options are nothing.
    """
    text = plain_choice_text(reply)
    if letter := said_letter(text, ascii_uppercase[: len(options)]):
        return ascii_uppercase.index(letter)
    lines = [line for line in text.splitlines() if line.strip()]
    found = {place for line in lines if (place := _labelled(line, options)) is not None}
    if len(found) == 1:
        return found.pop()
    same = [place for place, option in enumerate(options) if normal(option) == normal(text)]
    return same[0] if len(same) == 1 else None


def _labelled(line: str, options: Sequence[str]) -> int | None:
    """`C. the option's own text`, or the letter before anything where the whole line is no prose (`(C) because …`)."""
    match = _LABELLED.match(line)
    if match is None or (place := _place(match["letter"], len(options))) is None:
        return None
    text, option = normal(match["text"]), normal(options[place])
    return place if text.startswith(option) or line.lstrip().startswith(("(", "[")) else None


def _place(letter: str, options: int) -> int | None:
    found = ascii_uppercase.find(letter.upper())
    return found if 0 <= found < options else None


@dataclass(frozen=True)
class LetterWay:
    """Asking by letters."""

    choice: Callable[[Row], Choice]
    seed: int
    shots: int = 0
    examples: Mapping[str, Sequence[Row] | None] = field(default_factory=dict)
    """By subject."""
    language: str = "en"
    max_tokens: int = 2048
    orders: Mapping[str, tuple[int, ...]] | None = None
    """By document, in the place of the drawn one."""

    mode: AskingMode = "letter"
    metric: str = "acc"
    chat_template: bool | None = None

    def ask(self, document: Document) -> Asked:
        """A chat that ends with the lettered question. Raises InputError for more options than letters."""
        choice = self.choice(document.row)
        if not 2 <= len(choice.options) <= len(ascii_uppercase):
            raise InputError(f"{document.doc_id}: {len(choice.options)} options cannot be lettered (2 to 26 can)")
        order = self.order_of(document, choice)
        examples = [self.choice(row) for row in (self.examples.get(document.subject) or ())[: self.shots]]
        right = order.index(choice.gold)
        return Asked(
            letter_messages(choice, order, examples, self.language), gold=choice.gold, max_tokens=self.max_tokens,
            order=order, rehearsal=(ascii_uppercase[right], ascii_uppercase[(right + 1) % len(order)]),
        )  # fmt: skip

    def order_of(self, document: Document, choice: Choice) -> tuple[int, ...]:
        """The published places of the options as they are shown."""
        if self.orders is not None:
            return self.orders[document.doc_id]
        return shuffled(self.seed, document.item, len(choice.options))

    def read(self, document: Document, asked: Asked, said: Said) -> Reading:
        """The published place of the option that the reply names."""
        choice = self.choice(document.row)
        order = asked.order or tuple(range(len(choice.options)))
        shown = read_letter(said.text, [choice.options[place] for place in order])
        if shown is None:
            return Reading(None, 0.0, {"acc": 0.0})
        score = float(order[shown] == choice.gold)
        return Reading(order[shown], score, {"acc": score})
