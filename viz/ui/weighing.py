"""The reader's own weights: how much questions of each category and language count, as sliders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import streamlit as st

from arena.ratings import Weights
from viz.data.board import Board
from viz.data.ranking import weights_of_board
from viz.ui.choices import choose, choose_number
from viz.ui.rendering import shortened
from viz.ui.session import t

Way = Literal["once", "balanced", "own"]
MOST_SLIDERS = 24
"""Of each kind; a board of more categories is weighed by its config."""
_USUAL_END = 10.0


def weights_choice(board: Board) -> Weights | None:
    """What the reader weighs by, the board's own weights at first; None: every question counts once."""
    kinds = {"category": _by_size(board, "category"), "language": _by_size(board, "language")}
    several = {kind: names for kind, names in kinds.items() if len(names) > 1}
    own = weights_of_board(board)
    if not several:
        return own
    ways: dict[Way, str] = {"once": t("Every question once")}
    if "category" in several:
        ways["balanced"] = t("Every category the same")
    ways["own"] = t("Your own")
    usual: Way = "once" if own is None else "balanced" if own.balanced else "own"
    with st.expander(t("Your own weights"), icon=":material/tune:", expanded=own is not None):
        way = choose(t("Your own weights"), ways, "weigh", default=usual)
        if way == "once":
            return None
        if way == "balanced":
            return Weights(balanced=True)
        st.caption(t("A question counts as much as its category and its language say, multiplied. 0 leaves it out."))
        before = own if own is not None and not own.balanced else Weights()
        return Weights(
            _sliders("category", several.get("category", ()), before.category),
            _sliders("language", several.get("language", ()), before.language),
        )


def _sliders(kind: str, names: Sequence[str], before: Mapping[str, float]) -> dict[str, float]:
    """The weights that are not 1."""
    found = {name: weight for name, weight in before.items() if name not in names[:MOST_SLIDERS]}
    for start in range(0, len(names[:MOST_SLIDERS]), 4):
        for column, name in zip(st.columns(4), names[start : min(start + 4, MOST_SLIDERS)], strict=False):
            usual = before.get(name, 1.0)
            told = shortened(name, 30)
            label = t("Category: {name}", name=told) if kind == "category" else t("Language: {name}", name=told)
            with column:
                weight = choose_number(label, f"{kind}-weight-{name}", (0.0, max(_USUAL_END, 2 * usual)), usual)
            if weight != 1 or name in before:
                found[name] = weight
    if len(names) > MOST_SLIDERS:
        st.caption(t("Sliders for the {n} largest; the others have weight 1.", n=MOST_SLIDERS))
    return found


def _by_size(board: Board, kind: str) -> list[str]:
    """The categories (as they are shown) or languages of a board, those with most rows first."""
    if kind == "category":
        names, of = board.group_of_category()
        codes = of[board.rows.category]
    else:
        names, codes = board.names.languages, board.rows.language
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    return [names[code] for code in np.argsort(-sizes, kind="stable").tolist() if sizes[code]]
