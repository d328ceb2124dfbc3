"""looks.jsonl: what was seen stays, whatever kills the writer."""

from __future__ import annotations

from pathlib import Path

import pytest

from arena.errors import DataError
from arena.store.looks import About, begin_sequences, looking

PAIR = About("new", "old", "win_rate")


def add(path: Path, about: About, **terms: list) -> None:
    with looking(path, about) as looks:
        order = {"seed": 0, "sha256": "x"}
        looks.add({"new": about.new, "old": about.old, "metric": about.metric, "order": order, "terms": terms})


def test_a_later_look_sees_what_earlier_ones_saw_of_the_same_pair_and_metric(tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    add(path, PAIR, q1=[["new", "base", 1.0]])
    add(path, About("new", "old", "rating"), q1=[["new", "base", 0.0]])
    add(path, PAIR, q2=[])
    with looking(path, PAIR) as looks:
        assert looks.terms == {"q1": [["new", "base", 1.0]], "q2": []}
        assert (looks.sequence, looks.order, looks.began) == (1, "x", None)
    with looking(path, About("old", "new", "win_rate")) as looks:
        assert (looks.terms, looks.order) == ({}, None)


def test_asking_again_begins_a_new_sequence_once(tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    assert not begin_sequences(path, "--retry-errors")
    add(path, PAIR, q1=[])
    assert begin_sequences(path, "--retry-errors")
    assert not begin_sequences(path, "--retry-errors")
    with looking(path, PAIR) as looks:
        assert (looks.sequence, looks.terms, looks.order, looks.began) == (2, {}, None, "--retry-errors")
    add(path, PAIR, q7=[])
    with looking(path, PAIR) as looks:
        assert (looks.sequence, list(looks.terms)) == (2, ["q7"])


def test_a_torn_last_line_is_no_look_and_goes_with_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    add(path, PAIR, q1=[])
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    add(path, PAIR, q2=[])
    with looking(path, PAIR) as looks:
        assert list(looks.terms) == ["q1", "q2"]
    assert path.read_bytes().startswith(whole)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    add(path, PAIR, q1=[])
    path.write_bytes(b"[1]\n" + path.read_bytes())
    with pytest.raises(DataError, match=r"looks\.jsonl:1: not a look"), looking(path, PAIR):
        pass


def test_nothing_is_written_where_looking_fails(tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    add(path, PAIR, q1=[])
    before = path.read_bytes()
    with pytest.raises(ValueError, match="no"), looking(path, PAIR) as looks:
        looks.add({"terms": {}})
        raise ValueError("no")
    assert path.read_bytes() == before
