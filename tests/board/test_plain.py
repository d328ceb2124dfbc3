"""A battle that is counted from columns stands in the reports as the long way round writes it, byte for byte."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.boards import arithmetic_board
from kit.commands import arena
from kit.judges import sum_judge
from kit.paths import ROOT
from kit.servers import FakeServer

from arena.board.bench import Bench
from arena.board.open import open_board
from arena.board.plain import PlainBattles
from arena.config.loading import load_config
from arena.stages.options import RunOptions
from arena.stages.plan import make_plan
from arena.stages.rate import rate_stage

BOARDS = sorted(path.parent for path in (ROOT / "tests/fixtures/boards_0_1_0").glob("*/config.yaml"))
EXPLANATIONS = ('50 % of it, "so" \\ to say\n\tand é 🔑 more', "", "\ud83d alone", "?", '"?"', "}", "%b")


def reports(config: Path, into: Path) -> dict[str, bytes]:
    rate_stage(open_board(load_config(str(config))), into)
    return {path.name: path.read_bytes() for path in sorted(into.iterdir())}


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each battle that was looked at came from columns."""
    found: list[bool] = []
    battle = PlainBattles.battle

    def counted(self: PlainBattles, match: object, rows: object) -> object:
        row = battle(self, match, rows)  # type: ignore[arg-type]
        found.append(row is not None)
        return row

    monkeypatch.setattr(PlainBattles, "battle", counted)
    return found


def long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlainBattles, "battle", lambda *_: None)
    monkeypatch.setattr(Bench, "settled_rows", lambda *_: None)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_boards_of_every_kind(board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Path(shutil.copytree(board, tmp_path / "b")) / "config.yaml"
    found = reports(config, tmp_path / "short")
    plan = make_plan(open_board(load_config(str(config))), RunOptions())
    long_way(monkeypatch)
    assert reports(config, tmp_path / "long") == found
    assert make_plan(open_board(load_config(str(config))), RunOptions()) == plan


def board_of(folder: Path, explain: Callable[[int], str], **config: object) -> Path:
    """A board whose judges say odd things around their verdicts."""
    with FakeServer(sum_judge) as server:
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        path = arithmetic_board(
            folder, judges={"j": {**entry, "samples": 2}, "k": entry}, mode="pairwise", baseline=None, **config
        )
        assert arena("run", "-c", path).returncode == 0
    for ledger in (path.parent / "out/reviews").glob("*.jsonl"):
        lines = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
        for number, line in enumerate(lines):
            line["text"] = explain(number) + "\n\n" + line["text"]
        ledger.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("ascii_lines", [True, False])
def test_odd_texts_and_names(
    ascii_lines: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ready: list[bool]
) -> None:
    config = board_of(tmp_path / "b", lambda number: EXPLANATIONS[number % len(EXPLANATIONS)])
    if not ascii_lines:  # as the program writes them: the text is found in its line
        from arena.files import to_json

        for ledger in (config.parent / "out/reviews").glob("*.jsonl"):
            lines = ledger.read_text(encoding="utf-8").splitlines()
            ledger.write_bytes(b"".join(to_json(json.loads(line)) + b"\n" for line in lines))
    found = reports(config, tmp_path / "short")
    assert True in ready
    assert (False in ready) or not ascii_lines
    long_way(monkeypatch)
    assert reports(config, tmp_path / "long") == found


def test_a_plain_board_is_counted_from_columns_alone(tmp_path: Path, ready: list[bool]) -> None:
    config = board_of(tmp_path / "b", lambda number: f"Reason {number}.")
    for ledger in (config.parent / "out/reviews").glob("*.jsonl"):
        text = ledger.read_text(encoding="utf-8")
        ledger.write_text(text.replace('": ', '":').replace(', "', ',"'), encoding="utf-8")
    reports(config, tmp_path / "short")
    assert ready
    assert all(ready)


def test_a_reply_that_was_asked_for_again_counts_in_place_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = board_of(tmp_path / "b", lambda number: f"Reason {number}.")
    board = open_board(load_config(str(config)))
    rate_stage(board, tmp_path / "before")  # which line answers which case is known now
    for ledger in (config.parent / "out/reviews").glob("*.jsonl"):
        with ledger.open("a", encoding="utf-8") as file:
            for line in ledger.read_text(encoding="utf-8").splitlines()[:5]:
                file.write(line.replace(" A]]", " C]]").replace(" B]]", " C]]") + "\n")
    rate_stage(board, tmp_path / "after")
    found = {path.name: path.read_bytes() for path in sorted((tmp_path / "after").iterdir())}
    assert found["battles.jsonl"] != (tmp_path / "before/battles.jsonl").read_bytes()
    long_way(monkeypatch)
    assert reports(config, tmp_path / "long") == found
