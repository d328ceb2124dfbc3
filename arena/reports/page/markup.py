"""HTML that is escaped by construction: plain strings are text, only `Html` is markup."""

from __future__ import annotations

import re
from html import escape

from arena.reports.numbers import amount
from arena.types import JSON

_HOLE = re.compile(r"\{(\w+)\}")
_VOID = {"meta", "input", "br"}


class Html(str):
    """Text that is HTML already. Everything else is escaped where it enters a page."""

    __slots__ = ()


def text(value: str) -> Html:
    """A plain string as HTML text. Lone surrogates, which no UTF-8 file can hold, become U+FFFD."""
    if isinstance(value, Html):
        return value
    return Html(escape(value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd"), quote=True))


def tag(element: str, /, *children: str | None, **attributes: str | float | bool | None) -> Html:
    """An element. `class_` and `data_x` become `class` and `data-x`; None and False leave an attribute out."""
    written = []
    for key, value in attributes.items():
        attribute = key.rstrip("_").replace("_", "-")
        if value is True:
            written.append(f" {attribute}")
        elif value is not None and value is not False:
            written.append(f' {attribute}="{text(value if isinstance(value, str) else f"{value:.6g}")}"')
    inside = join(*children)
    return Html(f"<{element}{''.join(written)}>" + ("" if element in _VOID else f"{inside}</{element}>"))


def join(*children: str | None) -> Html:
    """Several pieces after one another; None is nothing."""
    return Html("".join(text(child) for child in children if child is not None))


def fill(template: str, **parts: str) -> Html:
    """A sentence with its holes filled in one pass, so that a part containing `{name}` stays as it is."""
    pieces: list[str] = []
    end = 0
    for hole in _HOLE.finditer(template):
        pieces += [text(template[end : hole.start()]), text(parts[hole.group(1)])]
        end = hole.end()
    return Html("".join([*pieces, text(template[end:])]))


def number(value: JSON, digits: int = 0, missing: str = "–") -> str:
    """A number for reading; a dash where there is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return missing
    return f"{value:,.{digits}f}".replace("-", "−")


def rate(value: float | None) -> str:
    """So many per second: a slow model's is no zero."""
    return number(value) if value is None else amount(value)


def plain_number(value: JSON, digits: int = 0, missing: str = "–") -> str:
    """A rating or a score: thousands run on, as everywhere ratings are shown."""
    return number(value, digits, missing).replace(",", "")


def percent(value: JSON, digits: int = 0, missing: str = "–") -> str:
    """A fraction in percent."""
    return f"{number(100 * value, digits)}%" if isinstance(value, int | float) else missing


def percent_ends(low: float | None, high: float | None) -> str:
    """An interval of a share behind its value; whole percent, with a decimal where it is narrow. Empty without one."""
    if low is None or high is None:
        return ""
    digits = 1 if high - low < 0.05 else 0
    return f" [{number(100 * low, digits)}, {number(100 * high, digits)}]"


def money(value: JSON) -> str:
    """US dollars with as many digits as they need; a dash where the cost is unknown."""
    if not isinstance(value, int | float):
        return "–"
    if value == 0:
        return "$0"
    return f"${value:,.2f}" if value >= 1 else f"${value:.2g}" if value >= 0.001 else f"${value:.1e}"


def seconds(value: JSON) -> str:
    """A duration."""
    if not isinstance(value, int | float):
        return "–"
    return f"{amount(value, 2)} s"
