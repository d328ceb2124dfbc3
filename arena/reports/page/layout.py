"""The frames that pages and sections share."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from arena.reports.page.markup import Html, join, tag
from arena.reports.verdict import Language

_STYLE = Path(__file__).resolve().parent / "page.css"


def document(title: str, body: Html, language: Language, script: str = "") -> str:
    """A whole page that loads nothing: its policy lets in its own style and, where there is one, its own script."""
    style = _STYLE.read_text(encoding="utf-8")
    scripts = f"script-src {_source(script)}; " if script else ""
    policy = (
        f"default-src 'none'; {scripts}style-src {_source(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    head = join(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        Html(f"<style>{style}</style>"),
    )
    lang = "zh-CN" if language == "zh" else "en"
    return f"<!DOCTYPE html>\n{tag('html', tag('head', head), tag('body', body), lang=lang)}\n"


def _source(content: str) -> str:
    """The policy's name for one inline block: its sha256."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


def section(name: str, title: str, note: str | None, content: Html | None = None) -> Html:
    return tag("section", tag("h2", title), tag("p", note, class_="note") if note else None, content, id=name)


def table(head: Sequence[Html], body: Sequence[Html], kind: str = "") -> Html:
    top = tag("thead", tag("tr", *head)) if head else None
    return tag("div", tag("table", top, tag("tbody", *body), class_=kind or None), class_="scroll")
