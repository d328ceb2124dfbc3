"""The page of probes: numbers by group, parts as heat maps, and the answers behind a row."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.commands import arena
from kit.hostile_board import hostile_board
from kit.probed import SUMS, brittle, forgets_the_middle, leaky, probe_board, served, steady
from kit.servers import Action, Call, FakeServer

PAGE = "views/probes.py"
pytestmark = pytest.mark.slow


def shaky(call: Call) -> Action:
    if call.messages[0]["role"] == "system":
        return leaky(call)
    return forgets_the_middle(call) if len(call.prompt) > 500 else brittle(call)


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probed")
    needle = {"lengths": [200, 400], "depths": [0.0, 0.5, 1.0], "repeats": 2}
    with FakeServer(served({"shaky": shaky, "steady": steady})) as server:
        config = probe_board(folder, server, ["shaky", "steady"], SUMS[:6], judged=False, probes={"needle": needle})
        assert arena("probe", "-c", config, "--probes", "typo,leak,needle").returncode == 0
    (folder / "out/reports/leaderboard.json").write_text('{"models": [], "simulated": false}')
    (folder / "out/reports/battles.jsonl").write_text("")
    return folder / "out"


def shown(at) -> str:
    return " ".join([*(m.value for m in at.markdown), *(c.value for c in at.caption), *(i.value for i in at.info)])


def test_numbers_stand_by_group_with_whiskers(app, probed: Path) -> None:
    at = app("--board", probed, page=PAGE)
    assert not at.exception
    assert [header.value for header in at.header] == ["Disturbances", "Safety", "Long context", "In parts", "Answers"]
    disturbed, safety, context = (at.dataframe[n].value for n in range(3))
    assert list(disturbed["Model"]) == ["shaky", "steady"] and disturbed["Effect"][0].startswith("−100.0 [")
    assert list(safety["Disturbed"].str.partition(" ")[0]) == ["100.0", "0.0"]
    assert list(context["n"]) == ["12", "12"]
    assert safety["Interval"][0].startswith("data:image/svg+xml")


@pytest.mark.parametrize(("kind", "n"), [("any", 6), ("odd", 6), ("plain", 0), ("none", 0)])
def test_answers_are_filtered_and_stand_beside_the_undisturbed(app, probed: Path, kind: str, n: int) -> None:
    at = app("--board", probed, page=PAGE, probe="typo", model="shaky", kind=kind)
    assert not at.exception
    if n == 0:
        assert "No answer matches this filter." in shown(at)
        return
    assert len(at.dataframe[-1].value) == n
    assert "nothing is 99999" in shown(at) and "The sum is 31" in shown(at)
    assert {"**Answer**", "**Undisturbed**", "**Undisturbed, again**"} <= {m.value for m in at.markdown}


def test_a_board_without_probes_says_how_to_get_some(app, board_folder: Path) -> None:
    at = app("--board", board_folder, page=PAGE)
    assert not at.exception and "No probes yet" in shown(at)


def test_hostile_texts_are_texts(app, tmp_path: Path) -> None:
    folder = hostile_board(tmp_path / "b" / "board", "127.0.0.1:9")
    at = app("--board", folder, page=PAGE)
    assert not at.exception
    assert len(at.dataframe[0].value) > 1
    assert not any(bad in text.value for text in at.markdown for bad in ("<img", "<script", "](http"))
    labels = [option.content for group in at.button_group for option in group.proto.options]
    assert len(labels) > 10 and not any(bad in label for label in labels for bad in ("![", "](http"))
