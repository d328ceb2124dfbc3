"""A board that is run again, or breaks, under a running viewer: every page shows what the files say now."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from arena.store.votes import Votes, read_votes
from measurements.make_board import Plan, make_board
from viz.data.board import open_board
from viz.data.detail import identity_of
from viz.data.filters import Filter, select
from viz.data.source import Source
from viz.pages import PAGES

OLD, QUESTION = "atlas-70b", "Question "
LATER = {
    "equal": (Plan(models=5, questions=12), "yacht-70b"),
    "growing": (Plan(models=6, questions=20), "xenon-70b"),
    "shrinking": (Plan(models=3, questions=6), "zorro-70b"),
}
"""What the board becomes, and the name of its leader then; all names are of one length."""


EMPTY = ("/benchmarks", "/reasons", "/scores", "/load", "/probes")
"""Pages about what these boards do not have."""


def _links(url: str, board: Path) -> list[str]:
    opened = open_board(Source(board=board))
    row = int(select(opened, Filter(model=("beacon-mini",), opponent=("cirrus-2",), state=("rated",)), Votes())[0])
    pages = [page.path for page in PAGES if not page.hidden]
    pages += [f"battle?{urlencode(identity_of(opened, row).parameters())}", "battles?q=care", "?find=70"]
    return [f"{url}/{page}" for page in pages]


def _judge(leader: str) -> str:
    return f"judge-{leader[:5]}"


def _rewrite(board: Path, plan: Plan, leader: str, *, dates: bool = False) -> None:
    """Another board of the same files, its leader and its first judge renamed; with `dates` each keeps its old one."""
    made = make_board(board.parent.parent / leader / "board", plan)
    new = {OLD: leader, "judge-large": _judge(leader), QUESTION: f"{leader[:5]} no "}
    old = {path: path.stat() for path in (*board.rglob("*.json*"), board.parent / "questions.jsonl")}
    for path in sorted((board / "answers").glob("*")) + sorted((board / "reviews").glob("*")):
        path.unlink()
    for path in (*made.rglob("*.json*"), made.parent / "questions.jsonl"):
        name, content = path.relative_to(made.parent).as_posix(), path.read_bytes()
        for before, after in new.items():
            name, content = name.replace(before, after), content.replace(before.encode(), after.encode())
        (board.parent / name).write_bytes(content)
    for path, stat in old.items() if dates else ():
        if path.exists():
            assert path.stat().st_size == stat.st_size, path
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_every_page_shows_the_board_of_now(serve: Callable[..., str], visit, tmp_path: Path) -> None:
    """At equal size and date, larger and smaller: one server, and the pages loaded again."""
    make_board(tmp_path / "a" / "other", Plan(models=5, questions=12, seed=1))
    board = make_board(tmp_path / "a" / "board", Plan(models=5, questions=12))
    url = serve("--board", board, "--question-file", board.parent / "questions.jsonl")
    links, visitor, gone = _links(url, board), visit(), [OLD]
    for link in links:
        visitor.open(link)
        visitor.fine()
    for kind, (plan, leader) in LATER.items():
        _rewrite(board, plan, leader, dates=kind == "equal")
        for link in links:
            seen = len(visitor.sent)
            visitor.open(link)
            visitor.fine()
            _is_of(leader, gone, link, "".join(visitor.sent[seen:]))
        gone.append(leader)


def _is_of(leader: str, gone: list[str], link: str, sent: str) -> None:
    """What reached the browser is of the board of now; Vote names nobody, Runs and Over time have the other too."""
    if link.endswith("/vote"):
        assert f"{leader[:5]} no " in sent or "把第" in sent
        assert not re.search(rf"{QUESTION}\d+:", sent)
        return
    if link.endswith(EMPTY):  # the board has none: the page says so and names nobody
        assert not any(name[:5] in sent for name in gone)
        return
    assert leader[:5] in sent, link  # of the model or of the judge
    for name in gone[link.endswith(("/runs", "/trend")) :]:
        assert name not in sent, (link, name)


def test_an_open_tab_goes_on_when_its_board_changes(serve, visit, tmp_path: Path) -> None:
    """What was on the screen is clicked after the files have changed; a vote is on what the voter saw."""
    board = make_board(tmp_path / "a" / "board", Plan(models=5, questions=12))
    url = serve("--board", board, "--question-file", board.parent / "questions.jsonl")
    keys = {json.loads(line)["key"] for path in (board / "answers").glob("*") for line in path.read_text().splitlines()}
    battles, voter = visit(), visit(height=1600)
    battles.open(f"{url}/battles?model={OLD}&category=math")
    voter.open(f"{url}/vote")
    _rewrite(board, *LATER["shrinking"])
    battles.page.get_by_role("button", name="orders disagree").click()
    battles.settle()
    battles.fine()
    assert OLD not in battles.page.locator("[data-testid=stMain]").inner_html()
    voter.page.keyboard.press("1")
    voter.settle()
    voter.fine()
    (vote,) = read_votes(board / "votes.jsonl").votes
    assert {vote.answer_key_a, vote.answer_key_b} <= keys


def test_a_board_that_breaks_and_vanishes_is_said_in_words(serve, visit, tmp_path: Path) -> None:
    """Half a file, no file, no board: the page says so, and shows the board again once it is whole."""
    board = make_board(tmp_path / "a" / "board", Plan(models=4, questions=8))
    url = serve("--board", board, "--question-file", board.parent / "questions.jsonl")
    links, visitor = _links(url, board), visit()
    battles = board / "reports" / "battles.jsonl"
    whole = battles.read_bytes()
    visitor.open(url)
    battles.write_bytes(whole[: len(whole) // 2 + 7])
    for link in links:
        visitor.open(link)
        visitor.fine()
    visitor.open(url)
    assert "not a battle of ours" in visitor.text()
    battles.write_bytes(whole)
    visitor.open(url)
    visitor.fine()
    assert OLD in visitor.text()
    shutil.rmtree(board)
    visitor.open(url)
    visitor.fine()
    assert "no such folder" in visitor.text()
