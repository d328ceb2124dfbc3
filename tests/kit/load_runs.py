"""Load tests in a board's folder, made of invented requests and summed up by the program itself."""

from __future__ import annotations

import random
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from arena.config.load_test import SloConfig
from arena.load.columns import columns_of
from arena.load.figures import level_figures
from arena.load.folder import LoadFolder
from arena.load.levels import Level
from arena.load.served import Served
from arena.load.watch import Watched

TOKENS = 20


def load_board(folder: Path, speeds: Mapping[str, float], concurrency: Sequence[int] = (1, 4, 16)) -> Path:
    """Write `load/load.json` of one run: each model's replies take its seconds, and more with the load."""
    models: dict[str, Any] = {}
    for name, speed in speeds.items():
        rows = []
        for number, value in enumerate(concurrency):
            level = Level(number, "closed", value, 25 * value, None, 0)
            served = requests_of(level, speed * (1 + value / 20))
            watched = Watched(array("d", [0.05] * 100 if value > 8 and speed < 0.2 else []))
            slo = SloConfig(latency_s=2.0, share=0.9)  # type: ignore[call-arg]
            rows.append({
                "level": number, "titled": level.titled, "arrival": "closed", "value": value, "attempt": 0,
                "complete": True, "ended": None,
            } | level_figures(level, columns_of(served), level.requests, watched, slo))  # fmt: skip
        models[name] = {"target": "http://127.0.0.1:1/v1", "api": "chat", "levels": rows}
    LoadFolder(folder / "load").keep({
        "run": "20261129T120000Z-abc123", "started": "2026-11-29T12:00:00+00:00", "complete": True, "settings": {},
        "connections": "kept alive", "models": models,
    })  # fmt: skip
    return folder


def requests_of(level: Level, service_s: float) -> list[Served]:
    """A closed loop's requests, one failing in forty."""
    drawn = random.Random(f"{level.value}:{service_s}")
    free = [0.0] * int(level.value)
    found = []
    for index in range(level.requests or 0):
        place = min(range(len(free)), key=free.__getitem__)
        sent, took = free[place], service_s * drawn.uniform(0.7, 1.6)
        times = [sent + took * (0.2 + 0.8 * n / TOKENS) for n in range(TOKENS)]
        failed = drawn.random() < 0.025
        found.append(Served(
            level.number, 0, index, False, sent, sent, sent + took, "server error" if failed else "ok",
            times=array("d", times), sizes=array("d", [4.0] * TOKENS), input_tokens=50, output_tokens=TOKENS,
        ))  # fmt: skip
        free[place] = sent + took
    return found
