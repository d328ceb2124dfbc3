"""What is stored stays stored, and nothing else is found."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.errors import DataError, InputError
from arena.records import answer_from_json, answer_to_json, reply_from_json, reply_to_json
from arena.store.folder import AnswerStore, BoardFolder
from arena.store.ledger import Ledger
from arena.types import Answer, Reply, TokenLogprobs, Usage

texts = st.text(max_size=20)


def reply(key: str, text: str = "[[A]]", **more: object) -> Reply:
    fields: dict[str, object] = {
        "key": key, "status": "ok", "judge": "j", "model_requested": "m", "prompt": "p", "prompt_sha256": "s",
        "format": "label", "nonce": "abc", "request": {"messages": []}, "question_id": "1", "model_a": "a",
        "model_b": "b", "order": "a_first", "sample": 0, "text": text,
    }  # fmt: skip
    return Reply(**(fields | more))  # type: ignore[arg-type]


def answer(key: str, question_id: str = "1", **more: object) -> Answer:
    fields: dict[str, object] = {
        "question_id": question_id, "model": "m", "sample": 0, "turns": ("hello",), "status": "ok", "key": key
    }  # fmt: skip
    return Answer(**(fields | more))  # type: ignore[arg-type]


@given(text=texts, reasoning=st.none() | texts, cost=st.none() | st.floats(0, 10), tokens=st.none() | st.integers(0))
def test_an_answer_survives_its_file(text: str, reasoning: str | None, cost: float | None, tokens: int | None) -> None:
    original = answer("k", turns=(text, "b"), reasoning=(reasoning or None, None) if reasoning else (), cost_usd=cost,
                      usage=Usage(tokens, 3, None, 1))  # fmt: skip
    assert answer_from_json(json.loads(json.dumps(answer_to_json(original)))) == original


@given(text=texts, logprob=st.floats(-50, 0) | st.just(-math.inf))
def test_a_reply_survives_its_ledger(text: str, logprob: float) -> None:
    original = reply("k", text, logprobs=(TokenLogprobs("A", logprob, (("A", logprob), ("B", -9.0))),),
                     usage=Usage(10, 2, 4, None), cost_usd=0.1, via="batch")  # fmt: skip
    assert reply_from_json(json.loads(json.dumps(reply_to_json(original)))) == original


def test_the_last_line_of_a_key_counts(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "j.jsonl", writable=True)
    ledger.add(reply("k", "", status="error", error="500"))
    ledger.add(reply("k", "[[B]]"))
    assert ledger.get("k") == reply("k", "[[B]]")
    ledger.close()
    again = Ledger(tmp_path / "j.jsonl")
    assert (again.status("k"), again.get("k"), len(again)) == ("ok", reply("k", "[[B]]"), 1)
    assert again.get("other") is None
    again.close()


def test_an_alien_line_inside_a_ledger_is_named(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text(json.dumps(reply_to_json(reply("k"))) + '\n{"hello": 1}\n')
    with pytest.raises(DataError, match=r"j\.jsonl:2: not a reply: no key"):
        Ledger(path)


@pytest.mark.parametrize("field, value", [("status", "fine"), ("turns", "text"), ("turns", [1]), ("key", None)])
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(json.dumps(answer_to_json(answer("k")) | {field: value}) + "\n")
    with pytest.raises(DataError, match=r"m\.jsonl:1: not an answer"):
        AnswerStore(path)


def test_two_questions_with_the_same_recorded_answer_are_kept_apart(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "m.jsonl", writable=True)
    store.add(answer("k", "1"))
    assert store.get("k", "2", 0) is None
    store.add(answer("k", "2"))
    assert store.get("k", "2", 0) == answer("k", "2")
    assert store.get("k", "1", 0) == answer("k", "1")
    store.close()


def test_an_answer_to_a_changed_request_is_history(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "m.jsonl", writable=True)
    store.add(answer("old"))
    assert store.get("new", "1", 0) is None
    assert store.latest("1", 0) == answer("old")
    store.close()


def test_the_salt_is_made_once_and_private(tmp_path: Path) -> None:
    folder = BoardFolder(tmp_path / "board")
    assert folder.salt() == folder.salt()
    assert len(folder.salt()) >= 32
    assert (folder.root / "salt").stat().st_mode & 0o077 == 0


def test_a_salt_that_was_torn_is_made_again(tmp_path: Path) -> None:
    folder = BoardFolder(tmp_path)
    (tmp_path / "salt").write_text("")
    assert len(folder.salt()) >= 32


def test_a_salt_that_cannot_be_had_is_the_users_problem(tmp_path: Path) -> None:
    (tmp_path / "salt").mkdir()
    with pytest.raises(InputError, match="salt: cannot be written"):
        BoardFolder(tmp_path).salt()
