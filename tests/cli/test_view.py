"""`arena view`: what it starts, and what it refuses before it starts anything."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from kit.battle_files import BATTLES, write

from arena.cli import view as module
from arena.cli.view import view
from arena.errors import InputError, MissingDependency
from viz.data.source import parse_arguments

with socket.socket() as _probe:
    _probe.bind(("127.0.0.1", 0))
    PORT = str(_probe.getsockname()[1])

CONFIG = """
question_file: questions.jsonl
category_file: groups.yaml
output_dir: out
answers_gen:
  m: {backend: recorded, file: m.jsonl}
"""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """The commands that would have replaced this process."""
    found: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(module, "_become", lambda command, environment: found.append((command, environment)))
    return found


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(CONFIG)
    (tmp_path / "out").mkdir()
    return path


def _run(*arguments: str | Path) -> object:
    return CliRunner().invoke(view, [str(a) for a in arguments], standalone_mode=True)


def _value(command: list[str], option: str) -> str:
    (found,) = [part for part in command if part.startswith(f"{option}=")]
    return found.partition("=")[2]


def test_a_config_becomes_its_folder_and_files(started, config: Path, tmp_path: Path) -> None:
    assert _run("-c", config, "--port", PORT).exit_code == 0
    ((command, environment),) = started
    assert _value(command, "--board") == str(tmp_path / "out")
    assert _value(command, "--question-file") == str(tmp_path / "questions.jsonl")
    assert _value(command, "--category-file") == str(tmp_path / "groups.yaml")
    assert _value(command, "--title") == "mine"
    assert _value(command, "--server.address") == "127.0.0.1"
    assert _value(command, "--browser.gatherUsageStats") == "false"
    allowed = [part for part in command if part.startswith("--server.allowedHosts")]
    assert allowed == [f"--server.allowedHosts={name}" for name in ("127.0.0.1", "localhost", "::1")]
    assert environment["ARENA_VIEW_HOSTS"] == ""


def test_several_battle_files_are_one_board(started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "battles"
    folder.mkdir()
    write(folder / "a.csv", BATTLES[:5])
    write(folder / "b.parquet", BATTLES[5:])
    assert _run(folder, "--port", PORT).exit_code == 0
    board = Path(_value(started[0][0], "--board"))
    assert len((board / "reports" / "battles.jsonl").read_text().splitlines()) == len(BATTLES)
    assert _value(started[0][0], "--title") == "battles"


def test_a_title_may_begin_with_a_dash(started, tmp_path: Path) -> None:
    path = tmp_path / "-x" / "config.yaml"
    (tmp_path / "-x" / "out").mkdir(parents=True)
    path.write_text(CONFIG)
    assert _run("-c", path, "--port", PORT).exit_code == 0
    command = started[0][0]
    assert parse_arguments(command[command.index("--") + 1 :]).title == "-x"


def test_a_rehearsal_is_another_folder(started, config: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "dry-run").mkdir()
    assert _run("-c", config, "--dry-run", "--port", PORT).exit_code == 0
    assert _value(started[0][0], "--board") == str(tmp_path / "out" / "dry-run")
    assert not any(part.startswith("--answers-of") for part in started[0][0])
    assert _run("-c", config, "--dry-run=judge", "--port", PORT).exit_code == 0
    assert _value(started[1][0], "--answers-of") == str(tmp_path / "out")


def test_a_review_file_as_it_is(started, tmp_path: Path) -> None:
    reviews, groups = tmp_path / "b.jsonl", tmp_path / "c.yaml"
    reviews.touch()
    result = _run("--review-file", reviews, "--category-file", groups, "--port", PORT)
    assert result.exit_code == 2
    assert "c.yaml: no such file" in result.output
    groups.touch()
    assert _run("--review-file", reviews, "--category-file", groups, "--port", PORT).exit_code == 0
    assert _value(started[0][0], "--review-file") == str(reviews)
    assert _value(started[0][0], "--category-file") == str(groups)


@pytest.mark.parametrize("arguments", [(), ("-c", "a.yaml", "--review-file", "b")])
def test_one_of_config_and_review_file(started, arguments: tuple[str, ...]) -> None:
    result = _run(*arguments)
    assert result.exit_code == 2
    assert "give either" in result.output
    assert started == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_an_address_that_others_reach_needs_a_word(started, config: Path, host: str) -> None:
    result = _run("-c", config, "--host", host)
    assert result.exit_code == 2
    assert "--public" in result.output
    assert started == []


def test_with_that_word_its_names_are_allowed(started, config: Path) -> None:
    assert _run("-c", config, "--host", "0.0.0.0", "--public", "--name", "board.lan", "--port", PORT).exit_code == 0
    ((command, environment),) = started
    assert environment["ARENA_VIEW_HOSTS"] == "0.0.0.0,board.lan"
    assert "--server.allowedHosts=board.lan" in command


def test_a_board_that_does_not_exist_yet_says_how_to_make_it(started, config: Path, tmp_path: Path) -> None:
    (tmp_path / "out").rmdir()
    result = _run("-c", config)
    assert isinstance(result.exception, InputError)
    assert f"arena run -c {config}" in str(result.exception)
    assert started == []


def test_a_port_in_use_is_not_taken(started, config: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert module._free_port("127.0.0.1") != taken.getsockname()[1]
    assert _run("-c", config).exit_code == 0
    assert 8501 <= int(_value(started[0][0], "--server.port")) < 8600


def test_without_streamlit_it_names_the_extra(started, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = _run("-c", config, "--port", PORT)
    assert isinstance(result.exception, MissingDependency)
    assert "llm-arena[viz]" in str(result.exception)


def test_a_port_that_is_taken_is_refused(started, config: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        result = _run("-c", config, "--port", port)
    assert (result.exit_code, started) == (2, [])
    assert f"--port {port}: cannot listen on 127.0.0.1: " in result.output


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_ctrl_c_ends_the_viewer_as_it_ends_every_command(config: Path) -> None:
    command = [sys.executable, "-m", "arena", "view", "-c", str(config), "--port", PORT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as viewer:
        assert viewer.stdout is not None
        try:
            for _ in range(1200):
                try:
                    urlopen(f"http://127.0.0.1:{PORT}/_stcore/health", timeout=5).close()
                    break
                except (URLError, OSError):
                    time.sleep(0.1)
            viewer.send_signal(signal.SIGINT)
            assert viewer.wait(120) == 130
            assert "Abort" not in viewer.stdout.read()
        finally:
            viewer.kill()
