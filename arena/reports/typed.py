"""JSON objects as frozen dataclasses, and files of them: every field is read by its annotation, so that a new field is
one line."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Literal,
    NamedTuple,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from arena.errors import DataError
from arena.files import read_objects, replacing, round_floats, to_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from arena.types import JSON


T = TypeVar("T")
_PLAIN: Mapping[object, tuple[type | UnionType, str]] = {
    str: (str, "a text"), bool: (bool, "true or false"), int: (int, "a whole number"), float: (int | float, "a number"),
}  # fmt: skip
_NOTHING: Mapping[object, object] = {bool: False, int: 0, tuple: (), Mapping: {}}
"""What stands for a field that the file does not have, where the class names no default."""


class Misread(ValueError):
    """A value that is not what its field holds: `models[2].rating: expected a number, found 'high'`."""

    def __init__(self, what: str, place: str = "") -> None:
        super().__init__(f"{place.removeprefix('.')}: {what}" if place else what)
        self.what, self.place = what, place

    def inside(self, place: str) -> Misread:
        """The same, seen from the object around it."""
        return Misread(self.what, place + self.place)


def read_as(kind: type[T], value: JSON) -> T:
    """An object as a dataclass. None and missing are its default; a field `stored` is the object itself.

    Keys without a field are left to `stored`. Raises Misread.
    """
    found = _reader(cast("Hashable", kind))(value)
    assert isinstance(found, kind)
    return found


def read_typed_rows(kind: type[T], path: Path, called: str) -> Iterator[T]:
    """Every line of a report; none where there is no such file. Raises DataError naming the line that is none."""
    if not path.exists():
        return
    for where, line in read_objects(path):
        try:
            yield read_as(kind, line)
        except Misread as error:
            raise DataError(f"{path}:{where.number}: not {called}: {error}") from None


def write_typed_rows(path: Path, rows: Iterable[DataclassInstance], *, simulated: bool = False) -> None:
    """Replace a report as a whole: a line per row, floats rounded. Every line of a rehearsal says so."""
    mark: dict[str, JSON] = {"simulated": True} if simulated else {}
    with replacing(path) as write:
        for row in rows:
            write(to_json(as_line(row) | mark) + b"\n")


def as_line(row: DataclassInstance) -> dict[str, JSON]:
    """A row as `read_as` reads it, floats rounded."""
    values = ((f.name, getattr(row, f.name)) for f in fields(row))
    return {name: round_floats(dict(value) if isinstance(value, Mapping) else value) for name, value in values}


Read: TypeAlias = "Callable[[JSON], object]"


@cache
def _reader(kind: Hashable) -> Read:
    """What reads a value of an annotated type."""
    origin, inside = get_origin(kind), get_args(kind)
    if kind is object:
        return lambda value: value
    if origin in {Union, UnionType}:  # X | None: fields that are null are not read at all
        return _reader(next(one for one in inside if one is not NoneType))
    if origin is Literal:
        return _one_of(inside)
    if origin is tuple:
        return _listed(_reader(inside[0]))
    if origin is Mapping:
        return _mapped(_reader(inside[1]), keeps_null=inside[1] is object or NoneType in get_args(inside[1]))
    if isinstance(kind, type) and is_dataclass(kind):
        return _object(kind)
    return _plain(*_PLAIN[kind])


def _plain(wanted: type | UnionType, called: str) -> Read:
    def read(value: JSON) -> object:
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise Misread(f"expected {called}, found {_shown(value)}")
        return value

    return read


def _one_of(allowed: tuple[JSON, ...]) -> Read:
    def read(value: JSON) -> object:
        if value not in allowed:
            raise Misread(f"expected one of {', '.join(map(str, allowed))}, found {_shown(value)}")
        return value

    return read


def _listed(read_one: Read) -> Read:
    def read(value: JSON) -> object:
        if not isinstance(value, list):
            raise Misread(f"expected a list, found {_shown(value)}")
        return tuple(_placed(read_one, one, f"[{n}]") for n, one in enumerate(value))

    return read


def _mapped(read_one: Read, *, keeps_null: bool) -> Read:
    """A null stands for no entry, unless entries may be null."""

    def read(value: JSON) -> object:
        if not isinstance(value, dict):
            raise Misread(f"expected an object, found {_shown(value)}")
        return {
            name: None if one is None else _placed(read_one, one, f".{name}")
            for name, one in value.items()
            if keeps_null or one is not None
        }

    return read


class _Field(NamedTuple):
    name: str
    read: Read
    default: object
    """What stands for null; MISSING where there must be a value."""


def _object(kind: type) -> Read:
    hints = get_type_hints(kind, localns={"JSON": object})
    known = [_Field(f.name, _reader(hints[f.name]), _default(f.default, hints[f.name]))
             for f in fields(kind) if f.name != "stored"]  # fmt: skip
    keeps = "stored" in hints

    def read(value: JSON) -> object:
        if not isinstance(value, dict):
            raise Misread(f"expected an object, found {_shown(value)}")
        given: dict[str, object] = {"stored": value} if keeps else {}
        for name, read_one, default in known:
            if (one := value.get(name)) is not None:
                given[name] = _placed(read_one, one, f".{name}")
            elif default is MISSING:
                raise Misread("missing", f".{name}")
            else:
                given[name] = default
        made: object = kind(**given)
        return made

    return read


def _default(named: object, kind: object) -> object:
    if named is not MISSING:
        return named
    return None if NoneType in get_args(kind) else _NOTHING.get(get_origin(kind) or kind, MISSING)


def _placed(read: Read, value: JSON, place: str) -> object:
    try:
        return read(value)
    except Misread as error:
        raise error.inside(place) from None


def _shown(value: JSON) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
