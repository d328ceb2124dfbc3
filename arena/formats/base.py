"""What every output format can do: say what it wants, read it, write it, and ask for it again."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from arena.formats.text import Unparsed, closes, decided_before, deciding_line, hide_nonce, label_line, stray, visible
from arena.redact import masked
from arena.types import JSON, Parsed, ParsedScore, TokenLogprobs

Kind = Literal["pairwise", "single"]
Outcome: TypeAlias = Parsed | ParsedScore


@dataclass(frozen=True)
class Format(ABC):
    """How a reply has to look. Instruction, parser, repair text and schema stand together so that they cannot differ.

    It speaks in slots: A is the first answer shown, B the second. A nonce of None means the prompt uses none.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    needs_nonce: ClassVar[bool] = False
    """Whether the verdict itself carries the nonce. Fences around answers carry it in any format."""
    top_logprobs: ClassVar[int] = 0
    """How many alternatives per token to ask for; 0 when log-probabilities say nothing here."""
    conversation: ClassVar[bool] = False
    """Whether the answer is shown as the end of its own conversation, without a word to a judge or a repair."""
    one_word: ClassVar[bool] = False
    """Whether the label is the whole reply: twice the tokens would bring nothing but words around it."""

    @abstractmethod
    def instructions(self, nonce: str | None) -> str:
        """The last paragraph of the prompt: in which form the verdict is wanted."""

    @abstractmethod
    def parse(self, text: str, nonce: str | None, logprobs: Sequence[TokenLogprobs] = ()) -> Outcome | Unparsed:
        """What a reply says, or why it says nothing. Never guesses and never raises."""

    def complete(self, text: str, nonce: str | None) -> bool:
        """Whether the verdict of a reply that was cut off stands in it, whole, and is what it ends with."""
        return False

    def read_before(self, text: str, nonce: str | None, logprobs: Sequence[TokenLogprobs] = ()) -> bool:
        """Whether version 0.1 read a verdict here."""
        return not isinstance(self.parse(text, nonce, logprobs), Unparsed)

    @abstractmethod
    def write(self, outcome: Outcome, nonce: str | None, explanation: str = "") -> str:
        """A reply that `parse` reads back as this outcome, as far as the format can say it.

        A strong win is a win where the format knows no strong ones. A tie where none is allowed becomes the first
        slot, so that the two orders of a battle cancel out. Raises TypeError when it is an outcome of the other kind.
        """

    @abstractmethod
    def explanation(self, text: str, nonce: str | None) -> str | None:
        """What the judge wrote beside the verdict, with NONCE for the nonce; None when it wrote nothing."""

    @abstractmethod
    def repair(self, nonce: str | None) -> str:
        """The next user message after a reply that could not be read: asks for the label alone."""

    def schema(self, nonce: str | None = None) -> Mapping[str, JSON] | None:
        """JSON schema of the reply for endpoints with structured output; None when the reply is plain text.

        Without a nonce it is the same for every question; with one that is the only code it allows.
        """
        return None

    def repair_schema(self, nonce: str | None) -> Mapping[str, JSON] | None:
        """JSON schema of the answer to the repair message, the nonce and the labels as enums; None for plain text."""
        return None

    def choices(self, nonce: str | None) -> tuple[str, ...]:
        """The only replies allowed, for guided decoding; empty when the reply has an explanation in it."""
        return ()

    def repair_choices(self, nonce: str | None) -> tuple[str, ...]:
        """The only answers to the repair message, for guided decoding; empty when there are too many to list."""
        return self.choices(nonce)

    def write_logprobs(self, outcome: Outcome) -> tuple[TokenLogprobs, ...]:
        """Log-probabilities that go with `write`, where the format reads them."""
        return ()

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The lowest and the highest score there is; None where the verdict is no score."""
        return None


class LabelLine(Format):
    """Formats whose verdict is a label in double square brackets on a line of its own at the end.

    With a nonce the last line that holds a label with the nonce counts, in whatever brackets; without one only the
    last non-empty line. Either way that line must hold exactly one distinct label, on the menu and in its brackets.
    """

    needs_nonce: ClassVar[bool] = True
    looks: ClassVar[re.Pattern[str]] = re.compile(r"(?<!\w)(?:[A-HJ-Z][+-]?|-?\d[\d.,;/ ]*)(?!\w)")
    """What looks like a label of this format, in whatever brackets or none: one capital letter, or a number."""

    @abstractmethod
    def read(self, payload: str) -> Outcome | None:
        """What stands between the brackets, the nonce taken off; None when it is not on the menu."""

    @abstractmethod
    def spell(self, outcome: Outcome) -> str:
        """The inverse of `read`."""

    @abstractmethod
    def menu(self) -> str:
        """What stands in place of X in the instructions, and what it means."""

    def read_bare(self, line: str) -> Outcome | None:
        """A last line without brackets that is still clear; asked only when there is no nonce."""
        return None

    def instructions(self, nonce: str | None) -> str:
        return (
            f"First explain your judgement in a few sentences. Then end your reply with one line of the form "
            f"{label_line('X', nonce)}{_code(nonce)} and write nothing after it. {self.menu()}"
        )

    def repair(self, nonce: str | None) -> str:
        return (
            "Your last message did not end with a verdict in the required form. Keep your judgement, do not explain "
            f"it again, and reply with a single line of the form {label_line('X', nonce)}{_code(nonce)} and nothing "
            f"else. {self.menu()}"
        )

    def parse(self, text: str, nonce: str | None, logprobs: Sequence[TokenLogprobs] = ()) -> Outcome | Unparsed:
        shown = visible(text)
        if isinstance(shown, Unparsed):
            return shown
        payloads, line, loose = deciding_line(shown, nonce, self.looks)
        if not payloads:
            bare = self.read_bare(line) if nonce is None else None
            missing = "no label with the nonce in its brackets" if nonce is not None else "no label on the last line"
            return bare if bare is not None else Unparsed(missing)
        found = self._one_of(payloads)
        if not isinstance(found, Unparsed) and stray(loose, self.looks, payloads[0]):
            return Unparsed("more than one label on the deciding line")
        return found

    def complete(self, text: str, nonce: str | None) -> bool:
        shown = visible(text)
        return not isinstance(shown, Unparsed) and closes(shown, nonce)

    def read_before(self, text: str, nonce: str | None, logprobs: Sequence[TokenLogprobs] = ()) -> bool:
        shown = visible(text)
        if isinstance(shown, Unparsed):
            return False
        if nonce is None:
            payloads, line, _ = deciding_line(shown, None, self.looks)
            if not payloads:
                return self.read_bare(line) is not None
        else:
            payloads = decided_before(shown, nonce)
        return bool(payloads) and not isinstance(self._one_of(payloads), Unparsed)

    def _one_of(self, payloads: Sequence[str]) -> Outcome | Unparsed:
        """The outcome that all of them name."""
        found: list[Outcome] = []
        for payload in payloads:
            outcome = self.read(payload)
            if outcome is None:
                return Unparsed(f"label off the menu: {masked(payload)[:60]}")
            if outcome not in found:
                found.append(outcome)
        return found[0] if len(found) == 1 else Unparsed("more than one label on the deciding line")

    def write(self, outcome: Outcome, nonce: str | None, explanation: str = "") -> str:
        label = label_line(self.spell(outcome), nonce)
        return f"{explanation}\n\n{label}" if explanation else label

    def explanation(self, text: str, nonce: str | None) -> str | None:
        shown = visible(text)
        if isinstance(shown, Unparsed):
            return None
        line = deciding_line(shown, nonce, self.looks).line
        before, _, after = shown.rpartition(line) if line else (shown, "", "")
        return hide_nonce(f"{before.rstrip()}\n{after.strip()}".strip(), nonce) or None


def expect_pair(outcome: Outcome) -> Parsed:
    """The outcome as one about a pair. Raises TypeError."""
    if not isinstance(outcome, Parsed):
        raise TypeError(f"a pairwise format cannot write {type(outcome).__name__}")
    return outcome


def expect_score(outcome: Outcome) -> ParsedScore:
    """The outcome as one about a single answer. Raises TypeError."""
    if not isinstance(outcome, ParsedScore):
        raise TypeError(f"a single-answer format cannot write {type(outcome).__name__}")
    return outcome


def _code(nonce: str | None) -> str:
    return f" (with the code {nonce} exactly as it stands here)" if nonce is not None else ""
