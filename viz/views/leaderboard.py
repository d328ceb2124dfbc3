"""The leaderboard: who leads, how sure that is, what it costs, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from arena.ratings.methods.bradley_terry import ELO_SCALE
from arena.ratings.results import Effect
from arena.reports.board import Line as ReportLine
from arena.reports.board import Report, Standing
from arena.reports.columns import BoardColumn, main_column
from arena.reports.difference import main_difference
from arena.reports.flags import flag_text
from arena.reports.numbers import amount
from arena.reports.verdict import LONGEST_NAME, verdict_of
from arena.reports.weights import aside_told, weights_told
from arena.terms import PANEL
from viz.charts.leaderboard import Estimate, forest, whiskers
from viz.charts.looks import Look
from viz.data.board import Board
from viz.data.filters import Filter
from viz.data.ranking import ELO_AT_MOST
from viz.ui import details
from viz.ui.choices import choose_name, type_text
from viz.ui.downloads import downloads
from viz.ui.figures import DASH, count, margin, money, percent, points, rank_range, seconds
from viz.ui.phone import Line, phone_list
from viz.ui.pieces import (
    category_choice,
    chart,
    chips,
    clicked_row,
    judge_choice,
    language_choice,
    name_width,
    nothing,
    reason_text,
    style_choice,
    style_name,
    warn_all,
)
from viz.ui.rendering import as_html, distinct, plain, shortened
from viz.ui.room import room, table_room
from viz.ui.session import board, fresh, go, language, look, report_for, t
from viz.ui.table import table_of
from viz.ui.value_map import value_map
from viz.ui.weighing import weights_choice

EXPLAINED = {
    "rank": "In brackets: the ranks that the interval allows.",
    "games": "Battles won, lost and tied.",
    "mean_length": "Mean characters per answer.",
    "cost_usd": "What all its answers cost together.",
    "ttft_p50_s": "Time to the first token, the median.",
}
"""What hovering over a column's head says."""
_NUMBERS = {
    "points": ("%.0f", 80), "percent": ("%.1f %%", 90), "score": ("%.2f", 80), "count": ("localized", 76),
    "speed": ("%.0f", 80), "money": ("$%.4f", 86), "seconds": ("%.2f s", 76),
    "elo": ("%.0f", 64), "mean_length": ("localized", 76),
    "weighted_rating": ("%.0f", 116), "weighted_score": ("%.2f", 116), "weighted_win_rate": ("%.1f %%", 132),
}  # fmt: skip
"""How the numbers of a kind, or of one column, are written, and how wide it is."""
WEIGHTED_NUMBERS = ("weighted_rating", "weighted_score")
"""Columns by the reader's own weights that are shown with their intervals."""


def show() -> None:
    """The page."""
    opened, colours = board(), look()
    head = st.container(gap="xsmall", key="head")
    wanted, baseline, style, search = _choices(opened)
    weights = weights_choice(opened)
    report = report_for(wanted, baseline=baseline, style=style, weights=weights)
    with head:
        _summary(opened, report)
    standings = [s for s in report.models if search.lower() in s.model.lower()]
    if not standings:
        nothing(t("No model matches."))
        return
    _cards(report)
    _on_phones(standings, report)
    _table(standings, report, colours)
    _style_effects(report)
    for told in (weights_told(report, language()), aside_told(report, language())):
        if told is not None:
            st.caption(plain(told))
    _left_out(report, wanted)
    _without_elo(opened, report)
    details.schedule(opened)
    details.against_each(report)
    details.firmness(report)
    warn_all(report.warnings)
    estimates, metric = _estimates(standings, report), _metric_name(report)
    if any(e.value is not None for e in estimates):
        left, right = st.columns([1, 1], gap="large")
        with left:
            st.header(t("How sure is it?"), anchor=False)
            chart("forest", forest, estimates, metric)
        with right:
            value_map(standings, _estimates(standings, report, 28), _metric_name(report))
    downloads(report, estimates, metric)
    if report is opened.report:
        details.command(opened, report)


def _choices(opened: Board) -> tuple[Filter, str | None, tuple[str, ...] | None, str]:
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        category = category_choice(opened)
        of_questions = language_choice(opened)
        judge = judge_choice(opened)
        baseline, style = opened.report.baseline if opened.report else None, None
        if opened.kind != "scores":
            usual = opened.report.baseline if opened.report else None
            options = sorted(opened.names.models)
            baseline = choose_name(
                t("Baseline"), options, "baseline", default=usual if usual in options else None,
                placeholder=t("none: mean is 1000"),
            )  # fmt: skip
            style = style_choice(opened)
        search = type_text(t("Find a model"), "find", placeholder=t("Name"))
    wanted = Filter(category=tuple(category), language=tuple(of_questions), judge=tuple(judge))
    return wanted, baseline, style, search


def _metric_name(report: Report) -> str:
    return t(main_column(report).heading("viewer"))


def _estimate(s: Standing, report: Report) -> Estimate:
    ends = main_column(report).ends(s)
    return Estimate(s.model, ends.value, ends.low, ends.high)


def _estimates(standings: list[Standing], report: Report, width: int = 36) -> list[Estimate]:
    """What charts draw, under names that fit and differ."""
    names = distinct((s.model for s in standings), width)
    return [replace(_estimate(s, report), model=names[s.model]) for s in standings]


def _value_text(s: Standing, report: Report) -> tuple[str, str]:
    e = _estimate(s, report)
    match main_column(report).kind:
        case "percent":
            return percent(e.value), margin(e.value, e.low, e.high, scale=100, digits=1)
        case "score":
            return (DASH if e.value is None else f"{e.value:.2f}"), margin(e.value, e.low, e.high, digits=2)
        case _:
            return points(e.value), margin(e.value, e.low, e.high)


def _summary(opened: Board, report: Report) -> None:
    rehearsed = f'<span class="chip warn">{as_html(t("Rehearsal"))}</span> ' if report.simulated else ""
    st.html(f'<div class="verdict {"dark" if look().dark else ""}">{rehearsed}{_verdict(report)}</div>')
    models, questions, battles = len(report.models), report.n_questions, report.n_battles
    apart = main_difference(report)
    before = f"{t('Rehearsal')}: " if report.simulated else ""
    told = [] if apart is None else [(before + apart.told(lambda name: shortened(name, 40)), "strong")]
    told.append((t("1 model") if models == 1 else t("{n} models", n=models), ""))
    told.append((t("1 question") if questions == 1 else t("{n} questions", n=count(questions)), ""))
    if opened.kind == "scores":
        told.append((t("1 score") if battles == 1 else t("{n} scores", n=count(battles)), ""))
    else:
        told.append((t("1 battle") if battles == 1 else t("{n} battles", n=count(battles)), ""))
    judges = [judge for judge in report.judges or opened.names.judges if judge != PANEL]
    told.append((t("judged by {names}", names=", ".join(judges)), ""))
    if report.interval != "none":
        told.append(
            (t("{level} % intervals, {method}", level=f"{report.level * 100:g}", method=_method(report.interval)), "")
        )
    told += [(t("baseline {name}", name=shortened(name, 40)), "") for name in report.baselines]
    chips(told)


def _method(interval: str) -> str:
    words = {
        "sandwich": t("clustered by question"), "bootstrap": t("questions resampled"),
        "independent": t("rows counted as independent"),
    }  # fmt: skip
    return words.get(interval, interval)


def _verdict(report: Report) -> str:
    """One sentence that can be acted on: the one of the report and the terminal."""
    return verdict_of(report).told(language(), lambda name: f"<b>{as_html(shortened(name, LONGEST_NAME))}</b>")


def _cards(report: Report) -> None:
    drawn = []
    for place, s in enumerate([s for s in report.models if s.rank is not None][:3]):
        value, around = _value_text(s, report)
        listed = "".join(f"<span>{as_html(fact)}</span>" for fact in _facts(s, report))
        name = as_html(shortened(s.model, 80))
        drawn.append(
            f'<div class="card {"first" if place == 0 else ""}">'
            f'<div class="place">{as_html(t("Place {n}", n=s.rank))}</div>'
            f'<div class="name" title="{name}">{name}</div>'
            f'<div class="big">{as_html(value)} <small>{as_html(around)}</small></div>'
            f'<div class="facts">{listed}</div></div>'
        )
    with room("cards", 128, on="wide-"):
        st.html(f'<div class="cards">{"".join(drawn)}</div>')


def _facts(s: Standing, report: Report) -> list[str]:
    """What else is said of a model beside the number that ranks it."""
    implied = f"{t('Implied win rate').lower()} {percent(s.win_rate)}"
    won = implied if report.adaptive else t("win rate {p}", p=percent(s.win_rate))
    facts = [
        t("rank {r}", r=_ranks(s)) if s.rank is not None else "",
        t("weighted rank {r}", r=_ranks(s.weighted)) if s.weighted.rank is not None else "",
        won if s.win_rate is not None else "",
        money(s.cost_usd) if s.cost_usd is not None else "",
        t("median latency {s}", s=seconds(taken)) if (taken := s.performance.latency_p50_s) is not None else "",
        f"{amount(speed)} tok/s" if (speed := s.performance.output_tokens_per_s) is not None else "",
    ]
    return [fact for fact in facts if fact]


def _ranks(line: ReportLine) -> str:
    return rank_range(line.rank, line.rank_low, line.rank_high).replace("  ", " ")


def _on_phones(standings: list[Standing], report: Report) -> None:
    """The table on a narrow screen: every model with the number that ranks it."""
    lines = []
    for s in standings:
        value, around = _value_text(s, report)
        told = " · ".join([*_remarks(s), *_facts(s, report)])
        lines.append(Line(s.model, told, value, around, "battles", {"model": s.model}))
    phone_list("models", lines, 62)


def _table(standings: list[Standing], report: Report, colours: Look) -> None:
    estimates, main = _estimates(standings, report), main_column(report)
    shown: dict[str, Sequence[object]] = {}
    config: dict[str, ColumnConfig] = {
        t("Interval"): st.column_config.ImageColumn(width=168, help=t("All rows share one scale.")),
        "±": st.column_config.TextColumn(width=84),
    }
    for column, values in table_of(report, standings):
        title = t(column.heading("viewer"))
        if column.name == main.name:
            around = [_value_text(s, report)[1] for s in standings]
            shown |= {title: values, "±": around, t("Interval"): whiskers(estimates, colours)}
        elif column.kind == "flags":
            shown[title] = [", ".join(_remarks(s)) for s in standings]
        else:
            shown[title] = values
        config[title] = _config(column, standings)
        if column.name in WEIGHTED_NUMBERS:
            known = [column.ends(s) for s in standings]
            shown[t("Weighted ±")] = [
                margin(e.value, e.low, e.high, digits=2 if column.kind == "score" else 0) for e in known
            ]
    kept = {key: values for key, values in shown.items() if any(v not in (None, "", DASH) for v in values)}
    with table_room("table", len(standings), 40, most=1200, on="wide-"):
        event = st.dataframe(
        pd.DataFrame(kept), hide_index=True, row_height=40, height="content" if len(standings) <= 30 else 1200,
        on_select="rerun", selection_mode="single-cell", key=fresh("table"), column_config=config,
    )  # fmt: skip
    if (row := clicked_row(event)) is not None and row < len(standings):
        model = standings[row].model
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(t("Its battles"), icon=":material/list:", type="primary"):
                go("battles", {"model": [model]})
            if len(standings) > 1 and st.button(t("Its match-ups"), icon=":material/grid_on:"):
                go("matchups", {"one": model})


def _config(column: BoardColumn, standings: Sequence[Standing]) -> ColumnConfig:
    """How a column is drawn: by what it is, else by its kind."""
    help_text = EXPLAINED.get(column.name)
    told = t(help_text) if help_text else None
    if column.name == "win_rate":
        return st.column_config.ProgressColumn(format="%.1f %%", min_value=0, max_value=100, width=108)
    form, width = _NUMBERS.get(column.name) or _NUMBERS.get(column.kind) or (None, None)
    if form is not None:
        return st.column_config.NumberColumn(format=form, width=width, help=told)
    widths = {
        "rank": 84 if column.name == "rank" else 112,
        "model": name_width(s.model for s in standings),
        "games": 104,
    }
    return st.column_config.TextColumn(width=widths.get(column.kind), help=told)


def _remarks(s: Standing) -> list[str]:
    """What a reader should know of a model beside its numbers."""
    flags = [*([t("set aside")] if s.set_aside else []), *(flag_text(flag, language()) for flag in s.flags)]
    if s.unbounded == "high":
        return [t("won everything: no upper end"), *flags]
    return [t("lost everything: no lower end"), *flags] if s.unbounded == "low" else flags


def _style_effects(report: Report) -> None:
    """What each controlled feature is worth."""
    if report.style:
        told = [(f"{style_name(name)} {_effect(effect)}", "") for name, effect in report.style.items()]
        chips([(t("At equal style. A typical difference is worth, in points:"), "strong"), *told])


def _effect(effect: Effect) -> str:
    """A coefficient on the scale of the ratings."""
    return f"{effect.coef * ELO_SCALE:+.0f} ({margin(effect.coef, effect.low, effect.high, scale=ELO_SCALE)})"


def _left_out(report: Report, wanted: Filter) -> None:
    if not report.excluded and not report.pending:
        return
    told = [(t("{n} pending: not asked yet", n=count(report.pending)), "warn")] if report.pending else []
    told += [(f"{count(n)} {reason_text(reason)}", "bad") for reason, n in sorted(report.excluded.items()) if n]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="content"):
            chips([(t("Left out of the rating:"), "strong"), *told])
        if st.button(t("Show"), type="tertiary", icon=":material/arrow_forward:"):
            go("battles", {**wanted.parameters(), "state": ["pending", "excluded"]})


def _without_elo(opened: Board, report: Report) -> None:
    """Where the Elo of the board went."""
    stored = opened.report
    if stored is None or all(s.elo is None for s in stored.models) or any(s.elo is not None for s in report.models):
        return
    told = t("Elo replays all battles in many orders; for a filter with more than {n} battles it is left out.",
             n=count(ELO_AT_MOST))  # fmt: skip
    if report.n_battles and report.n_battles > ELO_AT_MOST:
        st.caption(told)


if __name__ == "__main__":
    show()
