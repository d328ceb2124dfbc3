"""What a model wrote is shown as meant, and can do nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.hostile import HOSTILE
from markdown_it import MarkdownIt

from viz.ui.difference import difference
from viz.ui.rendering import as_html, distinct, plain, safe_markdown, shortened

ACTIVE = {"image", "link_open", "html_inline", "html_block"}


def _token_types(markdown: str) -> set[str]:
    """Everything a Markdown parser with HTML, tables and links switched on sees."""
    found: set[str] = set()
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown):
        found.add(token.type)
        found.update(child.type for child in token.children or ())
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_has_no_image_link_or_html_left(name: str) -> None:
    for shown in (safe_markdown(HOSTILE[name]), plain(HOSTILE[name])):
        assert not _token_types(shown) & ACTIVE


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_text_in_html(name: str) -> None:
    for shown in (as_html(HOSTILE[name]), re.sub("</?(?:del|ins)>", "", difference(HOSTILE[name], "x y"))):
        assert "<" not in shown
        assert '"' not in shown
        assert "'" not in shown


@settings(max_examples=300)
@given(st.text(alphabet="`~![]()<>\\\n #>-*_|:$&; ab1x\"'/=.+{}^", max_size=80))
def test_no_text_at_all_becomes_active(text: str) -> None:
    assert not _token_types(safe_markdown(text)) & ACTIVE
    assert not _token_types(plain(text)) & ACTIVE


@pytest.mark.slow
@settings(max_examples=200)
@given(st.text(alphabet="$\\()[]{} ab1x^_\n`|", max_size=60))
def test_nothing_but_known_formulas_stands_between_dollars(text: str) -> None:
    outside_code = re.sub(r"(`+) .*? \1", "", safe_markdown(text), flags=re.S)
    for formula in re.findall(r"(?<!\\)\$([^$]*)(?<!\\)\$", outside_code):
        assert "\\rule" not in formula


def test_structure_survives() -> None:
    shown = safe_markdown("# Title\n\nSome **bold** and *soft* `code`.\n\n1. one\n2. two\n   - inner\n\n> quote")
    assert "**Title**" in shown
    assert "**bold** and *soft*" in shown
    assert "1. one\n2. two" in shown
    assert "   - inner" in shown
    assert "> quote" in shown


def test_code_is_left_alone_but_mermaid_is_only_text() -> None:
    source = "```python\nx = a[0]  # ![x](y) $5 \\(z\\)\n```"
    assert safe_markdown(source) == source
    assert safe_markdown("```mermaid\ngraph TD\n```") == "```\ngraph TD\n```"


def test_a_fence_inside_a_longer_fence_stays_inside() -> None:
    assert safe_markdown("````\n```\n![x](y)\n```\n````").startswith("````")


def test_both_ways_of_writing_formulas_are_formulas_and_prices_are_not() -> None:
    assert safe_markdown("\\(x^2\\) and $y_1$") == "$x^2$ and $y_1$"
    assert "$$\nz\n$$" in safe_markdown("so \\[ z \\]")
    assert "$" not in safe_markdown("between $5 and $10").replace("\\$", "")


@pytest.mark.parametrize(
    "command", ["\\rule{9em}{9em}", "\\href{x}{y}", "\\raise{9px}{x}", "\\hspace{-9em}", "\\color{red}"]
)
def test_formulas_that_reach_out_of_their_box_are_shown_as_source(command: str) -> None:
    assert safe_markdown(f"${command}$") == f"` {command} `"


def test_directives_and_icons_are_text() -> None:
    shown = safe_markdown(":red[x] :material/home: :smile:")
    assert not re.search(r"(?<!\\):\w+\[", shown)
    assert ":material/home:" not in shown.replace("\\", "")


def test_text_that_runs_backwards_runs_forwards() -> None:
    assert "\u202e" not in safe_markdown("a\u202eb") + plain("a\u202eb") + as_html("a\u202eb")


def test_shortened_is_one_line_with_an_ellipsis() -> None:
    assert shortened("a\nb", 10) == "a b"
    assert shortened("abcdefghij", 5) == "abcd…"


def test_a_difference_keeps_both_texts() -> None:
    shown = difference("the quick fox", "the slow fox")
    assert re.sub("<ins>.*?</ins>|</?del>", "", shown) == "the quick fox"
    assert re.sub("<del>.*?</del>|</?ins>", "", shown) == "the slow fox"


def test_short_names_differ_whatever_the_names_have_in_common() -> None:
    names = [f"an-organisation-with-a-long-name/model-{n}-instruct-2026-preview" for n in range(30)] + [
        "short",
        "short",
    ]
    short = distinct(names, 24)
    assert len(set(short.values())) == len(short) == 31
    assert max(map(len, short.values())) <= 24
    assert short["short"] == "short"
    assert short[names[7]] == "…7-instruct-2026-preview"
    alike = distinct([f"{'x' * 30}{n}{'y' * 30}" for n in (1, 2)], 20)
    assert len(set(alike.values())) == 2
    assert distinct(["a\nb", "a b"], 9) == {"a\nb": "a b", "a b": "a b (2)"}
