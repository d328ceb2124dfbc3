"""Finished benchmark runs of other tools become answers, rows of benchmarks and, several together, one board."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from statistics import fmean

import pytest
from kit.boards import read_jsonl, write_jsonl
from kit.commands import arena
from kit.paths import FIXTURES

from arena.config.loading import load_config
from arena.errors import DataError, InputError
from arena.files import read_objects
from arena.importers import read_found_board, read_runs
from arena.importers.writing import Written, write_board
from arena.questions import load_questions
from arena.records import reply_from_json
from arena.reports.benchmarks import BenchmarkRow, read_benchmark_rows
from arena.store.items import read_items

EVALSCOPE = [str(FIXTURES / "evalscope" / name) for name in ("sparrow-run", "wren-run")]
ARENA = str(FIXTURES / "evalscope" / "arena-run")
LM_EVAL = [str(FIXTURES / "lm_eval" / name) for name in ("sparrow", "wren")]


def rows(written: Written) -> list[BenchmarkRow]:
    folder = load_config(str(written.configs[0])).config.output_dir
    return list(read_benchmark_rows(folder / "reports/benchmarks.jsonl"))


def scores(found: list[BenchmarkRow], model: str, task: str) -> list[tuple[str, int, float | None, str | None]]:
    return [(r.question_id, r.sample, r.score, r.reason) for r in found if (r.model, r.task) == (model, task)]


def test_evalscope_reviews_become_rows_by_question_and_sample(tmp_path: Path) -> None:
    written = write_board(read_runs("evalscope", EVALSCOPE), tmp_path / "b")
    assert (written.models, written.tasks, written.documents) == (("sparrow", "wren"), 2, 16)
    found = rows(written)
    assert scores(found, "sparrow", "general_mcq") == [
        ("example/0", 0, 1.0, None),  # the later line of index 0 counts
        ("example/1", 0, 1.0, None), ("example/2", 0, 1.0, None), ("example/3", 0, 0.0, "unparsed"),
    ]  # fmt: skip
    assert scores(found, "wren", "general_qa") == [
        ("default/0", 0, 0.0, None), ("default/0", 1, 0.0, None),
        ("default/1", 0, 0.0, None), ("default/1", 1, None, "call_failed"),
    ]  # fmt: skip
    first = next(row for row in found if row.task == "general_qa")
    assert (first.metric, dict(first.criteria)) == ("Rouge-L-R", {"Rouge-L-R": 1.0, "bleu-1": 0.5})
    by_item = {row.item for row in found if row.model == "wren"}
    assert by_item == {row.item for row in found if row.model == "sparrow"}  # pairs are found by what documents say


def test_evalscope_answers_are_recorded_with_their_samples_and_references(tmp_path: Path) -> None:
    written = write_board(read_runs("evalscope", EVALSCOPE), tmp_path / "b")
    lines = read_jsonl(tmp_path / "b/answers-recorded/sparrow.jsonl")
    qa = [(line["question_id"], line["sample"], line["turns"]) for line in lines if "qa" in str(line["question_id"])]
    assert qa[:2] == [("general_qa_default/0", 0, ["Paris."]), ("general_qa_default/0", 1, ["It is Paris."])]
    unreadable = next(line for line in lines if line["question_id"] == "general_mcq_example/3")
    assert (unreadable["status"], unreadable["latency_s"], unreadable["usage"]["output_tokens"]) == (
        "truncated",
        0.25,
        4,
    )
    config = load_config(str(written.configs[0])).config
    questions = {question.question_id: question for question in load_questions(config.question_file)}
    asked = questions["general_mcq_example/2"]
    assert (asked.system, asked.reference, asked.category) == ("Answer with one letter.", ("A",), "general_mcq")
    item = next(read_items(config.output_dir / "benchmarks/general_mcq/sparrow.jsonl"))
    assert (item.via, item.reply, item.parsed, item.gold) == ("import", "ANSWER: B", "B", "B")


def test_several_finished_runs_are_a_board_without_a_key(tmp_path: Path) -> None:
    out = tmp_path / "b"
    done = arena("import", "evalscope", *EVALSCOPE, "--out", out)
    assert done.returncode == 0, done
    assert "2 benchmarks, 15 scored documents\nwithout a score, kept and counted, in no mean: 1" in done.stdout
    ran = arena("run", "-c", out / "config.yaml")
    assert ran.returncode == 0, ran
    board = json.loads((out / "runs/pairwise/reports/leaderboard.json").read_text())
    assert {row["model"] for row in board["models"]} == {"sparrow", "wren"}
    assert board["judges"] == ["reference"]
    assert len(rows_of(out)) == 16  # rating writes the board and leaves the rows as they are


def rows_of(out: Path) -> list[BenchmarkRow]:
    return list(read_benchmark_rows(out / "runs/pairwise/reports/benchmarks.jsonl"))


def test_evalscopes_arena_keeps_both_placements_on_the_questions_of_the_runs(tmp_path: Path) -> None:
    written = write_board(read_runs("evalscope", [*EVALSCOPE, ARENA]), tmp_path / "b")
    assert (written.questions, written.replies, written.judges) == (6, 4, ("owl",))
    folder = load_config(str(written.configs[0])).config.output_dir
    found = [reply_from_json(line) for _, line in read_objects(folder / "reviews/owl.jsonl")]
    assert [(r.question_id, r.order, r.request["imported"]["label"]) for r in found] == [  # type: ignore[call-overload, index]
        ("general_qa_default/0", "a_first", "first"), ("general_qa_default/0", "b_first", "second_strong"),
        ("general_qa_default/1", "a_first", "tie"), ("general_qa_default/1", "b_first", "first"),
    ]  # fmt: skip
    alone = write_board(read_runs("evalscope", [ARENA]), tmp_path / "alone")
    assert (alone.questions, alone.tasks) == (2, 0)
    assert arena("run", "-c", alone.configs[0]).returncode == 0


def test_lm_evals_samples_count_the_strict_filter_and_keep_the_other(tmp_path: Path) -> None:
    written = write_board(read_runs("lm_eval", LM_EVAL), tmp_path / "b")
    found = rows(written)
    assert scores(found, "sparrow", "gsm8k") == [("0", 0, 1.0, None), ("1", 0, 0.0, "unparsed")]
    first = next(row for row in found if row.task == "gsm8k")
    assert dict(first.criteria) == {"exact_match,strict-match": 1.0, "exact_match,flexible-extract": 1.0}
    assert (first.shots, first.mode, first.chat_template, first.version) == (1, "generate", None, "lm_eval:3.0")
    questions = {q.question_id: q for q in load_questions(tmp_path / "b/questions.jsonl")}
    assert (questions["gsm8k/1"].turns, questions["gsm8k/1"].system) == (("What is 6 times 7?",), "Think.")
    assert set(questions) == {"gsm8k/0", "gsm8k/1"}  # log-likelihoods have no answers to be judged
    assert len(read_jsonl(tmp_path / "b/answers-recorded/wren.jsonl")) == 2


def test_lm_evals_log_likelihoods_are_rows_and_the_last_run_counts(tmp_path: Path) -> None:
    found = read_runs("lm_eval", LM_EVAL[:1])
    assert any("two runs of sparrow on hellaswag" in note for note in found.notes)
    items = [item for item in found.items if item.task == "hellaswag"]
    assert items[0].loglikelihoods == ((-1.5, True), (-2.5, False))
    assert [(item.mode, item.parsed, item.gold, item.reply) for item in items][2] == ("loglikelihood", 1, "0", None)
    stored = read_jsonl(next(Path(LM_EVAL[0]).glob("samples_hell*-11-*")))
    assert [item.score for item in items] == [line["acc_norm"] for line in stored]  # hellaswag's own headline
    assert [item.metrics["acc,none"] for item in items] == [line["acc"] for line in stored]


def test_a_run_of_log_likelihoods_alone_is_a_board_of_scores(tmp_path: Path) -> None:
    for source in map(Path, LM_EVAL):
        shutil.copytree(source, tmp_path / source.name, ignore=shutil.ignore_patterns("*gsm8k*"))
    out = tmp_path / "b"
    done = arena("import", "lm_eval", tmp_path / "sparrow", tmp_path / "wren", "--out", out)
    assert done.returncode == 0, done
    before = rows_of(out)
    assert len(before) == 6
    assert f"next: arena compare -c {out / 'config.yaml'} sparrow wren" in done.stdout
    ran = arena("run", "-c", out / "config.yaml")
    assert ran.returncode == 0, ran
    assert "hellaswag" in ran.stdout
    assert rows_of(out) == before
    assert arena("check", "-c", out / "config.yaml").returncode == 0


def test_runs_are_named_where_their_names_say_nothing(tmp_path: Path) -> None:
    found = read_runs("lm_eval", [f"before={LM_EVAL[0]}", f"after={LM_EVAL[1]}"])
    assert {item.model for item in found.items} == {said.model for said in found.answers} == {"before", "after"}
    twice = [LM_EVAL[0], LM_EVAL[0] + "/"]
    with pytest.raises(DataError, match=r"sparrow on gsm8k stands in .* too; name them: A=.*sparrow B="):
        read_runs("lm_eval", twice)
    assert len({item.model for item in read_runs("lm_eval", [f"a={twice[0]}", twice[1]]).items}) == 2
    with pytest.raises(InputError, match="x=: the run is of sparrow, wren; only the run of one model"):
        read_runs("lm_eval", [f"x={FIXTURES / 'lm_eval'}"])


def test_one_source_where_a_tool_keeps_a_whole_board(tmp_path: Path) -> None:
    source = FIXTURES / "llmuses/battle"
    done = arena("import", "llmuses", source, source, "--out", tmp_path / "b")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "llmuses is imported from one SRC (several: evalscope and lm_eval)" in done.stderr


def test_importing_the_same_runs_again_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_board(read_runs("evalscope", EVALSCOPE), tmp_path / name)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.jsonl"))
    assert len(files) == 8
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


@pytest.mark.parametrize(
    ("tool", "name", "row", "message"),
    [
        ("evalscope", "x.jsonl", {"sample_score": {}, "index": "?"}, "x.jsonl:1: index must be a number"),
        ("evalscope", "x.jsonl", {"sample_score": {}, "index": 1}, "no question and answer in messages"),
        ("evalscope", "x.jsonl", {"index": 1}, "no reviews of evalscope 1.x in it"),
        ("lm_eval", "samples_t_2026-01-01T00-00-00.1.jsonl", {"doc_id": 1}, "no doc_id and resps"),
        ("lm_eval", "other.jsonl", {"doc_id": 1, "resps": [["x"]]}, "no samples of lm-eval in it"),
        ("lm_eval", "samples_t_2026-01-01T00-00-00.1.jsonl", {"doc_id": 1, "resps": [["x"]]}, "no prompt in arguments"),
    ],
)
def test_what_is_no_finished_run_is_said(
    tmp_path: Path, tool: str, name: str, row: dict[str, object], message: str
) -> None:
    path = write_jsonl(tmp_path / name, [row])
    with pytest.raises(DataError, match=message):
        read_found_board(tool, path)


@pytest.mark.shared
def test_real_runs_hold_what_their_own_reports_say(shared_dir: Path, tmp_path: Path) -> None:
    runs = shared_dir / "data/runs_of_others"
    mcq = rows(
        write_board(read_runs("evalscope", sorted(map(str, (runs / "evalscope-1.14.1").glob("mcq-*")))), tmp_path / "m")
    )
    for model in ("base", "tuned"):
        report = json.loads((runs / f"evalscope-1.14.1/mcq-{model}/reports/{model}/general_mcq.json").read_text())
        own = [row.score for row in mcq if row.model == model]
        assert (len(own), fmean(x or 0 for x in own)) == (report["metrics"][0]["num"], report["metrics"][0]["score"])
    qa = write_board(read_runs("lm_eval", sorted(map(str, (runs / "lm_eval-0.4.13").iterdir()))), tmp_path / "q")
    assert (qa.questions, qa.models, qa.tasks, qa.documents) == (3, ("base", "tuned"), 1, 6)
    repeats = read_runs("evalscope", [str(runs / "evalscope-1.14.1/repeats-base")])
    assert sorted((said.question_id[-1], said.sample) for said in repeats.answers) == [
        (question, sample) for question in "012" for sample in (0, 1)
    ]
    battles = write_board(read_runs("evalscope", [str(runs / "evalscope-1.14.1/arena")]), tmp_path / "a")
    assert (battles.replies, battles.without_verdict) == (6, 0)
