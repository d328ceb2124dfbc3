"""Boards for the report's tests, one of them full of hostile text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.commands import output_of

HOSTILE = (
    "<script>document.title='owned';fetch('{beacon}/script')</script>",
    "<img src='{beacon}/img' onerror=\"document.title='owned'\">",
    "</script><script>document.title='owned'</script><script type='application/json'>",
    "<svg onload=\"document.title='owned'\"><image href='{beacon}/svg'/></svg>",
    "<style>@import url('{beacon}/css'); body{display:none}</style>",
    "<iframe src='{beacon}/frame'></iframe><form action='{beacon}/form'><button>go</button></form>",
    "<base href='{beacon}/'><meta http-equiv='refresh' content='0;url={beacon}/refresh'>",
    "<link rel=stylesheet href='{beacon}/link'><object data='{beacon}/object'></object>",
    "[a](javascript:document.title='owned') ![b]({beacon}/md) {{0}} ${{1}} <!-- --> ]]>",
    '" onmouseover="document.title=\'owned\'" x="',
    "<a href=\"javascript:document.title='owned'\">click me</a>",
    "line\u2028separator \u202egnitnaw\u202c \x00 nul",
)


def board_of(rows: list[dict[str, object]], folder: Path) -> Path:
    """An imported and rated board of llmuses rows; returns its config."""
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    output_of("import", "llmuses", str(folder / "rows.jsonl"), "--out", str(folder / "board"))
    config = folder / "board" / "config.yaml"
    output_of("run", "-c", str(config))
    return config


def row(number: int, a: str, b: str, win: str, **more: object) -> dict[str, object]:
    return {
        "question_id": number, "category": "even" if number % 2 == 0 else "odd", "question": f"What is {number}?",
        "model_a": a, "model_b": b, "win": win, "output_a": f"{a} says {number}", "output_b": f"{b} says {number}",
        "review_text": f"because {win}",
    } | more  # fmt: skip


@pytest.fixture(scope="session")
def plain_board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """crow beats wren always, and finch mostly; finch beats wren."""
    rows = []
    for question in range(1, 31):
        rows += [row(question, "crow", "wren", "model_a"), row(question, "wren", "crow", "model_b")]
        rows += [row(question, "crow", "finch", "model_a" if question % 3 else "model_b")]
        rows += [row(question, "finch", "wren", "model_a" if question % 4 else "unknown")]
    return board_of(rows, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def hostile_board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every field that somebody else writes is an attack; `BEACON` stands where a test puts its own address."""
    rows = []
    for number, attack in enumerate(HOSTILE):
        text = attack.replace("{beacon}", "http://127.0.0.1:BEACON")
        rows.append(
            row(
                number, f"a {text[:120]}", "b", "model_a", question=f"q {text}", output_a=f"A {text}",
                output_b=f"B {text}", review_text=f"R {text}", category=f"c {text[:150]}", language=f"l {text}",
            )
        )  # fmt: skip
    return board_of(rows, tmp_path_factory.mktemp("hostile"))
