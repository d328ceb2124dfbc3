"""The page of benchmarks in a browser: wide and on a phone, and a click on a document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from kit.downloads import write_downloads, write_lines
from kit.examinees import number_of, right_letter, shown_options, wrong_letter
from kit.running import arena
from kit.servers import Action, Call, FakeServer, Say

KNOWS = {"sparrow-with-a-long-name-of-a-model": 3, "wren": 2, "stone": 0}
"""How many of four documents each model knows."""


def _says(call: Call) -> Action:
    if not shown_options(call):
        return Say(str(call.body["model"]))
    if number_of(call) % 7 == 6:
        return Say("I'd rather not say.\n\n<img src=x onerror=alert(1)>")
    knows = number_of(call) % 4 < KNOWS[str(call.body["model"])]
    return Say(f"The answer is {right_letter(call) if knows else wrong_letter(call)}.")


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board of three models with battles, three tasks by letters and a task that letters cannot score."""
    folder = tmp_path_factory.mktemp("examined")
    write_lines(folder / "q.jsonl", [{"question_id": 1, "text": "Who are you?", "reference": ["wren"]}])
    with FakeServer(_says) as server:
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None, "concurrency": 8}
        config = folder / "board.yaml"
        config.write_text(yaml.safe_dump({
            "question_file": "q.jsonl", "output_dir": "out", "answers_gen": {name: dict(entry) for name in KNOWS},
            "reviews_gen": {"mode": "pairwise", "judges": {"reference": {"backend": "reference"}}},
            "benchmarks": {
                "data_dir": str(write_downloads(folder / "data", 14)),
                "tasks": ["mmlu", "arc_challenge", "truthful_qa", "truthful_qa_mc2"],
            },
        }))  # fmt: skip
        done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture(scope="module")
def examined_url(serve: Callable[..., str], examined: Path) -> str:
    return serve("--board", examined)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_phone_reads_every_score_without_sideways_scrolling(examined_url: str, visit, lang: str) -> None:
    visitor = visit(width=390, height=844)
    visitor.open(f"{examined_url}/benchmarks?lang={lang}")
    visitor.fine()
    width, inside = visitor.page.locator("[data-testid=stMain]").evaluate("e => [e.clientWidth, e.scrollWidth]")
    assert inside <= width + 1
    values = visitor.page.locator(".phone .value")
    assert values.count() == 3 * 4
    for one in values.all():
        box = one.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 391
    said = visitor.text()
    assert "sparrow-with-a-long-name-of-a-model" in said and "–" in said  # mc2 has no score by letters


def test_the_matrix_fits_a_screen_and_a_filter_shows_what_was_said(examined_url: str, visit) -> None:
    visitor = visit()
    visitor.open(f"{examined_url}/benchmarks?task=mmlu&a=sparrow-with-a-long-name-of-a-model&b=wren&which=unread")
    visitor.fine()
    assert visitor.page.locator("[data-testid=stDataFrame]").first.is_visible()
    said = visitor.text()
    assert "I'd rather not say." in said and "<img src=x onerror=alert(1)>" in said
    assert visitor.page.locator("[data-testid=stMain] img[src=x]").count() == 0
