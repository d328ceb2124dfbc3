"""The leaderboard's columns: one list for leaderboard.csv and .md, the terminal, the report's page and the viewer.

A row says what stands in a column and what differs where; how a kind of number is written is the medium's own. What a
rating method shows comes from its row in `METHODS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from arena.ratings.columns import Column, Shown, with_ends
from arena.ratings.methods import METHODS
from arena.reports.board import Ends, Line, Measure, Report, Standing

if TYPE_CHECKING:
    from arena.types import JSON

Medium = Literal["csv", "markdown", "terminal", "page", "viewer"]
Kind = Literal[Shown, "set", "rank", "model", "games", "money", "seconds", "speed", "flags"]
IMPLIED = "implied win rate"
"""What a win rate is called where the fit implies it."""
WEIGHTED = "weighted"
"""How the names begin of columns by the reader's own weights; the rest is the name of the number."""
TABLES: frozenset[Medium] = frozenset({"markdown", "terminal", "page", "viewer"})


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """One column, wherever a leaderboard is shown."""

    name: str
    title: str
    kind: Kind
    """How its cells are written; each medium has one way for each."""
    ends: Callable[[Standing], Ends]
    """Its number in a model's row, with its interval. A column without any is not shown."""
    fields: tuple[str, ...] = ()
    """Its names in leaderboard.csv."""
    media: frozenset[Medium] = TABLES
    titles: Mapping[Medium, str] = field(default_factory=dict)
    """Where it is called otherwise. On the page: the key of its word."""
    after: Mapping[Medium, str] = field(default_factory=dict)
    """Where it stands elsewhere than in the list: behind the column of this name."""
    of: Literal["battles", "scores"] | None = None
    """The boards that have it; None: all."""
    shows_ends: bool = True
    """Whether tables show the interval beside the number."""
    unbounded: frozenset[Medium] = frozenset()
    """Where it is shown, too, to say that a rating has no upper or no lower end."""
    spare: int | None = None
    """Its turn to go when a terminal is too narrow; None: it stays."""

    def shown_ends(self, row: Standing) -> Ends:
        """Its number as tables show it: with its interval, or without."""
        ends = self.ends(row)
        return ends if self.shows_ends else Ends(ends.value)

    def text(self, row: Standing) -> str:
        """Its word in a model's row, for a column of words."""
        return str(row.stored.get(self.name) or "–")

    def heading(self, medium: Medium) -> str:
        """What it is called there; pages begin a title with a capital."""
        title = self.title
        if medium in {"page", "viewer"}:
            title = f"{title[:1].upper()}{title[1:]}"
        return self.titles.get(medium, title)


def columns_of(report: Report, medium: Medium, rows: Sequence[Standing] | None = None) -> list[BoardColumn]:
    """The columns that a medium shows of a board: those it takes part in and of which any row has a number."""
    there = report.models if rows is None else rows
    side = "scores" if report.single else "battles"
    return [
        _said(column, report)
        for column in _ordered(medium)
        if medium in column.media and column.of in {None, side} and _any(column, medium, there, report)
    ]


def _said(column: BoardColumn, report: Report) -> BoardColumn:
    """The column as this board has to call it: a win rate that the fit implies is no share of battles won."""
    if column.name != "win_rate" or not report.adaptive:
        return column
    return replace(column, title=IMPLIED, titles={**column.titles, "page": "implied_win_rate"})


def csv_fields(report: Report) -> list[str]:
    """The header of leaderboard.csv: every field of every column, on all boards the same, and at the end what only
    boards with weights or with models set aside have."""
    more = {
        **dict.fromkeys((column.name for column in _WEIGHTED), any(row.weighted.stored for row in report.models)),
        "set_aside": bool(report.aside),
    }
    return [name for column in _ordered("csv") if more.get(column.name, True) for name in column.fields]


def board_columns() -> list[BoardColumn]:
    """Every column of every board, in the order of most tables."""
    of_methods = (column for method in METHODS.values() for column in method.columns if column.where != "json")
    return [*_WHO, *map(_of_method, of_methods), *_WEIGHTED, *_COUNTED]


def line_of(column: BoardColumn, row: Standing) -> Line:
    """The numbers that a column of ranks speaks of: the board's own, or those by the reader's weights."""
    return row.weighted if column.name.startswith(WEIGHTED) else row


def csv_cell(name: str, row: Standing) -> JSON:
    """What stands in a column of leaderboard.csv."""
    if name.startswith(WEIGHTED):
        inner = name.removeprefix(f"{WEIGHTED}_")
        return row.weighted.stored.get(inner.removeprefix("rating_") if inner.startswith("rating_") else inner)
    return row.stored.get(name)


def main_column(report: Report) -> BoardColumn:
    """The number that the board ranks by."""
    return _of_method(METHODS.get(report.ranked_by, METHODS["bradley_terry"]).main)


def _any(column: BoardColumn, medium: Medium, rows: Sequence[Standing], report: Report) -> bool:
    if column.kind == "model":
        return True
    if column.kind == "set":
        return report.sets > 1
    if column.kind == "text":
        return any(row.stored.get(column.name) for row in rows)
    said = medium in column.unbounded
    return any(column.ends(row).value is not None or (said and row.unbounded) for row in rows)


def _ordered(medium: Medium) -> list[BoardColumn]:
    columns = board_columns()
    placed = [column for column in columns if medium not in column.after]
    for column in columns:
        if medium in column.after:
            behind = [other.name for other in placed].index(column.after[medium])
            placed.insert(behind + 1, column)
    return placed


def _of_method(column: Column) -> BoardColumn:
    plain = BoardColumn(
        column.name, column.title, column.shown, lambda row: row.ends(column), column.fields,
        media=TABLES if column.where == "tables" else frozenset(), shows_ends=column.ends,
    )  # fmt: skip
    differs = _DIFFERS.get(column.name)
    return differs(plain) if differs is not None else plain


_IN_FRONT: frozenset[Medium] = frozenset({"markdown", "terminal"})
"""The page and the viewer draw the ranking number with its interval, in front of the list."""
_DIFFERS: Mapping[str, Callable[[BoardColumn], BoardColumn]] = {
    "rating": lambda c: replace(c, media=_IN_FRONT, unbounded=frozenset({"terminal"})),
    "score": lambda c: replace(c, media=_IN_FRONT, after={"csv": "n_battles"}),
    "elo": lambda c: replace(c, spare=7, after={"viewer": "output_tokens_per_s"}, titles={"page": "elo"}),
    "win_rate": lambda c: replace(c, titles={"page": "win_rate"}),
    "lc_win_rate": lambda c: replace(c, spare=8, media=TABLES - {"markdown"}, titles={"page": "LC"}),
}
"""What some methods' columns do differently somewhere."""

_WHO = (
    BoardColumn("component", "set", "set", lambda row: Ends(row.component), ("component",), _IN_FRONT,
                after={"csv": "cost_usd"}),
    BoardColumn("rank", "rank", "rank", lambda row: Ends(row.rank, row.rank_low, row.rank_high),
                ("rank", "rank_low", "rank_high"), titles={"page": "rank"}),
    BoardColumn("model", "model", "model", lambda row: Ends(), ("model",), titles={"page": "model"}),
)  # fmt: skip


def _by_weights(measure: Measure, title: str, kind: Kind, behind: str, spare: int) -> BoardColumn:
    names = with_ends(f"{WEIGHTED}_{measure}", title, "points").fields
    return BoardColumn(
        names[0], f"weighted {title}", kind, lambda row: row.weighted.interval(measure), names,
        titles={"page": f"{WEIGHTED}_{measure}"}, after={"csv": behind}, spare=spare,
    )  # fmt: skip


_WEIGHTED = (
    BoardColumn(f"{WEIGHTED}_rank", "weighted rank", "rank",
                lambda row: Ends(row.weighted.rank, row.weighted.rank_low, row.weighted.rank_high),
                with_ends(f"{WEIGHTED}_rank", "", "points").fields, titles={"page": f"{WEIGHTED}_rank"},
                after={"csv": "output_tokens_per_s"}, spare=14),
    _by_weights("rating", "rating", "points", "latency_p50_s", 13),
    _by_weights("win_rate", "win rate", "percent", "ttft_p50_s", 12),
    _by_weights("score", "score", "score", "flags", 11),
)  # fmt: skip
_COUNTED = (
    BoardColumn("games", "W/L/T", "games", lambda row: Ends(row.wins), ("wins", "losses", "ties"), of="battles",
                titles={"page": "games", "viewer": "W / L / T"}, spare=10),
    BoardColumn("n_battles", "n", "count", lambda row: Ends(row.n_battles), ("n_battles",), of="battles", spare=6,
                titles={"markdown": "battles", "page": "battles", "viewer": "Battles"}),
    BoardColumn("n_scores", "n", "count", lambda row: Ends(row.n_battles), of="scores", spare=6,
                titles={"markdown": "battles", "page": "answers", "viewer": "Scores"}),
    BoardColumn("mean_length", "length", "count", lambda row: Ends(row.mean_length), ("mean_length",), spare=5,
                titles={"page": "length"}),
    BoardColumn("cost_usd", "cost", "money", lambda row: Ends(row.cost_usd), ("cost_usd",), spare=9,
                titles={"markdown": "cost USD", "page": "cost"}),
    BoardColumn("output_tokens_per_s", "tokens/s", "speed", lambda row: Ends(row.performance.output_tokens_per_s),
                media=frozenset({"terminal", "viewer"}), spare=3),
    BoardColumn("latency_p50_s", "median latency (p95)", "seconds", lambda row: row.performance.latency,
                media=frozenset({"terminal"}), spare=2),
    BoardColumn("ttft_p50_s", "median TTFT (p95)", "seconds", lambda row: row.performance.ttft,
                media=frozenset({"terminal", "viewer"}), titles={"viewer": "Median TTFT"},
                after={"viewer": "cost_usd"}, spare=1),
    BoardColumn("flags", "flags", "flags", lambda row: Ends(len(row.flags) or (1 if row.set_aside else None)),
                media=frozenset({"terminal", "viewer"}), titles={"viewer": "Remarks"}, unbounded=frozenset({"viewer"}),
                spare=4),
    BoardColumn("set_aside", "set aside", "text", lambda row: Ends(), ("set_aside",), frozenset()),
)  # fmt: skip
