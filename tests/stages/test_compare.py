"""`arena compare`: one page, a table and JSON over battles and benchmarks of two candidates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from kit.boards import arithmetic_board
from kit.commands import Done, arena

from arena.config.loading import load_config
from arena.reports.benchmarks import BenchmarkRow
from arena.reports.typed import write_typed_rows

FIELDS = """n base tuned diff learnt forgotten net p p_holm test change task metric mode shots not_compared only_base
    only_tuned unreadable_base unreadable_tuned itself subjects"""


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A rated board of two models with two planted tasks: one learnt, one forgotten."""
    config = arithmetic_board(tmp_path)
    assert arena("run", "-c", config).returncode == 0
    write_rows(config)
    return config


def names_of(config: Path) -> list[str]:
    return list(load_config(str(config)).config.answers_gen)


def write_rows(config: Path) -> None:
    base, tuned = names_of(config)[:2]
    right = {
        (base, "learnt"): range(0, 30), (tuned, "learnt"): range(0, 60),
        (base, "lost"): range(0, 60), (tuned, "lost"): range(0, 30),
    }  # fmt: skip
    rows = [
        BenchmarkRow(question_id=f"s/{n}", category="", model=model, task=task, item=f"{n:016x}", score=float(n in own),
                     mode="letter", shots=0, metric="acc", version="1", reason=None if n else "unparsed")
        for (model, task), own in right.items() for n in range(80)
    ]  # fmt: skip
    write_typed_rows(load_config(str(config)).config.output_dir / "reports/benchmarks.jsonl", rows)


def page_of(config: Path) -> Path:
    base, tuned = names_of(config)[:2]
    return load_config(str(config)).config.output_dir / f"reports/compare-{base}-{tuned}.html"


def compared(config: Path, *options: str) -> Done:
    return arena("compare", "-c", config, *names_of(config)[:2], *options)


def test_the_json_has_battles_tasks_and_whether_anything_was_forgotten(board: Path) -> None:
    done = compared(board, "--json")
    assert done.returncode == 0, done
    found = json.loads(done.stdout)
    base, tuned = names_of(board)[:2]
    assert (found["base"], found["tuned"], found["no_forgetting"], found["margin"]) == (base, tuned, False, 0.02)
    tasks = {task["task"]: task for task in found["tasks"]}
    assert set(FIELDS.split()) <= set(tasks["learnt"])
    assert (tasks["learnt"]["change"], tasks["lost"]["change"]) == ("better", "worse")
    assert (tasks["learnt"]["diff"]["value"], tasks["lost"]["net"]["value"]) == (0.375, -30)
    own = json.loads((load_config(str(board)).config.output_dir / "reports/leaderboard.json").read_text())
    pair = next(p for p in own["pairs"] if {p["a"], p["b"]} == {base, tuned})
    sign = 1 if pair["a"] == tuned else -1
    assert found["battles"]["diff"]["value"] == (None if pair["diff"] is None else pytest.approx(sign * pair["diff"]))


def test_the_table_says_what_the_page_says(board: Path) -> None:
    done = compared(board)
    base, tuned = names_of(board)[:2]
    assert done.returncode == 0, done
    for text in (f"{tuned} − {base}", "+37.5", "−37.5", "better", "worse", "not every lower bound", "unreadable"):
        assert text in done.stdout
    page = Path(done.stdout.splitlines()[-1])
    assert page.name == f"compare-{base}-{tuned}.html"
    html = page.read_text(encoding="utf-8")
    for text in ("+37.5", "−37.5", "worse", "not every lower bound", "Content-Security-Policy"):
        assert text in html
    assert "<script" not in html and "style=" not in html
    assert compared(board).returncode == 0 and page.read_text(encoding="utf-8") == html  # the same bytes again
    chinese = page.with_name("zh.html")
    assert compared(board, "--lang", "zh", "--out", str(chinese)).returncode == 0
    assert "并非每个置信下限" in chinese.read_text(encoding="utf-8")


def test_names_of_any_length_leave_the_columns_narrow(board: Path) -> None:
    base, tuned = names_of(board)[:2]
    assert compared(board).returncode == 0
    html = page_of(board).read_text(encoding="utf-8")
    heads = html.split("<thead>")[1].split("</thead>")[0]
    assert "BASE" in heads and "TUNED" in heads and f">{base}<" not in heads and f">{tuned}<" not in heads
    assert f"BASE is <b>{base}</b>, TUNED is <b>{tuned}</b>" in html
    assert heads.index("Difference") < heads.index("Says") < heads.index("Documents")  # what a phone has no room for


def test_why_a_task_is_not_compared_is_said_in_the_language_of_the_page(board: Path) -> None:
    folder, (base, tuned) = load_config(str(board)).config.output_dir, names_of(board)[:2]
    asked = {("t", base): 0, ("t", tuned): 5, ("only", tuned): 0}
    rows = [
        BenchmarkRow(question_id=str(n), category="", model=model, task=task, item=str(n), score=1.0, shots=shots)
        for (task, model), shots in asked.items() for n in range(4)
    ]  # fmt: skip
    write_typed_rows(folder / "reports/benchmarks.jsonl", rows)
    chinese = folder / "zh.html"
    assert compared(board, "--lang", "zh", "--out", str(chinese)).returncode == 0
    html = chinese.read_text(encoding="utf-8")
    assert "提问方式不同：示例数 0 与 5" in html and "只问过调优后模型" in html
    assert "not asked" not in html and "was asked" not in html


def test_a_margin_wide_enough_shows_that_nothing_was_forgotten(board: Path) -> None:
    assert "not every lower bound lies above −20 pp (lost)" in compared(board, "--margin", "20").stdout
    assert "No forgetting: on every task" in compared(board, "--margin", "60").stdout


def test_names_of_hostile_models_and_tasks_are_text(board: Path) -> None:
    folder = load_config(str(board)).config.output_dir
    base, tuned = names_of(board)[:2]
    rows = [
        BenchmarkRow(
            question_id=str(n), category=f"<b>{n % 2}", model=model, task="<img src=x>\x1b[2J", item=str(n), score=1.0
        )
        for model in (base, tuned) for n in range(4)
    ]  # fmt: skip
    write_typed_rows(folder / "reports/benchmarks.jsonl", rows)
    done = compared(board)
    assert done.returncode == 0 and "\x1b" not in done.stdout
    html = (folder / f"reports/compare-{base}-{tuned}.html").read_text(encoding="utf-8")
    assert "<img" not in html and "&lt;img src=x&gt;" in html and "<b>0" not in html


def test_what_is_set_otherwise_is_named_without_secrets(board: Path) -> None:
    document = yaml.safe_load(board.read_text())
    base, tuned = names_of(board)[:2]
    document["answers_gen"][base] = {
        "backend": "openai", "model": "m", "base_url": "https://one.example/v1", "headers": {"x-key": "hush-hush"},
        "generation_config": {"temperature": None, "seed": 1},
    }  # fmt: skip
    document["answers_gen"][tuned] = {
        "backend": "openai", "model": "tuned", "base_url": "https://two.example/v1",
        "generation_config": {"temperature": None, "seed": 1, "max_tokens": 50},
    }  # fmt: skip
    board.write_text(yaml.safe_dump(document, sort_keys=False))
    done = compared(board)
    assert done.returncode == 0, done
    assert "the hardware may differ" in done.stdout and "headers differs" in done.stdout
    assert "generation_config: {max_tokens: " in done.stdout
    assert "so it differs from itself" in done.stdout
    assert not any(secret in done.stdout for secret in ("hush-hush", "one.example"))
    twin = document["answers_gen"][base] | {"generation_config": {"temperature": None, "seed": 2}}
    document["answers_gen"]["again"] = twin
    board.write_text(yaml.safe_dump(document, sort_keys=False))
    again = json.loads(compared(board, "--json").stdout)
    assert (again["twin"], again["notes"]) == ("again", [])


def test_bad_input_is_one_line(board: Path, tmp_path: Path) -> None:
    base, tuned = names_of(board)[:2]
    for arguments, message in (
        ((base, tuned + "x"), f"no candidate '{tuned}x'"),
        ((base, base), "twice"),
    ):
        done = arena("compare", "-c", board, *arguments)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done
        assert message in done.stderr
    fresh = arithmetic_board(tmp_path / "fresh")
    done = compared(fresh)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "neither battles nor benchmarks" in done.stderr
