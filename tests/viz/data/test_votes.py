"""Votes: stored as whole lines, counted once per voter and battle, and blind."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arena.errors import DataError
from arena.store.votes import Vote, Votes, append_vote, read_votes
from viz.data.ballot import next_ballot, pair_of
from viz.data.board import Board, open_board
from viz.data.counting import people_table
from viz.data.source import Source
from viz.data.votes import current_keys, people_winners

VOTE = Vote("id", "7", "a", "b", "ka", "kb", "model_b", "model_a", False, "me", 2.5, "2026-11-21T10:00:00Z")


@pytest.fixture
def board(board_folder: Path) -> Board:
    return open_board(Source(board=board_folder))


def test_a_vote_is_one_line_with_the_fields_of_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    append_vote(path, VOTE)
    assert list(json.loads(path.read_text())) == [
        "vote_id", "question_id", "model_a", "model_b", "answer_key_a", "answer_key_b", "left", "winner", "recognised",
        "voter", "seconds", "created_at",
    ]  # fmt: skip
    assert read_votes(path).votes == (VOTE,)


def test_a_torn_line_does_not_swallow_the_next_vote(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    append_vote(path, VOTE)
    with path.open("ab") as out:
        out.write(b'{"vote_id": "torn')
    assert read_votes(path).votes == (VOTE,)
    append_vote(path, replace(VOTE, vote_id="next"))
    found = read_votes(path, lenient=True)
    assert [v.vote_id for v in found.votes] == ["id", "next"]
    assert found.damaged == 1


def test_votes_on_answers_that_changed_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    append_vote(path, VOTE)
    votes = read_votes(path)
    assert votes.current({("7", "a", "b"): ("ka", "kb")}) == votes
    assert votes.current({("7", "a", "b"): ("ka", "other")}).votes == ()


def test_the_last_vote_of_a_voter_on_a_battle_counts() -> None:
    votes = Votes((VOTE, replace(VOTE, winner="tie"), replace(VOTE, voter="you")))
    assert sorted(v.winner for v in votes.latest().values()) == ["model_a", "tie"]


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        append_vote(tmp_path, VOTE)


def test_split_votes_say_nothing_about_a_battle(board: Board) -> None:
    line = board.line(0)
    vote = replace(VOTE, question_id=line["question_id"], model_a=line["model_a"], model_b=line["model_b"])
    one, other = Votes((vote,)), Votes((vote, replace(vote, voter="you", winner="model_b")))
    assert (people_winners(board, one) >= 0).sum() == 3  # two judges and the panel
    assert (people_winners(board, other) >= 0).sum() == 0


def test_people_are_a_judge_of_their_own() -> None:
    skipped = replace(VOTE, question_id="9", winner="skip")
    table = people_table(Votes((VOTE, replace(VOTE, question_id="8", winner="both_bad"), skipped)))
    assert table is not None
    assert table.outcome.tolist() == [1.0, 0.5]
    assert people_table(Votes((skipped,))) is None


def test_people_are_heard_whichever_way_round_their_line_has_the_pair(board: Board) -> None:
    """A line that another tool wrote into votes.jsonl, or one of before the baseline changed."""
    line = board.line(0)
    straight = replace(
        VOTE, question_id=line["question_id"], model_a=line["model_a"], model_b=line["model_b"],
        answer_key_a=line["answer_key_a"], answer_key_b=line["answer_key_b"],
    )  # fmt: skip
    turned = replace(
        straight, model_a=straight.model_b, model_b=straight.model_a, winner="model_b",
        answer_key_a=straight.answer_key_b, answer_key_b=straight.answer_key_a,
    )  # fmt: skip
    said = people_winners(board, Votes((straight,)))
    np.testing.assert_array_equal(people_winners(board, Votes((turned,))), said)
    assert set(said[said >= 0].tolist()) == {0}
    for vote in (straight, turned):
        keys = current_keys(board, Votes((vote,)))
        assert keys[vote.pair] == ((straight.answer_key_a, straight.answer_key_b)
                                   if straight.pair[1] == straight.model_a
                                   else (straight.answer_key_b, straight.answer_key_a))  # fmt: skip
        assert Votes((vote,)).current(keys).votes == (vote,)
        assert Votes((replace(vote, answer_key_a="other"),)).current(keys).votes == ()


def _voted(board: Board, row: int, voter: str) -> Vote:
    question_id, a, b = pair_of(board, row)
    return replace(VOTE, question_id=question_id, model_a=a, model_b=b, voter=voter)


def test_a_voter_sees_every_battle_once_disputed_ones_first(board: Board) -> None:
    rows = np.arange(len(board.rows))
    votes: tuple[Vote, ...] = ()
    seen, disputed = [], []
    while (ballot := next_ballot(board, rows, Votes(votes), "me", seed=1)) is not None:
        pair = pair_of(board, ballot.row)
        assert pair not in seen
        seen.append(pair)
        same = [r for r in range(len(board.rows)) if pair_of(board, r) == pair]
        winners = {int(board.rows.winner[r]) for r in same if board.names.judges[board.rows.judge[r]] != "panel"}
        disputed.append(any(board.rows.consistent[r] == 0 for r in same) or len(winners - {-1}) > 1)
        votes += (_voted(board, ballot.row, "me"),)
    answered = {pair_of(board, r) for r in rows if board.rows.reason[r] < 0 or
                not board.names.reasons[board.rows.reason[r]].startswith("answer_")}  # fmt: skip
    assert set(seen) == answered
    assert disputed == sorted(disputed, reverse=True)
    assert next_ballot(board, rows, Votes(votes), "somebody else", seed=1) is not None


def test_nobody_is_asked_which_of_two_equal_answers_is_better(board_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    path = folder / "reports" / "battles.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    alike = {"order": "a_first", "status": "identical", "label": "tie", "score_a": None, "score_b": None}
    left = {line["question_id"] for line in lines[:30]}
    for line in lines:
        if line["question_id"] not in left and line["judge"] != "panel":
            line["verdicts"] = [alike]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    board, votes = open_board(Source(board=folder)), Votes()
    while (ballot := next_ballot(board, np.arange(len(board.rows)), votes, "me", seed=1)) is not None:
        votes = Votes((*votes.votes, _voted(board, ballot.row, "me")))
    assert {vote.question_id for vote in votes.votes} == left


def test_sides_are_drawn(board: Board) -> None:
    rows = np.arange(len(board.rows))
    sides = {ballot.left for seed in range(20) if (ballot := next_ballot(board, rows, Votes(), "me", seed)) is not None}
    assert sides == {"model_a", "model_b"}


def _everything_sent(at) -> str:
    """All that the page would send to the browser: every element and widget with its keys and options."""
    return " ".join(str(element.proto) for block in (at.main, at.sidebar) for element in block)


@pytest.mark.slow
def test_nothing_on_the_page_names_a_model_before_the_vote_is_stored(app, board_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    shutil.copytree(board_folder, folder)
    at = app("--board", folder, "--title", "board", page="views/vote.py")
    assert not at.exception
    board = open_board(Source(board=folder))
    names = [*board.names.models, *board.names.judges]
    assert [name for name in names if name in _everything_sent(at)] == []
    assert not (folder / "votes.jsonl").exists()
    button = next(b for b in at.button if b.key == "vote-left")
    button.click().run()
    assert not at.exception
    (stored,) = read_votes(folder / "votes.jsonl").votes
    assert stored.winner == stored.left
    assert stored.model_a in _everything_sent(at)  # told afterwards


def test_a_vote_moves_on_to_another_battle_and_counts(app, board_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    shutil.copytree(board_folder, folder)
    at = app("--board", folder, page="views/vote.py")
    for choice in ("right", "tie", "both_bad", "skip"):
        next(b for b in at.button if b.key == f"vote-{choice}").click().run()
        assert not at.exception
    votes = read_votes(folder / "votes.jsonl").votes
    assert [v.winner for v in votes[1:]] == ["tie", "both_bad", "skip"]
    assert len({(v.question_id, v.model_a, v.model_b) for v in votes}) == 4
    assert at.metric[0].value == "3"


def test_a_vote_is_about_the_first_of_several_answers(board_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    path = folder / "reports" / "battles.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line | {"sample": n}) + "\n" for n in (0, 1) for line in lines))
    board = open_board(Source(board=folder))
    question, a, b = pair_of(board, 0)
    cast = Votes((replace(VOTE, question_id=question, model_a=a, model_b=b),))
    named = np.flatnonzero(people_winners(board, cast) >= 0)
    assert len(named)
    assert set(board.rows.sample[named].tolist()) == {0}
