"""The map in docs/house.md, drawn from the import layers and the packages' own first lines: `python -m kit.house`."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from kit.paths import ROOT

PAGE = ROOT / "docs" / "house.md"
WIDTH = 77
HOUSES = {
    "arena": "data flows one way: reading stands below asking",
    "viz": "the viewer: pages over pieces, charts and data apart",
}
"""Each house, and the import contract that says what stands on what."""

Storeys = list[list[str]]
"""Rooms side by side, from the roof down."""


def storeys(house: str) -> Storeys:
    """The layers of a house's contract."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = (contract["layers"] for contract in settings["contracts"] if contract["name"] == HOUSES[house])
    return [[room.strip().removeprefix(f"{house}.") for room in layer.split("|")] for layer in layers]


def draw(plan: Storeys) -> str:
    """A box per storey, a wall between rooms."""
    walls = [_walls(len(storey)) for storey in plan]
    lines = [_floor([], walls[0], "┌┐")]
    for number, storey in enumerate(plan):
        last = number + 1 == len(plan)
        spans = pairwise([0, *walls[number], WIDTH - 1])
        cells = (f"{room:^{right - left - 1}}" for room, (left, right) in zip(storey, spans, strict=True))
        lines += [
            f"│{'│'.join(cells)}│",
            _floor(walls[number], [] if last else walls[number + 1], "└┘" if last else "├┤"),
        ]
    return "\n".join(lines)


def table(house: str) -> str:
    """A line for every room and every room inside it: what its own first line says."""
    names = [room for storey in storeys(house) for room in storey]
    found = [f"| `{place}` | {_first_line(file)} |" for n in names for place, file in _places(ROOT / house / n, n)]
    return "\n".join(["| Room | What is in it |", "|---|---|", *found])


def render(page: str) -> str:
    """The page with its drawings and tables made anew; what is written around them stays."""
    for house in HOUSES:
        before, start, rest = page.partition(f"<!-- {house} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        page = f"{before}{start}\n```text\n{draw(storeys(house))}\n```\n\n{table(house)}\n\n{end}{after}"
    return page


def _places(path: Path, name: str) -> Iterator[tuple[str, Path]]:
    if path.is_dir():
        yield f"{name}/", path / "__init__.py"
        for inner in sorted(p.parent for p in path.glob("*/__init__.py")):
            yield from _places(inner, f"{name}/{inner.name}")
    else:
        yield f"{name}.py", path.with_suffix(".py")


def _first_line(file: Path) -> str:
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").splitlines()[0].replace("|", "\\|")


def _walls(count: int) -> list[int]:
    """Where the walls of a storey with so many rooms stand."""
    return [(WIDTH - 1) * number // count for number in range(1, count)]


def _floor(above: Sequence[int], below: Sequence[int], ends: str) -> str:
    marks = {(True, True): "┼", (True, False): "┴", (False, True): "┬", (False, False): "─"}
    return ends[0] + "".join(marks[x in above, x in below] for x in range(1, WIDTH - 1)) + ends[1]


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
