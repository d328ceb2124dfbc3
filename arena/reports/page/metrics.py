"""Numbers of answers by rule: a row per model, a column per metric; then where models are stronger or weaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from arena.reports.board import Standing
from arena.reports.page.charts import Scale, whisker
from arena.reports.page.data import PageData
from arena.reports.page.layout import section, table
from arena.reports.page.markup import Html, fill, join, number, percent, tag
from arena.reports.page.words import Words
from arena.reports.scores import MetricScore
from arena.reports.strengths import JUDGES, Strength
from arena.reports.verdict import ranked

_WIDTH = 110.0
_SURE = 20
"""Strengths and weaknesses that are listed."""


def metrics(data: PageData, w: Words) -> Html | None:
    """None where no answer was scored."""
    report = data.report
    models = (*ranked(report), *(row for row in report.models if row not in ranked(report)))[: data.top]
    own = {row.model: row.scores.metrics for row in models if row.scores.metrics}
    names = list(dict.fromkeys(name for scores in own.values() for name in scores))
    likely = _perplexity(models, w)
    if not names:
        return None if likely is None else section("scores", w["by_rule"], w["by_rule_note"], likely)
    scales = {name: _scale([scores[name] for scores in own.values() if name in scores]) for name in names}
    head = [tag("th", w["model"], class_="left", scope="col")]
    head += [tag("th", tag("span", name, class_="isolate"), scope="col") for name in names]
    body = []
    for model, scores in own.items():
        title = tag("th", tag("span", model, class_="isolate"), class_="left name", scope="row")
        body.append(tag("tr", title, *[_cell(scores.get(name), scales[name], w) for name in names]))
    notes = [tag("p", _about(name, own, w), class_="note") for name in names]
    return section(
        "scores",
        w["by_rule"],
        w["by_rule_note"],
        join(table(head, body), *notes, likely, _overall(models, w), _strengths(data, list(own), w)),
    )


def _scale(scores: Sequence[MetricScore]) -> Scale:
    """Shares from 0 to 1; other numbers from 0 to the highest there is."""
    if all(score.share for score in scores):
        return Scale(0.0, 1.0, _WIDTH)
    return Scale(0.0, max([score.high or score.score or 0.0 for score in scores] + [1e-9]), _WIDTH)


def _cell(score: MetricScore | None, scale: Scale, w: Words) -> Html:
    if score is None or score.score is None:
        return tag("td", "–")
    factor, digits = (100, 1) if score.share else (1, 3)
    ends = ""
    if score.low is not None and score.high is not None:
        ends = f"[{number(factor * score.low, digits)}, {number(factor * score.high, digits)}]"
    hint = f"n = {score.n:,}" + (f", {fill(w['said_nothing'], n=number(score.n_empty))}" if score.n_empty else "")
    shown = percent(score.score, 1) if score.share else number(score.score, 3)
    picture = whisker(scale, score.score, score.low, score.high, None)
    return tag("td", tag("b", shown), " ", tag("span", ends, class_="ends"), tag("div", picture), title=hint)


def _about(name: str, own: Mapping[str, Mapping[str, MetricScore]], w: Words) -> str:
    score = next(scores[name] for scores in own.values() if name in scores)
    left = sum(sum(scores[name].excluded.values()) for scores in own.values() if name in scores)
    parts = [score.signature] + ([w["less_is_better"]] if score.lower_is_better else [])
    parts += [fill(w["answers_left_out"], n=number(left))] if left else []
    return f"{name}: {'; '.join(parts)}"


def _perplexity(models: Sequence[Standing], w: Words) -> Html | None:
    """How likely local models find given texts."""
    own = [(row.model, row.scores.perplexity) for row in models if row.scores.perplexity is not None]
    if not own:
        return None
    head = [tag("th", w["model"], class_="left", scope="col")]
    head += [tag("th", w[word], scope="col") for word in ("bits_per_byte", "token_perplexity", "documents")]
    body = [
        tag("tr", tag("th", tag("span", model, class_="isolate"), class_="left name", scope="row"),
            _ends(one.bits_per_byte, one.low, one.high, 3),
            _ends(one.token_perplexity, one.token_low, one.token_high, 2), tag("td", number(one.n_documents)))
        for model, one in own
    ]  # fmt: skip
    return join(
        tag("h3", w["perplexity"], class_="more"), tag("p", w["perplexity_note"], class_="note"), table(head, body)
    )


def _overall(models: Sequence[Standing], w: Words) -> Html | None:
    """The weighted number, where the config states weights."""
    own = [(row.model, row.scores.overall) for row in models if row.scores.overall is not None]
    if not own:
        return None
    parts = own[0][1].parts
    head = [tag("th", w["model"], class_="left", scope="col"), tag("th", w["overall"], scope="col")]
    head += [tag("th", f"{w[f'part_{name}']} × {part.weight:g}", scope="col") for name, part in parts.items()]
    body = [
        tag("tr", tag("th", tag("span", model, class_="isolate"), class_="left name", scope="row"),
            _ends(one.value, None, None, 2), *[_ends(one.parts[name].value, None, None, 2) for name in parts])
        for model, one in own
    ]  # fmt: skip
    return join(tag("h3", w["overall"], class_="more"), tag("p", w["overall_note"], class_="note"), table(head, body))


def _ends(value: float | None, low: float | None, high: float | None, digits: int) -> Html:
    if value is None:
        return tag("td", "–")
    known = low is not None and high is not None
    ends = f"[{number(low or 0.0, digits)}, {number(high or 0.0, digits)}]" if known else ""
    return tag("td", tag("b", number(value, digits)), " ", tag("span", ends, class_="ends"))


def _strengths(data: PageData, models: Sequence[str], w: Words) -> Html | None:
    sure = [(model, *one) for model in models for one in data.strengths.said(model)]
    if not sure:
        return None
    sure.sort(key=lambda line: -abs(line[1].gap))
    head = [tag("th", w[word], class_="left", scope="col") for word in ("model", "where", "it_is", "by_number")]
    head += [tag("th", w["gap"], scope="col")]
    return join(tag("h3", w["strengths"], class_="more"), tag("p", w["strengths_note"], class_="note"),
                table(head, [_row(*line, w) for line in sure[:_SURE]]))  # fmt: skip


def _row(model: str, one: Strength, numbers: Sequence[str], w: Words) -> Html:
    place = w[f"feature_{one.part}"] if one.by == "feature" else one.part
    by = ", ".join(w["judges_number"] if name == JUDGES else name for name in numbers)
    cells = [tag("th", tag("span", model, class_="isolate"), class_="left name", scope="row")]
    cells += [
        tag("td", tag("span", text, class_="isolate"), class_="left") for text in (place, w[one.said or "strength"], by)
    ]
    ends = f"[{number(one.low, 2)}, {number(one.high, 2)}]"
    return tag("tr", *cells, tag("td", tag("b", number(one.gap, 2)), " ", tag("span", ends, class_="ends")))
