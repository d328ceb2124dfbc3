"""A file of battles, rated: the leaderboard of `arena rate`, and the files it writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from arena.battles.read.parquet import are_many
from arena.battles.read.several import called, files_of, read_files
from arena.battles.read.wanted import BattleFile, Wanted
from arena.errors import DataError, InputError, MissingDependency
from arena.files import from_json, write_atomically
from arena.ratings import BattleTable, Leaderboard, RatingOptions, Weights, rate, rounded
from arena.ratings.data.mix import BALANCED, check_names, weights_of
from arena.ratings.data.table import Coded
from arena.reports.board import Report
from arena.reports.leaderboard import with_verdict, write_leaderboard
from arena.reports.options import options_json
from arena.tables import STDIN

if TYPE_CHECKING:
    from arena.battles.summed import Summed
    from arena.reports.page import PageData
    from arena.types import JSON, Battle

FIGURES = (".svg", ".png")
MOST_ROWS = 2_000_000
"""Battles that the viewer shows row by row."""
_NO_JUDGE = "file"
"""Who judged where the file does not say."""


@dataclass(frozen=True, slots=True)
class RatedFile:
    """The battles of a file, or of several as one, and their leaderboard."""

    files: tuple[Path, ...]
    file: BattleFile | Summed
    """Their rows, or sums where there are too many to hold."""
    report: Report
    called: str | None = None
    """What the user calls it."""

    @property
    def title(self) -> str:
        """What to call it: the file's name, or the folder's around several files or a board's own reports."""
        if self.called is not None:
            return self.called
        path = self.files[0]
        if len(self.files) > 1:
            folders = {file.resolve().parent for file in self.files}
            return (folders.pop().name if len(folders) == 1 else "") or "battles"
        if path.parent.name == "reports" and path.stem == "battles":
            return path.resolve().parent.parent.name
        return "battles" if str(path) == STDIN else path.name.split(".")[0]


def rate_files(
    given: Sequence[Path], options: RatingOptions, wanted: Wanted, ray: str | None = None,
    categories: Path | None = None,
) -> RatedFile:  # fmt: skip
    """Read and rate battles: those of files, folders and patterns, as if they stood in one file.

    Many rows of Parquet are added up as they are read, on the Ray cluster at `ray` where one is given. `categories`
    is a file of groups in whose place categories are shown. A model to be set aside may stand for several, with commas.
    Raises DataError.
    """
    files = files_of(given)
    if ray is not None or are_many(files):
        from arena.battles.summed import rate_summed

        summed = rate_summed(files, options, wanted, ray)
        if summed is not None:
            cluster = wanted.cluster if summed.clustered else None
            return RatedFile(files, summed, _reported(summed.board, summed, options, cluster))
    file = read_files(files, wanted)
    if categories is not None:
        from arena.questions import load_categories  # what reads configs is loaded where it is needed

        file = grouped(file, load_categories(categories))
    options = replace(options, set_aside=split_names(options.set_aside, file.table.models))
    if options.weights is not None:
        there, spoken = (() if c is None else c.names for c in (file.table.category, file.table.language))
        check_names(options.weights, there, spoken, f"{called(files)}: weights")
    board = rate(file.table, options, every_judge=file.every_judge)
    cluster = None if file.table.question is None else wanted.cluster
    return RatedFile(files, file, _reported(board, file, options, cluster, simulated=file.simulated))


def read_weights(given: str) -> Weights:
    """Weights from a file: as they stand under `rating_gen.weights`, or those of a leaderboard.json; or `balanced`.

    Raises DataError.
    """
    path = Path(given)
    if given == BALANCED and not path.exists():
        return weights_of(BALANCED)
    from arena.config.strict import read_yaml

    try:
        value = from_json(path.read_bytes()) if path.suffix.lower() == ".json" else read_yaml(path)
    except (OSError, ValueError) as error:
        raise DataError(f"--weights: {path}: {getattr(error, 'strerror', None) or error}") from None
    if isinstance(value, dict) and isinstance(value.get("models"), list):
        own = value.get("options")
        value = own.get("weights") if isinstance(own, dict) else None
        if value is None:
            raise DataError(f"--weights: {path}: this board has no weights of its own")
    return weights_of(value, f"--weights: {path}")


def split_names(given: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Names as --set-aside gives them: each a name, or several with commas. Raises DataError where there is none."""
    each = [[text] if text in known else [part.strip() for part in text.split(",") if part.strip()] for text in given]
    if not all(each):
        raise DataError("--set-aside needs at least one name")
    return tuple(sorted({name for names in each for name in names}))


def grouped(file: BattleFile, groups: Mapping[str, Sequence[str]]) -> BattleFile:
    """The same battles under the groups of their categories."""
    if not groups:
        return file
    from arena.questions import group_of

    def shown(table: BattleTable) -> BattleTable:
        column = table.category
        if column is None:
            return table
        return replace(table, category=Coded.recoded([group_of(name, groups) for name in column.names], column.codes))

    return replace(file, table=shown(file.table), every_judge=file.every_judge and shown(file.every_judge))


def _reported(
    board: Leaderboard,
    file: BattleFile | Summed,
    options: RatingOptions,
    cluster: str | None,
    *,
    simulated: bool = False,
) -> Report:
    document = board.to_json() | {
        "mode": None, "seed": options.seed, "options": options_json(options),
        "excluded": {reason: count for reason, count in sorted(file.skipped.items()) if reason != "pending"},
        "pending": file.skipped.get("pending", 0), "inputs": {},
    }  # fmt: skip
    document = {"simulated": simulated} | cast("dict[str, JSON]", rounded(document))
    document["warnings"] = [*file.warnings, *cast("list[JSON]", document["warnings"])]
    document["cluster"] = cluster
    return with_verdict(document)


def shown(report: Report, top: int | None) -> Report:
    """The report with so many models in its table; what it says of all of them stays."""
    return report if top is None else replace(report, models=report.models[:top])


def write_files(folder: Path, rated: RatedFile, top: int | None = None) -> None:
    """leaderboard.json, .csv, .md, .html and .svg, and .png where the extra `viz` is installed.

    `top` limits the models in what is read by people. Raises DiskFull or InputError.
    """
    write_leaderboard(folder, dict(rated.report.stored), top)
    write_page(folder / "leaderboard.html", rated, top=top)
    for suffix in FIGURES:
        try:
            write_figure(folder / f"leaderboard{suffix}", rated.report, top)
        except MissingDependency:
            continue


def write_page(path: Path, rated: RatedFile, language: Literal["en", "zh"] = "en", top: int | None = None) -> int:
    """One self-contained HTML file; returns its size in bytes."""
    from arena.reports.page import render_page

    page = render_page(_page(rated, top), language).encode("utf-8", "replace")
    write_atomically(path, page)
    return len(page)


def _page(rated: RatedFile, top: int | None) -> PageData:
    from arena import __version__
    from arena.reports.page.battles_file import met_in_sums, met_in_table, page_of_battles

    file = rated.file
    met, n = (
        (partial(met_in_table, file.table), len(file.table))
        if isinstance(file, BattleFile)
        else (partial(met_in_sums, file.sums), file.board.n_battles)
    )
    return page_of_battles(rated.title, rated.report, met, n, {"arena_version": __version__}, top)


def write_figure(path: Path, report: Report, top: int | None = None) -> None:
    """The leaderboard as a figure: SVG, or PNG with the extra `viz`. Raises MissingDependency or InputError."""
    from arena.reports.page.figure import board_svg

    svg = board_svg(report, top)
    match path.suffix.lower():
        case ".svg":
            write_atomically(path, svg + "\n")
        case ".png":
            try:
                import vl_convert
            except ImportError:
                raise MissingDependency("a PNG needs the viewer's packages: pip install 'llm-arena[viz]'") from None
            write_atomically(path, vl_convert.svg_to_png(svg, scale=2))
        case _:
            raise InputError(f"{path}: a figure is a file {' or '.join(FIGURES)}")


def write_board_of(folder: Path, rated: RatedFile) -> None:
    """A board's folder for the viewer: the battles as rows of ours, without texts, and their leaderboard.

    Raises InputError when there are more than it shows.
    """
    from arena.reports.rows import write_rows

    file = rated.file
    n = len(file.table) if isinstance(file, BattleFile) else file.board.n_battles
    if n > MOST_ROWS or not isinstance(file, BattleFile):
        raise InputError(
            f"{called(rated.files)}: {n:,} battles are more than the viewer shows ({MOST_ROWS:,}); "
            "arena rate with --out DIR writes the board as files"
        )
    write_rows(folder / "reports" / "battles.jsonl", _battles(file.table), file.simulated)
    write_leaderboard(folder / "reports", dict(rated.report.stored))


def _battles(table: BattleTable) -> Iterator[Battle]:
    from arena.types import Battle
    from arena.winners import winner_of

    questions, judges, categories, languages = (
        _texts(column, len(table)) for column in (table.question, table.judge, table.category, table.language)
    )
    style = {name: values for name, values in table.style.items() if values.ndim == 2}
    seen: Counter[tuple[str, str, str, str | None]] = Counter()
    for row, (a, b, outcome) in enumerate(zip(table.a, table.b, table.outcome.tolist(), strict=True)):
        battle = questions[row] or f"row {row + 1}", table.models[a], table.models[b], judges[row] or _NO_JUDGE
        yield Battle(
            battle[0], categories[row] or "general", languages[row], battle[1], battle[2], None, None, battle[3],
            seen[battle], "rated", outcome=outcome, winner=winner_of(outcome),
            weight=1.0 if table.weight is None else float(table.weight[row]),
            style={f"{name}_{side}": float(values[row, place]) for name, values in style.items()
                   for place, side in enumerate("ab") if np.isfinite(values[row, place])},
        )  # fmt: skip
        seen[battle] += 1


def _texts(column: Coded | None, n: int) -> list[str | None]:
    if column is None:
        return [None] * n
    return [column.names[code] if code >= 0 else None for code in column.codes]
