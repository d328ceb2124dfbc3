"""llama.cpp's own tokenizer and template engine, asked at its server's loopback address."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from arena.backends.local.failures import one_line
from arena.gguf import GgufHeader


class LlamaCppTokenizer:
    """Tokens and templates as a renderer uses them."""

    def __init__(self, address: str, key: str, header: GgufHeader, template: str | None) -> None:
        self._address, self._key = address, key
        self.chat_template: str | dict[str, str] | None = template or header.chat_template
        self.bos_token_id, self.eos_token_id = header.token_id("bos"), header.token_id("eos")
        self.bos_token = None if self.bos_token_id is None else header.tokens[self.bos_token_id]
        specials = enumerate(header.special_tokens)
        self.added_tokens_decoder = {number: SimpleNamespace(content=s, special=True) for number, s in specials}

    def apply_chat_template(
        self, conversation: list[dict[str, str]], *, tokenize: bool, add_generation_prompt: bool, **kwargs: object
    ) -> str:
        """The conversation as one text; the template is the one the server was started with. Raises ValueError."""
        given = {name: value for name, value in kwargs.items() if name != "chat_template"}
        return str(self._ask("/apply-template", {"messages": conversation, "chat_template_kwargs": given})["prompt"])

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Token ids; special tokens in the text are recognised."""
        found = self._ask("/tokenize", {"content": text, "add_special": add_special_tokens, "parse_special": True})
        return [int(token) for token in found["tokens"]]

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool) -> str:
        """Text."""
        return str(self._ask("/detokenize", {"tokens": list(token_ids)})["content"])

    def _ask(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
        request = urllib.request.Request(f"{self._address}{path}", json.dumps(body).encode(), headers)  # noqa: S310 - our own server
        try:
            with _DIRECT.open(request) as response:
                found: dict[str, Any] = json.load(response)
                return found
        except urllib.error.HTTPError as error:
            raise ValueError(one_line(error.read().decode("utf-8", "replace"))) from None


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Calls to this machine take no proxy."""
