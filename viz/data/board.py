"""One board, ready to be looked at: its index, its names, its report, and its texts by byte offset."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from arena.config.loading import mask_keys_of
from arena.config.strict import read_yaml
from arena.errors import ConfigError, DataError
from arena.files import from_json
from arena.judging.style import FEATURES
from arena.questions import load_categories, load_questions, with_references
from arena.redact import masked, masked_json
from arena.reports.board import Report, read_report
from arena.store.folder import BoardFolder
from arena.types import Answer, Question
from viz.data.answers import AnswerIndex, answers_of, read_span
from viz.data.cache import Signature, cache_file, load_rows, save_rows, signature
from viz.data.indexing import index_battles, index_scores
from viz.data.llmuses import index_llmuses, is_llmuses
from viz.data.rows import NONE, Names, Rows
from viz.data.source import Source
from viz.data.text_store import TextStore, TextWriter, load_texts

Kind = Literal["pairs", "scores", "llmuses"]


@dataclass(frozen=True, slots=True)
class Board:
    """A board in memory: numbers only."""

    source: Source
    kind: Kind
    path: Path
    """The file the rows point into."""
    rows: Rows
    names: Names
    texts: TextStore
    answers: AnswerIndex | None
    questions: Mapping[str, Question]
    groups: Mapping[str, tuple[str, ...]]
    report: Report | None
    codes: Mapping[str, int] = field(default_factory=dict)
    """Code of each model name."""
    features: tuple[str, ...] = ()
    """The style features in which its answers are known to differ."""

    @property
    def simulated(self) -> bool:
        """Whether any of it is invented."""
        return self.report is not None and self.report.simulated

    def line(self, row: int) -> dict[str, Any]:
        """The stored line of a row, as it is. Raises DataError when the file changed under the index."""
        return _object(self.path, int(self.rows.offset[row]), int(self.rows.length[row]))

    def swapped_line(self, row: int) -> dict[str, Any] | None:
        """The line of the second order, where that is a line of its own."""
        if self.rows.offset_swapped[row] < 0:
            return None
        return _object(self.path, int(self.rows.offset_swapped[row]), int(self.rows.length_swapped[row]))

    def answer(self, answer_key: str | None) -> Answer | None:
        """A stored answer by key."""
        return self.answers.read(answer_key) if self.answers is not None else None

    def group_of_category(self) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        """The groups (or, without a mapping, the categories) and which of them each category code belongs to."""
        if not self.groups:
            return self.names.categories, np.arange(len(self.names.categories), dtype=np.int32)
        groups = tuple(self.groups)
        member = {category: number for number, g in reversed(list(enumerate(groups))) for category in self.groups[g]}
        rest = member.get("*", NONE)
        return groups, np.array([member.get(c, rest) for c in self.names.categories], dtype=np.int32)


class NotRated(DataError):
    """There is no battle file on the board yet."""


def sources_of(source: Source) -> Signature:
    """The state of every file that a loaded board depends on."""
    files = [p for p in (source.review_file, source.category_file, source.question_file, source.reference_file) if p]
    if source.board is not None:
        folder = BoardFolder(source.board)
        files += [folder.reports / n for n in ("battles.jsonl", "scores.jsonl", "leaderboard.json")]
        files += _answer_files(source)
    return signature(files)


def open_board(source: Source) -> Board:
    """Read a board. Raises DataError when there is nothing to show, or what is there is damaged."""
    hide_keys(source)
    groups = load_categories(source.category_file)
    if source.board is not None:
        return _open_folder(source, groups)
    assert source.review_file is not None
    if not is_llmuses(source.review_file):
        return _open_loose_battles(source, source.review_file, groups)
    return _open_llmuses(source, source.review_file, groups)


def hide_keys(source: Source) -> None:
    """From now on texts are shown without the keys of the board's config: the file's, or else as run.json names them.

    Called before anything is read, since they are hidden in every text that comes from the disk.
    """
    if source.config is not None:
        with suppress(ConfigError):  # what has been shown by it has been read before
            mask_keys_of(read_yaml(source.config))
    beside = source.review_file.resolve().parents[:2] if source.review_file is not None else []
    for folder in (source.board, source.answers_of, *source.other_boards, *beside):
        if folder is not None:
            mask_keys_of(BoardFolder(folder).run_document().get("config"))


def _open_folder(source: Source, groups: Mapping[str, tuple[str, ...]]) -> Board:
    folder = BoardFolder(cast("Path", source.board))
    report = read_report(folder.reports / "leaderboard.json")
    kind: Kind = "pairs"
    path = folder.reports / "battles.jsonl"
    if not path.is_file() or (report is not None and report.single):
        scores = folder.reports / "scores.jsonl"
        if scores.is_file():
            path, kind = scores, "scores"
    if not path.is_file():
        raise NotRated(f"{folder.reports}: nothing has been rated yet (no battles.jsonl)")
    return _assemble(source, kind, path, _answer_files(source), groups, report)


def _open_loose_battles(source: Source, path: Path, groups: Mapping[str, tuple[str, ...]]) -> Board:
    return _assemble(source, "pairs", path, [], groups, None)


def _assemble(
    source: Source,
    kind: Kind,
    path: Path,
    answer_files: list[Path],
    groups: Mapping[str, tuple[str, ...]],
    report: Report | None,
) -> Board:
    rows, names = index_of(kind, path)
    if report is not None:  # a model may be listed that has no battle, or not yet
        names = replace(names, models=tuple(dict.fromkeys([*names.models, *(row.model for row in report.models)])))
    questions = _questions(source)
    question_files = [source.question_file] if source.question_file else []
    answers, texts = answers_of(answer_files, signature([*answer_files, *question_files]), questions)
    return Board(
        source, kind, path, rows, names, texts, answers, questions, groups, report, _codes(names), _features(rows)
    )


def index_of(kind: Kind, path: Path) -> tuple[Rows, Names]:
    """The index of one of our own files of battles or scores, from the cache or made anew."""
    state = signature([path])
    cached = load_rows(cache_file(kind, state), state)
    if cached is None:
        cached = index_scores(path) if kind == "scores" else index_battles(path)
        save_rows(cache_file(kind, state), state, *cached)
    return cached


def _open_llmuses(source: Source, path: Path, groups: Mapping[str, tuple[str, ...]]) -> Board:
    state = signature([path])
    cached, texts = load_rows(cache_file("llmuses", state), state), load_texts(state)
    if cached is None or texts is None:
        writer = TextWriter(state)
        try:
            cached = index_llmuses(path, writer)
        except DataError:
            writer.abandon()
            raise
        texts = writer.finish()
        save_rows(cache_file("llmuses", state), state, *cached)
    rows, names = cached
    return Board(source, "llmuses", path, rows, names, texts, None, {}, groups, None, _codes(names), _features(rows))


def _questions(source: Source) -> dict[str, Question]:
    if source.question_file is None:
        return {}
    loaded = with_references(load_questions(source.question_file), source.reference_file)
    return {
        q.question_id: replace(q, turns=tuple(map(masked, q.turns)), reference=tuple(map(masked, q.reference)))
        for q in loaded
    }


def _answer_files(source: Source) -> list[Path]:
    folder = source.answers_of or source.board
    return sorted((folder / "answers").glob("*.jsonl")) if folder is not None else []


def _codes(names: Names) -> dict[str, int]:
    return {name: code for code, name in enumerate(names.models)}


def _features(rows: Rows) -> tuple[str, ...]:
    """Features that are known and not the same everywhere."""
    both = {name: (getattr(rows, f"{name}_a"), getattr(rows, f"{name}_b")) for name in FEATURES}
    return tuple(name for name, (a, b) in both.items() if bool(np.any(np.nan_to_num(a) != np.nan_to_num(b))))


def _object(path: Path, offset: int, length: int) -> dict[str, Any]:
    try:
        value = from_json(read_span(path, offset, length))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise DataError(f"{path}: was rewritten while it was being read; load the page again")
    return cast("dict[str, Any]", masked_json(value))
