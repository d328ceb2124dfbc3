"""Right answers beside battles: the scores of every model on every task, with their intervals."""

from __future__ import annotations

from arena.reports.board import BenchmarkScore
from arena.reports.page.charts import Scale, whisker
from arena.reports.page.data import PageData
from arena.reports.page.layout import section, table
from arena.reports.page.markup import Html, fill, join, number, percent, tag
from arena.reports.page.words import Words
from arena.reports.verdict import ranked

_WIDTH = 110.0


def benchmarks(data: PageData, w: Words) -> Html | None:
    """A row per model, a column per task; None where nobody was asked any."""
    report = data.report
    models = (*ranked(report), *(row for row in report.models if row not in ranked(report)))[: data.top]
    tasks = list(dict.fromkeys(task for row in models for task in row.benchmarks))
    if not tasks:
        return None
    head = [tag("th", w["model"], class_="left", scope="col")]
    head += [tag("th", tag("span", task, class_="isolate"), scope="col") for task in tasks]
    body = []
    for row in models:
        if row.benchmarks:
            name = tag("th", tag("span", row.model, class_="isolate"), class_="left name", scope="row")
            body.append(tag("tr", name, *[_cell(row.benchmarks.get(task)) for task in tasks]))
    notes = []
    for task in tasks:
        own = [row.benchmarks[task] for row in models if task in row.benchmarks]
        if any(not own[0].comparable(score) for score in own):
            notes.append(tag("p", fill(w["asked_apart"], task=task), class_="note"))
        else:
            notes.append(tag("p", f"{task}: {_asked(own[0])}", class_="note"))
        for row in models:
            if task in row.benchmarks and (passes := row.benchmarks[task].passes):
                notes.append(tag("p", f"{task}, {row.model}: {', '.join(passes)}", class_="note"))
    return section("benchmarks", w["benchmarks"], w["benchmarks_note"], join(table(head, body), *notes))


def _cell(score: BenchmarkScore | None) -> Html:
    if score is None or score.score is None:
        return tag("td", "–")
    ends, hint = "", f"n = {score.n:,}"
    if score.low is not None and score.high is not None:
        ends = f"[{number(100 * score.low, 1)}, {number(100 * score.high, 1)}]"
    if score.n_unreadable:
        hint += f", ? {score.n_unreadable:,}"
    picture = whisker(Scale(0.0, 1.0, _WIDTH), score.score, score.low, score.high, None)
    value = tag("b", percent(score.score, 1))
    return tag("td", value, " ", tag("span", ends, class_="ends"), tag("div", picture), title=hint)


def _asked(score: BenchmarkScore) -> str:
    shots = "" if score.shots is None else f", {score.shots}-shot"
    return f"{score.metric}, {score.mode}{shots}"
