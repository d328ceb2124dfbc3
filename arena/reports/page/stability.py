"""How firm the order is: a sentence, and a table of neighbours."""

from __future__ import annotations

from arena.reports.page.data import PageData
from arena.reports.page.layout import section, table
from arena.reports.page.markup import Html, join, tag
from arena.reports.stability import HEADS, firmness, rows, word
from arena.reports.verdict import Language


def firm(data: PageData, language: Language) -> Html | None:
    """The section; None where nothing is known."""
    found = rows(data.report, language)[: data.top]
    if not found:
        return None
    told = firmness(data.report, language, lambda name: tag("b", name), neighbours=False)
    named = any(row[-1] for row in found)
    heads = [tag("th", word(head, language), class_="left") for head in (HEADS if named else HEADS[:-1])]
    body = [tag("tr", *(tag("td", cell, class_="left") for cell in (row if named else row[:-1]))) for row in found]
    said = tag("p", Html(" ".join(told)))
    return section("stability", word("title", language), word("note", language), join(said, table(heads, body)))
