"""Texts that are weighed: their tokens, their place in line, and the sums of a request."""

from __future__ import annotations

from arena.backends.local.likelihoods import Weighed, encode_pair
from arena.backends.local.rendering import Renderer
from arena.types import Message, Request


class Letters:
    """A tokenizer whose tokens are letters, with a first token of its own."""

    chat_template = None
    bos_token, bos_token_id = "^", 94

    def apply_chat_template(self, *args: object, **kwargs: object) -> str:
        raise AssertionError

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        return [94] * add_special_tokens + [ord(letter) for letter in text]

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool) -> str:
        return "".join(map(chr, token_ids))


def renderer() -> Renderer:
    return Renderer(Letters())


def request(*texts: str, prompt: str = "Q", raw: bool = True) -> Request:
    return Request("k", "q", (Message("user", prompt),), raw=raw, continuations=tuple((text, None) for text in texts))


def test_white_space_at_the_end_of_a_context_belongs_to_the_text() -> None:
    ids, start = encode_pair(renderer(), "Q: ", "yes", {})
    assert (ids, start) == ([94, *map(ord, "Q: yes")], 3)
    assert encode_pair(renderer(), "", "yes", {}) == ([94, *map(ord, "yes")], 1)
    assert encode_pair(renderer(), "^Q", "y", {}) == ([94, *map(ord, "Qy")], 2), "the first token stands once"


def test_a_prompt_is_cut_on_the_left_to_what_the_context_holds() -> None:
    (pair,) = Weighed(1, request("yes", prompt="0123456789"), renderer(), 6).pairs
    assert pair.ids == tuple(map(ord, "6789yes")) and pair.start == 4


def test_a_request_is_done_when_all_its_texts_are() -> None:
    weighed = Weighed(1, request("A", "B"), renderer(), 99)
    assert not weighed.put(1, (-2.0, False))
    assert weighed.put(0, (-1.0, True))
    assert weighed.completion("m").loglikelihoods == ((-1.0, True), (-2.0, False))
