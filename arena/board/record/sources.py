"""The files that a board's record rests on, each with its hash, under names that say nothing of this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from arena.board.open import OpenBoard
from arena.errors import DataError
from arena.keys import digest
from arena.redact import redact
from arena.reports.record import Source
from arena.types import JSON

RUN = "run.json"
_BLOCK = 1 << 20
_STORED = {
    "answers": ("answers/*.jsonl",), "reviews": ("reviews/*.jsonl",), "benchmarks": ("benchmarks/*/*.jsonl",),
    "reasons": ("reasons/*.jsonl",),
    "probes": ("probes/*/*.jsonl", "probes/*/*/*.jsonl"), "votes": ("votes.jsonl",),
    "schedule": ("schedule.jsonl",), "looks": ("looks.jsonl",), "batches": ("batches.jsonl",),
    "load": ("load/load.json", "load/*.jsonl"), "reports": ("reports/*.json", "reports/*.jsonl"),
}  # fmt: skip
"""By role, where files lie in a board's folder."""
_OURS = frozenset({"reports/record.json"})


class Sources:
    """Every file of the board, hashed once; facts name them by number."""

    def __init__(self, board: OpenBoard) -> None:
        self._found: dict[tuple[str, str, str | None], Source] = {}
        self._paths: dict[Path, str] = {}
        for role, name, path in files_of(board):
            self._paths[path.resolve()] = self._add(role, name, *_facts_of(path))
        for prompt in sorted(board.prompts.values(), key=lambda prompt: prompt.name):
            self._add("prompt", prompt.name, prompt.sha256)
        self._run: Mapping[str, JSON] = board.review_folder.run_document()

    @property
    def all(self) -> tuple[Source, ...]:
        """In the order of their numbers."""
        return tuple(self._found.values())

    def file(self, path: Path) -> tuple[str, ...]:
        """The number of a file; nothing where it is not there."""
        found = self._paths.get(path.resolve())
        return () if found is None else (found,)

    def role(self, *roles: str) -> tuple[str, ...]:
        """The numbers of all files of these roles."""
        return tuple(source.id for source in self._found.values() if source.role in roles)

    def prompt(self, name: str) -> tuple[str, ...]:
        """The number of a prompt."""
        return tuple(s.id for s in self._found.values() if s.role == "prompt" and s.name == name)

    def run(self, key: str) -> tuple[JSON, tuple[str, ...]]:
        """What run.json says under a key, and its number: every run writes that file, so the part alone counts."""
        value = self._run.get(key)
        return value, (() if value is None else (self._add("run", RUN, digest(value), part=f"/{key}"),))

    def _add(
        self, role: str, name: str, sha256: str, size: int | None = None, lines: int | None = None,
        part: str | None = None,
    ) -> str:  # fmt: skip
        known = self._found.get((role, name, part))
        if known is None:
            known = Source(f"F{len(self._found) + 1}", role, redact(name), sha256, size, lines, part)
            self._found[role, name, part] = known
        return known.id


def files_of(board: OpenBoard) -> Iterator[tuple[str, str, Path]]:
    """Role, name and path of every file the board is made of: what the config names, and what lies in its folder."""
    home = board.loaded.path.resolve().parent
    config = board.config
    named: list[tuple[str, Path | None]] = [
        ("config", board.loaded.path),
        ("question_file", config.question_file),
        ("category_file", config.category_file),
        ("reference_file", config.reviews_gen.reference_file),
        *((f"answers_gen.{name}.file", candidate.entry.recording) for name, candidate in board.candidates.items()),
    ]
    for role, path in named:
        if path is not None and path.is_file():
            yield role, _name(path, home), path
    for role, patterns in _STORED.items():
        root = (board.answer_folder if role == "answers" else board.review_folder).root
        for path in sorted({path for pattern in patterns for path in root.glob(pattern)}):
            name = path.relative_to(root).as_posix()
            if path.is_file() and name not in _OURS:
                yield role, name, path


def _name(path: Path, home: Path) -> str:
    """Where it lies from the config's folder on; of a file elsewhere nothing but its name."""
    try:
        return path.resolve().relative_to(home).as_posix()
    except ValueError:
        return path.name


def _facts_of(path: Path) -> tuple[str, int, int | None]:
    """Hash, size, and the lines of a file of lines. Raises DataError where it cannot be read."""
    known, size, lines = hashlib.sha256(), 0, 0
    try:
        with path.open("rb") as handle:
            while block := handle.read(_BLOCK):
                known.update(block)
                size += len(block)
                lines += block.count(b"\n")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    return known.hexdigest(), size, lines if path.suffix == ".jsonl" else None


def places(board: OpenBoard) -> Iterable[str]:
    """Folders of this machine, the longest first: no text of a record names them."""
    folders = {Path.home(), board.loaded.path.resolve().parent, board.config.output_dir.resolve()}
    folders |= {path.resolve().parent for _, _, path in files_of(board)}
    return sorted((str(folder) for folder in folders if len(folder.parts) > 1), key=len, reverse=True)
