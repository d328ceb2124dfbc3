"""How firm the order of a board is, wherever it is shown."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from kit.commands import arena

from arena.reports.board import Report, report_of
from arena.reports.stability import firmness, rows


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("firm")
    assert arena("run", "-c", "cfg_demo.yaml", cwd=folder).returncode == 0
    return folder / "runs/demo"


def said(**facts: object) -> Report:
    pair = {"place": 1, "better": "a", "worse": "b", "k": 3, "questions": ["q1", "q2", "q3"]}
    found = {"unit": "questions", "of": 60, "without_category": {}, "without_judge": {}, "places": [pair]}
    return report_of({"models": [], "stability": found | facts})


@pytest.mark.slow
def test_the_demos_sets_turn_its_places_when_its_battles_are_rated_without_them(demo: Path, tmp_path: Path) -> None:
    board = json.loads((demo / "reports/leaderboard.json").read_text())
    battles = (demo / "reports/battles.jsonl").read_text().splitlines()
    sets = [pair for pair in board["stability"]["places"] if pair["questions"]]
    assert sets
    for n, pair in enumerate(sets):
        kept = tmp_path / f"{n}.jsonl"
        kept.write_text("\n".join(x for x in battles if json.loads(x)["question_id"] not in pair["questions"]) + "\n")
        done = arena("rate", kept, "--baseline", board["baseline"], "--json")
        ranks = {row["model"]: row["rank"] for row in json.loads(done.stdout)["models"]}
        assert ranks[pair["worse"]] < ranks[pair["better"]]


def test_terminal_markdown_and_report_say_how_many_decide(demo: Path) -> None:
    k = json.loads((demo / "reports/leaderboard.json").read_text())["stability"]["places"][0]["k"]
    sentence = f"At most {k} of 198 questions decide between place 1 and 2"
    assert sentence in arena("run", "-c", "cfg_demo.yaml", cwd=demo.parents[1]).stdout
    assert sentence in (demo / "reports/leaderboard.md").read_text()
    assert arena("report", "-c", "cfg_demo.yaml", cwd=demo.parents[1]).returncode == 0
    page = (demo / "reports/leaderboard.html").read_text()
    assert sentence in page
    assert 'href="#stability"' in page
    assert f"{k} of 198 questions" in page


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({}, "At most 3 of 60 questions decide between place 1 and 2: without them b would be ahead of a."),
        ({"places": [{"place": 1, "better": "a", "worse": "b", "k": 1, "questions": ["q"]}]},
         "One of 60 questions decides between place 1 and 2: without it b would be ahead of a."),
        ({"places": [{"place": 1, "better": "a", "worse": "b", "k": None, "questions": []}]},
         "No small set of questions was found that decides between place 1 and 2 (up to 15 of 60)."),
        ({"places": [{"place": 1, "better": "a", "worse": "b", "k": 0, "questions": []}]}, "Place 1 and 2 are level."),
        ({"without_category": {"math": "b", "prose": "a"}}, "Without category math b leads."),
        ({"without_category": {"math": None}}, "Without category math the leader can no longer be compared."),
        ({"without_judge": {"j": "a"}, "without_category": {"math": "a"}},
         "a leads whichever one category or judge is left out."),
    ],
)  # fmt: skip
def test_each_case_has_a_sentence(facts: dict[str, object], sentence: str) -> None:
    assert sentence in firmness(said(**facts))


def test_both_languages_say_the_same_numbers() -> None:
    english, chinese = (firmness(said(), language) for language in ("en", "zh"))
    assert [re.findall(r"\d+", x) for x in english] == [["3", "60", "1", "2"]]
    assert sorted(re.findall(r"\d+", chinese[0])) == sorted(["3", "60", "1", "2"])
    assert rows(said(), "zh")[0][3] == "60 个问题中的 3 个"


def test_one_question_is_said_in_both_languages() -> None:
    report = said(places=[{"place": 1, "better": "a", "worse": "b", "k": 1, "questions": ["q1"]}])
    assert firmness(report, "zh") == ["第 1 与第 2 名之间由 60 个问题中的 1 个决定：去掉它，b 将领先于 a。"]


def test_a_name_cannot_mark_anything_up(tmp_path: Path) -> None:
    pair = {"place": 1, "better": "<b>x</b>", "worse": "{behind}", "k": 1, "questions": ["<i>"]}
    report = said(places=[pair])
    assert firmness(report)[0].endswith("without it {behind} would be ahead of <b>x</b>.")
    battles = [("<b>x</b>", "{behind}", 1.0, f"<i>{n}") for n in range(9)] + [
        ("<b>x</b>", "{behind}", 0.0, f"p{n}") for n in range(8)
    ]
    file = tmp_path / "b.jsonl"
    names = ("model_a", "model_b", "outcome", "question_id")
    file.write_text("".join(json.dumps(dict(zip(names, x, strict=True))) + "\n" for x in battles))
    assert arena("rate", file, "--out", tmp_path / "out").returncode == 0
    page = (tmp_path / "out/leaderboard.html").read_text()
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>x</b>" not in page
    assert "<i>" not in page
