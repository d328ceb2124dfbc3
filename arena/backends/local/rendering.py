"""From messages to token ids: the tokenizer's chat template, a template from the config, or plain completion."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from arena.types import JSON, Message


class Tokenizer(Protocol):
    """What is used of a transformers tokenizer."""

    chat_template: str | dict[str, str] | None

    def apply_chat_template(
        self, conversation: list[dict[str, str]], *, tokenize: bool, add_generation_prompt: bool, **kwargs: object
    ) -> str:
        """The conversation as one text."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Token ids."""

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool) -> str:
        """Text."""


class CannotRender(Exception):
    """The chat template refuses a conversation; the message says why."""


class Prompt(NamedTuple):
    """A rendered conversation."""

    ids: list[int]
    opened: bool
    """It ends in `<think>`: what comes next is reasoning."""


class Renderer:
    """Renders conversations for one tokenizer, whose next message is the model's, or that have `ended`.

    `notes` says what had to be done differently from what one expects.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        template: str | None = None,
        template_kwargs: Mapping[str, JSON] | None = None,
        *,
        ended: bool = False,
    ) -> None:
        self.tokenizer = tokenizer
        self.template = template
        self.template_kwargs: dict[str, object] = dict(template_kwargs or {})
        self._ended = ended
        self.plain = template is None and not tokenizer.chat_template
        self.notes: list[str] = []
        added = getattr(tokenizer, "added_tokens_decoder", {}).values()
        self._specials = sorted((token.content for token in added if token.special), key=len, reverse=True)
        if self.plain:
            self.notes.append(
                "no chat template: questions are completed as plain text"
                " (an instruction-tuned model would need its template in chat_template)"
            )

    def render(self, messages: Sequence[Message]) -> Prompt:
        """Token ids of a conversation whose next message is the model's. Raises CannotRender.

        A special token that stands in a message (`<|im_end|>` in an answer that is to be judged, say) is spelled out,
        so that no text can end its own turn or begin another.
        """
        mark = _unused(messages)
        chat = [{"role": message.role, "content": self._masked(message.content, mark)} for message in messages]
        text = "\n\n".join(message["content"] for message in chat) if self.plain else self._templated(chat)
        between = re.split(f"{mark}(\\d+){mark}", text)
        ids = self.tokenizer.encode(between[0], add_special_tokens=self.plain)
        for name, part in zip(between[1::2], between[2::2], strict=True):
            special = self._specials[int(name)]
            for piece in (special[: len(special) // 2], special[len(special) // 2 :], part):
                ids += self.tokenizer.encode(piece, add_special_tokens=False)
        return Prompt(ids, not self.plain and text.rstrip().endswith("<think>"))

    def prompt(self, messages: Sequence[Message], *, raw: bool) -> Prompt:
        """A conversation; or, `raw`, its one message as text that is gone on with."""
        return Prompt(self.raw(messages[0].content), False) if raw else self.render(messages)

    def raw(self, text: str) -> list[int]:
        """Token ids of a text as it stands, with the tokenizer's own first token before it, once."""
        begin = getattr(self.tokenizer, "bos_token", None)
        return self.tokenizer.encode(text, add_special_tokens=not (begin and text.startswith(begin)))

    @property
    def first_token(self) -> int:
        """What stands before a text without any context."""
        for name in ("bos_token_id", "eos_token_id"):
            if (found := getattr(self.tokenizer, name, None)) is not None:
                return int(found)
        return 0

    def _masked(self, content: str, mark: str) -> str:
        """A message with the number of each special token, between marks, in its place."""
        for number, special in enumerate(self._specials):
            if special in content:
                content = content.replace(special, f"{mark}{number}{mark}")
        return content

    def count(self, text: str | None) -> int | None:
        """How many tokens a text has; None for no text."""
        return len(self.tokenizer.encode(text, add_special_tokens=False)) if text else None

    def _templated(self, chat: list[dict[str, str]]) -> str:
        """The conversation as one text, in which the system message stands one way or the other."""
        if chat[0]["role"] != "system" or len(chat) < 2:
            return self._apply(chat)
        system, first, *rest = chat
        try:
            text = self._apply(chat)
        except CannotRender:
            text = ""
        if text and system["content"].strip() in text:
            return text
        merged = {"role": first["role"], "content": f"{system['content']}\n\n{first['content']}"}
        text = self._apply([merged, *rest])
        note = "the chat template takes no system message: it is put before the first user message"
        if note not in self.notes:
            self.notes.append(note)
        return text

    def _apply(self, chat: list[dict[str, str]]) -> str:
        own = {} if self.template is None else {"chat_template": self.template}
        try:
            return self.tokenizer.apply_chat_template(
                chat, tokenize=False, add_generation_prompt=not self._ended, **own, **self.template_kwargs
            )
        except _template_errors() as error:
            raise CannotRender(f"the chat template refuses it: {type(error).__name__}: {error}") from error


def _template_errors() -> tuple[type[Exception], ...]:
    """What a template that refuses a conversation raises; llama.cpp renders without jinja2."""
    try:
        from jinja2 import TemplateError
    except ImportError:
        return (LookupError, TypeError, ValueError)
    return (TemplateError, LookupError, TypeError, ValueError)


def _unused(messages: Sequence[Message]) -> str:
    """A character for private use that stands in no message."""
    used = {char for message in messages for char in message.content}
    return next(char for char in map(chr, range(0xE000, 0xF8FF)) if char not in used)
