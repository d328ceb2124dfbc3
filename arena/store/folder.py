"""A board's folder: its files, answers and salt. Append-only lines, the last line of a key counts.

Nothing here knows what a battle is.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from arena.errors import DataError
from arena.files import Appender, file_stem, file_stems, from_json, read_objects, write_error
from arena.records import answer_from_json, answer_to_json
from arena.types import JSON, Answer, Request


@dataclass(frozen=True, slots=True)
class BoardFolder:
    """Where everything of one board lies."""

    root: Path

    @property
    def reports(self) -> Path:
        """The folder of derived files."""
        return self.root / "reports"

    @property
    def run_file(self) -> Path:
        """run.json."""
        return self.root / "run.json"

    @property
    def votes_file(self) -> Path:
        """votes.jsonl."""
        return self.root / "votes.jsonl"

    @property
    def looks_file(self) -> Path:
        """What was seen at the looks at a growing run."""
        return self.root / "looks.jsonl"

    @property
    def batches_file(self) -> Path:
        """batches.jsonl."""
        return self.root / "batches.jsonl"

    @property
    def schedule_file(self) -> Path:
        """schedule.jsonl."""
        return self.root / "schedule.jsonl"

    @property
    def load_file(self) -> Path:
        """The summaries of its load tests."""
        return self.root / "load" / "load.json"

    @property
    def dry_run(self) -> BoardFolder:
        """The rehearsal's own board inside this one."""
        return BoardFolder(self.root / "dry-run")

    def run_document(self) -> dict[str, JSON]:
        """What run.json says; nothing when it is not there or was damaged by somebody."""
        return self._run_document() or {}

    @property
    def run_file_is_damaged(self) -> bool:
        """Whether run.json is there and is no JSON object."""
        return self.run_file.is_file() and self._run_document() is None

    def _run_document(self) -> dict[str, JSON] | None:
        try:
            document = from_json(self.run_file.read_bytes())
        except (OSError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def answer_file(self, model: str, models: Iterable[str]) -> Path:
        """A candidate's answers; `models` are all names of the board, so that `a` and `A` get different files."""
        return _own_file(self.root / "answers", model, models)

    def ledger_file(self, judge: str, judges: Iterable[str]) -> Path:
        """A judge's ledger."""
        return _own_file(self.root / "reviews", judge, judges)

    def items_file(self, task: str, model: str, models: Iterable[str]) -> Path:
        """A candidate's documents of one benchmark: benchmarks/<task>/<model>.jsonl."""
        return _own_file(self.benchmarks / file_stem(task), model, models)

    @property
    def benchmarks(self) -> Path:
        """The folder of all documents that were asked, a folder for each task."""
        return self.root / "benchmarks"

    def probe(self, name: str) -> BoardFolder:
        """What one probe asks and gets, as a folder of its own: probes/<probe>/{answers,reviews}/."""
        return BoardFolder(self.root / "probes" / file_stem(name))

    def salt(self) -> bytes:
        """The secret that nonces are derived from, made on first use. A lost one changes future nonces only."""
        path = self.root / "salt"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if len(found := os.read(handle, 4096).strip()) >= 16:
                    return found
                os.ftruncate(handle, 0)  # an earlier run died between creating and writing
                os.lseek(handle, 0, os.SEEK_SET)
                fresh = secrets.token_hex(32).encode()
                os.write(handle, fresh + b"\n")
            finally:
                os.close(handle)
        except OSError as error:
            raise write_error(path, error) from None
        return fresh


def _own_file(folder: Path, name: str, names: Iterable[str]) -> Path:
    """The file of one name in a folder where each of `names` has its own."""
    stored = {path.stem for path in folder.glob("*.jsonl")}
    return folder / f"{file_stems([*names, name], stored)[name]}.jsonl"


def read_answers(path: Path, *, model: str | None = None) -> Iterator[Answer]:
    """Every stored answer of a file, oldest first. Raises DataError naming an alien line: none, or not `model`'s."""
    if not path.exists():
        return
    for where, line in read_objects(path, growing=True):
        try:
            answer = answer_from_json(line)
            check_owner("an answer", answer.model, model)
            yield answer
        except (ValueError, TypeError) as error:
            raise DataError(f"{path}:{where.number}: not an answer: {error}") from None


class AnswerStore:
    """One candidate's stored answers: those of today's keys, and a way to add one.

    Raises DataError naming a line that is no answer, or another model's.
    """

    def __init__(self, path: Path, model: str | None = None, *, writable: bool = False) -> None:
        self.path = path
        self._appender = Appender(path) if writable else None
        self._current: dict[tuple[str, str, int], Answer] = {}
        self._latest: dict[tuple[str, int, bool], Answer] = {}
        for answer in read_answers(path, model=model):
            self._remember(answer)

    def get(self, key: str, question_id: str, sample: int) -> Answer | None:
        """The answer to a question stored under a key. Two questions may have the same recorded answer."""
        return self._current.get((key, question_id, sample))

    def find(self, request: Request) -> Answer | None:
        """The answer to a request, under its key or the one that an earlier version gave it."""
        found = self.get(request.key, request.question_id, request.sample)
        if found is None and request.older_key is not None:
            return self.get(request.older_key, request.question_id, request.sample)
        return found

    def latest(self, question_id: str, sample: int, *, simulated: bool = False) -> Answer | None:
        """The last stored answer to a question, whatever its key: for models that can no longer be asked. Invented
        answers and real ones never stand for each other."""
        return self._latest.get((question_id, sample, simulated))

    def question_ids(self) -> set[str]:
        """The questions that have any stored answer."""
        return {question_id for question_id, *_ in self._latest}

    def add(self, answer: Answer) -> None:
        """Store one answer; it is kept once this returns."""
        assert self._appender is not None, "opened for reading"
        self._appender.append(answer_to_json(answer))
        self._remember(answer)

    def close(self) -> None:
        """Sync and close."""
        if self._appender is not None:
            self._appender.close()

    def _remember(self, answer: Answer) -> None:
        self._current[answer.key, answer.question_id, answer.sample] = answer
        self._latest[answer.question_id, answer.sample, answer.simulated] = answer


def check_owner(what: str, found: object, owner: str | None) -> None:
    """Raise ValueError for a line in somebody else's file; None owns whatever is there."""
    if owner is not None and found != owner:
        raise ValueError(f"{what} of {found!r} in the file of {owner!r}")
