"""Does an adapter fit its base? Read off the headers of their safetensors files, because vLLM does not check."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from pathlib import Path

_PREFIX = "base_model.model."
_FLOATS = frozenset({"F32", "F16", "BF16"})

Shapes = dict[str, tuple[int, ...]]


def misfit(base: Path, adapter: Path) -> str | None:
    """The first thing that does not fit, as half a sentence; None when everything that can be compared fits.

    Quantized bases, and files other than safetensors, cannot be compared.
    """
    shapes = _shapes(base.glob("*.safetensors"))
    for name, (rank_side, wide_side) in sorted(_factors(adapter).items()):
        weight = shapes.get(f"{name}.weight")
        if weight is None or len(weight) != 2:
            continue
        if weight != (wide_side[0], rank_side[1]):
            return f"{name} is {weight[0]}×{weight[1]} in the base, {wide_side[0]}×{rank_side[1]} in the adapter"
    return None


def stranger(base: Path, adapter: Path) -> str | None:
    """A layer of an adapter of which the base has none at all, so that it changes nothing; None otherwise."""
    have = {name.rpartition(".")[0] for name in _shapes(base.glob("*.safetensors"), frozenset())}
    wants = sorted(_factors(adapter))
    return wants[0] if wants and have and have.isdisjoint(wants) else None


def _factors(adapter: Path) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """The shapes of A and B of every adapted module."""
    shapes = _shapes(adapter.glob("adapter_model*.safetensors"))
    found: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        module, _, rest = name.removeprefix(_PREFIX).partition(".lora_A")
        other = name.replace(".lora_A", ".lora_B")
        if rest and len(shape) == 2 and len(shapes.get(other, ())) == 2:
            found[module] = (shape, shapes[other])
    return found


def _shapes(files: Iterable[Path], types: frozenset[str] = _FLOATS) -> Shapes:
    """Name and shape of every tensor of these types, plain floating-point ones; of every tensor without types."""
    found: Shapes = {}
    for file in files:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length))
        for name, tensor in header.items():
            if name != "__metadata__" and (not types or tensor["dtype"] in types):
                found[name] = tuple(tensor["shape"])
    return found
