"""Which battles are meant: a value that lives in the URL, and the rows it selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from arena.battles.counted import counted_judges
from arena.store.votes import Votes
from viz.data.board import Board
from viz.data.rows import STATES, TIED, WON_A, WON_B
from viz.data.votes import people_winners

FLAGS = ("disagree", "unparsed", "human")
TIE = "(tie)"


@dataclass(frozen=True, slots=True)
class Filter:
    """Every field is a parameter of the URL, a repeated one where it holds several. Empty means no restriction."""

    model: tuple[str, ...] = ()
    opponent: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    winner: tuple[str, ...] = ()
    """Model names, or `(tie)`."""
    judge: tuple[str, ...] = ()
    """Empty: the panel where there is one, else every judge."""
    flag: tuple[str, ...] = ()
    """disagree, unparsed, human (a vote that differs from the judge)."""
    state: tuple[str, ...] = ()
    q: str = ""

    def parameters(self) -> dict[str, list[str] | str]:
        """As parameters of a URL; what is empty is left out."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items() if v}

    @property
    def active(self) -> int:
        """How many fields restrict anything."""
        return len(self.parameters())


def filter_from(parameters: Mapping[str, Sequence[str]]) -> Filter:
    """Read a filter from URL parameters (each a list of values). Unknown names are ignored."""
    known = {f.name for f in fields(Filter)}
    given: dict[str, object] = {}
    for name, values in parameters.items():
        if name in known and values:
            given[name] = values[0] if name == "q" else tuple(dict.fromkeys(values))
    return Filter(**given)  # type: ignore[arg-type]


def default_judges(board: Board) -> tuple[str, ...]:
    """Whose rows count when nothing is chosen: the panel's where it exists, else all."""
    return counted_judges(board.names.judges)


def _usual_judges(board: Board, wanted: Filter) -> tuple[str, ...]:
    """A panel has no orders and no replies of its own: those flags look at its members."""
    if {"disagree", "unparsed"} & set(wanted.flag):
        return board.names.judges
    return default_judges(board)


def select(board: Board, wanted: Filter, votes: Votes, texts: NDArray[np.uint64] | None = None) -> NDArray[np.intp]:
    """Indices of the rows that the filter means, in file order.

    `texts`: sorted keys of the texts that match `wanted.q`; looked up here when it is not given.
    """
    rows, names = board.rows, board.names
    keep = np.isin(rows.judge, _codes(names.judges, wanted.judge or _usual_judges(board, wanted)))
    if wanted.model:
        keep &= _involves(board, wanted.model)
    if wanted.opponent:
        keep &= _involves(board, wanted.opponent)
        if set(wanted.model) & set(wanted.opponent):  # one model on both lists must not meet itself
            keep &= _meets(board, wanted.model, wanted.opponent)
    if wanted.category:
        groups, group_of = board.group_of_category()
        keep &= np.isin(group_of[rows.category], _codes(groups, wanted.category))
    if wanted.language:
        keep &= np.isin(rows.language, _codes(names.languages, wanted.language))
    if wanted.state:
        keep &= np.isin(rows.state, _codes(STATES, wanted.state))
    if wanted.winner:
        keep &= _won_by(board, wanted.winner)
    for flag in wanted.flag:
        keep &= _flagged(board, flag, votes)
    if wanted.q.strip():
        found = board.texts.matching(wanted.q.strip()) if texts is None else texts
        keep &= _mentions(board, wanted.q.strip(), found)
    return np.flatnonzero(keep)


def _codes(names: Sequence[str], wanted: Sequence[str]) -> NDArray[np.int32]:
    position = {name: code for code, name in enumerate(names)}
    return np.array([position[name] for name in wanted if name in position], dtype=np.int32)


def _involves(board: Board, models: Sequence[str]) -> NDArray[np.bool_]:
    codes = _codes(board.names.models, models)
    return np.asarray(np.isin(board.rows.model_a, codes) | np.isin(board.rows.model_b, codes))


def _meets(board: Board, models: Sequence[str], opponents: Sequence[str]) -> NDArray[np.bool_]:
    one, other = _codes(board.names.models, models), _codes(board.names.models, opponents)
    a, b = board.rows.model_a, board.rows.model_b
    return np.asarray((np.isin(a, one) & np.isin(b, other)) | (np.isin(b, one) & np.isin(a, other)))


def _won_by(board: Board, winners: Sequence[str]) -> NDArray[np.bool_]:
    rows, codes = board.rows, _codes(board.names.models, winners)
    won = ((rows.winner == WON_A) & np.isin(rows.model_a, codes)) | (
        (rows.winner == WON_B) & np.isin(rows.model_b, codes)
    )
    return np.asarray(won | (rows.winner == TIED) if TIE in winners else won)


def _flagged(board: Board, flag: str, votes: Votes) -> NDArray[np.bool_]:
    rows = board.rows
    match flag:
        case "disagree":
            return np.asarray(rows.consistent == 0)
        case "unparsed":
            return np.asarray(rows.unparsed > 0)
        case "human":
            human = people_winners(board, votes)
            return np.asarray((human >= 0) & (rows.winner >= 0) & (human != rows.winner))
        case _:
            return np.zeros(len(rows), dtype=bool)


def _mentions(board: Board, text: str, found: NDArray[np.uint64]) -> NDArray[np.bool_]:
    rows = board.rows
    keep = np.isin(rows.text_question, found) | np.isin(rows.text_a, found) | np.isin(rows.text_b, found)
    return keep | np.isin(rows.question, _codes(board.names.questions, [text]))
