"""Files survive what happens to files."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.errors import DataError, DiskFull, InputError
from arena.files import (
    Appender,
    file_stem,
    file_stems,
    from_json,
    read_objects,
    round_floats,
    to_json,
    write_atomically,
)


def lines(path: Path) -> list[object]:
    return [value for _, value in read_objects(path)]


def test_an_appended_line_can_be_read_back_where_it_was_written(tmp_path: Path) -> None:
    appender = Appender(tmp_path / "a.jsonl")
    first, second = appender.append({"n": 1}), appender.append({"n": "zwei ✓"})
    assert appender.read(*first) == {"n": 1}
    assert appender.read(*second) == {"n": "zwei ✓"}
    appender.close()
    assert lines(tmp_path / "a.jsonl") == [{"n": 1}, {"n": "zwei ✓"}]


@given(keep=st.integers(0, 200), rows=st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_a_file_cut_anywhere_loses_at_most_the_torn_line_and_takes_new_ones(keep: int, rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        whole = [json.dumps({"n": n, "text": "x" * n}).encode() + b"\n" for n in range(rows)]
        content = b"".join(whole)[:keep]
        path.write_bytes(content)
        appender = Appender(path)
        appender.append({"n": "new"})
        appender.close()
        kept = [json.loads(line) for line in content.split(b"\n") if line.endswith(b"}")]
        assert lines(path) == [*kept, {"n": "new"}]


def test_a_whole_last_line_that_only_lost_its_newline_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"n":1}\n{"n":2}')
    Appender(path).close()
    assert lines(path) == [{"n": 1}, {"n": 2}]


def test_a_growing_file_is_read_up_to_its_last_newline(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"n":1}\n{"n":')
    assert [value for _, value in read_objects(path, growing=True)] == [{"n": 1}]
    with pytest.raises(DataError, match=r"a\.jsonl:2: not JSON"):
        lines(path)


def test_broken_json_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"n": 1}\n\n{"n": }\n')
    with pytest.raises(DataError, match=r"a\.jsonl:3: not JSON"):
        lines(path)


def test_a_line_that_is_no_object_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("[1, 2]\n")
    with pytest.raises(DataError, match=r"a\.jsonl:1: expected a JSON object, found list"):
        lines(path)


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"n": 1}\n')
    assert lines(path) == [{"n": 1}]


@pytest.mark.parametrize("value", ["plain", "ünï", "\ud800 lone surrogate", 1.5, None, {"a": [1, "\ud83d"]}])
def test_any_text_survives_writing_and_reading(value: object) -> None:
    assert from_json(to_json(value)) == value


@pytest.mark.parametrize("beside", ["plain", "\ud800", 1 << 70])
def test_a_number_that_is_none_is_written_as_null_whatever_stands_beside_it(beside: object) -> None:
    assert from_json(to_json([float("nan"), {"a": (-float("inf"), beside)}])) == [None, {"a": [None, beside]}]


HOSTILE = ["a/b", "../x", "CON", "con.txt", ".", "..", "", "a" * 300, "名前", "x y", "a\x00b", "a:b", ".hidden", "end ",
           "%2e%2e", "a\\b", "A", "a"]  # fmt: skip


def test_hostile_names_stay_inside_the_folder_and_apart(tmp_path: Path) -> None:
    stems = file_stems(HOSTILE)
    assert len({stem.lower() for stem in stems.values()}) == len(HOSTILE)
    for name, stem in stems.items():
        path = tmp_path / f"{stem}.jsonl"
        path.write_text(name if "\x00" not in name else "nul")
        assert path.resolve().parent == tmp_path.resolve()
        assert len(os.fsencode(path.name)) <= 255


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=8, unique=True))
def test_file_names_do_not_depend_on_the_order_of_names(names: list[str]) -> None:
    assert file_stems(names) == file_stems(names[::-1])
    assert len({stem.lower() for stem in file_stems(names).values()}) == len(names)


@given(st.lists(st.sampled_from(["a", "A", "b", "aB", "Ab", "a/b", "a/B"]), min_size=1, max_size=6, unique=True))
def test_a_name_keeps_its_file_when_others_come_and_go(names: list[str]) -> None:
    stored: dict[str, str] = {}
    for upto in range(1, len(names) + 1):
        stored |= file_stems(names[:upto], set(stored.values()))
        assert {name: stored[name] for name in names[:upto]} == file_stems(names[:upto], set(stored.values()))
    assert len({stem.lower() for stem in stored.values()}) == len(names)
    for name in names:
        assert file_stems([name], set(stored.values())) == {name: stored[name]}


def test_ordinary_names_are_their_own_file_names() -> None:
    assert file_stem("Qwen3-4B_v1.5") == "Qwen3-4B_v1.5"
    assert file_stem("Qwen/Qwen3-4B") == "Qwen%2FQwen3-4B"


def test_floats_keep_ten_digits_and_json_has_no_infinity() -> None:
    assert round_floats({"a": 0.1 + 0.2, "b": [float("inf"), -0.0, 1e-300]}) == {"a": 0.3, "b": [None, 0.0, 1e-300]}


def test_a_document_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "a.json"
    write_atomically(path, "one")
    write_atomically(path, "two")
    assert path.read_text() == "two"
    assert [p.name for p in path.parent.iterdir()] == ["a.json"]


def test_a_folder_that_cannot_be_written_is_the_users_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / "file" / "a.json", "x")
    with pytest.raises(InputError, match="cannot be written"):
        Appender(tmp_path / "file" / "a.jsonl")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_apart_from_a_wrong_folder() -> None:
    with pytest.raises(OSError, match="No space left") as caught, Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")
    from arena.files import write_error

    assert isinstance(write_error(Path("board"), caught.value), DiskFull)
