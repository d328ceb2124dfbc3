"""The report's section of scores by rule, in both languages."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from kit.boards import edit_config, write_config, write_jsonl
from kit.commands import arena


@pytest.mark.parametrize(("language", "titles"), [("en", ("Scores by rule", "Strengths and weaknesses", "stronger")),
                                                  ("zh", ("规则评分", "强项与弱项", "较强"))])  # fmt: skip
def test_numbers_and_strengths_stand_on_the_page(tmp_path: Path, language: str, titles: tuple[str, ...]) -> None:
    rng = random.Random(1)
    questions = [
        {"question_id": n, "category": ("sums", "words")[n % 2], "text": "Say it", "reference": str(n)}
        for n in range(60)
    ]
    write_jsonl(tmp_path / "questions.jsonl", questions)
    for model, good in (("adder", 0), ("writer", 1)):
        write_jsonl(tmp_path / f"{model}.jsonl", [
            {"question_id": n, "answer": str(n) if n % 2 == good or rng.random() < 0.2 else "999"} for n in range(60)
        ])  # fmt: skip
    config = write_config(tmp_path, {
        "question_file": "questions.jsonl", "output_dir": "out",
        "answers_gen": {m: {"backend": "recorded", "file": f"{m}.jsonl"} for m in ("adder", "writer")},
        "reviews_gen": {"mode": "pairwise", "judges": {"rule": {"backend": "reference"}}},
    })  # fmt: skip
    edit_config(config, scores={"metrics": ["exact", "wer"], "overall": {"quality": 1}})
    likely = {"bits_per_byte": 1.25, "low": 1.0, "high": 1.5, "token_perplexity": 9.5, "n_documents": 7}
    (tmp_path / "out/reports").mkdir(parents=True)
    (tmp_path / "out/reports/perplexity.json").write_text(json.dumps({"models": {"adder": likely}}))
    assert arena("run", "-c", config).returncode == 0
    assert arena("report", "-c", config, "--lang", language).returncode == 0
    page = (tmp_path / "out/reports/leaderboard.html").read_text(encoding="utf-8")
    section = page.partition('id="scores"')[2].partition("</section>")[0]
    assert all(title in section for title in titles)
    assert 'href="#scores"' in page and "judges, exact" in section.replace("评审", "judges")
    assert "[1.000, 1.500]" in section and ("quality × 1" if language == "en" else "质量 × 1") in section
    assert ("less is better" if language == "en" else "越小越好") in section
