"""GPUs during a level: read where NVIDIA's library answers, nothing where it does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from arena.load.gpu import watching_gpus

LIBRARY = """
from types import SimpleNamespace
class NVMLError(Exception): pass
used = [10, 40, 20]
def nvmlInit():
    if DRIVER is None: raise NVMLError("driver not loaded")
def nvmlShutdown(): pass
def nvmlDeviceGetCount(): return 2
def nvmlDeviceGetHandleByIndex(n): return n
def nvmlDeviceGetName(n): return b"Card" if n == 0 else "Slice"
def nvmlDeviceGetMemoryInfo(n):
    return SimpleNamespace(total=100, used=20 if n or len(used) == 1 else used.pop(0))
def nvmlDeviceGetUtilizationRates(n):
    if n == 1: raise NVMLError("not supported")
    return SimpleNamespace(gpu=80)
DRIVER = %s
"""


def seen(*, here: bool) -> list[dict[str, object]]:
    async def job() -> list[dict[str, object]]:
        async with watching_gpus(here=here) as gpus:
            await asyncio.sleep(0.01)
        return [gpu.line() for gpu in gpus]  # type: ignore[misc]

    return asyncio.run(job())


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def plant(driver: str) -> None:
        (tmp_path / "pynvml.py").write_text(LIBRARY % driver)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(__import__("sys").modules, "pynvml", raising=False)

    yield plant
    __import__("sys").modules.pop("pynvml", None)


def test_memory_and_utilisation_of_every_gpu(library) -> None:
    library("1")
    card, part = seen(here=True)
    assert (card["name"], part["name"]) == ("Card", "Slice")
    assert card["memory_total_bytes"] == 100
    assert card["memory_used_bytes_max"] == 40
    assert (card["utilization_mean"], card["utilization_max"]) == (0.8, 0.8)
    assert part["utilization_mean"] is None  # it does not tell


def test_an_endpoint_elsewhere_and_a_machine_without_driver_or_library_have_none(library) -> None:
    library("1")
    assert seen(here=False) == []
    library("None")
    assert seen(here=True) == []


def test_without_the_library_there_is_none() -> None:
    assert seen(here=True) == []
