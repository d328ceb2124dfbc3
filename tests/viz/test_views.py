"""Every page runs on every kind of board and shows what the files say."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from kit.battle_files import BATTLES, write

from arena.battles.read.wanted import Wanted
from arena.ratings import RatingOptions
from arena.stages.rate_file import rate_files, write_board_of
from arena.store.votes import Votes
from measurements.make_board import Plan, make_board
from viz.data.board import open_board
from viz.data.detail import identity_of
from viz.data.filters import Filter, select
from viz.data.source import Source
from viz.pages import PAGES, Page

pytestmark = pytest.mark.slow

NAMES = [page.name for page in PAGES]


ROOT = Path(__file__).resolve().parents[2]


def _page(name: str) -> str:
    return f"views/{name}.py"


def test_every_file_of_the_views_is_a_page() -> None:
    files = {path.stem for path in (ROOT / "viz" / "views").glob("*.py")} - {"__init__"}
    assert sorted(NAMES) == sorted(files)


def test_every_page_is_told_of() -> None:
    told = re.findall(r"^\| ([A-Z][a-z ]+) \| ", (ROOT / "docs" / "viewer.md").read_text(encoding="utf-8"), re.M)
    assert sorted(told) == sorted(["Page", *(page.title for page in PAGES)])


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_says_why_a_board_has_it_not(app, score_folder: Path, llmuses_file: Path, page: Page) -> None:
    source = {"opponents": ("--board", score_folder), "folder": ("--review-file", llmuses_file), None: ()}[page.needs]
    assert bool(page.needs) == bool(page.without)
    if source:
        at = app(*source, page=_page(page.name))
        assert [at.title[0].value, at.info[0].value] == [page.title, page.without]
        assert len(at.title) == 1


@pytest.fixture(scope="module")
def llmuses_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("llmuses") / "battle.jsonl"
    lines = []
    for q in range(12):
        for a, b, win in (("m1", "m2", "model_a"), ("m2", "m1", "model_b" if q % 3 else "tie")):
            lines.append({
                "model_a": a, "model_b": b, "scores": [8.0, 6.0], "win": win, "question_id": q,
                "category": ["翻译", "CODING"][q % 2], "question": f"问题 {q}", "language": "NA", "anony": True,
                "tstamp": 1.0, "output_a": f"{a} says {q}", "output_b": f"{b} says {q}",
            })  # fmt: skip
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("page", NAMES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_page_of_a_board(app, board_folder: Path, page: str, lang: str) -> None:
    at = app(
        "--board", board_folder, "--question-file", board_folder.parent / "questions.jsonl", page=_page(page), lang=lang
    )
    assert not at.exception


@pytest.mark.parametrize("page", NAMES)
def test_every_page_in_single_mode(app, score_folder: Path, page: str) -> None:
    assert not app("--board", score_folder, page=_page(page)).exception


@pytest.mark.parametrize("page", NAMES)
def test_every_page_of_an_llmuses_file(app, llmuses_file: Path, page: str) -> None:
    assert not app("--review-file", llmuses_file, page=_page(page)).exception


@pytest.mark.parametrize("page", NAMES)
def test_every_page_before_anything_was_rated(app, tmp_path: Path, page: str) -> None:
    at = app("--board", tmp_path, page=_page(page))
    assert not at.exception
    assert not at.error


@pytest.mark.parametrize("page", NAMES)
def test_every_page_when_everything_is_excluded(app, board_folder: Path, tmp_path: Path, page: str) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    path = folder / "reports" / "battles.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    gone = {"state": "excluded", "reason": "unparsed", "outcome": None, "winner": None, "consistent": None}
    path.write_text("".join(json.dumps(row | gone | {"verdicts": []}) + "\n" for row in rows))
    assert not app("--board", folder, page=_page(page), category=["math"]).exception


def test_a_battle_shows_both_answers_and_both_orders(app, board_folder: Path) -> None:
    source = Source(board=board_folder, question_file=board_folder.parent / "questions.jsonl")
    board = open_board(source)
    row = int(select(board, Filter(judge=("judge-large",), state=("rated",)), Votes())[0])
    at = app("--board", board_folder, "--question-file", source.question_file, page=_page("battle"),
             **identity_of(board, row).parameters(), view="raw")  # fmt: skip
    assert not at.exception
    line = board.line(row)
    shown = [code.value for code in at.code]
    for side in "ab":
        answer = board.answer(line[f"answer_key_{side}"])
        assert answer is not None
        assert answer.turns[0] in shown
    captions = [caption.value for caption in at.caption]
    assert sum("Shown first" in caption for caption in captions) == 4  # two judges, two orders


def test_next_and_previous_stay_inside_the_filter(app, board_folder: Path) -> None:
    board = open_board(Source(board=board_folder))
    wanted = Filter(model=("atlas-70b",), category=("math",))
    found = select(board, wanted, Votes())
    first = identity_of(board, int(found[0]))
    at = app("--board", board_folder, page=_page("battle"), **wanted.parameters(), **first.parameters())
    assert any(caption.value == f"1 / {len(found)}" for caption in at.caption)
    previous = next(b for b in at.button if b.key == "go-K")
    assert previous.disabled
    next(b for b in at.button if b.key == "go-J").click().run()
    assert not at.exception
    assert any(caption.value == f"2 / {len(found)}" for caption in at.caption)
    assert identity_of(board, int(found[1])).a in at.query_params["a"]


@pytest.mark.parametrize(
    "parameters",
    [{"question": "nope", "a": "x", "b": "y"}, {"question": "0"}, {"question": "0", "a": "atlas-70b", "sample": "-1"},
     {"question": "0", "a": "atlas-70b", "b": "beacon-mini", "sample": "9" * 40}],
)  # fmt: skip
def test_a_link_to_no_battle_says_so(app, board_folder: Path, parameters: dict[str, str]) -> None:
    at = app("--board", board_folder, page=_page("battle"), **parameters)
    assert not at.exception
    assert any("no such battle" in info.value for info in at.info)


def test_the_url_filters_the_battles(app, board_folder: Path) -> None:
    at = app(
        "--board", board_folder, page=_page("battles"), model=["atlas-70b"], opponent=["cirrus-2"], flag="disagree"
    )
    assert not at.exception
    table = at.dataframe[0].value
    assert set(table["Model A"]) == {"atlas-70b"}
    assert set(table["Model B"]) == {"cirrus-2"}
    assert set(table["Orders"]) == {"disagree"}


def test_searching_finds_a_question(app, board_folder: Path) -> None:
    at = app("--board", board_folder, "--question-file", board_folder.parent / "questions.jsonl",
             page=_page("battles"), q="把第 4 句话")  # fmt: skip
    assert not at.exception
    assert at.dataframe[0].value["Question"].str.contains("第 4 句").all()


def test_values_that_do_not_exist_in_the_url_are_ignored(app, board_folder: Path) -> None:
    at = app(
        "--board", board_folder, page=_page("battles"), model=["<script>"], view="x", state="y", page_="zz", lang="xx"
    )
    assert not at.exception


def test_runs_compares_with_the_board_beside(app, tmp_path: Path) -> None:
    for seed in (1, 2):
        make_board(tmp_path / f"board{seed}", Plan(models=3, questions=6, seed=seed))
    at = app("--board", tmp_path / "board1", page=_page("runs"))
    assert not at.exception
    assert list(at.dataframe[0].value["Model"]) == [
        m["model"] for m in json.loads((tmp_path / "board1/reports/leaderboard.json").read_text())["models"]
    ]


def test_live_shows_the_board_of_a_run_that_has_ended(app, board_folder: Path) -> None:
    at = app("--board", board_folder, page=_page("live"))
    assert not at.exception
    stored = json.loads((board_folder / "reports" / "leaderboard.json").read_text())
    board = next(frame.value for frame in at.dataframe if "Model" in frame.value)
    assert list(board["Rating"]) == [f"{m['rating']:.0f}" for m in stored["models"]]


def test_live_shows_who_leads_so_far(app, board_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    run = json.loads((folder / "run.json").read_text())
    run["runs"][-1] |= {"finished": None, "outcome": None}
    (folder / "run.json").write_text(json.dumps(run))
    at = app("--board", folder, page=_page("live"))
    assert not at.exception
    assert any("atlas-70b" in set(frame.value.get("Model", ())) for frame in at.dataframe)
    assert any("Provisional" in caption.value for caption in at.caption)


@pytest.mark.parametrize(
    "change",
    [
        {"finished": 7, "outcome": [], "plan": -5, "done": "x", "spent": {}, "spent_known_usd": "x", "notes": "x"},
        {"finished": None, "errors": [1], "answers": {"m": 3}, "reviews": {"<b>": {"planned": None, "errors": "x"}}},
        {"finished": None, "started": "x", "plan": 1e300, "done": 1e300, "notes": [None, {}], "reviews": []},
    ],
)
def test_live_has_words_for_a_run_file_that_anybody_wrote(
    app, board_folder: Path, tmp_path: Path, change: dict
) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    run = json.loads((folder / "run.json").read_text())
    run["runs"][-1] |= change
    (folder / "run.json").write_text(json.dumps(run))
    assert not app("--board", folder, page=_page("live")).exception
    (folder / "run.json").write_text("[" * 200_000)
    at = app("--board", folder, page=_page("live"))
    assert not at.exception and "No run has been recorded" in at.info[0].value


@pytest.mark.parametrize("page", [page.name for page in PAGES])
@pytest.mark.parametrize("ids", [True, False])
def test_every_page_shows_a_battle_file_without_texts(app, tmp_path: Path, page: str, ids: bool) -> None:
    rows = [{name: cell for name, cell in row.items() if ids or name != "question_id"} for row in BATTLES]
    rated = rate_files([write(tmp_path / "b.csv", rows)], RatingOptions(), Wanted())
    write_board_of(tmp_path / "board", rated)
    at = app("--board", tmp_path / "board", page=_page(page))
    assert not at.exception
    assert not at.error


def test_a_board_that_was_never_rated_says_what_fills_it(app, tmp_path: Path) -> None:
    at = app("--board", tmp_path, page=_page("battles"))
    assert at.title[0].value == "Battles"
    assert "arena run" in at.info[0].value


def test_a_filter_can_be_cleared(app, board_folder: Path) -> None:
    at = app("--board", board_folder, page=_page("battles"), model=["atlas-70b"], flag="disagree", q="question")
    next(b for b in at.button if "Clear" in b.label).click().run()
    assert not at.exception
    assert not {"model", "flag", "q"} & at.query_params.keys()
    assert not any("Clear" in b.label for b in at.button)
    assert at.multiselect[0].value == []


def test_judges_of_scores_are_described_by_scores(app, score_folder: Path) -> None:
    at = app("--board", score_folder, page=_page("judges"))
    table = at.dataframe[0].value
    scores = [json.loads(x) for x in (score_folder / "reports" / "scores.jsonl").read_text().splitlines()]
    known = [x["score"] for x in scores if x["score"] is not None]
    assert list(table["Mean score"]) == [f"{sum(known) / len(known):.2f}"]
    assert "no slot is preferred" not in at.success[0].value


def test_nobody_is_thanked_for_votes_where_there_is_nothing_to_vote_on(app, tmp_path: Path) -> None:
    board = make_board(tmp_path / "board", Plan(models=1, questions=3))
    at = app("--board", board, page=_page("vote"))
    assert any("no battle with two answers" in info.value for info in at.info)
