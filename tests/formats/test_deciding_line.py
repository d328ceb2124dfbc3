"""A last line written to the letter is understood without looking closer, and as if one had looked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arena.formats.pairs import LETTERS, Levels, PairLabel
from arena.formats.text import deciding_line

NONCE = "59a7dc12dba2"
PIECES = ("A", "B>>A", "7", "tie", "[[", "]]", "[", " ", "  ", "\n", "\r", "\x0c", NONCE, NONCE.upper(), "=", ",",
          "END ANSWER", "so: ", "\u200b", "［［", f"[[{NONCE} A]]", f"\n[[{NONCE} B]]", f"[[{NONCE} A>B]]")  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_a_newline_behind_the_label_changes_nothing(text: str) -> None:
    assert deciding_line(text, NONCE, LETTERS) == deciding_line(text + "\n", NONCE, LETTERS)
    for form in (PairLabel(), Levels()):
        assert form.parse(text, NONCE) == form.parse(text + "\n", NONCE)
        assert form.explanation(text, NONCE) == form.explanation(text + "\n", NONCE)
