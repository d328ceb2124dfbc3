"""What a stranger installs: the wheel, in an environment of its own, used from an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from kit.paths import ROOT

pytestmark = pytest.mark.slow

HEAVY = ("torch", "vllm", "transformers", "pandas", "streamlit", "openai", "anthropic", "pyarrow", "scipy", "rich",
         "pydantic", "numpy")  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, timeout=120)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked in a folder that stands alone on the path, before the environment's dependencies."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def arena(installed: Path, cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, "-P", "-m", "arena", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=120, check=False)


def test_nothing_but_the_package_lands_at_the_top(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"arena"}


def test_who_imports_it_gets_its_types(installed: Path) -> None:
    assert (installed / "arena" / "py.typed").is_file()


def test_the_shipped_demo_runs_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    done = arena(installed, tmp_path, "run", "-c", "cfg_demo.yaml")
    assert done.returncode == 0, done.stderr
    board = json.loads((tmp_path / "runs/demo/reports/leaderboard.json").read_text())
    assert [row["model"] for row in board["models"]] == [
        "tiny-500", "tiny-250", "tiny-100-lora", "tiny-150", "tiny-100", "tiny-50"
    ]  # fmt: skip
    assert [p.name for p in tmp_path.iterdir()] == ["runs"]


@pytest.mark.parametrize("config", ["cfg_pairwise_baseline.yaml", "cfg_single.yaml", "cfg_arena.yaml"])
def test_the_shipped_configs_rehearse_in_an_empty_folder(installed: Path, tmp_path: Path, config: str) -> None:
    done = arena(installed, tmp_path, "run", "-c", config, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "SIMULATED" in done.stdout


def test_importing_arena_and_asking_for_help_loads_nothing_heavy(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; import arena; import arena.cli; from click.testing import CliRunner; "
        "CliRunner().invoke(arena.cli.group, ['--help']); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
    )  # fmt: skip
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "arena" in loaded
    assert not loaded & set(HEAVY)


def test_a_new_board_and_its_report_need_nothing_but_the_wheel(installed: Path, tmp_path: Path) -> None:
    for command in (
        ("init", "mine"),
        ("run", "-c", "mine/config.yaml", "--dry-run"),
        ("report", "-c", "mine/config.yaml", "--dry-run"),
    ):
        done = arena(installed, tmp_path, *command)
        assert done.returncode == 0, done.stderr
    page = (tmp_path / "mine/runs/board/dry-run/reports/leaderboard.html").read_text(encoding="utf-8")
    assert "REHEARSAL" in page and "<style>" in page and "textContent" in page
