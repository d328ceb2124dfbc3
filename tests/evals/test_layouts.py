"""Every layout is read as people download it, and what is wrong with a download is said in one line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from kit.downloads import write_downloads

from arena.config.benchmarks import BenchmarksConfig, TaskConfig
from arena.errors import ConfigError, DataError, InputError
from arena.evals.exams import Exam, open_exams
from arena.evals.tasks import TASKS

N = 12


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_downloads(tmp_path_factory.mktemp("downloads"), N)


def opened(data: Path, name: str, limit: int | None = None, **settings: object) -> Exam:
    section = BenchmarksConfig.model_validate({"data_dir": data, "limit": limit, "tasks": {name: settings}})
    (exam,) = open_exams(section, seed=0)
    return exam


@pytest.mark.parametrize("name", TASKS)
def test_every_row_reads_its_layout(downloads: Path, name: str) -> None:
    exam = opened(downloads, name)
    several = {"mmlu": 3 * N, "ceval": 2 * N, "competition_math": 2 * N, "race": 2 * N}
    assert len(exam.documents) == several.get(name, N)
    assert len({document.doc_id for document in exam.documents}) == len(exam.documents)
    choice = TASKS[name].layout.choice
    if choice is not None:
        for document in exam.documents:
            found = choice(document.row)
            assert found.options[found.gold].startswith("right"), "the gold answer is the one the file names"
    assert exam.shots == min(TASKS[name].shots, exam.shots) and (TASKS[name].shots == 0 or exam.shots > 0)


def test_an_alias_is_the_task_and_a_typo_is_named(downloads: Path) -> None:
    assert opened(downloads, "truthfulqa_mc1").name == "truthful_qa"
    assert opened(downloads, "hendrycks_math").name == "competition_math"
    with pytest.raises(ConfigError, match=r"no task 'hellswag'; did you mean hellaswag\?"):
        opened(downloads, "hellswag")
    section = BenchmarksConfig.model_validate({"data_dir": downloads, "tasks": ["arc_challenge", "arc"]})
    with pytest.raises(ConfigError, match="arc_challenge stands there twice"):
        open_exams(section, 0)


def test_race_asks_the_last_question_or_all_of_them_by_article(downloads: Path) -> None:
    last, every = opened(downloads, "race"), opened(downloads, "race", questions="all")
    assert len(every.documents) == 2 * len(last.documents)
    choice = TASKS["race"].layout.choice
    assert choice is not None
    assert "Question 0 of 0?\nAnswer: right" in choice(last.documents[0].row).question
    assert "Answer:" not in choice(every.documents[0].row).question
    assert every.documents[0].cluster == every.documents[1].cluster != every.documents[2].cluster


def test_a_csv_of_ones_own_needs_no_reader(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("question,A,B,C,answer,subject\n1+1?,2,3,4,A,sums\n2+2?,3,4,,B,sums\n")
    exam = opened(tmp_path, "mine", file=path)
    found = [exam.task.layout.choice(document.row) for document in exam.documents if exam.task.layout.choice]
    assert [(choice.options, choice.gold) for choice in found] == [(("2", "3", "4"), 0), (("3", "4"), 1)]
    path.write_text("question,A,B,answer\n1+1?,2,3,C\n")
    with pytest.raises(DataError, match=r"row 2: the right answer 'C' is none of the options A–B"):
        opened(tmp_path, "mine", file=path)
    path.write_text("question,A,B,answer\n1+1?,2,3,A\n2+2?,,4,B\n")
    with pytest.raises(DataError, match=r"row 3: fewer than two options"):
        opened(tmp_path, "mine", file=path)


BROKEN = {
    "no folder": (lambda root: None, "gsm8k", {}, "no folder gsm8k/ for gsm8k (expected test.jsonl"),
    "no file": (lambda root: (root / "gsm8k").mkdir(), "gsm8k", {}, "no test.jsonl in it"),
    "half a line": (
        lambda root: put(root / "gsm8k/test.jsonl", '{"question": "1", "answer": "#### 1"}\n{"question": "2'),
        "gsm8k", {}, "test.jsonl:2: not JSON, one object per line; half a download?",
    ),
    "half an archive": (
        lambda root: put(root / "humaneval/HumanEval.jsonl.gz", gzip.compress(b'{"task_id": 1}\n' * 99)[:-9]),
        "humaneval", {}, "half a download?",
    ),
    "gold outside": (
        lambda root: put(root / "mmlu/test/law_test.csv", "q,a,b,c,d,E\n"), "mmlu", {},
        "law_test.csv: row 1: the right answer 'E' is none of the options A–D",
    ),
    "too few cells": (
        lambda root: put(root / "mmlu/test/law_test.csv", "q,a,b\n"), "mmlu", {}, "row 1 has 3 of 6 cells",
    ),
    "label outside": (
        lambda root: put(root / "hellaswag/hellaswag_val.jsonl", json.dumps(
            {"ctx_a": "x", "ctx_b": "", "endings": ["a", "b"], "label": 2, "activity_label": "z"})),
        "hellaswag", {}, "the label '2' is none of the 2 endings",
    ),
    "no such subject": (
        lambda root: put(root / "mmlu/test/law_test.csv", "q,a,b,c,d,A\n"), "mmlu", {"subjects": ["lav"]},
        "no subject 'lav'; did you mean law?",
    ),
    "half the subjects": (
        lambda root: [put(root / f"mmlu/{name}.csv", "q,a,b,c,d,A\n")
                      for name in ("test/law_test", "dev/law_dev", "dev/art_dev", "dev/virology_dev")],
        "mmlu", {}, "no art_test.csv (nor 1 more), though dev/art_dev.csv is there; half a download?",
    ),
    "no examples": (
        lambda root: put(root / "mmlu/test/law_test.csv", "q,a,b,c,d,A\n"), "mmlu", {"shots": 5},
        "shots: 5 asked for, examples come from dev/<subject>_dev.csv (law: there is no such file)",
    ),
    "more shots than examples": (
        lambda root: (put(root / "mmlu/test/law_test.csv", "q,a,b,c,d,A\n"),
                      put(root / "mmlu/dev/law_dev.csv", "q,a,b,c,d,A\n")),
        "mmlu", {"shots": 5}, "(law: 1 there)",
    ),
    "no examples in the layout": (
        lambda root: put(root / "truthful_qa/mc_task.json", json.dumps([{"question": "x", "mc1_targets": {"a": 1}}])),
        "truthful_qa", {"shots": 1}, "this task has no examples; use shots: 0",
    ),
    "no right answer": (
        lambda root: put(root / "truthful_qa/mc_task.json", json.dumps([{"question": "x", "mc1_targets": {"a": 0}}])),
        "truthful_qa", {}, "item 1: no right answer among the mc1_targets",
    ),
    "several programs of what is none": (
        lambda root: put(root / "mmlu/test/law_test.csv", "q,a,b,c,d,A\n"), "mmlu", {"samples": 3},
        "mmlu.samples: 3 asked for, but only programs are sampled (humaneval)",
    ),
    "all questions of what has one": (
        lambda root: put(root / "mmlu/test/law_test.csv", "q,a,b,c,d,A\n"), "mmlu", {"questions": "all"},
        "mmlu.questions: all asked for, but only race has several questions to an article",
    ),
    "an empty reference": (
        lambda root: put(root / "general_qa/own.jsonl", '{"query": "a", "response": " "}'), "general_qa", {},
        "own.jsonl:1: the response is empty",
    ),
}  # fmt: skip


def put(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize("case", BROKEN)
def test_a_bad_download_gets_a_clear_answer(tmp_path: Path, case: str) -> None:
    make, name, settings, said = BROKEN[case]
    make(tmp_path)
    with pytest.raises(InputError) as error:
        opened(tmp_path, name, **settings)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_subjects_that_are_named_need_no_others(tmp_path: Path) -> None:
    for name in ("val/law_val", "dev/law_dev", "dev/art_dev"):
        put(tmp_path / f"ceval/{name}.csv", "id,question,A,B,C,D,answer\n0,q,a,b,c,d,A\n")
    assert len(opened(tmp_path, "ceval", subjects=["law"]).documents) == 1
    with pytest.raises(DataError, match=r"no art_val\.csv, though dev/art_dev\.csv is there"):
        opened(tmp_path, "ceval")


def test_examples_never_come_from_what_is_evaluated(tmp_path: Path) -> None:
    put(tmp_path / "gsm8k/test.jsonl", '{"question": "1", "answer": "#### 1"}\n')
    assert opened(tmp_path, "gsm8k").shots == 0
    with pytest.raises(ConfigError, match=r"examples come from train\.jsonl .* never from the documents"):
        opened(tmp_path, "gsm8k", shots=1)
    assert TaskConfig().shots is None
