"""A board's folder: answers, ledgers, salt. Append-only lines, indexed by key, the last line of a key counts.

Nothing here knows what a battle is. Texts of replies stay on disk: the index holds offsets.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from arena.errors import DataError
from arena.files import Appender, Line, file_stems, from_json, read_objects, write_error
from arena.keys import filed_under
from arena.records import answer_from_json, answer_to_json, reply_from_json, reply_to_json, written_by
from arena.types import JSON, Answer, Reply, Status


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
    def batches_file(self) -> Path:
        """batches.jsonl."""
        return self.root / "batches.jsonl"

    @property
    def dry_run(self) -> BoardFolder:
        """The rehearsal's own board inside this one."""
        return BoardFolder(self.root / "dry-run")

    def run_document(self) -> dict[str, JSON]:
        """What run.json says; nothing when it is not there or was damaged by somebody."""
        try:
            document = from_json(self.run_file.read_bytes())
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def answer_file(self, model: str, models: Iterable[str]) -> Path:
        """A candidate's answers; `models` are all names of the board, so that `a` and `A` get different files."""
        return _own_file(self.root / "answers", model, models)

    def ledger_file(self, judge: str, judges: Iterable[str]) -> Path:
        """A judge's ledger."""
        return _own_file(self.root / "reviews", judge, judges)

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


def read_answers(path: Path, *, model: str | None = None, growing: bool = True) -> Iterator[Answer]:
    """Every stored answer of a file, oldest first. Raises DataError naming an alien line: none, or not `model`'s."""
    if not path.exists():
        return
    for where, line in read_objects(path, growing=growing):
        try:
            answer = answer_from_json(line)
            _check_owner("an answer", answer.model, model)
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


@dataclass(frozen=True, slots=True)
class _Entry:
    offset: int
    length: int
    status: Status
    imported: bool


class Ledger:
    """One judge's replies: an append-only file and an index from key to its last line.

    Wherever a key is asked for it is the key as `filed_under` says, for a judge that no weights stand behind.
    Raises DataError naming a line that is no reply, or another judge's.
    """

    def __init__(self, path: Path, judge: str | None = None, *, writable: bool = False) -> None:
        self.path = path
        self._judge = judge
        self._appender = Appender(path) if writable else None
        self._entries: dict[str, _Entry] = {}
        self._imported: dict[tuple[str, str, str | None], list[str]] = {}
        self._reader: int | None = None
        if path.exists():
            for where, line in read_objects(path, growing=True):
                self._index(where, line)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> list[str]:
        """All keys, in the order they were first stored."""
        return list(self._entries)

    def status(self, key: str) -> Status | None:
        """How the stored reply ended; None when there is none."""
        entry = self._entries.get(key)
        return entry.status if entry else None

    def get(self, key: str) -> Reply | None:
        """The reply stored under a key, read from the file."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._appender is not None:
            return reply_from_json(self._appender.read(entry.offset, entry.length))
        if self._reader is None:
            self._reader = os.open(self.path, os.O_RDONLY)
        line = from_json(os.pread(self._reader, entry.length, entry.offset))
        assert isinstance(line, dict)
        return reply_from_json(line)

    def imported(self, question_id: str, model_a: str, model_b: str | None) -> list[Reply]:
        """Replies that came with an imported board, of one battle (or, in single mode, of one answer)."""
        keys = self._imported.get((question_id, model_a, model_b), [])
        return [reply for key in keys if (reply := self.get(key)) is not None]

    def add(self, reply: Reply) -> None:
        """Store one reply; it is kept once this returns."""
        assert self._appender is not None, "opened for reading"
        line = reply_to_json(reply)
        offset, length = self._appender.append(line)
        self._remember(_Entry(offset, length, reply.status, reply.via == "import"), reply)

    def close(self) -> None:
        """Sync and close."""
        if self._appender is not None:
            self._appender.close()
        if self._reader is not None:
            os.close(self._reader)

    def _index(self, where: Line, line: dict[str, JSON]) -> None:
        try:
            reply = reply_from_json(line)
            _check_owner("a reply", reply.judge, self._judge)
        except (ValueError, TypeError) as error:
            raise DataError(f"{self.path}:{where.number}: not a reply: {error}") from None
        self._remember(_Entry(where.offset, where.length, reply.status, reply.via == "import"), reply)

    def _remember(self, entry: _Entry, reply: Reply) -> None:
        key = filed_under(reply.key, written_by(reply))
        self._entries[key] = entry
        if entry.imported:  # equal answers share a key: every battle that names it finds it
            keys = self._imported.setdefault((reply.question_id, reply.model_a, reply.model_b), [])
            if key not in keys:
                keys.append(key)


def _check_owner(what: str, found: str, owner: str | None) -> None:
    """Raise ValueError for a line in somebody else's file; None owns whatever is there."""
    if owner is not None and found != owner:
        raise ValueError(f"{what} of {found!r} in the file of {owner!r}")
