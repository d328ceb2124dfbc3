"""The page of reasons: a table, one reason by model, battles to read; and what it says where there is nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.boards import arithmetic_board
from kit.commands import arena

from arena.reports.board import Ends
from arena.reports.reasons import Example, Reason, ReasonOfModel, Reasons, write_reasons

pytestmark = pytest.mark.slow
PAGE = "views/reasons.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = arithmetic_board(tmp_path_factory.mktemp("board"))
    assert arena("run", "-c", config).returncode == 0
    return config.parent / "out"


def reason(word: str, **fields: object) -> Reason:
    half = ReasonOfModel(n=20, of=40, share=Ends(0.5, 0.4, 0.6), against_others=Ends(0.3, 0.1, 0.5))
    wrong = ReasonOfModel(n=10, of=60, share=Ends(0.2, 0.1, 0.3), against_others=Ends(-0.3, -0.5, -0.1))
    example = Example(question_id="8", model_a="half", model_b="right", loser="half")
    return Reason(words=(word,), n=30, share=Ends(0.3, 0.2, 0.41), evidence=("side",),
                  models={"half": half, "wrong": wrong},
                  examples=(example,), **fields)  # type: ignore[arg-type]  # fmt: skip


def test_a_reason_stands_in_the_table_and_by_model(app, folder: Path) -> None:
    found = (reason("arithmetic"), reason(":red[citation]"), reason("much shorter", kind="trait", of_winners=0.1))
    write_reasons(folder / "reports", Reasons(n_losses=120, n_explained=100, without=0.25, reasons=found))
    at = app("--board", folder, page=PAGE)
    assert not at.exception
    table = at.dataframe[0].value
    assert list(table["Reason"]) == ["arithmetic", ":red[citation]", "at most half as long"]
    assert table["Share of losses"][0] == "30.0 %  (20.0–41.0)"
    assert list(table["Loses by it more than others"]) == ["half"] * 3
    assert table["Found as"][2] == "trait of answers (10 % of those that won)"
    assert any("half lost" in button.label for button in at.button)
    chinese = app("--board", folder, page=PAGE, lang="zh")
    assert "长度不到一半" in list(chinese.dataframe[0].value["原因"])


def test_it_says_where_there_is_nothing(app, folder: Path) -> None:
    write_reasons(folder / "reports", Reasons(n_losses=12, n_explained=10))
    assert "nothing in it goes with losing" in app("--board", folder, page=PAGE).info[0].value
    (folder / "reports/reasons.json").write_text("{")
    assert "not a list of reasons" in app("--board", folder, page=PAGE).error[0].value
    (folder / "reports/reasons.json").unlink()
    assert "Nobody has looked for reasons yet" in app("--board", folder, page=PAGE).info[0].value
