"""The frames that sections share."""

from __future__ import annotations

from collections.abc import Sequence

from arena.reports.page.markup import Html, tag


def section(name: str, title: str, note: str | None, content: Html | None = None) -> Html:
    return tag("section", tag("h2", title), tag("p", note, class_="note") if note else None, content, id=name)


def table(head: Sequence[Html], body: Sequence[Html], kind: str = "") -> Html:
    top = tag("thead", tag("tr", *head)) if head else None
    return tag("div", tag("table", top, tag("tbody", *body), class_=kind or None), class_="scroll")
