"""lm-eval's tasks through our backends: every planted score comes out, in every layout and way of asking."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from kit.commands import arena
from kit.downloads import write_downloads
from kit.examinees import exam_board
from kit.servers import Action, Call, FakeServer, Say

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("default")]
N = 12


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_downloads(tmp_path_factory.mktemp("downloads"), N)


def scores(folder: Path) -> dict[str, dict[str, dict[str, object]]]:
    found = json.loads((folder / "out/reports/benchmarks.json").read_text())
    return found["models"]


def number(call: Call) -> int:
    return [int(found) for found in re.findall(r"\d+", call.prompt.split("\n\nA")[0])][-1]


def math_answer(call: Call) -> str:
    n = int(re.search(r"find \$(\d+)\^2", call.prompt).group(1))
    return f"We square it: $\\boxed{{{n * n}}}$." if n % 2 else "I would rather not."


def gsm_answer(call: Call) -> str:
    n = int(re.search(r"What is (\d+) \+", call.prompt).group(1))
    return f"It is easy: {n} + {n} makes {2 * n if n % 4 else 7777}."


def bbh_answer(call: Call) -> str:
    value = "not True" not in call.prompt
    return f"We negate.\n\nSo the answer is {value}."


def trivia_answer(call: Call) -> str:
    n = int(re.search(r"number (\d+)", call.prompt).group(1))
    return f"mr {n}." if n % 3 else "Somebody else"


ANSWERS = {
    "gsm8k": (gsm_answer, 9 / 12), "competition_math": (math_answer, 1 / 2), "bbh": (bbh_answer, 1.0),
    "trivia_qa": (trivia_answer, 8 / 12),
}  # fmt: skip


@pytest.mark.parametrize("task", ANSWERS)
def test_free_answers_get_what_was_planted(tmp_path: Path, downloads: Path, task: str) -> None:
    answer, share = ANSWERS[task]

    def script(call: Call) -> Action:
        return Say(answer(call) if call.body["model"] == "planted" else "")

    with FakeServer(script) as server:
        config = exam_board(tmp_path, server, ["planted", "mute"], [task], downloads, sandbox="none")
        done = arena("bench", "-c", config)
        assert done.returncode == 0, done.stderr
        asked = len(server.calls)
        assert arena("bench", "-c", config).returncode == 0
        assert len(server.calls) == asked
    found = scores(tmp_path)
    assert found["planted"][task]["score"] == pytest.approx(share), found["planted"][task]
    assert found["mute"][task]["score"] == 0.0
    assert found["mute"][task]["n_unreadable"] == found["mute"][task]["n"]
