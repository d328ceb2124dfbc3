"""From messages to token ids: the tokenizer's chat template, a template from the config, or plain completion."""

from __future__ import annotations

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
    """Renders conversations for one tokenizer. `notes` says what had to be done differently from what one expects."""

    def __init__(
        self, tokenizer: Tokenizer, template: str | None = None, template_kwargs: Mapping[str, JSON] | None = None
    ) -> None:
        self.tokenizer = tokenizer
        self.template = template
        self.template_kwargs: dict[str, object] = dict(template_kwargs or {})
        self.plain = template is None and not tokenizer.chat_template
        self.notes: list[str] = []
        if self.plain:
            self.notes.append(
                "no chat template: questions are completed as plain text"
                " (an instruction-tuned model would need its template in chat_template)"
            )

    def render(self, messages: Sequence[Message]) -> Prompt:
        """Token ids of a conversation whose next message is the model's. Raises CannotRender."""
        if self.plain:
            text = "\n\n".join(message.content for message in messages)
            return Prompt(self.tokenizer.encode(text, add_special_tokens=True), False)
        text = self._templated([{"role": message.role, "content": message.content} for message in messages])
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        return Prompt(ids, text.rstrip().endswith("<think>"))

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
        from jinja2 import TemplateError

        own = {} if self.template is None else {"chat_template": self.template}
        try:
            return self.tokenizer.apply_chat_template(
                chat, tokenize=False, add_generation_prompt=True, **own, **self.template_kwargs
            )
        except (TemplateError, LookupError, TypeError, ValueError) as error:
            raise CannotRender(f"the chat template refuses it: {type(error).__name__}: {error}") from error
