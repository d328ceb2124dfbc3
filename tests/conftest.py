"""Fixtures every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("kit")

settings.register_profile("arena", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("arena")  # a slow machine is no failure


LONG_LIVED = ("local", "vllm", "cluster", "browser", "real")
"""Suites whose engines and servers serve many tests and end with their module or session."""


def pytest_configure() -> None:
    from kit.leftovers import adopt_orphans

    adopt_orphans()


@pytest.fixture(scope="session")
def fork_server() -> None:
    """For tests that start runs with `kit.processes`: the process that they fork from is there before them."""
    from kit.processes import warm_up

    warm_up()


@pytest.fixture(autouse=True)
def no_proxy_and_no_secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local servers are reached without a proxy, and keys are redacted in the test that knows them.

    One root certificate, of nobody: to read a system's hundred and more costs each client 14 ms.
    """
    from kit.paths import FIXTURES

    from arena.redact import forget_secrets

    monkeypatch.setenv("SSL_CERT_FILE", str(FIXTURES / "root.pem"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    yield
    forget_secrets()


@pytest.fixture(params=["openai", "anthropic"])
def api(request: pytest.FixtureRequest) -> str:
    """Both wire formats."""
    return str(request.param)


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that leaves a process or a thread behind has failed."""
    from kit.leftovers import Running

    before = Running.now()
    yield
    if not any(request.node.get_closest_marker(name) for name in LONG_LIVED):
        left = before.left_since()
        assert not left, f"left running: {left}"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Real data beside the checkout (or at ARENA_SHARED). Tests that need it skip where it is absent."""
    from kit.paths import ROOT

    folder = Path(os.environ.get("ARENA_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("no real data beside this checkout")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests had no real data to run on, or no sandbox to run in."""
    skipped = terminalreporter.stats.get("skipped", [])
    without_data = sum("no real data" in str(report.longrepr) for report in skipped)
    if without_data:
        terminalreporter.write_line(f"{without_data} tests were skipped: no real data beside this checkout")
    without_sandbox = {str(report.longrepr[2]) for report in skipped if "no sandbox: " in str(report.longrepr)}
    for reason in sorted(without_sandbox):
        terminalreporter.write_line(f"tests of programs were skipped: {reason}")
