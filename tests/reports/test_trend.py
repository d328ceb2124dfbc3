"""`arena trend`: boards in time, and where they no longer measure on one scale."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, read_jsonl, write_jsonl
from kit.commands import output_of

from arena.errors import ArenaError
from arena.reports.scale import read_scale
from arena.reports.trend import trend_of


def a_board(folder: Path, **reviews: object) -> Path:
    """Questions with right answers, rated; returns the folder around its output."""
    config = arithmetic_board(folder, **reviews)
    output_of("run", "-c", config)
    return folder / "out"


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """monday; tuesday, where another model got better; another prompt; other answers of the baseline; another text."""
    root = tmp_path_factory.mktemp("boards")
    a_board(root / "monday")
    again = arithmetic_board(root / "tuesday")
    rows = [{"question_id": i, "answer": f"It is {i + 7}." if i < 3 else f"It is {i + 901}."} for i in range(12)]
    write_jsonl(root / "tuesday/wrong.jsonl", rows)
    output_of("run", "-c", again)
    a_board(root / "prompt", prompt="pair-json-v1")
    changed = arithmetic_board(root / "baseline")
    rows = read_jsonl(root / "baseline/half.jsonl")
    rows[0]["answer"] = "It is 7!"
    write_jsonl(root / "baseline/half.jsonl", rows)
    output_of("run", "-c", changed)
    other = arithmetic_board(root / "text")
    rows = read_jsonl(root / "text/questions.jsonl")
    rows[3]["text"] = "What is three plus seven?"
    write_jsonl(root / "text/questions.jsonl", rows)
    output_of("run", "-c", other)
    return root


def trend(*boards: Path) -> dict:
    return json.loads(output_of("trend", *boards, "--json"))


def test_boards_that_measure_alike_share_a_line(boards: Path) -> None:
    found = trend(boards / "monday/out", boards / "tuesday/out")
    assert [board["name"] for board in found["boards"]] == ["monday", "tuesday"]
    assert [board["line"] for board in found["boards"]] == [0, 0]
    assert found["boards"][1]["common_questions"] == 12
    assert found["warnings"] == []
    points = {row["model"]: row["points"] for row in found["models"]}
    ratings = [
        json.loads((boards / name / "out/reports/leaderboard.json").read_text()) for name in ("monday", "tuesday")
    ]
    for place, board in enumerate(ratings):
        for row in board["models"]:
            point = points[row["model"]][place]
            assert (point["value"], point["low"], point["high"], point["rank"]) == (
                row["rating"], row["rating_low"], row["rating_high"], row["rank"],
            )  # fmt: skip


@pytest.mark.parametrize(
    ("board", "why"),
    [
        ("prompt", r"question '0' is judged by the prompts pair-v1 and pair-json-v1, whose texts differ"),
        ("baseline", r"1 answer of half, which holds the scale, changed"),
        ("text", r"the text of question '3' is another"),
    ],
)
def test_a_new_line_begins_where_something_that_measures_has_changed(boards: Path, board: str, why: str) -> None:
    found = trend(boards / "monday/out", boards / board / "out", boards / "tuesday/out")
    assert [one["line"] for one in found["boards"]] == [0, 1, 2]
    assert found["boards"][1]["begins"] == [why]
    assert found["warnings"][0] == f"{board} shares no scale with monday, so a new line begins: {why}"
    assert f"A new line begins at {board}: {why}." in output_of("trend", boards / "monday/out", boards / board / "out")


def test_another_judge_is_named(boards: Path, tmp_path: Path) -> None:
    scale = json.loads((boards / "tuesday/out/reports/scale.json").read_text())
    shutil.copytree(boards / "tuesday/out/reports", tmp_path / "other/reports")
    for setting, said in (
        ("model", "judged by reference and by gpt-x"),
        ("temperature", "judge reference differs in temperature"),
    ):
        changed = json.loads(json.dumps(scale))
        changed["judges"]["reference"][setting] = "gpt-x"
        (tmp_path / "other/reports/scale.json").write_text(json.dumps(changed))
        assert trend(boards / "monday/out", tmp_path / "other")["boards"][1]["begins"] == [said]


def test_ratings_that_nobody_holds_compare_with_none(tmp_path: Path) -> None:
    one, two = (a_board(tmp_path / name, mode="pairwise", baseline=None) for name in ("one", "two"))
    assert trend(one, two)["boards"][1]["begins"] == [
        "no model holds the ratings (set rating_gen.anchor, or a baseline)"
    ]
    for name in ("one", "two"):
        edit_config(tmp_path / name / "config.yaml", rating_gen={"anchor": {"half": 1000}})
        output_of("run", "-c", tmp_path / name / "config.yaml")
    assert trend(one, two)["boards"][1]["begins"] == []


def test_fewer_questions_in_common_are_said(boards: Path, tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path / "fewer", n_questions=8)
    for model in ("half", "right", "wrong"):
        shutil.copy(boards / f"monday/{model}.jsonl", tmp_path / f"fewer/{model}.jsonl")
    output_of("run", "-c", config)
    found = trend(tmp_path / "fewer/out", boards / "monday/out")
    assert (found["boards"][1]["line"], found["boards"][1]["common_questions"]) == (0, 8)
    said = output_of("trend", tmp_path / "fewer/out", boards / "monday/out")
    assert "monday has 8 of its 12 questions in common with the board before." in said


def test_a_judge_that_says_something_else_has_drifted(boards: Path, tmp_path: Path) -> None:
    """Verdicts on equal answers, asked live on both boards: two of those on tuesday are turned round."""
    root = tmp_path / "drifted"
    shutil.copytree(boards / "tuesday", root)
    battles = read_jsonl(root / "out/reports/battles.jsonl")
    equal = [
        row for row in battles if (row["model_a"] == "half" and row["model_b"] == "right") or row["model_a"] == "right"
    ]
    turned = {"first": "second", "second": "first", "tie": "first"}
    judged = [v for row in equal for v in row["verdicts"] if v["status"] == "ok"]
    for verdict in judged[:2]:
        verdict["label"] = turned[verdict["label"]]
    write_jsonl(root / "out/reports/battles.jsonl", battles)
    drifts = [
        trend(boards / "monday/out", other)["boards"][1]["drift"] for other in (boards / "tuesday/out", root / "out")
    ]
    assert drifts[0][0]["changed"]["value"] == 0
    assert drifts[1][0]["changed"]["value"] == pytest.approx(2 / drifts[1][0]["verdicts"])
    assert drifts[1][0]["changed"]["low"] < drifts[1][0]["changed"]["value"] < drifts[1][0]["changed"]["high"]
    assert f"2 of {drifts[1][0]['verdicts']}" not in output_of("trend", boards / "monday/out", root / "out")
    assert re.search(r"Judge reference at .*drifted.*: [\d.]+% of \d+ verdicts on the same answers changed",
                     output_of("trend", boards / "monday/out", root / "out"))  # fmt: skip


def test_replies_that_were_copied_or_imported_say_nothing_of_drift(boards: Path, tmp_path: Path) -> None:
    shutil.copytree(boards / "monday/out", tmp_path / "copied")
    assert trend(boards / "monday/out", tmp_path / "copied")["boards"][1]["drift"] == []
    shutil.copytree(boards / "tuesday/out", tmp_path / "imported")
    ledger = tmp_path / "imported/reviews/reference.jsonl"
    write_jsonl(ledger, [row | {"via": "import"} for row in read_jsonl(ledger)])
    assert trend(boards / "monday/out", tmp_path / "imported")["boards"][1]["drift"] == []


def test_without_battles_there_is_a_line_but_no_drift(boards: Path, tmp_path: Path) -> None:
    for name in ("leaderboard.json", "scale.json"):
        (tmp_path / "slim").mkdir(exist_ok=True)
        shutil.copy(boards / f"tuesday/out/reports/{name}", tmp_path / "slim" / name)
    found = trend(boards / "monday/out", tmp_path / "slim/leaderboard.json")["boards"][1]
    assert (found["line"], found["drift"], found["moment"]) == (0, [], None)
    (tmp_path / "slim/scale.json").unlink()
    found = trend(boards / "monday/out", tmp_path / "slim")["boards"][1]
    assert found["line"] == 1
    assert "has no scale.json" in found["begins"][0]


def test_scores_are_followed_in_single_mode(tmp_path: Path) -> None:
    one, two = (a_board(tmp_path / name, mode="single", baseline=None) for name in ("one", "two"))
    found = trend(one, two)
    assert (found["measure"], [board["line"] for board in found["boards"]]) == ("score", [0, 0])
    assert found["boards"][1]["drift"][0]["shift"]["value"] == 0


def test_boards_may_be_put_in_order_by_time(boards: Path, tmp_path: Path) -> None:
    for name, moment in (("late", "2026-03-01T00:00:00Z"), ("early", "2026-01-01T00:00:00Z")):
        shutil.copytree(boards / "monday/out", tmp_path / name)
        run = json.loads((tmp_path / name / "run.json").read_text())
        run["runs"][-1]["finished"] = moment
        (tmp_path / name / "run.json").write_text(json.dumps(run))
    given = output_of("trend", tmp_path / "late", tmp_path / "early", "--json", "--by-time")
    assert [board["name"] for board in json.loads(given)["boards"]] == ["early", "late"]


def test_what_cannot_be_a_trend_is_refused_in_a_line(boards: Path, tmp_path: Path) -> None:
    monday = boards / "monday/out"
    single = a_board(tmp_path / "single", mode="single", baseline=None)
    shutil.copytree(monday, tmp_path / "damaged")
    (tmp_path / "damaged/reports/scale.json").write_text("[]")
    shutil.copytree(boards / "tuesday/out/reports", tmp_path / "copy/reports")
    for given, said in (
        ((monday,), "one board is no trend"),
        ((monday, monday / "reports"), "given twice"),
        ((monday, tmp_path), "no leaderboard.json there"),
        ((monday, single), "boards of scores and boards of battles have no number in common"),
        ((monday, tmp_path / "damaged"), "not the scale of a board"),
        ((monday, tmp_path / "copy", "--by-time"), "no run.json beside it"),
    ):
        with pytest.raises(ArenaError, match=said):
            output_of("trend", *given)


def test_settings_of_judges_are_hashed(boards: Path) -> None:
    scale = read_scale(boards / "monday/out/reports")
    assert scale is not None
    assert scale.judges["reference"]["model"] == "reference"
    assert all(
        re.fullmatch(r"[0-9a-f]{16}", value) for name, value in scale.judges["reference"].items() if name != "model"
    )


def test_page_and_report_draw_the_lines(boards: Path, tmp_path: Path) -> None:
    page = tmp_path / "trend.html"
    paths = [boards / f"{name}/out" for name in ("monday", "tuesday", "baseline")]
    output_of("trend", *paths, "--html", page)
    html = page.read_text()
    assert html.count("<circle") == 6 + 3  # `right` won everything: it has no number
    assert html.count('class="mark"') == 1
    assert "A new line begins at baseline" in html
    output_of("report", "-c", boards / "tuesday/config.yaml", "--trend", paths[0])
    report = (boards / "tuesday/out/reports/leaderboard.html").read_text()
    assert 'href="#trend"' in report
    assert "All boards share one scale." in report
    output_of("report", "-c", boards / "tuesday/config.yaml", "--lang", "zh", "--trend", paths[0])
    assert "所有排行榜使用同一标尺" in (boards / "tuesday/out/reports/leaderboard.html").read_text()


def test_names_cannot_mark_anything_up(boards: Path, tmp_path: Path) -> None:
    evil = tmp_path / "<b>x</b>"
    shutil.copytree(boards / "tuesday/out/reports", evil / "reports")
    board = (evil / "reports/leaderboard.json").read_text().replace("wrong", "<i>w</i>")
    (evil / "reports/leaderboard.json").write_text(board)
    page = tmp_path / "trend.html"
    output_of("trend", boards / "monday/out", evil, "--html", page)
    html = page.read_text()
    assert "<b>x" not in html
    assert "<i>w" not in html
    assert "&lt;i&gt;w&lt;/i&gt;" in html


def test_from_python(boards: Path) -> None:
    found = trend_of([boards / "monday/out", boards / "tuesday/out"])
    assert [board.line for board in found.boards] == [0, 0]
