"""YAML as it is written, and errors that speak of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from arena.config.strict import read_yaml
from arena.errors import ConfigError


def read(folder: Path, text: str) -> object:
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return read_yaml(folder / "a.yaml")


def test_names_stay_as_they_are_written(tmp_path: Path) -> None:
    """YAML alone would make these False, 7, 1.5, None and a date."""
    assert read(tmp_path, "no: 1\n007: 2\n1.50: 3\n~: 4\n2024-01-31: 5\n") == {
        "no": 1, "007": 2, "1.50": 3, "~": 4, "2024-01-31": 5,
    }  # fmt: skip


def test_values_keep_their_kinds_and_dates_are_texts(tmp_path: Path) -> None:
    assert read(tmp_path, "a: [1, 1.5, no, null, x, 2024-01-31]\n") == {"a": [1, 1.5, False, None, "x", "2024-01-31"]}


def test_a_mapping_may_be_built_on_another(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &a {x: 1}\nb: {<<: *a, y: 2}\n") == {"a": {"x": 1}, "b": {"x": 1, "y": 2}}


@pytest.mark.parametrize("text", ["7: a\n'7': b\n", "a: {b: 1, b: 2}\n"])
def test_a_key_written_twice_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"a\.yaml:\d: not YAML: the key '[7b]' stands twice"):
        read(tmp_path, text)


def test_a_key_that_is_no_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a\.yaml:1: not YAML: a key must be a text"):
        read(tmp_path, "? [a, b]\n: 1\n")
