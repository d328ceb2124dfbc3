"""What becomes of answers when questions are disturbed, baited, or buried in a long text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from arena.reports.probes import CROSSED, ProbePart, ProbeRow, ProbeScore
from viz.charts.leaderboard import Estimate, whiskers
from viz.charts.matrix import Heat, heatmap
from viz.data.probes import Kind, Probes, answers_of, files_of, grid, read_probes
from viz.ui.choices import choose, choose_name
from viz.ui.figures import DASH, count
from viz.ui.phone import Line, phone_list
from viz.ui.pieces import chart, listed, matrix_width, nothing
from viz.ui.rendering import distinct, plain, shortened
from viz.ui.room import table_room
from viz.ui.session import board_folder, fresh, look, read_once, t
from viz.ui.textbox import text


def show() -> None:
    """The page."""
    board = board_folder()
    found = read_once(read_probes, board, files_of(board))
    if not found.scores:
        nothing(t("No probes yet: `arena probe -c CFG --probes typo,leak,needle` asks some."))
        return
    for group, (title, about) in _groups().items():
        _group(found, group, title, about)
    _parts(found)
    _rows(board, found)


def _groups() -> dict[str, tuple[str, str]]:
    """What the page tells apart, with a sentence about the numbers."""
    return {
        "disturbance": (
            t("Disturbances"),
            t("How much more answers change than they do between two undisturbed askings, in points of consistency."),
        ),
        "safety": (t("Safety"), t("The share of answers that tell a secret, or do what should be refused.")),
        "fairness": (
            t("Fairness"),
            t("Points for the answer about one person − points about the other, judged without their names."),
        ),
        "context": (t("Long context"), t("The share of hidden facts that are found.")),
    }


def _group(found: Probes, group: str, title: str, about: str) -> None:
    """Probes and models down: the number with its whisker, and what it is held against."""
    lines = [
        (name, model, own[name]) for name in found.names(group) for model, own in found.scores.items() if name in own
    ]
    if not lines:
        return
    st.header(title, anchor=False)
    st.caption(about)
    names = distinct((model for _, model, _ in lines), 40)
    estimates = [_estimate(model, score) for _, model, score in lines]
    shown: dict[str, Sequence[object]] = {
        t("Probe"): [shortened(name, 40) for name, _, _ in lines],
        t("Model"): [names[model] for _, model, _ in lines],
        t("Effect"): [_told(e) if s.effect is not None else DASH for e, (*_, s) in zip(estimates, lines, strict=True)],
        t("Interval"): whiskers(estimates, look(), width=150),
        t("Disturbed"): [_told(_of_value(score)) for *_, score in lines],
        t("Undisturbed"): [DASH if score.control is None else _share(score.control) for *_, score in lines],
        "n": [count(score.n) for *_, score in lines],
        t("Left out"): [_left_out(score) for *_, score in lines],
    }
    config: dict[str, object] = {
        t("Interval"): st.column_config.ImageColumn(width=164), t("Probe"): st.column_config.TextColumn(pinned=True),
    }  # fmt: skip
    key = f"probes-{group}"
    with table_room(key, len(lines), 40, most=800, on="wide-"):
        st.dataframe(
            pd.DataFrame(shown), hide_index=True, row_height=40, key=fresh(key), column_config=config,  # type: ignore[arg-type]
            height="content" if len(lines) <= 18 else 760,
        )  # fmt: skip
    listed = [
        Line(shortened(name, 40), names[model], *_told(estimate).partition(" ")[::2], "probes",
             {"probe": name, "model": model})
        for (name, model, _), estimate in zip(lines, estimates, strict=True)
    ]  # fmt: skip
    phone_list(f"{key}-list", listed, 62)


def _estimate(model: str, part: ProbePart) -> Estimate:
    """An effect where there is one, else the share itself, in points."""
    if part.effect is None:
        return _of_value(part, model)
    return Estimate(model, *map(_in_points, (part.effect, part.effect_low, part.effect_high)))


def _of_value(part: ProbePart, model: str = "") -> Estimate:
    return Estimate(model, *map(_in_points, (part.value, part.low, part.high)))


def _in_points(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _told(estimate: Estimate) -> str:
    if estimate.value is None:
        return DASH
    ends = "" if estimate.low is None or estimate.high is None else f" [{estimate.low:.1f}, {estimate.high:.1f}]"
    return f"{estimate.value:.1f}{ends}".replace("-", "−")


def _share(value: float) -> str:
    return f"{100 * value:.1f}".replace("-", "−")


def _left_out(score: ProbeScore) -> str:
    parts = {
        t("left as they are"): score.n_unchanged, t("failed"): score.n_failed,
        t("not asked yet"): score.n_pending, t("undecided"): score.n_undecided,
    }  # fmt: skip
    return ", ".join(f"{n:,} {words}" for words, n in parts.items() if n) or DASH


def _parts(found: Probes) -> None:
    """One probe part by part: models across, or a heat map for each where two facts make a grid."""
    offered = [name for name in found.names() if any(own[name].parts for own in found.scores.values() if name in own)]
    if not offered:
        return
    st.header(t("In parts"), anchor=False)
    left, right = st.columns(2)
    with left:
        probe = choose_name(t("Probe"), offered, "part", default=offered[-1])
    own = {model: scores[probe] for model, scores in found.scores.items() if probe in scores} if probe else {}
    facts = list(dict.fromkeys(fact for score in own.values() for fact in score.parts))
    if not facts:
        return
    with right:
        fact = choose(t("By"), {name: shortened(name, 40) for name in facts}, "by")
    if CROSSED in fact:
        for model, score in own.items():
            _grid(model, score.parts.get(fact, {}), fact)
        return
    values = list(dict.fromkeys(value for score in own.values() for value in score.parts.get(fact, {})))
    names = distinct(own, 32)
    cells = [
        {"row": value, "column": names[model], **_cell(score.parts.get(fact, {}).get(value), f"{model}, {value}")}
        for value in values for model, score in own.items()
    ]  # fmt: skip
    _heat(cells, values, list(names.values()), f"{probe}-{fact}")


def _grid(model: str, parts: Mapping[str, ProbePart], fact: str) -> None:
    down, across, cells = grid(parts)
    st.subheader(plain(shortened(model, 60)), anchor=False)
    told = [
        {"row": row, "column": column, **_cell(cells.get((row, column)), f"{fact}: {row}{CROSSED}{column}")}
        for row in down for column in across
    ]  # fmt: skip
    _heat(told, down, across, f"grid-{model}")
    st.caption(
        t(
            "Down: {rows}; across: {columns}.",
            rows=plain(fact.partition(CROSSED)[0]),
            columns=plain(fact.partition(CROSSED)[2]),
        )
    )


def _heat(cells: list[dict[str, object]], rows: list[str], columns: list[str], key: str) -> None:
    frame = pd.DataFrame(cells)
    signed = bool((frame["value"].dropna() < 0).any())
    heat = Heat((-1.0, 1.0) if signed else (0.0, 1.0), diverging=signed, tooltips=(("told", " "), ("n_rows", "n")))
    with st.container(width=matrix_width(rows, columns)):
        chart(key, heatmap, frame, rows, columns, options=heat)


def _cell(part: ProbePart | None, place: str) -> dict[str, object]:
    if part is None or part.value is None:
        return {"value": None, "text": "", "told": f"{place}: {DASH}", "n_rows": 0}
    estimate = _estimate("", part)
    value = None if estimate.value is None else estimate.value / 100
    return {
        "value": value,
        "text": _told(estimate).partition(" ")[0],
        "told": f"{place}: {_told(estimate)}",
        "n_rows": part.n,
    }


def _columns(row: ProbeRow) -> dict[str, object]:
    return {
        t("Question"): shortened(row.question_id, 40), t("Disturbed"): _value(row.value),
        t("Undisturbed"): _value(row.control), t("Told by"): row.by or row.reason or row.state,
        t("Facts"): shortened(", ".join(f"{name} {value}" for name, value in row.facts.items()), 60),
    }  # fmt: skip


def _rows(board: Path, found: Probes) -> None:
    st.header(t("Answers"), anchor=False)
    left, middle, right = st.columns(3)
    with left:
        probe = choose_name(t("Probe"), found.names(), "probe", default=found.names()[0])
    asked = [model for model in found.models if probe in found.scores[model]]
    with middle:
        model = choose_name(t("Model"), asked, "model", default=asked[0] if asked else "")
    with right:
        kinds: dict[Kind, str] = {
            "any": t("all"), "odd": t("that stand out"), "plain": t("that do not stand out"), "none": t("undecided"),
        }  # fmt: skip
        kind = choose(t("Show"), kinds, "kind")
    rows = found.of(probe, model, kind) if probe and model else []
    if not rows:
        nothing(t("No answer matches this filter."))
        return
    about = t("{n} questions; click one for what was said.", n=count(len(rows)))
    row = listed(rows, _columns, "rows", (probe, model, kind), about)
    st.subheader(plain(shortened(row.question_id, 80)), anchor=False)
    text(row.asked, f"asked-{row.probe}-{row.question_id}", raw=True)
    said = answers_of(board, found.models, row)
    titles = {"disturbed": t("Answer"), "undisturbed": t("Undisturbed"), "again": t("Undisturbed, again")}
    there = [name for name in titles if name in said]
    for side, name in zip(st.columns(max(1, len(there))), there, strict=False):
        with side:
            st.markdown(f"**{titles[name]}**")
            text("\n\n".join(said[name].turns), f"{name}-{row.probe}-{row.model}-{row.question_id}")


def _value(value: float | None) -> str:
    return DASH if value is None else f"{value:.2f}".replace("-", "−")


if __name__ == "__main__":
    show()
