"""Boards for the viewer's tests, and the app run without a browser."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.paths import ROOT

from measurements.make_board import Plan, make_board


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def board_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board of four models, two judges and a panel; read only."""
    return make_board(tmp_path_factory.mktemp("pairs") / "board", Plan(models=4, questions=15))


@pytest.fixture(scope="session")
def score_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board in single mode; read only."""
    return make_board(tmp_path_factory.mktemp("single") / "board", Plan(models=3, questions=15, single=True))


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """Opens the app: `app(folder, page="views/battles.py", model=["x"])` returns an AppTest that has run."""
    from streamlit.testing.v1 import AppTest

    def open_app(*arguments: str | Path, page: str | None = None, **parameters: str | list[str]) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app.py", *map(str, arguments)])
        at = AppTest.from_file(str(ROOT / "viz" / "main.py"), default_timeout=30)
        for name, value in parameters.items():
            at.query_params[name] = value
        if page is not None:
            at.switch_page(page)
        return at.run()

    return open_app
