"""Files among a board's reports that no command wrote: said in words, with the file, the line and the field."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.hostile_board import hostile_board

from arena.errors import DataError
from arena.reports.drift import drift
from arena.reports.metrics import read_metric_rows
from arena.reports.probes import read_probe_rows, read_probe_scores, with_probes
from arena.reports.reasons import read_reasons
from arena.reports.scale import AskedQuestion, Scale, read_scale, write_scale
from arena.reports.strengths import read_strengths
from arena.scores.summary import with_scores
from arena.types import JSON

METRIC: dict[str, JSON] = {"metric": "chrf", "model": "a", "question_id": "1", "state": "rated", "score": 0.5}
PROBE: dict[str, JSON] = {"probe": "typo", "model": "a", "question_id": "1", "of": "1", "state": "rated"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"score": "high"}, "score: expected a number, found 'high'"),
        ({"score": None}, "rated, and its score is None"),
        ({"state": "excluded"}, "excluded, and its score is 0.5"),
        ({"state": "won"}, "state: expected one of rated"),
        ({"criteria": {"a": []}}, "criteria.a: expected a number, found []"),
        ({"sample": "0"}, "sample: expected a whole number"),
        ({"model": 7}, "model: expected a text, found 7"),
        ({"metric": None}, "metric: missing"),
    ],
)
def test_a_row_of_a_metric_that_is_none(tmp_path: Path, change: dict[str, JSON], said: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(f"{json.dumps(METRIC)}\n{json.dumps(METRIC | change)}\n")
    with pytest.raises(DataError) as error:
        list(read_metric_rows(path))
    assert str(error.value).startswith(f"{path}:2: not a row of a metric: {said}")


def test_a_row_of_a_probe_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "probes.jsonl"
    for change, said in (({"value": "x"}, "value: expected a number"), ({"facts": 3}, "facts: expected an object")):
        path.write_text(f"{json.dumps(PROBE)}\n{json.dumps(PROBE | change)}\n")
        with pytest.raises(DataError, match=rf"probes\.jsonl:2: not a row of a probe: {said}"):
            list(read_probe_rows(path))


def test_what_is_damaged_does_not_enter_the_leaderboard(tmp_path: Path) -> None:
    document: dict[str, JSON] = {"models": [{"model": "a"}]}
    (tmp_path / "perplexity.json").write_text(json.dumps({"models": {"a": {"bits_per_byte": "x"}}}))
    with pytest.raises(DataError, match=r"perplexity\.json: .*models\.a: bits_per_byte: expected a number"):
        with_scores(tmp_path, document, 0.95)
    (tmp_path / "probes.json").write_text(json.dumps({"models": {"a": {"typo": {"value": [], "n": 3}}}}))
    with pytest.raises(DataError, match=r"probes\.json: value: expected a number"):
        with_probes(tmp_path, document)
    (tmp_path / "probes.json").unlink()
    (tmp_path / "probes.json").mkdir()
    with pytest.raises(DataError, match=r"probes\.json: no JSON"):
        read_probe_scores(tmp_path / "probes.json")


def test_a_scale_that_is_none(tmp_path: Path) -> None:
    question = AskedQuestion(text="t", prompt="p")
    write_scale(tmp_path, Scale(mode="pairwise", judges={"j": {"model": "m"}}, questions={"1": question}))
    whole = json.loads((tmp_path / "scale.json").read_text())
    for change, said in (
        ({"judges": {"j": {}}}, r"judges\.j\.model: missing"),
        ({"anchor": "m"}, "anchored_at: missing"),
        ({"questions": {"1": 7}}, r"questions\.1: expected an object"),
    ):
        (tmp_path / "scale.json").write_text(json.dumps(whole | change))
        with pytest.raises(DataError, match=rf"scale\.json: not the scale of a board \({said}"):
            read_scale(tmp_path)
    (tmp_path / "scale.json").write_text(json.dumps(whole | {"questions": {"1": None}, "judges": {"j": None}}))
    scale = read_scale(tmp_path)
    assert scale is not None and not scale.questions and not scale.judges  # null stands for no entry


def test_verdicts_that_no_board_wrote_are_named_by_their_line(tmp_path: Path) -> None:
    scale = Scale(mode="pairwise", judges={"j": {"model": "m"}}, questions={"1": AskedQuestion(text="t", prompt="p")})
    verdict = {"status": "ok", "key": "k", "label": "first", "order": "a_first", "answer_sample": "many"}
    row = {"judge": "j", "question_id": "1", "answer_key_a": "a", "answer_key_b": "b", "verdicts": [verdict]}
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "battles.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=r"battles\.jsonl:1: a sample that is no whole number"):
        drift(tmp_path / "old", tmp_path / "new", scale, scale, 0.95)


READERS: dict[str, Callable[[Path], Any]] = {
    "metrics.jsonl": lambda path: list(read_metric_rows(path)),
    "probes.jsonl": lambda path: list(read_probe_rows(path)),
    "probes.json": read_probe_scores, "reasons.json": read_reasons, "strengths.json": read_strengths,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_half_a_file_is_said_and_a_whole_one_is_read(tmp_path: Path, name: str) -> None:
    path = hostile_board(tmp_path / "b" / "board", "127.0.0.1:9") / "reports" / name
    assert READERS[name](path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=name.replace(".", r"\.")):
        READERS[name](path)
