"""Leading reasoning blocks."""

from __future__ import annotations

import pytest

from arena.backends.thinking import Thought, split_thinking


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A", Thought("A", None, True)),
        ("<think>hm</think>A", Thought("A", "hm", True)),
        ("\n<think>\nhm\nho\n</think>\n\nA\n", Thought("A\n", "hm\nho", True)),
        ("<think></think>A", Thought("A", None, True)),
        ("<think>hm", Thought("", "hm", False)),
        ("<think>a</think><think>b</think>", Thought("<think>b</think>", "a", True)),
        ("A <think>hm</think>", Thought("A <think>hm</think>", None, True)),
        ("", Thought("", None, True)),
    ],
)
def test_only_a_leading_block_is_reasoning(text: str, expected: Thought) -> None:
    assert split_thinking(text) == expected
