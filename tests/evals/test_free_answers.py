"""Free answers that need no lm-eval: programs in a sandbox, references, boxes; and the one line where it is missing."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import fmean

import pytest
from kit.commands import arena
from kit.downloads import write_downloads
from kit.examinees import always, exam_board
from kit.servers import Action, Call, FakeServer, Say

from arena.evals.mathematics import boxed, right_answer
from arena.evals.programs import program_of
from arena.evals.scores import pass_at
from arena.reports.benchmarks import BenchmarkRow

N = 6


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_downloads(tmp_path_factory.mktemp("downloads"), N)


def score(folder: Path, task: str) -> dict[str, object]:
    return json.loads((folder / "out/reports/benchmarks.json").read_text())["models"]["m"][task]


def writes_programs(call: Call) -> Action:
    n = int(re.search(r"add_(\d+)", call.prompt).group(1))
    right = f"Here:\n```python\ndef add_{n}(a, b):\n    return a + b + {n}\n```\nDone."
    return Say([right, "```python\nimport os\nos._exit(0)\n```", "I cannot."][n % 3])


def test_programs_are_run_and_run_only_once(tmp_path: Path, downloads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer(writes_programs) as server:
        config = exam_board(tmp_path, server, ["m"], ["humaneval"], downloads, sandbox="none")
        assert arena("bench", "-c", config).returncode == 0
        found = score(tmp_path, "humaneval")
        assert (found["score"], found["n"], found["n_unreadable"]) == (pytest.approx(1 / 3), N, 4)
        assert found["metric"] == "pass@1"
        monkeypatch.setattr("arena.sandbox.uncontained.Uncontained.run", None)
        assert arena("bench", "-c", config).returncode == 0, "what was run is not run again for a report"
        assert len(server.calls) == N


def test_several_programs_per_problem_are_one_cluster(tmp_path: Path, downloads: Path) -> None:
    with FakeServer(writes_programs) as server:
        tasks = {"humaneval": {"samples": 3}}
        config = exam_board(tmp_path, server, ["m"], tasks, downloads, sandbox="none")
        done = arena("bench", "-c", config)
        assert done.returncode == 0 and "humaneval, m: pass@3 33.3," in done.stdout
        assert len(server.calls) == 3 * N
        config.write_text(config.read_text().replace("concurrency: 4", "generation_config: {temperature: 0}"))
        told = arena("bench", "-c", config, "--dry-run").stderr
        assert "humaneval: 3 programs of m are likely one, since it samples nothing" in told
    found = score(tmp_path, "humaneval")
    assert found["n"] == 3 * N and found["score"] == pytest.approx(1 / 3)
    assert found["high"] - found["low"] > 0.6, "three equal programs of six problems say as much as six"
    assert {k: part["score"] for k, part in found["pass_at"].items()} == {"3": pytest.approx(1 / 3)}


def program_rows(*passed: str) -> list[BenchmarkRow]:
    """A problem for each text, whose characters are its programs: + passes, - does not, 0 was a failed call."""
    row = BenchmarkRow(question_id="", category="t", model="m", task="humaneval", metric="pass@1", state="pending")
    return [
        replace(row, question_id=f"t/{n}", item=str(n), sample=sample, score=None if c == "0" else float(c == "+"),
                state="excluded" if c == "0" else "rated")
        for n, told in enumerate(passed)
        for sample, c in enumerate(told)
    ]  # fmt: skip


def test_pass_at_k_is_the_mean_over_all_choices_of_k_programs() -> None:
    told = ("+-----", "++----", "------", "++++++")
    found = pass_at(program_rows(*told), 0.95)
    assert list(found) == [5, 6]
    for k, mean in found.items():
        by_hand = [fmean("+" in chosen for chosen in combinations(own, k)) for own in told]
        assert mean.value == pytest.approx(fmean(by_hand)) and mean.n == len(told)
        assert mean.low < mean.value < mean.high
    assert pass_at(program_rows("+", "-"), 0.95) == {}


def test_a_problem_with_failed_calls_counts_where_it_has_enough_programs() -> None:
    rows = [row for row in program_rows("+-----", "++0000", "------") if row.state == "rated"]
    assert {k: mean.n for k, mean in pass_at(rows, 0.95).items()} == {5: 2, 6: 2}


def test_no_sandbox_is_said_before_the_first_call(
    tmp_path: Path, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.sandbox.opening.shutil.which", lambda name: None)
    with FakeServer(writes_programs) as server:
        config = exam_board(tmp_path, server, ["m"], ["humaneval"], downloads)
        done = arena("bench", "-c", config)
        assert done.returncode == 2 and "bubblewrap is not installed" in done.stderr and server.calls == []


@pytest.mark.slow
def test_answers_are_compared_with_references(tmp_path: Path, downloads: Path) -> None:
    pytest.importorskip("rouge_score")
    with FakeServer(lambda call: Say(f"it is {call.prompt.split()[-1]}")) as server:
        config = exam_board(tmp_path, server, ["m"], ["general_qa"], downloads)
        assert arena("bench", "-c", config).returncode == 0
    assert score(tmp_path, "general_qa")["score"] == 1.0


def test_without_lm_eval_one_line_names_the_extra(
    tmp_path: Path, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "lm_eval" else found(name))
    with FakeServer(always("A")) as server:
        config = exam_board(tmp_path, server, ["m"], ["mmlu", "gsm8k"], downloads)
        for command in ("bench", "run", "check", "plan"):
            done = arena(command, "-c", config)
            assert done.returncode == 2, command
            assert "benchmarks.tasks.gsm8k (mode generate) needs lm-eval" in done.stderr
            assert "pip install 'llm-arena[bench-tasks]'" in done.stderr
        assert server.calls == []


@pytest.mark.parametrize(
    ("text", "found"),
    [("so \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"), ("\\boxed{1} no, \\boxed{2}", "2"), ("\\boxed{1", None),
     ("\\boxed 5", None), ("nothing", None)],
)  # fmt: skip
def test_the_last_box_counts(text: str, found: str | None) -> None:
    assert boxed(text) == found


@pytest.mark.parametrize(
    ("solution", "right"),
    [("so $\\boxed{\\frac12}$.", "\\frac12"), ("is $\\boxed 2$.", "2"), ("$\\boxed{5}$ or $\\boxed 7$", "7"),
     ("$\\boxed 2$, as $\\frac{1}{3}$ was not", "2"), ("a \\boxed {\\{4\\}}", "\\{4\\}"),
     ("\\boxed{1", None), ("none", None)],
)  # fmt: skip
def test_a_solution_boxes_its_answer_with_braces_or_without(solution: str, right: str | None) -> None:
    assert right_answer(solution) == right


PROMPT = 'import math\n\ndef f(x):\n    """Doc."""\n'


def test_a_program_is_found_in_a_reply() -> None:
    whole = "def f(x):\n    return 1"
    assert program_of(f"text\n```python\n{whole}\n```", "f", PROMPT) == f"import math\n\n{whole}"
    assert program_of("```\n    return 1\n```", "f", PROMPT) == f"{PROMPT}    return 1"
    assert program_of(whole, "f", PROMPT) == f"import math\n\n{whole}"
    assert program_of(f"```py\ndef f(x):\n    return 0\n```\nbetter:\n```py\n{whole}\n```", "f", "def f(x):\n") == whole
    assert program_of("```python\nprint(1)\n```", "f", PROMPT) is None
    assert program_of("I cannot.", "f", PROMPT) is None
