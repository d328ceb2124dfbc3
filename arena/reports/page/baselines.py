"""The win rates against each of several baselines."""

from __future__ import annotations

from arena.reports.baselines import rates, several, word
from arena.reports.page.data import PageData
from arena.reports.page.layout import section, table
from arena.reports.page.markup import Html, percent, percent_ends, tag
from arena.reports.page.words import Words
from arena.reports.verdict import Language


def against_each(data: PageData, w: Words, language: Language) -> Html | None:
    """The section; None with one baseline."""
    names = several(data.report)
    if not names:
        return None
    heads = [tag("th", w["model"], class_="left", scope="col")]
    heads += [tag("th", tag("span", name, class_="isolate"), scope="col") for name in names]
    body = []
    for model, against in rates(data.report)[: data.top]:
        name = tag("th", tag("span", model, class_="isolate"), class_="left name", scope="row")
        cells = [
            tag("td", percent(ends.value, 1), tag("span", percent_ends(ends.low, ends.high), class_="ends"))
            for ends in against
        ]
        body.append(tag("tr", name, *cells))
    return section("baselines", word("title", language), word("note", language), table(heads, body))
