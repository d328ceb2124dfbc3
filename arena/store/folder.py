"""A board's folder: answers, ledgers, salt. Append-only lines, indexed by key, the last line of a key counts.

Nothing here knows what a battle is. Texts of replies stay on disk: the index holds offsets.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from arena.errors import DataError
from arena.files import (
    Appender,
    Line,
    file_stem,
    file_stems,
    from_json,
    object_of,
    read_lines,
    read_objects,
    write_error,
)
from arena.records import answer_from_json, answer_to_json, reply_from_json, reply_to_json
from arena.store.cache import Kept, LedgerCache, Stamp, stamp_of
from arena.store.index import Index, Said, Way
from arena.types import JSON, Answer, Reply, Request, Status

T = TypeVar("T")
By = TypeVar("By")


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


class Ledger:
    """One judge's replies: an append-only file and an index from key to its last line.

    Wherever a key is asked for it is the key as `filed_under` says, for a judge that no weights stand behind. Each line
    is read once, here; a ledger that was closed may be opened again, and then reads what was added since.
    Raises DataError naming a line that is no reply, or another judge's.
    """

    def __init__(
        self, path: Path, judge: str | None = None, *, writable: bool = False, cache: LedgerCache | None = None
    ) -> None:
        self.path = path
        self._judge, self._cache = judge, cache
        self._appender: Appender | None = None
        self._reader: int | None = None
        self._index = Index()
        self._last: Line | None = None
        self._stamp: Stamp | None = None
        """Of the file, all of which was read; None while that is not sure."""
        self._news = False
        self._said: tuple[str, Said] | None = None
        self.open(writable=writable)

    def open(self, *, writable: bool = False) -> None:
        """Read what was added to the file. Raises DataError naming an alien line."""
        if writable and self._appender is None:
            self._appender = Appender(self.path)
        stamp = stamp_of(self.path)
        if stamp is None or stamp == self._stamp:
            return
        end = self._last.offset + self._last.length if self._last else 0
        if (self._stamp is not None and self._stamp[:2] != stamp[:2]) or stamp[2] < end:
            self._index, self._last = Index(), None  # another file
        self._stamp, self._said = None, None
        if self._last is None and self._cache and (kept := self._cache.load(self.path, self._judge, stamp)):
            self._index, self._last, self._stamp = kept.lines, kept.last, stamp
            return
        self._read_on()
        end = self._last.offset + self._last.length if self._last else 0
        if 0 < stamp[2] - end <= len("\r\n") and stamp_of(self.path) == stamp:
            self._stamp, self._news = stamp, True

    def _read_on(self) -> None:
        for where, raw in read_lines(self.path, growing=True, after=self._last):
            try:
                line = object_of(self.path, where.number, raw)
                self._index.add_line(where, raw, line)
                _check_owner("a reply", line["judge"], self._judge)
            except (ValueError, TypeError) as error:
                raise DataError(f"{self.path}:{where.number}: not a reply: {error}") from None
            self._last = where

    def __contains__(self, key: str) -> bool:
        return key in self._index.rows

    def __len__(self) -> int:
        return len(self._index.rows)

    def keys(self) -> list[str]:
        """All keys, in the order they were first stored."""
        return list(self._index.rows)

    def status(self, key: str) -> Status | None:
        """How the stored reply ended; None when there is none."""
        row = self._index.rows.get(key)
        return None if row is None else self._index.status(row)

    def get(self, key: str) -> Reply | None:
        """The reply stored under a key, read from the file."""
        row = self._index.rows.get(key)
        if row is None:
            return None
        line = from_json(self._bytes(*self._index.place(row)))
        assert isinstance(line, dict)
        return reply_from_json(line)

    def models_returned(self, asked: str) -> frozenset[str]:
        """What the judge's server said it was when this model was asked for."""
        return frozenset(returned for requested, returned in self._index.models if requested == asked)

    def said(self, key: str) -> Said | None:
        """The text of the reply stored under a key and what it is read with; the rest of the line is not read."""
        row = self._index.rows.get(key)
        if row is None:
            return None
        if self._said is not None and self._said[0] == key:
            return self._said[1]
        place = self._index.text_place(row)
        if place is None:
            reply = self.get(key)
            assert reply is not None
            text = reply.text
        else:
            text = str(from_json(self._bytes(*place)))
        status, nonce, logprobs, cost_usd = self._index.about(row)
        said = Said(self._index.own_key(key), status, text, nonce, logprobs, cost_usd)
        self._said = key, said
        return said

    def once(self, key: str, by: By, way: Way[By, T]) -> T | None:
        """What is read of a stored reply with the help of `by`, remembered for all who read with the same."""
        row = self._index.rows.get(key)
        if row is None:
            return None
        memory = self._index.memory(by, way)
        found = memory[row]
        if found is None:
            said = self.said(key)
            assert said is not None
            found = memory[row] = way.read(by, said)
            self._news = True
        return found

    def imported(self, question_id: str, model_a: str, model_b: str | None) -> list[Reply]:
        """Replies that came with an imported board, of one battle (or, in single mode, of one answer)."""
        keys = self._index.imported.get((question_id, model_a, model_b), [])
        return [reply for key in keys if (reply := self.get(key)) is not None]

    def add(self, reply: Reply) -> None:
        """Store one reply; it is kept once this returns."""
        assert self._appender is not None, "opened for reading"
        offset, length = self._appender.append(reply_to_json(reply))
        self._last = Line(self._last.number + 1 if self._last else 1, offset, length)
        self._index.add(self._last, reply)
        self._said = self._stamp = None

    def close(self) -> None:
        """Sync and close. What was understood of all of it is kept."""
        if self._appender is not None:
            self._appender.close()
        if self._reader is not None:
            os.close(self._reader)
        self._appender = self._reader = None
        if self._cache and self._news and self._stamp and self._last and self._index.remembers:
            self._cache.save(self.path, self._judge, self._stamp, Kept(self._index, self._last))
            self._news = False

    def _bytes(self, offset: int, length: int) -> bytes:
        if self._reader is None:
            self._reader = os.open(self.path, os.O_RDONLY)
        return os.pread(self._reader, length, offset)


def _check_owner(what: str, found: object, owner: str | None) -> None:
    """Raise ValueError for a line in somebody else's file; None owns whatever is there."""
    if owner is not None and found != owner:
        raise ValueError(f"{what} of {found!r} in the file of {owner!r}")
