"""Why models lose: the reasons that were found in explanations, how often, and who loses by them more than others."""

from __future__ import annotations

from arena.reports.page.charts import Scale, whisker
from arena.reports.page.data import PageData
from arena.reports.page.layout import section, table
from arena.reports.page.markup import Html, fill, join, number, percent, percent_ends, tag
from arena.reports.page.words import Words
from arena.reports.reasons import Reason, more_than_others

_WIDTH = 110.0
_NAMED = 3


def reasons(data: PageData, w: Words) -> Html | None:
    """A row per reason; None where nobody looked for any."""
    found = data.reasons
    if found is None:
        return None
    n, of = number(found.n_explained), number(found.n_losses)
    if not found.reasons:
        return section("reasons", w["why_lose"], None, tag("p", fill(w["no_reasons"], n=n, of=of), class_="note"))
    note = fill(w["reasons_note"], n=n, of=of, none=percent(found.without))
    most = max(one.share.high or one.share.value or 0.0 for one in found.reasons)
    scale = Scale(0.0, max(most, 1e-9), _WIDTH)
    head = [tag("th", w["reason"], class_="left", scope="col"), tag("th", w["share_of_losses"], scope="col"),
            tag("th", w["losses_n"], scope="col"), tag("th", w["more_than_others"], class_="left", scope="col"),
            tag("th", w["to_read"], class_="left", scope="col")]  # fmt: skip
    return section("reasons", w["why_lose"], note, table(head, [_row(one, scale, w) for one in found.reasons]))


def _row(one: Reason, scale: Scale, w: Words) -> Html:
    share = one.share
    name = w[f"trait_{one.words[0].replace(' ', '_')}"] if one.kind == "trait" else one.name
    sub = None
    if one.of_winners is not None:
        sub = fill(w["of_winners"], share=percent(one.of_winners))
    models = [join(tag("span", model, class_="isolate"), f" {percent(own.share.value)}")
              for model, own in more_than_others(one)[:_NAMED]]  # fmt: skip
    read = [tag("span", example.question_id, class_="isolate") for example in one.examples[:_NAMED]]
    picture = None if share.value is None else whisker(scale, share.value, share.low, share.high, None)
    return tag(
        "tr",
        tag("th", tag("span", name, class_="isolate"), tag("div", sub, class_="note") if sub else None,
            class_="left name", scope="row"),
        tag("td", tag("b", percent(share.value, 1)), tag("span", percent_ends(share.low, share.high), class_="ends"),
            tag("div", picture)),
        tag("td", number(one.n)),
        tag("td", _listed(models), class_="left"),
        tag("td", _listed(read), class_="left"),
    )  # fmt: skip


def _listed(parts: list[Html]) -> Html:
    return join(*[piece for part in parts for piece in (Html(", "), part)][1:]) if parts else Html("–")
