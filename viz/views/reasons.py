"""Why models lose: what `arena score` found in explanations and in traits of answers, and battles to read."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from arena.reports.board import Ends
from arena.reports.reasons import REASONS, Reason, Reasons, more_than_others, read_reasons
from viz.charts.judges import intervals
from viz.data.detail import Identity
from viz.ui.choices import choose_name
from viz.ui.figures import DASH, count, percent
from viz.ui.phone import Line, phone_list
from viz.ui.pieces import chart, clicked_row, nothing
from viz.ui.rendering import distinct, plain, shortened
from viz.ui.room import table_room
from viz.ui.session import board, fresh, go, t


def show() -> None:
    """The page."""
    opened = board()
    found = read_reasons(opened.path.parent / REASONS)
    if found is None:
        nothing(t("Nobody has looked for reasons yet: `scores: {reasons: true}` in the config, then `arena score`."))
        return
    n, of = count(found.n_explained), count(found.n_losses)
    if not found.reasons:
        nothing(t("In {n} of {of} decided battles judges wrote why; nothing in it goes with losing beyond chance.",
                  n=n, of=of))  # fmt: skip
        return
    names = _names(found)
    _table(found, names)
    st.caption(t("Of {n} battles with an explanation ({of} decided), {p} follow no reason that was found. In brackets: "
                 "{level} % intervals, clustered by question.",
                 n=n, of=of, p=percent(found.without, 0), level=f"{100 * found.level:g}"))  # fmt: skip
    st.header(t("By model"), anchor=False)
    chosen = choose_name(t("Reason"), names, "reason", default=names[0])
    reason = found.reasons[names.index(chosen) if chosen in names else 0]
    left, right = st.columns([3, 2], gap="large")
    with left:
        _by_model(reason)
    with right:
        _to_read(reason)


def _names(found: Reasons) -> list[str]:
    """What each reason is called here: words of judges, or a trait in the reader's language."""
    traits = {
        "much shorter": t("at most half as long"),
        "much longer": t("at least twice as long"),
        "fewer lists": t("less than half as many lists"),
        "more lists": t("more than twice as many lists"),
        "fewer headings": t("less than half as many headings"),
        "more headings": t("more than twice as many headings"),
        "less bold": t("less than half as much bold"),
        "more bold": t("more than twice as much bold"),
    }
    told = [traits.get(one.name, one.name) if one.kind == "trait" else one.name for one in found.reasons]
    short = distinct(told, 60)
    return [short[name] for name in told]


def _table(found: Reasons, names: list[str]) -> None:
    frame = pd.DataFrame([
        {
            t("Reason"): name,
            t("Share of losses"): _told(one.share),
            t("Losses"): count(one.n),
            t("Loses by it more than others"): _most(one),
            t("Found as"): _found_as(one),
        }
        for one, name in zip(found.reasons, names, strict=True)
    ])  # fmt: skip
    lines = [Line(name, f"{_told(one.share)} · {count(one.n)}", "")
             for one, name in zip(found.reasons, names, strict=True)]  # fmt: skip
    phone_list("reasons", lines, 64)
    with table_room("reasons", len(frame), 38, most=500, on="wide-"):
        event = st.dataframe(
            frame, hide_index=True, row_height=38, height="content" if len(frame) <= 12 else 500, key=fresh("reasons"),
            on_select="rerun", selection_mode="single-cell",
        )  # fmt: skip
    if (place := clicked_row(event)) is not None and place < len(found.reasons):
        go("reasons", {"reason": [names[place]]})


def _most(one: Reason) -> str:
    return ", ".join(shortened(model, 30) for model, _ in more_than_others(one)[:3]) or DASH


def _found_as(one: Reason) -> str:
    """By what evidence."""
    if one.kind == "trait":
        return t("trait of answers ({p} of those that won)", p=percent(one.of_winners, 0))
    told = {"side": t("said of losers"), "model": t("differs by model")}
    return ", ".join(told[name] for name in ("side", "model") if name in one.evidence)


def _told(ends: Ends) -> str:
    if ends.value is None or ends.low is None or ends.high is None:
        return percent(ends.value)
    return f"{ends.value * 100:.1f} %  ({ends.low * 100:.1f}–{ends.high * 100:.1f})"


def _by_model(reason: Reason) -> None:
    names = distinct(list(reason.models), 32)
    cells = [
        {"name": names[model], "value": own.share.value, "low": own.share.low, "high": own.share.high, "n": own.of}
        for model, own in sorted(reason.models.items(), key=lambda found: -(found[1].share.value or 0))
    ]
    chart("by-model", intervals, pd.DataFrame(cells), t("Share of its losses"), by=None, mark=reason.share.value)
    if reason.categories:
        parts = sorted(reason.categories.items(), key=lambda found: (-found[1], found[0]))[:5]
        st.caption(
            t("Most often in: {parts}", parts=", ".join(f"{plain(shortened(c, 30))} {count(n)}" for c, n in parts))
        )


def _to_read(reason: Reason) -> None:
    st.subheader(t("Battles to read"), anchor=False)
    for number, one in enumerate(reason.examples):
        told = t("{question}: {loser} lost", question=shortened(one.question_id, 24), loser=shortened(one.loser, 30))
        if st.button(plain(told), key=fresh(f"read-{number}"), icon=":material/swords:", type="tertiary"):
            go("battle", Identity(one.question_id, one.model_a, one.model_b, "", one.sample).parameters())


if __name__ == "__main__":
    show()
