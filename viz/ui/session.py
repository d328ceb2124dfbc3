"""What every page needs: the board, the language, the look. The only module that reads Streamlit's session."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, cast

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from arena.errors import ArenaError
from arena.ratings import Weights
from arena.reports.board import Report
from arena.reports.load_runs import LoadRun, read_load_runs
from arena.reports.verdict import Language
from arena.store.folder import BoardFolder
from arena.store.votes import Votes, read_votes
from viz.charts.looks import DARK, LIGHT, Look
from viz.data.board import Board, NotRated, open_board, sources_of
from viz.data.cache import Signature, signature
from viz.data.filters import Filter, filter_from, select
from viz.data.ranking import rate_rows, rating_options, scores_report, weights_of_board
from viz.data.source import Source, parse_arguments
from viz.data.votes import current_keys, votes_file
from viz.ui.rendering import plain
from viz.ui.words import CHINESE

T = TypeVar("T")
LANGUAGES: Mapping[Language, str] = {"en": "English", "zh": "中文"}


def source() -> Source:
    """What the command line asked for. Raises InputError."""
    return parse_arguments(sys.argv[1:])


def language() -> Language:
    """en or zh: `?lang=`, else the switch in the sidebar, else what the browser prefers."""
    given = st.query_params.get("lang")
    chosen = given if given in LANGUAGES else st.session_state.get("lang")
    return cast("Language", chosen) if chosen in LANGUAGES else preferred_language()


def preferred_language() -> Language:
    """What the browser asks for."""
    return "zh" if str(st.context.locale or "").lower().startswith("zh") else "en"


def t(english: str, **values: object) -> str:
    """An English text of the interface in the reader's language, with values filled in."""
    text = CHINESE.get(english, english) if language() == "zh" else english
    return text.format(**values) if values else text


def look() -> Look:
    """The colours of the theme in use."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def board() -> Board:
    """The board, from memory while its files stay as they are. Stops the page with a message when there is none."""
    asked = source()  # main has refused what cannot be read
    try:
        return _open(asked, board_state())
    except NotRated:
        st.info(t("Nothing has been rated here yet: `arena run` fills this board."), icon=":material/hourglass_empty:")
        st.caption(plain(asked.board))
        if _running():
            st.page_link("views/live.py", label=t("Watch the run"), icon=":material/bolt:")
        st.stop()
    except ArenaError as error:
        st.error(plain(error), icon=":material/error:")
        st.stop()


def look_at_files() -> None:
    """Called as a run of the page begins: what the board's files are now holds until it ends."""
    st.session_state["state of files"] = sources_of(source())


def board_state() -> Signature:
    """What identifies the content of the board's files in this run: part of the key of everything cached.

    Streamlit leaves arguments that begin with `_` out of a key, so the state never has such a name.
    """
    return cast("Signature", st.session_state["state of files"])


def was_rewritten() -> bool:
    """Whether the board's files have changed since this run began."""
    return sources_of(source()) != board_state()


def fresh(key: str) -> str:
    """A widget's key for as long as the files stay as they are: a click on a row that is no more hits nothing."""
    return f"{key}-{hash(board_state())}"


def board_folder() -> Path:
    """The board's folder, for pages that need one."""
    folder = source().board
    assert folder is not None
    return folder


def load_runs() -> tuple[LoadRun, ...]:
    """The load tests of the board; none of one that is no folder. Raises DataError."""
    folder = source().board
    if folder is None:
        return ()
    file = BoardFolder(folder).load_file
    return read_once(read_load_runs, file, [file])


def read_once(read: Callable[[Path], T], path: Path, files: list[Path]) -> T:
    """What `read` makes of a path, from memory while these files stay as they are. Raises what `read` raises."""
    return cast("T", _read_once(read, path, signature(files)))


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs={FunctionType: attrgetter("__module__", "__name__")})
def _read_once(read: Callable[[Path], object], path: Path, state: Signature) -> object:
    del state
    return read(path)


@st.cache_resource(max_entries=2, show_spinner=False)
def _open(asked: Source, state: Signature) -> Board:
    del state
    return open_board(asked)


def simulated() -> bool:
    """Whether what is shown is a rehearsal; False where there is nothing to show yet."""
    try:
        return _open(source(), board_state()).simulated
    except ArenaError:
        return False


@st.cache_data(max_entries=8, show_spinner=False)
def _votes_at(path: str, votes_state: Signature, state: Signature) -> Votes:
    del path, votes_state, state
    opened = board()
    votes = read_votes(votes_file(opened), lenient=True)
    return votes.current(current_keys(opened, votes))


def votes() -> Votes:
    """People's votes on this board's current answers."""
    opened = board()
    path = votes_file(opened)
    return _votes_at(str(path), signature([path]), board_state())


def forget_votes() -> None:
    """Read the votes again: one was just stored, and the clock of the disk may be too coarse to show it."""
    _votes_at.clear()


def url_filter() -> Filter:
    """The filter that the URL carries."""
    return filter_from({name: st.query_params.get_all(name) for name in st.query_params})


def selected(wanted: Filter) -> NDArray[np.intp]:
    """The rows of a filter; searches are remembered."""
    opened = board()
    texts = _search(wanted.q.strip(), board_state()) if wanted.q.strip() else None
    return select(opened, wanted, votes(), texts)


_USUAL = object()


def report_for(
    wanted: Filter, *, baseline: str | object | None = _USUAL, style: Sequence[str] | None = None,
    slices: bool = False, weights: Weights | object | None = _USUAL,
) -> Report:  # fmt: skip
    """The stored leaderboard where nothing is filtered, else a rating of the chosen rows by the same rules.

    `style` names the features to control for; None: those of the board itself. Without `weights` the stored weighted
    numbers are as good as any, and a filter has none.
    """
    opened = board()
    stored = opened.report
    against = (stored.baseline if stored else None) if baseline is _USUAL else baseline
    own = stored.controlled if stored else ()
    features = own if style is None else tuple(sorted(style, key=opened.features.index))
    weighed = None if weights is _USUAL else cast("Weights | None", weights)
    as_stored = weights is _USUAL or weighed == weights_of_board(opened)
    same = set(features) == set(own) and stored is not None and against == stored.baseline
    if stored is not None and not wanted.active and same and as_stored:
        return stored
    asked = None if weighed is None else (weighed.balanced, dict(weighed.category), dict(weighed.language))
    try:
        return _rated(wanted, None if against is None else str(against), features, slices, asked, board_state())
    except (ArenaError, RuntimeError) as error:  # what the command line refuses too, or a fit without a maximum
        st.warning(plain(error), icon=":material/warning:")
        st.stop()


@st.cache_data(max_entries=48, show_spinner=False)
def _rated(
    wanted: Filter, baseline: str | None, style: tuple[str, ...], slices: bool,
    weights: tuple[bool, dict[str, float], dict[str, float]] | None, state: Signature,
) -> Report:  # fmt: skip
    del state
    opened = board()
    weighed = None if weights is None else Weights(weights[1], weights[2], balanced=weights[0])
    if opened.kind == "scores":
        return scores_report(opened, selected(wanted), slices=slices, weights=weighed)
    options = rating_options(opened, baseline=baseline, style=style, slices=slices, weights=weighed)
    return rate_rows(opened, selected(wanted), options)


@st.cache_data(max_entries=32, show_spinner=False)
def _search(text: str, state: Signature) -> NDArray[np.uint64]:
    del state
    return board().texts.matching(text)


def _running() -> bool:
    asked = source()
    return asked.board is not None and (asked.board / "run.json").is_file()


def go(page: str, parameters: Mapping[str, Any]) -> None:
    """Open another page with parameters in its URL."""
    st.switch_page(f"views/{page}.py", query_params=dict(parameters))
