"""Votes as data: one type, one reading, for the command line and for the viewer."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from arena.battles.read.files import read_battles
from arena.battles.read.wanted import Wanted
from arena.errors import DataError
from arena.store.votes import Vote, Votes, append_vote, read_votes
from arena.winners import OUTCOMES, WORDS, Cell, Choice, read_winners

VOTE = Vote(
    "id", "7", "a", "b", "ka", "kb", "model_b", "model_a", True, "me", 2.5, "2026-11-21T10:00:00Z",
)  # fmt: skip


def written(path: Path, *lines: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def line(winner: object, a: str = "x", b: str = "y", **more: object) -> dict[str, object]:
    return {"question_id": "1", "model_a": a, "model_b": b, "winner": winner} | more


def test_a_vote_is_read_back_as_it_was_stored(tmp_path: Path) -> None:
    append_vote(tmp_path / "votes.jsonl", VOTE)
    assert read_votes(tmp_path / "votes.jsonl") == Votes((VOTE,))


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("written_as", [str.lower, str.upper])
def test_every_word_for_a_winner_is_read_from_one_table(tmp_path: Path, word: str, written_as: object) -> None:
    assert callable(written_as)
    votes = read_votes(written(tmp_path / "v.jsonl", line(written_as(word))))
    (vote,) = votes.votes
    assert vote.winner == WORDS[word]
    assert [v.outcome for v in votes.counted()] == ([] if vote.winner == "skip" else [OUTCOMES[vote.winner]])


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".json"])
@pytest.mark.parametrize("word", WORDS)
def test_a_file_of_battles_takes_the_same_words_as_one_of_votes(tmp_path: Path, word: str, suffix: str) -> None:
    row = line(word.upper())
    text = json.dumps([row] if suffix == ".json" else row)
    if suffix in (".csv", ".tsv"):
        mark = "\t" if suffix == ".tsv" else ","
        text = mark.join(row) + "\n" + mark.join(map(str, row.values())) + "\n"
    path = tmp_path / f"b{suffix}"
    path.write_text(text)
    rated, voted = read_battles(path, Wanted()), read_votes(path)
    assert rated.table.outcome.tolist() == [vote.outcome for vote in voted.counted()]
    assert bool(rated.skipped) == (WORDS[word] == "skip")


A, B, NEITHER = "model_a", "model_b", None
DOUBTFUL: dict[str, tuple[list[Cell], dict[Cell, Choice | None]]] = {
    "names go before words that say the same": ([("A", A), ("B", B)], {("A", A): "model_a", ("B", B): "model_b"}),
    "alone, it may be either": ([("A", B)], {("A", B): None}),
    "the column has names": ([("A", B), ("x", A)], {("A", B): "model_b"}),
    "the column has words": ([("A", B), ("model_b", NEITHER)], {("A", B): "model_a"}),
    "the column has both": ([("A", B), ("x", A), ("b", NEITHER)], {("A", B): None}),
    "ties stand beside names and words": ([("A", B), ("tie", NEITHER)], {("A", B): None}),
    "a model called tie among names": ([("tie", A), ("x", B)], {("tie", A): "model_a"}),
    "a model called tie among words": ([("tie", A), ("model_b", NEITHER)], {("tie", A): "tie"}),
    "a model called tie where others tie": ([("tie", A), ("x", B), ("tie", NEITHER)], {("tie", A): None}),
    "a model called skip among names": ([("skip", B), ("y", A)], {("skip", B): "model_b"}),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_a_cell_that_is_a_name_and_a_word_is_read_as_its_column_is(case: str) -> None:
    cells, expected = DOUBTFUL[case]
    read = read_winners(cells)
    assert {cell: read.choices.get(cell) for cell in expected} == expected
    assert read.refused.keys() == {cell for cell, choice in expected.items() if choice is None}


@pytest.mark.parametrize(
    ("winners", "counted", "left_out"),
    [
        (["model_a"], ["model_a"], (0, 0)),
        (["model_a", "tie"], ["tie"], (0, 1)),
        (["skip", "tie"], ["tie"], (1, 0)),
        (["model_a", "skip"], [], (1, 1)),
        (["model_a", "skip", "model_b"], ["model_b"], (1, 1)),
    ],
)
def test_the_last_word_of_a_voter_counts(winners: list[str], counted: list[str], left_out: tuple[int, int]) -> None:
    votes = Votes(tuple(replace(VOTE, winner=winner) for winner in winners))
    assert [vote.winner for vote in votes.counted()] == counted
    assert tuple(votes.left_out().values()) == left_out


def test_a_battle_written_the_other_way_round_is_the_same_battle() -> None:
    turned = Vote("x", "7", "b", "a", "kb", "ka", "model_a", "model_b", False, "me", None, None)
    assert (turned.pair, turned.first_wins) == (VOTE.pair, VOTE.first_wins)
    assert Votes((VOTE, turned)).counted() == (turned,)


@pytest.mark.parametrize(
    ("keys", "current"),
    [
        (("ka", "kb"), True), (("kb", "ka"), False), (("other", "kb"), False), (("ka", "other"), False),
        ((None, "kb"), True), ((None, None), True), ((None, "other"), False),
    ],
)  # fmt: skip
def test_a_vote_on_answers_that_changed_is_left_out(keys: tuple[str | None, str | None], current: bool) -> None:
    turned = replace(VOTE, model_a="b", model_b="a", answer_key_a="kb", answer_key_b="ka")
    for vote in (VOTE, turned):
        assert vote.is_current(keys) is current
        assert bool(Votes((vote,)).current({VOTE.pair: keys}).votes) is current
    assert replace(VOTE, answer_key_a=None, answer_key_b=None).is_current(keys)
    assert Votes((VOTE,)).current({}).votes == (VOTE,)


@pytest.mark.parametrize(
    "bad", ["{", "[]", '{"model_a": "x"}', '{"model_a": "x", "model_b": "y", "winner": "z"}', "\xff"]
)
def test_a_damaged_line_is_refused_by_its_number_or_counted(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "votes.jsonl"
    path.write_bytes(json.dumps(line("tie")).encode() + b"\n" + bad.encode("latin-1") + b"\n" + b'{"unfinished')
    with pytest.raises(DataError, match=r"votes\.jsonl:2: "):
        read_votes(path)
    found = read_votes(path, lenient=True)
    assert (len(found.votes), found.damaged) == (1, 1)


def test_a_file_that_is_not_there_yet_holds_no_votes_for_who_looks_on(tmp_path: Path) -> None:
    assert read_votes(tmp_path / "votes.jsonl", lenient=True) == Votes()
    with pytest.raises(DataError, match="no such file"):
        read_votes(tmp_path / "votes.jsonl")


@pytest.mark.skipif(sys.platform == "win32", reason="no flock")
def test_a_vote_is_written_while_nobody_else_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    path, write = tmp_path / "votes.jsonl", os.write
    refused = []

    def watched(handle: int, data: bytes) -> int:
        with path.open("rb") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                refused.append(len(data))
        return write(handle, data)

    monkeypatch.setattr(os, "write", watched)
    append_vote(path, VOTE)
    assert refused == [path.stat().st_size]
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
