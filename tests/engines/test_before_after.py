"""Before and after a fine-tune, with a real base and its LoRA: battles and benchmarks under one config."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from kit.running import arena, questions

pytestmark = [pytest.mark.local, pytest.mark.filterwarnings("default")]
FREE = """
task: words
dataset_path: json
dataset_kwargs: {data_files: {test: words.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{asked}}"
doc_to_target: "{{right}}"
generation_kwargs: {until: ["\\n"]}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
CHOICE = """
task: choices
dataset_path: json
dataset_kwargs: {data_files: {test: words.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{asked}}"
doc_to_choice: "{{options}}"
doc_to_target: 0
target_delimiter: ""
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


def test_what_a_lora_learnt_is_seen_in_battles_and_benchmarks(tiny: Path, tmp_path: Path) -> None:
    rows = [(one["turns"][0], one["reference"][0]) for one in questions()]
    words = [
        {"asked": asked, "right": right, "options": [right, f"{right}a", right[::-1] + "h"]} for asked, right in rows
    ]
    for name, text in (("words.yaml", FREE), ("choices.yaml", CHOICE)):
        (tmp_path / name).write_text(text)
    (tmp_path / "words.jsonl").write_text("".join(json.dumps(row) + "\n" for row in words))
    asked = [{"question_id": n, "text": text, "reference": [right]} for n, (text, right) in enumerate(rows)]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    base = {"backend": "transformers", "model": str(tiny / "tiny-100"), "precision": "float32",
            "generation_config": {"temperature": 0, "max_tokens": 12}}  # fmt: skip
    config = tmp_path / "board.yaml"
    config.write_text(yaml.safe_dump({
        "question_file": "q.jsonl", "output_dir": "out",
        "answers_gen": {"base": base, "tuned": base | {"adapter": str(tiny / "tiny-100-lora")}},
        "reviews_gen": {"mode": "pairwise", "judges": {"reference": {"backend": "reference"}}},
        "benchmarks": {"tasks": {
            "words": {"path": "words.yaml", "max_tokens": 12}, "choices": {"path": "choices.yaml"},
        }},
    }))  # fmt: skip
    offline = {"HF_HUB_OFFLINE": "1"}
    done = arena("run", "-c", config, environment=offline)
    assert done.returncode == 0, done.stderr
    shown = arena("compare", "-c", config, "base", "tuned", environment=offline)
    assert shown.returncode == 0 and "words" in shown.stdout, shown.stderr
    told = arena("compare", "-c", config, "base", "tuned", "--json", environment=offline)
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert found["battles"]["diff"]["low"] > 0
    tasks = {task["task"]: task for task in found["tasks"]}
    assert tasks["words"]["n"] == tasks["choices"]["n"] == len(rows)
    free = tasks["words"]
    assert (free["change"], free["test"]) == ("better", "mcnemar_exact") and free["diff"]["low"] > 0.15
    assert free["learnt"] > free["forgotten"] > 0 and free["net"]["value"] == free["learnt"] - free["forgotten"]
    assert tasks["choices"]["tuned"] > tasks["choices"]["base"]
    page = (tmp_path / "out/reports/compare-base-tuned.html").read_text()
    assert "words" in page and "tuned" in page
    lines = {
        name: (tmp_path / f"out/benchmarks/choices/{name}.jsonl").read_text().splitlines() for name in ("base", "tuned")
    }
    assert all(json.loads(line)["loglikelihoods"] for own in lines.values() for line in own)
