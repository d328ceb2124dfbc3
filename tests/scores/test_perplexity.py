"""How likely texts are: windows, ratios with their intervals, documents, and the stage in a rehearsal."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest
from kit.boards import read_jsonl, write_config, write_jsonl
from kit.commands import arena

from arena.backends.local.likelihoods import windows_of
from arena.errors import DataError
from arena.ratings.intervals.means import clustered_mean
from arena.scores.documents import read_documents
from arena.scores.perplexity import Weight, differences, ratio, summary


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 40])
@pytest.mark.parametrize(("window", "stride"), [(8, 4), (8, 7), (8, 1), (64, 32)])
def test_every_token_but_the_first_is_weighed_once_in_the_first_window_that_holds_it(
    n: int, window: int, stride: int
) -> None:
    seen = []
    for pair in windows_of(range(100, 100 + n), window, stride):  # type: ignore[arg-type]
        assert len(pair.ids) <= window and pair.start >= 1
        seen += list(pair.ids[pair.start :])
        first = pair.ids[pair.start] - 100
        assert pair.ids[0] - 100 == next(b for b in range(0, n, stride) if first < b + window)
    assert seen == list(range(101, 100 + n))


def test_bits_per_byte_and_perplexity_of_a_small_case_by_hand() -> None:
    weights = [Weight("a", 8 * math.log(2), 4, 8), Weight("b", 24 * math.log(2), 6, 8)]
    found = summary(weights, 0.95)
    assert found["bits_per_byte"] == pytest.approx(32 / 16)
    assert found["token_perplexity"] == pytest.approx(2 ** (32 / 10))
    assert found["n_tokens"] == 10 and found["low"] == 0.0, "two documents tell next to nothing"


def test_documents_of_equal_size_have_the_interval_of_a_mean() -> None:
    import numpy as np

    rng = random.Random(3)
    bits = [rng.uniform(50, 150) for _ in range(20)]
    mean = clustered_mean(np.array(bits) / 100, np.arange(20, dtype=np.int32), 0.95)
    assert ratio(bits, [100] * 20, 0.95)[:3] == pytest.approx(mean[:3])


def test_the_interval_of_a_ratio_covers() -> None:
    rng, hits = random.Random(5), 0
    for _ in range(400):
        sizes = [rng.randint(200, 2000) for _ in range(30)]
        bits = [size * rng.gauss(1.0, 0.2) for size in sizes]
        found = ratio(bits, sizes, 0.95)
        assert found.low is not None and found.high is not None
        hits += found.low < 1.0 < found.high
    assert hits >= 366, "95 % of 400 less three standard errors"


def test_a_difference_is_paired_by_document() -> None:
    rng = random.Random(7)
    hard = [rng.uniform(0.5, 2.0) for _ in range(30)]
    models = {
        name: [Weight(f"d{n}", 500 * (level + more + rng.gauss(0, 0.01)), 100, 500) for n, level in enumerate(hard)]
        for name, more in (("a", 0.0), ("b", 0.1))
    }
    (found,) = differences(models, 0.95)
    assert isinstance(found, dict)
    assert found["low"] < -0.1 / math.log(2) < found["high"] < 0  # type: ignore[operator]
    assert found["high"] - found["low"] < 0.03  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("d.jsonl", '{"doc_id": 1, "text": " "}\n', "document 1 is empty"),
        ("d.jsonl", '{"doc_id": 1}\n', "needs text, found None"),
        ("d.jsonl", '{"text": "a"}\n{"doc_id": 1, "text": "b"}\n', "doc_id 1 stands there twice"),
        ("d.txt", "", "document d.txt is empty"),
    ],
)
def test_documents_that_are_none_are_said(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=said):
        read_documents(tmp_path / name)


def perplexity_board(folder: Path, **section: object) -> Path:
    write_jsonl(folder / "q.jsonl", [{"question_id": 1, "text": "hi"}])
    write_jsonl(folder / "docs.jsonl", [{"doc_id": f"d{n}", "text": "今天天气很好 " * (n + 1)} for n in range(5)])
    return write_config(folder, {
        "question_file": "q.jsonl", "output_dir": "out",
        "answers_gen": {
            "mine": {"backend": "transformers", "model": "some/model"},
            "api": {"backend": "openai", "base_url": "http://127.0.0.1:9/v1", "api_key_env": None},
        },
        "scores": {"perplexity": {"file": "docs.jsonl", **section}},
    })  # fmt: skip


def test_a_rehearsal_shows_the_whole_way_and_endpoints_are_named(tmp_path: Path) -> None:
    config = perplexity_board(tmp_path)
    done = arena("score", "-c", config, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "no perplexity of api: only local engines tell" in done.stderr
    assert "bits per byte" in done.stdout and "SIMULATED" in done.stdout
    shown = json.loads(arena("score", "-c", config, "--dry-run", "--json").stdout)
    assert shown["perplexity"]["simulated"] is True
    file = tmp_path / "out/dry-run/reports/perplexity.json"
    before, found = file.read_bytes(), json.loads(file.read_text())
    assert found["simulated"] is True and found["window"] == 2048 and list(found["models"]) == ["mine"]
    assert found["models"]["mine"]["n_documents"] == 5
    items = read_jsonl(tmp_path / "out/dry-run/benchmarks/~perplexity/mine.jsonl")
    assert len(items) == 5 and all(item["simulated"] for item in items)
    assert arena("score", "-c", config, "--dry-run").returncode == 0
    assert file.read_bytes() == before
    assert len(read_jsonl(tmp_path / "out/dry-run/benchmarks/~perplexity/mine.jsonl")) == 5


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"file": "none.jsonl"}, "scores.perplexity.file: "),
        ({"stride": 2048}, "stride 2048 must be less than window 2048"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, section: dict[str, object], said: str) -> None:
    done = arena("score", "-c", perplexity_board(tmp_path, **section))
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


def test_a_board_of_endpoints_alone_is_told_that_they_cannot_tell(tmp_path: Path) -> None:
    config = perplexity_board(tmp_path)
    config.write_text(config.read_text().replace("backend: transformers", "backend: openai"))
    done = arena("score", "-c", config)
    assert done.returncode == 2 and "no candidate is a local engine" in done.stderr
