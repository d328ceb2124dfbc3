"""A base model and its LoRA on one board, over battles and a benchmark, and what `arena compare` says of them."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path

from kit.running import all_candidates, arena, questions, write_board

from arena.types import JSON

BASE, TUNED = "tiny-100", "tiny-100-lora"
OFFLINE = {"HF_HUB_OFFLINE": "1"}
TASK = """
task: words
dataset_path: json
dataset_kwargs: {data_files: {test: words.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{options}}"
doc_to_target: gold
target_delimiter: ""
metric_list: [{metric: acc}]
"""


def write_words(folder: Path, count: int) -> dict[str, JSON]:
    """The sample's questions as multiple choice, and the task: of lm-eval where that is installed, else a CSV asked by
    letters."""
    rows = []
    for number, question in enumerate(questions()[:count]):
        right = question["reference"][0]
        wrong = [right[1:] + right[:1], right[::-1], question["turns"][0].split()[-1]]
        options = [right, *(word if word != right else f"{word[1:]}{word[0]}{word[0]}" for word in wrong)]
        options[0], options[number % 4] = options[number % 4], options[0]
        rows.append({"question": question["turns"][0], "options": options, "gold": number % 4})
    if importlib.util.find_spec("lm_eval") is not None:
        (folder / "words.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folder / "words.yaml").write_text(TASK)
        return {"path": str(folder / "words.yaml")}
    with (folder / "words.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["question", *"ABCD", "answer"])
        table.writerows([row["question"], *row["options"], "ABCD"[row["gold"]]] for row in rows)
    return {"file": str(folder / "words.csv"), "mode": "letter"}


def assert_a_fine_tune_is_compared(folder: Path, tiny: Path, backend: str, engine: dict[str, JSON]) -> None:
    """Both are asked and judged; the page, the table and the JSON say what came of it, asking nobody."""
    count = 24
    entries = {name: entry for name, entry in all_candidates(backend, tiny, engine).items() if name in (BASE, TUNED)}
    config = write_board(folder, entries, benchmarks={"tasks": {"words": write_words(folder, count)}})
    done = arena("run", "-c", config, environment=OFFLINE)
    assert done.returncode == 0, done.stderr
    answered = {path: path.read_bytes() for path in (folder / "board").glob("*/**/*.jsonl")}
    shown = arena("compare", "-c", config, BASE, TUNED)
    assert shown.returncode == 0, shown.stderr
    assert "words" in shown.stdout and (folder / f"board/reports/compare-{BASE}-{TUNED}.html").is_file()
    found = json.loads(arena("compare", "-c", config, BASE, TUNED, "--json").stdout)
    assert found["battles"]["diff"]["low"] > 0, "the adapter was trained on these questions"
    (task,) = found["tasks"]
    assert (task["task"], task["n"], task["not_compared"]) == ("words", count, None)
    lines = {name: (folder / f"board/benchmarks/words/{name}.jsonl").read_text().splitlines() for name in entries}
    assert [len(own) for own in lines.values()] == [count, count]
    if task["mode"] == "loglikelihood":
        assert task["learnt"] > task["forgotten"] and task["diff"]["value"] > 0
    assert not found["settings"], found["settings"]
    assert {path: path.read_bytes() for path in answered} == answered
