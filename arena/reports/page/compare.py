"""reports/compare-BASE-TUNED.html: two models of a board before and after, on one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from arena.reports.compare_words import (
    battle_lines,
    difference_told,
    ends_of,
    net_told,
    not_compared,
    p_told,
    points,
    sentences,
    task_notes,
    words,
)
from arena.reports.comparison import Comparison, PartDifference, TaskDifference
from arena.reports.page.charts import Scale, axis, scale_over, whisker
from arena.reports.page.layout import document, section, table
from arena.reports.page.markup import Html, fill, join, number, percent, tag
from arena.reports.verdict import Language

_WIDTH = 120.0
_PILLS = {"better": "pill", "worse": "pill warn"}
W = dict[str, str]


def render_comparison(found: Comparison, language: Language = "en") -> str:
    """The whole page; it loads nothing and runs nothing."""
    w = words(language)
    banner = tag("p", w["simulated"], class_="banner") if found.simulated else None
    header = tag("header", tag("div", tag("b", w["title"]), class_="bar-top"), banner)
    main = tag("main", *[part for part in _sections(found, w, language) if part is not None])
    return document(f"{found.tuned} − {found.base} · {w['title']}", join(header, main), language)


def _sections(found: Comparison, w: W, language: Language) -> list[Html | None]:
    names = {"tuned": tag("b", found.tuned), "base": tag("b", found.base)}
    first, *_ = sentences(found, language)
    which = tag("p", fill(w["which"], **names), class_="note")
    top = tag("section", tag("h1", fill(w["lead"], **names)), which, tag("p", first, class_="facts"), id="verdict")
    return [
        top,
        _benchmarks(found, w, language),
        section("battles", w["battles"], None, _list(battle_lines(found, language))),
        _subjects(found, w),
        section("settings", w["settings"], None, _list(found.settings or (w["equal_settings"],))),
        section("notes", "", None, _list(found.notes)) if found.notes else None,
    ]


def _benchmarks(found: Comparison, w: W, language: Language) -> Html | None:
    if not found.tasks:
        return None
    again = any(task.itself.value is not None for task in found.compared)
    scale = _scale(found.compared)
    heads = [
        _left(w["task"]), *_heads(scale, w), *([_head(w["itself"])] if again else []),
    ]  # fmt: skip
    body = []
    for task in found.tasks:
        name = tag("th", tag("span", task.task, class_="isolate"), class_="left name", scope="row")
        if task.not_compared is not None:
            body.append(tag("tr", name, tag("td", not_compared(task, language), class_="left", colspan=len(heads) - 1)))
            continue
        itself = f"{points(task.itself.value)} {ends_of(task.itself.low, task.itself.high)}"
        body.append(tag("tr", name, *_cells(task, scale, w), *([_cell(itself)] if again else [])))
    notes = [f"{t.task}: {note}" for t in found.compared for note in task_notes(t, language)]
    level = fill(w["how"], level=percent(found.level))
    return section("benchmarks", w["benchmarks"], level, join(table(heads, body), _list(notes)))


def _subjects(found: Comparison, w: W) -> Html | None:
    parts = [(task, name, part) for task in found.compared for name, part in task.subjects.items()]
    if not parts:
        return None
    scale = _scale([part for _, _, part in parts])
    heads = [_left(w["subject"]), _left(w["task"]), *_heads(scale, w)]
    body = [
        tag(
            "tr",
            tag("th", tag("span", name, class_="isolate"), class_="left name", scope="row"),
            tag("td", task.task, class_="left"),
            *_cells(part, scale, w),
        )
        for task, name, part in parts
    ]
    return section("subjects", w["subjects"], None, table(heads, body))


def _heads(scale: Scale, w: W) -> list[Html]:
    """Of the columns that `_cells` fills; BASE and TUNED stand for names of any length."""
    before = [_head(w[key]) for key in ("base", "tuned", "difference")]
    after = [_head(w[key]) for key in ("documents", "learnt", "forgotten", "net", "p")]
    return [*before, tag("th", axis(scale)), _left(w["change"]), *after]


def _cells(part: PartDifference, scale: Scale, w: W) -> list[Html]:
    ends = part.diff
    value, low, high = (None if x is None else 100 * x for x in (ends.value, ends.low, ends.high))
    mark = tag("td", whisker(scale, value, low, high, 0.0))
    return [
        _cell(percent(part.base, 1)), _cell(percent(part.tuned, 1)), _cell(difference_told(part)), mark, _says(part, w),
        _cell(number(part.n)), _cell(number(part.learnt)), _cell(number(part.forgotten)),
        _cell(net_told(part)), _cell(p_told(part.p_holm)),
    ]  # fmt: skip


def _says(part: PartDifference, w: W) -> Html:
    said = w[part.change]
    kind = _PILLS.get(part.change)
    return tag("td", tag("span", said, class_=kind) if kind else said, class_="left")


def _scale(parts: Sequence[PartDifference | TaskDifference]) -> Scale:
    ends = [100 * x for part in parts for x in (part.diff.low, part.diff.value, part.diff.high) if x is not None]
    return scale_over([0.0, *ends], _WIDTH)


def _head(text: str) -> Html:
    return tag("th", tag("span", text, class_="isolate"), scope="col")


def _left(text: str) -> Html:
    return tag("th", text, class_="left", scope="col")


def _cell(text: str) -> Html:
    return tag("td", text)


def _list(lines: Iterable[str]) -> Html | None:
    items = [tag("li", tag("span", line, class_="isolate")) for line in lines]
    return tag("ul", *items) if items else None
