"""`baseline: [a, b]`: everyone meets each, a meets b once."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from kit.boards import arithmetic_board, leaderboard, models_of, read_jsonl, write_config, write_jsonl
from kit.commands import output_of

from arena.errors import ArenaError
from arena.reports.board import read_report
from arena.reports.options import rate_command

MIXED = {"third": 4, "most": 9}
"""Further models, and how many of 12 sums they get right."""


def a_board(folder: Path, baseline: object) -> Path:
    """right > most > half > third > wrong; returns its config."""
    config = arithmetic_board(folder)
    for model, count in MIXED.items():
        rows = [
            {"question_id": i, "answer": f"It is {i + 7}." if (5 * i) % 12 < count else f"It is {i + 800}{len(model)}."}
            for i in range(12)
        ]
        write_jsonl(folder / f"{model}.jsonl", rows)
    found = yaml.safe_load(config.read_text())
    found["answers_gen"] |= {model: {"backend": "recorded", "file": f"{model}.jsonl"} for model in MIXED}
    found["reviews_gen"]["baseline"] = baseline
    return write_config(folder, found)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    output_of("run", "-c", a_board(folder, ["half", "third"]))
    return folder


def test_everyone_meets_each_and_the_earlier_listed_is_model_b(board: Path) -> None:
    rows = read_jsonl(board / "out/reports/battles.jsonl")
    pairs = sorted({(row["model_a"], row["model_b"]) for row in rows})
    assert pairs == sorted(
        [(m, "half") for m in ("most", "right", "third", "wrong")] + [(m, "third") for m in ("most", "right", "wrong")]
    )
    assert len(rows) == 7 * 12


def test_the_board_says_what_it_is_measured_against(board: Path) -> None:
    found = leaderboard(board)
    assert (found["baseline"], found["options"]["baselines"]) == ("half", ["half", "third"])
    assert found["anchor"] == {"model": "half", "rating": 1000.0}
    rows, battles = models_of(board), read_jsonl(board / "out/reports/battles.jsonl")
    for name in ("most", "right", "wrong"):
        mine = {
            b: [r["outcome"] for r in battles if (r["model_a"], r["model_b"]) == (name, b)] for b in ("half", "third")
        }
        rates = [sum(outcomes) / len(outcomes) for outcomes in mine.values()]
        assert rows[name]["win_rate"] == pytest.approx(sum(rates) / 2)
        assert [rows[name]["win_rates"][b]["rate"] for b in ("half", "third")] == pytest.approx(rates)


def test_adding_a_baseline_costs_its_battles_alone(tmp_path: Path) -> None:
    config = a_board(tmp_path, "half")
    output_of("run", "-c", config)
    ledger = tmp_path / "out/reviews/reference.jsonl"
    before = ledger.read_bytes()
    alone = {(row["model_a"], row["model_b"]) for row in read_jsonl(tmp_path / "out/reports/battles.jsonl")}
    said = output_of("plan", "-c", a_board(tmp_path, ["half", "third"]))
    output_of("run", "-c", tmp_path / "config.yaml")
    assert ledger.read_bytes().startswith(before)
    added = [json.loads(line) for line in ledger.read_bytes()[len(before) :].splitlines()]
    assert added
    assert all("third" in (line["model_a"], line["model_b"]) for line in added)
    assert not {(line["model_a"], line["model_b"]) for line in added} & alone
    assert re.search(rf"\b{len(added)}\b", said)
    output_of("run", "-c", a_board(tmp_path, "half"))  # taken off again: nothing is asked, and the board is as it was
    assert ledger.read_bytes().count(b"\n") == before.count(b"\n") + len(added)
    assert {(row["model_a"], row["model_b"]) for row in read_jsonl(tmp_path / "out/reports/battles.jsonl")} == alone


def test_its_battles_rated_again_give_the_same(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = read_report(board / "out/reports/leaderboard.json")
    command = rate_command(report, str(board / "out/reports"))
    assert "--baseline half --baseline third" in command
    again = json.loads(output_of(*shlex.split(command)[1:], "--json"))
    assert again["options"]["baselines"] == ["half", "third"]
    rows = models_of(board)
    for row in again["models"]:
        for name in ("rank", "rank_low", "rank_high", "rating", "rating_low", "rating_high", "win_rate", "win_rate_low",
                     "win_rate_high", "win_rates", "unbounded"):  # fmt: skip
            assert row[name] == rows[row["model"]][name], (row["model"], name)


def test_tables_and_pages_show_the_rate_against_each(board: Path) -> None:
    shown = output_of("run", "-c", board / "config.yaml")
    assert "baselines half, third" in shown
    assert "vs half" in shown and "vs third" in shown
    assert "| vs half % | vs third % |" in (board / "out/reports/leaderboard.md").read_text()
    output_of("report", "-c", board / "config.yaml")
    page = (board / "out/reports/leaderboard.html").read_text()
    assert 'id="baselines"' in page
    assert "Against the baselines" in page
    assert "half, third" in output_of("check", "-c", board / "config.yaml")


def test_a_gate_decides_by_the_mean_over_baselines(board: Path) -> None:
    found = json.loads(
        output_of("gate", "-c", board / "config.yaml", "most", "wrong", "--metric", "win_rate", "--json")
    )
    rows = models_of(board)
    assert found["difference"] == pytest.approx(rows["most"]["win_rate"] - rows["wrong"]["win_rate"])


def test_a_model_may_be_asked_alone(tmp_path: Path) -> None:
    config = a_board(tmp_path, ["half", "third"])
    output_of("run", "-c", config, "--models", "most")
    asked = {(line["model_a"], line["model_b"]) for line in read_jsonl(tmp_path / "out/reviews/reference.jsonl")}
    assert asked == {("most", "half"), ("most", "third")}


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        (["half", "thrid"], r"reviews_gen\.baseline: 'thrid' is no candidate; did you mean third\? \(have: half, most"),
        (["half", "half"], r"reviews_gen\.baseline: 'half' is named twice"),
        ([], r"mode pairwise_baseline needs `baseline: NAME`"),
        (["half", 3], r"reviews_gen\.baseline.*expected a text, found 3"),
        ({"half": 1}, r"reviews_gen\.baseline: expected a list, found"),
    ],
)
def test_a_list_that_makes_no_sense_is_answered_in_a_line(tmp_path: Path, baseline: object, said: str) -> None:
    config = a_board(tmp_path, baseline)
    with pytest.raises(ArenaError, match=said):
        output_of("check", "-c", config)


def test_a_mistyped_key_is_answered_with_the_one_that_is_there(tmp_path: Path) -> None:
    config = a_board(tmp_path, ["half"])
    found = yaml.safe_load(config.read_text())
    found["reviews_gen"]["baselines"] = found["reviews_gen"].pop("baseline")
    with pytest.raises(ArenaError, match=r"reviews_gen\.baselines: unknown key.*baseline"):
        output_of("check", "-c", write_config(tmp_path, found))


def test_a_baseline_that_has_nothing_stored_leaves_its_battles_pending(tmp_path: Path) -> None:
    """Disabled before it was ever asked: it still serves, so its battles are owed and said, not lost."""
    config = a_board(tmp_path, ["half", "third"])
    found = yaml.safe_load(config.read_text())
    write_jsonl(tmp_path / "third.jsonl", [{"question_id": 0, "answer": "It is 7."}])
    output_of("run", "-c", write_config(tmp_path, found))
    assert leaderboard(tmp_path)["excluded"]["answer_missing"] == 11 * 4
