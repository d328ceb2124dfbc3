"""Documents of benchmarks as stored: what is written is read back, whatever a kill left behind."""

from __future__ import annotations

import json
import math
from contextlib import closing
from pathlib import Path

import pytest

from arena.errors import DataError
from arena.store.items import Item, ItemStore, item_from_json, item_to_json, read_items
from arena.types import Usage

ITEM = Item(
    task="mmlu", model="m", doc_id="anatomy/3", item="0" * 16, key="k", mode="loglikelihood", status="ok",
    state="rated", subject="anatomy", shots=5, loglikelihoods=((-1.5, True), (-math.inf, False)), parsed=0, gold=0,
    score=1.0, metrics={"acc": 1.0}, usage=Usage(10, 2),
)  # fmt: skip


def test_a_line_is_read_as_it_was_written() -> None:
    line = json.loads(json.dumps(item_to_json(ITEM), allow_nan=False))
    assert item_from_json(line) == ITEM
    assert "simulated" not in line


def test_the_last_line_of_a_key_counts_and_a_torn_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "mmlu/m.jsonl"
    with closing(ItemStore(path, "m", writable=True)) as store:
        store.add(ITEM)
        store.add(item_from_json({**item_to_json(ITEM), "score": 0.0}))
    path.write_bytes(path.read_bytes() + b'{"task": "mm')
    assert [item.score for item in read_items(path)] == [1.0, 0.0]
    again = ItemStore(path, "m")
    found = again.get("k", "anatomy/3")
    assert found is not None and found.score == 0.0
    assert again.get("other", "anatomy/3") is None


@pytest.mark.parametrize("line", ['{"task": "mmlu"}', json.dumps(item_to_json(ITEM) | {"model": "another"})])
def test_an_alien_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(DataError, match=r"m\.jsonl:1: not a document of a benchmark"):
        ItemStore(path, "m")
