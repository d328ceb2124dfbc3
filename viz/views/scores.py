"""Numbers by rule beside the judges: every metric and model, strengths and mistakes, and the answers behind them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from arena.reports.metrics import MetricRow
from arena.reports.scores import MetricPart, MetricScore
from arena.reports.strengths import JUDGES
from viz.charts.leaderboard import Estimate, whiskers
from viz.data.metrics import WHOLE, Kind, Metrics, answer_of, files_of, read_metrics
from viz.ui.choices import choose, choose_name
from viz.ui.figures import DASH, count
from viz.ui.phone import Line, phone_list
from viz.ui.pieces import listed, nothing
from viz.ui.rendering import distinct, plain, shortened
from viz.ui.room import table_room
from viz.ui.session import board, board_folder, fresh, look, read_once, t
from viz.ui.textbox import text

PER_CENT = 100.0
FEW = 6
"""Parts of a board that stand beside each other; more are a list."""
MOST = 30
"""Strengths and weaknesses that are shown."""


def show() -> None:
    """The page."""
    folder = board_folder()
    found = read_once(read_metrics, folder, files_of(folder))
    if not found.scores and not found.perplexity:
        nothing(
            t("No scores by rule yet: name metrics in the config (`scores: {metrics: [chrf]}`), then `arena score`.")
        )
        return
    if found.scores:
        _matrix(found)
    _perplexity(found)
    _overall()
    _strengths(found)
    _mistakes(found)
    if found.scores:
        _answers(folder, found)


def _matrix(found: Metrics) -> None:
    """Models down, metrics across: the number with its interval, and a whisker on the metric's own scale."""
    parts = found.parts()
    part = WHOLE
    if len(parts) > 1:
        label, whole = t("Part of the board"), t("all of it")
        if len(parts) <= FEW:
            part = choose(label, {name: shortened(name, 40) or whole for name in parts}, "part")
        else:
            part = choose_name(label, parts[1:], "part", placeholder=whole) or WHOLE
    names = distinct(found.names, 28)
    shown: dict[str, Sequence[object]] = {t("Model"): [shortened(model, 60) for model in found.models]}
    config: dict[str, object] = {t("Model"): st.column_config.TextColumn(pinned=True)}
    lines = []
    for metric, name in names.items():
        own = [_estimate(model, found.of(model, metric, part), _unit(found, metric)) for model in found.models]
        head = f"{name} ↓" if _lower(found, metric) else name
        digits = 1 if _unit(found, metric) == PER_CENT else 3
        shown[head] = [_told(estimate, digits) for estimate in own]
        pictured = f"{name} ⟷"
        shown[pictured] = whiskers(own, look(), width=110)
        config[pictured] = st.column_config.ImageColumn(width=124, label=t("Interval"))
        lines += [
            Line(head, shortened(one.model, 60), *_told(one, digits).partition(" ")[::2], "scores", {"metric": metric})
            for one in own if one.value is not None
        ]  # fmt: skip
    with table_room("scores-matrix", len(found.models), 40, most=800, on="wide-"):
        st.dataframe(
            pd.DataFrame(shown), hide_index=True, row_height=40, key=fresh("scores-matrix"), column_config=config,  # type: ignore[arg-type]
        )  # fmt: skip
    phone_list("scores-list", lines, 62)
    told = t(
        "What lies between 0 and 1 is in per cent; nothing said counts as the metric says, what is left out nowhere."
    )
    st.caption(told + (f" {t('↓: less is better.')}" if any(_lower(found, metric) for metric in names) else ""))
    with st.expander(t("How each compares, and what is left out")):
        for metric, name in names.items():
            st.caption(f"**{plain(name)}**: {plain(_signature(found, metric))}")
            for model in found.models:
                if (score := found.scores[model].get(metric)) is not None and (left := _left_out(score)):
                    st.caption(f"{plain(shortened(model, 40))}: {plain(left)}")


def _perplexity(found: Metrics) -> None:
    """How likely local models find given texts: bits per byte first."""
    if not found.perplexity:
        return
    st.header(t("Perplexity"), anchor=False)
    own = list(found.perplexity.items())
    bits = [Estimate(model, one.bits_per_byte, one.low, one.high) for model, one in own]
    tokens = [Estimate(model, one.token_perplexity, one.token_low, one.token_high) for model, one in own]
    frame = {
        t("Model"): [shortened(model, 60) for model, _ in own],
        t("Bits per byte"): [_told(one, 3) for one in bits],
        t("Interval"): whiskers(bits, look(), width=110),
        t("Perplexity per token"): [_told(one, 2) for one in tokens],
        t("Documents"): [count(one.n_documents) for _, one in own],
    }
    config = {t("Interval"): st.column_config.ImageColumn(width=124)}
    with table_room("perplexity", len(own), 40, most=600, on="wide-"):
        st.dataframe(pd.DataFrame(frame), hide_index=True, row_height=40, key=fresh("perplexity"), column_config=config)
    phone_list("perplexity-list", [
        Line(shortened(one.model, 40), t("Bits per byte"), *_told(one, 3).partition(" ")[::2], "scores") for one in bits
    ], 62)  # fmt: skip
    st.caption(t("Lower is better. Perplexity per token does not compare models whose tokenizers differ."))


def _overall() -> None:
    """The weighted number, where the config states weights."""
    report = board().report
    own = {row.model: row.scores.overall for row in (report.models if report else ()) if row.scores.overall}
    if not own:
        return
    st.header(t("Weighted overall"), anchor=False)
    words = {"quality": t("quality"), "efficiency": t("efficiency"), "safety": t("safety"),
             "robustness": t("robustness")}  # fmt: skip
    weights = next(iter(own.values())).parts
    frame = {
        t("Model"): [shortened(model, 60) for model in own],
        t("Overall"): [_two(one.value) for one in own.values()],
    }
    for name, part in weights.items():
        frame[f"{words.get(name, name)} × {part.weight:g}"] = [_two(one.parts[name].value) for one in own.values()]
    with table_room("overall", len(own), most=500, on="wide-"):
        st.dataframe(pd.DataFrame(frame), hide_index=True, key=fresh("overall"))
    phone_list("overall-list", [
        Line(shortened(model, 40), " · ".join(words.get(name, name) for name in one.parts), _two(one.value),
             page="scores")
        for model, one in own.items()
    ], 62)  # fmt: skip
    st.caption(t("By the weights of the config; it ranks nothing, and a model that lacks a part has no number."))


def _two(value: float | None) -> str:
    return DASH if value is None else f"{value:.2f}"


def _strengths(found: Metrics) -> None:
    """What is sure about where a model is better or worse than elsewhere."""
    lines = [(model, *one) for model in found.models for one in found.findings.said(model)]
    if not found.findings.strengths:
        return
    st.header(t("Strengths and weaknesses"), anchor=False)
    if not lines:
        nothing(t("Nothing is sure: no model is better or worse on some questions than on the others, beyond chance."))
        return
    lines.sort(key=lambda line: -abs(line[1].gap))
    kinds = {"strength": t("stronger"), "weakness": t("weaker")}
    frame = {
        t("Model"): [shortened(model, 60) for model, *_ in lines[:MOST]],
        t("Questions"): [shortened(_part(one.by, one.part), 40) for _, one, _ in lines[:MOST]],
        t("It is"): [kinds[one.said or "strength"] for _, one, _ in lines[:MOST]],
        t("By"): [shortened(_numbers(numbers), 60) for *_, numbers in lines[:MOST]],
        t("Gap"): [_told(Estimate(model, one.gap, one.low, one.high), 2) for model, one, _ in lines[:MOST]],
        t("Interval"): whiskers(
            [Estimate(m, one.gap, one.low, one.high) for m, one, _ in lines[:MOST]], look(), width=110
        ),
        "n": [f"{one.n_inside:,} / {one.n_outside:,}" for _, one, _ in lines[:MOST]],
    }
    config = {t("Interval"): st.column_config.ImageColumn(width=124)}
    with table_room("strengths", len(lines[:MOST]), 40, most=800, on="wide-"):
        st.dataframe(
            pd.DataFrame(frame), hide_index=True, row_height=40, key=fresh("strengths"), column_config=config,
            height="content" if len(lines) <= 18 else 760,
        )  # fmt: skip
    phone_list("strengths-list", [
        Line(shortened(model, 40), f"{_part(one.by, one.part)} · {kinds[one.said or 'strength']}",
             *_told(Estimate(model, one.gap, one.low, one.high), 2).partition(" ")[::2], "scores", {"model": model})
        for model, one, _ in lines[:MOST]
    ], 62)  # fmt: skip
    st.caption(t(
        "The gap is the model's lead over the others on these questions less its lead elsewhere. Intervals of a model "
        "hold together, however many parts were looked at."
    ))  # fmt: skip


def _numbers(names: Sequence[str]) -> str:
    return ", ".join(t("judges") if name == JUDGES else name for name in names)


def _part(by: str, name: str) -> str:
    features = {"long": t("long questions"), "several_turns": t("several turns"), "code": t("with code"),
                "numbers": t("with numbers")}  # fmt: skip
    return features.get(name, name) if by == "feature" else name


def _mistakes(found: Metrics) -> None:
    """Kinds of mistakes beside references, as shares of a model's answers."""
    own = {model: mistakes for model, mistakes in found.findings.mistakes.items() if mistakes.n}
    kinds = {
        "empty": t("empty"), "refusal": t("refusal"), "other_language": t("other language"),
        "number_wrong": t("number wrong"), "much_shorter": t("much shorter"), "much_longer": t("much longer"),
        "off_topic": t("off topic"),
    }  # fmt: skip
    seen = {
        kind: name
        for kind, name in kinds.items()
        if any(one.kinds[kind].n for one in own.values() if kind in one.kinds)
    }
    if not own or not seen:
        return
    st.header(t("Mistakes"), anchor=False)
    frame: dict[str, Sequence[object]] = {t("Model"): [shortened(model, 60) for model in own]}
    for kind, name in seen.items():
        frame[name] = [_share(one.kinds[kind].share, one.kinds[kind].low, one.kinds[kind].high) for one in own.values()]
    frame["n"] = [count(one.n) for one in own.values()]
    with table_room("mistakes", len(own), most=500, on="wide-"):
        st.dataframe(pd.DataFrame(frame), hide_index=True, key=fresh("mistakes"))
    phone_list("mistakes-list", [
        Line(shortened(model, 40), name, *_share(k.share, k.low, k.high).partition(" ")[::2], "scores",
             {"model": model})
        for model, one in own.items() for kind, name in seen.items() if (k := one.kinds[kind]).n
    ], 62)  # fmt: skip
    st.caption(t("Per cent of the answers that have a reference, by rule: a first look, no judgement."))


def _columns(row: MetricRow) -> dict[str, object]:
    return {
        t("Question"): shortened(row.question_id, 40), t("Category"): shortened(row.category, 30),
        t("Language"): row.language or DASH, t("Score"): DASH if row.score is None else f"{row.score:.3f}",
        t("Told by"): shortened(", ".join(f"{name} {value:g}" for name, value in row.criteria.items()), 40)
        or row.reason or DASH,
    }  # fmt: skip


def _answers(folder: Path, found: Metrics) -> None:
    st.header(t("Answers"), anchor=False)
    left, middle, right = st.columns(3)
    with left:
        metric = choose_name(t("Metric"), found.names, "metric", default=found.names[0])
    with middle:
        model = choose_name(t("Model"), found.models, "model", default=found.models[0])
    with right:
        kinds: dict[Kind, str] = {"any": t("all, the worst first"), "empty": t("nothing said"), "out": t("left out")}
        kind = choose(t("Show"), kinds, "kind")
    rows = found.listed(metric, model, kind) if metric and model else []
    if not rows:
        nothing(t("No answer matches this filter."))
        return
    about = t("{n} answers; click one for what was said.", n=count(len(rows)))
    row = listed(rows, _columns, "answers", (metric, model, kind), about)
    st.subheader(plain(shortened(row.question_id, 80)), anchor=False)
    question = board().questions.get(row.question_id)
    if question is not None:
        text("\n\n".join(question.turns), f"asked-{row.question_id}", raw=True)
    answer = answer_of(folder, found.models, row)
    sides = {t("Answer"): answer.turns if answer is not None else (),
             t("Reference answer"): question.reference if question is not None else ()}  # fmt: skip
    for side, (title, turns) in zip(st.columns(2), sides.items(), strict=True):
        with side:
            st.markdown(f"**{title}**")
            if any(turn.strip() for turn in turns):
                text("\n\n".join(turns), f"{title}-{row.model}-{row.question_id}-{row.sample}")
            else:
                st.caption(t("(empty)"))


def _unit(found: Metrics, metric: str) -> float:
    return PER_CENT if all(own[metric].share for own in found.scores.values() if metric in own) else 1.0


def _lower(found: Metrics, metric: str) -> bool:
    return any(own[metric].lower_is_better for own in found.scores.values() if metric in own)


def _signature(found: Metrics, metric: str) -> str:
    return next(own[metric].signature for own in found.scores.values() if metric in own)


def _estimate(model: str, part: MetricPart | None, unit: float) -> Estimate:
    ends = (None, None, None) if part is None else (part.score, part.low, part.high)
    return Estimate(model, *(None if end is None else unit * end for end in ends))


def _told(estimate: Estimate, decimals: int) -> str:
    if estimate.value is None:
        return DASH
    known = estimate.low is not None and estimate.high is not None
    ends = f" [{estimate.low:.{decimals}f}, {estimate.high:.{decimals}f}]" if known else ""
    return f"{estimate.value:.{decimals}f}{ends}".replace("-", "−")


def _share(value: float | None, low: float | None, high: float | None) -> str:
    return _told(Estimate("", *(None if end is None else 100 * end for end in (value, low, high))), 1)


def _left_out(score: MetricScore) -> str:
    parts = [t("{n} said nothing", n=count(score.n_empty))] if score.n_empty else []
    parts += [f"{count(n)} {t('left out')} ({reason})" for reason, n in score.excluded.items()]
    parts += [f"{count(score.n_pending)} {t('not scored yet')}"] if score.n_pending else []
    return ", ".join(parts)


if __name__ == "__main__":
    show()
