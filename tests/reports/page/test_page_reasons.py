"""The report's section on why models lose: in both languages, escaped, and none where nobody looked."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.boards import arithmetic_board
from kit.commands import arena

from arena.reports.board import Ends
from arena.reports.reasons import Example, Reason, ReasonOfModel, Reasons, write_reasons

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = arithmetic_board(tmp_path_factory.mktemp("board"))
    assert arena("run", "-c", config).returncode == 0
    return config


def page_of(config: Path, found: Reasons | None, lang: str = "en") -> str:
    reports = config.parent / "out/reports"
    (reports / "reasons.json").unlink(missing_ok=True)
    if found is not None:
        write_reasons(reports, found)
    assert arena("report", "-c", config, "--lang", lang).returncode == 0
    return (reports / "leaderboard.html").read_text(encoding="utf-8")


def found(*reasons: Reason) -> Reasons:
    return Reasons(n_losses=120, n_explained=100, without=0.25, reasons=reasons)


WORDS = Reason(
    words=("wrong", HOSTILE), n=30, share=Ends(0.3, 0.2, 0.41), evidence=("side",),
    models={"half": ReasonOfModel(n=20, of=40, share=Ends(0.5, 0.4, 0.6), against_others=Ends(0.3, 0.1, 0.5)),
            "right": ReasonOfModel(n=10, of=60, share=Ends(0.2), against_others=Ends(-0.3, -0.5, -0.1))},
    examples=(Example(question_id=HOSTILE, model_a="half", model_b="right", loser="half"),),
)  # fmt: skip
TRAIT = Reason(kind="trait", words=("much shorter",), n=12, share=Ends(0.1, 0.05, 0.2), of_winners=0.02)


def test_reasons_stand_with_shares_and_with_who_loses_by_them(config: Path) -> None:
    page = page_of(config, found(WORDS, TRAIT))
    section = page.split('id="reasons"')[1].split("</section>")[0]
    for text in ("100 of 120 decided", "25% of these battles follow no reason", "30.0%", "[20, 41]", "half</span> 50%",
                 "at most half as long", "of the answers that won: 2%"):  # fmt: skip
        assert text in section
    assert "right</span>" not in section
    assert HOSTILE not in page
    assert 'href="#reasons"' in page


def test_in_chinese_and_where_nothing_was_found(config: Path) -> None:
    section = page_of(config, found(TRAIT), "zh").split('id="reasons"')[1].split("</section>")[0]
    assert "长度不到一半" in section and "shorter" not in section
    assert "Nothing goes with losing beyond chance" in page_of(config, found())
    assert 'id="reasons"' not in page_of(config, None)
