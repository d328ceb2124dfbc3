"""The index: what the files say, found again by offset, and never served stale."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from arena.errors import DataError
from viz.data.board import open_board, sources_of
from viz.data.cache import cache_file, cache_folder, signature
from viz.data.counting import judge_table
from viz.data.detail import Identity, find_reply, find_row, identity_of, read_detail
from viz.data.rows import RATED, STATES
from viz.data.source import Source
from viz.data.text_store import TextStore, TextWriter, text_key


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_row_is_indexed_and_read_back_by_offset(board_folder: Path) -> None:
    board = open_board(Source(board=board_folder))
    lines = _lines(board_folder / "reports" / "battles.jsonl")
    assert len(board.rows) == len(lines)
    for row in range(0, len(lines), 7):
        assert board.line(row) == lines[row]
        assert STATES[board.rows.state[row]] == lines[row]["state"]
        named = identity_of(board, row)
        assert (named.question, named.a, named.b) == tuple(lines[row][k] for k in ("question_id", "model_a", "model_b"))
        assert find_row(board, named) == row


def test_verdicts_are_counted_in_slots(board_folder: Path) -> None:
    board = open_board(Source(board=board_folder))
    verdicts = [v for line in _lines(board.path) for v in line["verdicts"] if v["status"] == "ok"]
    assert board.rows.first.sum() == sum(v["label"].startswith("first") for v in verdicts)
    assert board.rows.second.sum() == sum(v["label"].startswith("second") for v in verdicts)
    assert board.rows.tie.sum() == sum(v["label"] == "tie" for v in verdicts)


def test_outcomes_by_order_are_in_the_frame_of_model_a(board_folder: Path) -> None:
    board = open_board(Source(board=board_folder))
    rows = board.rows
    both = (rows.state == RATED) & ~np.isnan(rows.outcome_a_first) & ~np.isnan(rows.outcome_b_first)
    assert both.any()
    assert np.allclose((rows.outcome_a_first + rows.outcome_b_first)[both] / 2, rows.outcome[both])


def test_the_cached_index_is_the_index(board_folder: Path) -> None:
    first = open_board(Source(board=board_folder))
    assert cache_file("pairs", signature([first.path])).is_file()
    again = open_board(Source(board=board_folder))
    assert again.names == first.names
    assert np.array_equal(again.rows.offset, first.rows.offset)
    assert np.array_equal(again.rows.outcome, first.rows.outcome, equal_nan=True)


@pytest.mark.parametrize(
    "damage", [b"", b"arena viewer index 1\n", b"arena viewer index 1\n" + b"\xff" * 100, b"{}" * 500]
)
def test_a_damaged_cache_is_made_anew(board_folder: Path, damage: bytes) -> None:
    first = open_board(Source(board=board_folder))
    for path in cache_folder().iterdir():
        path.write_bytes(damage)
    again = open_board(Source(board=board_folder))
    assert len(again.rows) == len(first.rows)
    assert again.texts.matching("question") is not None


def test_a_truncated_cache_is_made_anew(board_folder: Path) -> None:
    first = open_board(Source(board=board_folder))
    for path in cache_folder().iterdir():
        path.write_bytes(path.read_bytes()[:-5])
    assert np.array_equal(open_board(Source(board=board_folder)).rows.outcome, first.rows.outcome, equal_nan=True)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "battles.jsonl"
    line = {"question_id": 1, "category": "x", "language": None, "model_a": "a", "model_b": "b", "judge": "j",
            "sample": 0, "state": "rated", "outcome": 1.0, "winner": "model_a", "weight": 1.0, "verdicts": [],
            "consistent": None}  # fmt: skip
    path.write_text(json.dumps(line) + "\n")
    assert len(open_board(Source(review_file=path)).rows) == 1
    path.write_text((json.dumps(line) + "\n") * 2)
    assert len(open_board(Source(review_file=path)).rows) == 2


def test_a_folder_that_cannot_be_written_means_no_cache(
    board_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    board = open_board(Source(board=board_folder))
    assert len(board.texts.matching("the")) > 0


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "battles.jsonl"
    path.write_text('{"question_id": 1, "win": 3, "model_a": "x"}\n')
    with pytest.raises(DataError, match=r"battles\.jsonl:1: not an llmuses review"):
        open_board(Source(review_file=path))
    path.write_text('{"question_id": 1}\n')
    with pytest.raises(DataError, match=r"battles\.jsonl:1: not a battle of ours"):
        open_board(Source(review_file=path))


def test_detail_has_both_answers_and_every_judge(board_folder: Path) -> None:
    source = Source(board=board_folder, question_file=board_folder.parent / "questions.jsonl")
    board = open_board(source)
    row = next(r for r in range(len(board.rows)) if board.rows.state[r] == RATED)
    detail = read_detail(board, row)
    assert detail.judged[0].judge == detail.identity.judge
    assert {judged.judge for judged in detail.judged} == {"judge-large", "judge-small", "panel"}
    stored = _lines(board_folder / "answers" / f"{detail.sides[0].model.replace('/', '%2F')}.jsonl")
    expected = next(a for a in stored if str(a["question_id"]) == detail.identity.question)
    assert detail.sides[0].answer is not None
    assert list(detail.sides[0].answer.turns) == expected["turns"]
    assert detail.question.turns[0].startswith(("Question", "把"))


def test_a_raw_reply_is_found_by_key(board_folder: Path) -> None:
    board = open_board(Source(board=board_folder))
    line = _lines(board_folder / "reviews" / "judge-small.jsonl")[5]
    found = find_reply(board, line["key"])
    assert found is not None
    assert (found.text, found.latency_s, found.usage.input_tokens) == (
        line["text"],
        line["latency_s"],
        line["usage"]["in"],
    )
    assert found.messages == [("user", line["request"]["messages"][0]["content"])]
    assert find_reply(board, "0" * 32) is None


def test_an_unknown_battle_is_none(board_folder: Path) -> None:
    board = open_board(Source(board=board_folder))
    assert find_row(board, Identity("nope", "a", "b", "j")) is None


def test_the_state_of_files_changes_with_an_answer_file(board_folder: Path, tmp_path: Path) -> None:
    source = Source(board=board_folder)
    before = sources_of(source)
    path = next((board_folder / "answers").iterdir())
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1000))
    assert sources_of(source) != before


def _store(texts: dict[str, str], tmp_path: Path) -> TextStore:
    writer = TextWriter(signature([tmp_path / "source"]))
    for name, text in texts.items():
        writer.add(text_key(name), text)
    return writer.finish()


def test_search_finds_texts_whatever_their_case_and_language(tmp_path: Path) -> None:
    store = _store({"a": "The Quick fox", "b": "海尔集团 quick", "c": "slow"}, tmp_path)
    assert set(store.matching("QUICK").tolist()) == {text_key("a"), text_key("b")}
    assert store.matching("海尔").tolist() == [text_key("b")]
    assert not len(store.matching("fox海"))
    assert not len(store.matching(""))


def test_search_finds_what_stands_across_two_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viz.data.text_store._BLOCK", 16)
    texts = {str(n): f"{'x' * n}needle{'y' * (20 - n)}" for n in range(20)}
    assert len(_store(texts | {"none": "nothing here"}, tmp_path).matching("needle")) == 20


def _llmuses(path: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    lines = [
        {"model_a": a, "model_b": b, "scores": [8, 6], "win": win, "question_id": q, "category": "x",
         "question": f"question {q}", "output_a": f"{a} on {q}", "output_b": f"{b} on {q}", "language": "NA"}
        for q, a, b, win in rows
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_two_orders_of_an_llmuses_battle_are_one_battle(tmp_path: Path) -> None:
    rows = [("1", "m1", "m2", "model_a"), ("1", "m2", "m1", "model_a"), ("2", "m2", "m1", "model_a"),
            ("2", "m1", "m2", "model_b"), ("3", "m1", "m2", "tie"), ("4", "m1", "m2", "unknown")]  # fmt: skip
    board = open_board(Source(review_file=_llmuses(tmp_path / "battle.jsonl", rows)))
    told = {board.names.questions[q]: (o, c) for q, o, c in
            zip(board.rows.question, board.rows.outcome, board.rows.consistent, strict=True)}  # fmt: skip
    assert told["1"] == (0.5, 0)  # each order for what stood first
    assert told["2"] == (0.0, 1)
    assert told["3"] == (0.5, -1)
    assert np.isnan(told["4"][0])
    assert board.names.reasons == ("unparsed",)
    assert board.rows.first.sum() == 3


def test_an_llmuses_battle_is_read_in_the_frame_of_its_models(tmp_path: Path) -> None:
    path = _llmuses(tmp_path / "battle.jsonl", [("2", "m2", "m1", "model_a"), ("2", "m1", "m2", "model_b")])
    board = open_board(Source(review_file=path))
    detail = read_detail(board, 0)
    assert [side.answer.turns for side in detail.sides if side.answer] == [("m1 on 2",), ("m2 on 2",)]
    assert [(v.order, v.label, v.score_a, v.score_b) for v in detail.judged[0].verdicts] == [
        ("b_first", "first", 6, 8), ("a_first", "second", 8, 6),
    ]  # fmt: skip


@pytest.mark.shared
def test_the_llmuses_file_is_317_battles_in_both_orders(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "llmuses"
    board = open_board(Source(review_file=folder / "battle.jsonl", category_file=folder / "category_mapping.yaml"))
    assert len(board.rows) == 317
    assert (board.rows.consistent >= 0).all()
    assert (int(board.rows.first.sum()), int(board.rows.second.sum())) == (320, 240)
    groups, group_of = board.group_of_category()
    assert groups[-1] == "其他"
    assert (group_of >= 0).all()


def test_a_verdict_whose_order_is_not_known_says_nothing_about_slots(board_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    path = folder / "reports" / "battles.jsonl"
    lines = _lines(path)
    place = next(n for n, line in enumerate(lines) if line["judge"] == "judge-large" and line["state"] == "rated")
    lines[place]["verdicts"] = [v | {"order_known": False} for v in lines[place]["verdicts"]]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    board = open_board(Source(board=folder))
    assert np.isnan(board.rows.outcome_a_first[place])
    assert np.isnan(board.rows.outcome_b_first[place])
    assert not any(verdict.order_known for verdict in read_detail(board, place).judged[0].verdicts)
    table = judge_table(board, np.array([place]), "judge-large")
    assert table.first is not None
    assert np.isnan(table.first).all()


def test_style_features_stand_in_their_own_columns(board_folder: Path) -> None:
    board = open_board(Source(board=board_folder))
    for row, line in enumerate(_lines(board.path)):
        if line["state"] == "rated":
            assert {name: getattr(board.rows, name)[row] for name in line["style"]} == line["style"]
    assert set(board.features) == {"length", "lists", "bold"}  # no answer of this board has a heading


def test_a_link_may_name_the_models_in_either_order(board_folder: Path) -> None:
    board = open_board(Source(board=board_folder))
    named = identity_of(board, 5)
    turned = Identity(named.question, str(named.b), named.a, named.judge, named.sample)
    assert find_row(board, turned) == find_row(board, named) == 5
