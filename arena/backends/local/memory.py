"""Peak memory of this process: of its GPU where it has one, else of the process itself."""

from __future__ import annotations

import sys


def peak_memory_bytes(device: str) -> int | None:
    """The most memory used so far on `device` ("cuda", "mps" or "cpu"); None where the system does not say."""
    if device == "cuda":
        import torch

        return sum(int(torch.cuda.max_memory_reserved(i)) for i in range(torch.cuda.device_count()))
    if device == "mps":
        import torch

        return int(torch.mps.driver_allocated_memory())
    if sys.platform == "win32":
        return None
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(used if sys.platform == "darwin" else used * 1024)
