"""What NVIDIA's library says of this machine's GPUs during a level: memory and utilisation. Nothing where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from arena.types import JSON

EVERY_S = 1.0


@dataclass(slots=True)
class Gpu:
    """One device, as it was seen so far."""

    name: str
    memory_total_bytes: int
    memory_used_bytes: list[int] = field(default_factory=list)
    """By all its processes."""
    utilization: list[float] = field(default_factory=list)
    """Share of the time in which it computed anything."""

    def line(self) -> dict[str, JSON]:
        """As it is stored."""
        return {
            "name": self.name, "memory_total_bytes": self.memory_total_bytes,
            "memory_used_bytes_max": max(self.memory_used_bytes, default=None),
            "utilization_mean": sum(self.utilization) / len(self.utilization) if self.utilization else None,
            "utilization_max": max(self.utilization, default=None),
        }  # fmt: skip


class Gpus:
    """All GPUs of this machine. Raises NVMLError where there is no driver, ImportError without the library."""

    def __init__(self) -> None:
        import pynvml

        self._nvml = pynvml
        pynvml.nvmlInit()
        self._handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]
        self.seen = [
            Gpu(_text(pynvml.nvmlDeviceGetName(one)), int(pynvml.nvmlDeviceGetMemoryInfo(one).total))
            for one in self._handles
        ]

    def look(self) -> None:
        """Read memory and utilisation once more. What a device does not tell (a MIG slice) is left out."""
        for handle, gpu in zip(self._handles, self.seen, strict=True):
            with suppress(self._nvml.NVMLError):
                gpu.memory_used_bytes.append(int(self._nvml.nvmlDeviceGetMemoryInfo(handle).used))
            with suppress(self._nvml.NVMLError):
                gpu.utilization.append(self._nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100)

    def close(self) -> None:
        """Let go of the library."""
        with suppress(self._nvml.NVMLError):
            self._nvml.nvmlShutdown()


@asynccontextmanager
async def watching_gpus(*, here: bool) -> AsyncIterator[list[Gpu]]:
    """While this lasts, this machine's GPUs are looked at every EVERY_S; empty where NVML does not answer, and where
    the endpoint is not `here`."""
    gpus = await asyncio.to_thread(_found) if here else None
    if gpus is None:
        yield []
        return

    async def looks() -> None:
        while True:
            await asyncio.to_thread(gpus.look)
            await asyncio.sleep(EVERY_S)

    looking = asyncio.get_running_loop().create_task(looks())
    try:
        yield gpus.seen
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        await asyncio.to_thread(gpus.look)
        gpus.close()


def _found() -> Gpus | None:
    try:
        import pynvml
    except ImportError:
        return None
    try:
        found = Gpus()
    except pynvml.NVMLError:  # no driver, or none of its devices
        return None
    if not found.seen:
        found.close()
        return None
    return found


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
