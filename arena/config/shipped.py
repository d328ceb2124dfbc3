"""Where the files that come with the program lie: inside an installed wheel, or in the checkout around it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def shipped(kind: Literal["configs", "data", "viz"]) -> Path:
    """The folder of shipped configs, data or the viewer."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_shipped" / kind
    return inside if inside.is_dir() else package.parent / kind
