"""Real data of five tools, imported: the numbers their files hold or their sites publish come out again."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import pytest
from click.testing import CliRunner

from arena.cli import group
from arena.config.loading import load_config
from arena.files import read_objects
from arena.importers import read_found_board
from arena.importers.writing import Written, write_board
from arena.questions import load_questions
from arena.records import reply_from_json
from arena.types import Reply

pytestmark = pytest.mark.shared


def imported(tool: str, source: Path, out: Path) -> tuple[Written, list[Reply]]:
    written = write_board(read_found_board(tool, source), out)
    return written, list(replies(written))


def replies(written: Written) -> Iterator[Reply]:
    folder = load_config(str(written.configs[0])).config.output_dir
    for path in sorted((folder / "reviews").glob("*.jsonl")):
        yield from (reply_from_json(line) for _, line in read_objects(path))


def stored(reply: Reply, field: str) -> float | str | None:
    verdict = reply.request["imported"]
    assert isinstance(verdict, dict)
    value = verdict[field]
    assert value is None or isinstance(value, float | int | str)
    return value


def test_llmuses_mean_scores_per_category_are_the_files_own(shared_dir: Path, tmp_path: Path) -> None:
    source = shared_dir / "data" / "llmuses"
    expected: dict[tuple[str, str], list[float]] = defaultdict(list)
    for line in (source / "battle.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for side in (0, 1):
            expected[row["category"], row["model_a" if side == 0 else "model_b"]].append(row["scores"][side])
    written, lines = imported("llmuses", source, tmp_path / "b")
    categories = {q.question_id: q.category for q in load_questions(tmp_path / "b" / "questions.jsonl")}
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for reply in lines:
        assert reply.model_b is not None
        shown = (reply.model_a, reply.model_b) if reply.order == "a_first" else (reply.model_b, reply.model_a)
        for model, field in zip(shown, ("score_first", "score_second"), strict=True):
            score = stored(reply, field)
            assert isinstance(score, float)
            found[categories[reply.question_id], model].append(score)
    assert (written.questions, written.replies, written.without_verdict) == (317, 634, 0)
    assert {key: fmean(values) for key, values in found.items()} == pytest.approx(
        {key: fmean(values) for key, values in expected.items()}
    )


@pytest.mark.slow
def test_alpaca_eval_published_win_rates_come_out(shared_dir: Path, tmp_path: Path) -> None:
    source = shared_dir / "data" / "alpaca_eval"
    written, lines = imported("alpaca_eval", source, tmp_path / "b")
    assert (written.questions, len(written.models), written.replies) == (805, 9, 6440)
    wins: dict[str, list[float]] = defaultdict(list)
    for reply in lines:
        label, probability = stored(reply, "label"), stored(reply, "probability")
        first_wins = probability if probability is not None else {"first": 1.0, "tie": 0.5, "second": 0.0}[str(label)]
        assert isinstance(first_wins, float)
        wins[reply.model_a].append(first_wins if reply.order == "a_first" else 1 - first_wins)
    with (source / "published_leaderboard.csv").open(encoding="utf-8") as handle:
        published = {row[""]: row for row in csv.DictReader(handle)}
    assert published.keys() == wins.keys()
    for model, row in published.items():
        assert 100 * fmean(wins[model]) == pytest.approx(float(row["win_rate"]), abs=1e-8)
        discrete = [0.5 if win == 0.5 else float(win > 0.5) for win in wins[model]]
        assert 100 * fmean(discrete) == pytest.approx(float(row["discrete_win_rate"]), abs=1e-8)


def test_alpaca_eval_orders_agree_with_the_log_probabilities(shared_dir: Path, tmp_path: Path) -> None:
    """Who was shown first is stated in the file; where we read it off the log-probabilities it must be the same."""
    from arena.importers.alpaca_eval import _shown_first, _tokens

    path = shared_dir / "data" / "alpaca_eval" / "judgments" / "claude-2.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    read_off = [
        (row["first"], _shown_first(row | {"first": None}, _tokens(row["top_logprobs"]), row["preference"]))
        for row in rows
    ]
    decided = [(told, {1: "model_1", 2: "model_2"}[side]) for told, side in read_off if side is not None]
    assert len(decided) > 700
    assert all(told == side for told, side in decided)


def test_orq_arena_panel_winners_come_out(shared_dir: Path, tmp_path: Path) -> None:
    """What the tool decided for a model, the mean of the judges that did not abstain decides the same way."""
    source = shared_dir / "data" / "orq_arena"
    written, lines = imported("orq_arena", source, tmp_path / "b")
    assert (written.questions, len(written.models), written.replies, written.without_verdict) == (29, 8, 420, 160)
    votes: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for reply in lines:
        assert reply.model_b is not None
        if (label := stored(reply, "label")) is not None:
            first_wins = {"first": 1.0, "tie": 0.5, "second": 0.0}[str(label)]
            value = first_wins if reply.order == "a_first" else 1 - first_wins
            votes[reply.question_id, reply.model_a, reply.model_b].append(value)
    decided = 0
    for line in (source / "battles.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        a, b = sorted((row["model_a"], row["model_b"]))
        cast = votes[row["prompt_hash"], a, b]
        if row["winner"] in (a, b):
            assert len(cast) >= 2
            assert (a if fmean(cast) > 0.5 else b) == row["winner"]
            decided += 1
    assert decided == 74


@pytest.mark.parametrize(
    ("tool", "folder", "questions", "models"),
    [("arena_hard", "arena_hard_v0.1", 500, 3), ("mt_bench", "mt_bench", 80, 0)],
)
def test_questions_and_answers_become_a_board(
    shared_dir: Path, tmp_path: Path, tool: str, folder: str, questions: int, models: int
) -> None:
    written = write_board(read_found_board(tool, shared_dir / "data" / folder), tmp_path / "b")
    assert (written.questions, len(written.models), written.replies) == (questions, models, 0)
    config = load_config(str(written.configs[0])).config
    loaded = load_questions(config.question_file)
    assert len(loaded) == questions
    command = ["run", "-c", str(written.configs[0]), "--limit", "2", "--dry-run=judge" if models else "--dry-run"]
    result = CliRunner().invoke(group, command, catch_exceptions=False)  # a judge can be run on it
    assert result.exit_code == 0 and "SIMULATED" in result.output
    if tool == "mt_bench":
        assert sum(bool(q.reference) for q in loaded) == 40  # the questions' own, and GPT-4's
        assert {len(q.turns) for q in loaded} == {2}
    else:
        assert config.reviews_gen.baseline == "gpt-4-0314"
