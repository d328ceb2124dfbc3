"""Strict YAML: read without guessing, and problems told in one line that says what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from arena.errors import ConfigError
from arena.types import JSON


def read_yaml(path: Path) -> JSON:
    """The content of a YAML file, keys as they are written. A key written twice is an error. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8: {error}") from None
    try:
        return cast("JSON", _plain(yaml.load(text, Loader=_StrictLoader)))  # noqa: S506 - a SafeLoader
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark is not None else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise ConfigError(f"{path}{where}: not YAML: {problem:.200}") from None


class Expanded(str):
    """A text with environment variables filled in. Messages show it as it was written."""

    written: str

    def __new__(cls, text: str, written: str) -> Expanded:
        """The text, and what stands in the file."""
        made = super().__new__(cls, text)
        made.written = written
        return made

    def __repr__(self) -> str:
        return repr(self.written)


def describe(error: ValidationError, *models: type[BaseModel]) -> str:
    """The first problem of a pydantic error in one line: field, what was found, what is allowed.

    `models` are what was validated: one model, or all that a `backend` chooses from.
    """
    problems = error.errors()
    problem = min(problems, key=lambda e: e["type"] != "extra_forbidden")  # a typo explains what is missing
    keys, beside = _walk(problem, models)
    where = ".".join(keys) or "the file"
    match problem["type"]:
        case "extra_forbidden":
            known = sorted({info.alias or name for found in beside for name, info in found.model_fields.items()})
            return f"{where}: unknown key{nearest(keys[-1], known)}"
        case "missing":
            return f"{where}: missing"
        case "union_tag_invalid":
            found = problem["input"].get("backend") if isinstance(problem["input"], dict) else None
            tag = found.written if isinstance(found, Expanded) else str(problem["ctx"]["tag"])
            kinds = [k.strip(" '") for k in str(problem["ctx"]["expected_tags"]).split(",")]
            return f"{where}.backend: no backend {tag!r}{nearest(tag, kinds)}"
        case "union_tag_not_found":
            return f"{where}: needs `backend: KIND`"
        case "value_error":
            return f"{where}: {problem['ctx']['error']}" if keys else str(problem["ctx"]["error"])
    same = [p for p in problems if _walk(p, models)[0] == keys]  # a union's branches
    expected = [text for p in same if (text := _expected(p)) is not None]
    allowed = f"expected {' or '.join(expected)}" if expected else problem["msg"][0].lower() + problem["msg"][1:]
    shown = "something else" if "headers" in keys else shorten(problem["input"])  # it may be a secret
    return f"{where}: {allowed}, found {shown}"


def _expected(problem: ErrorDetails) -> str | None:
    """What may stand where something of the wrong kind was found, in words of YAML; None for what pydantic says
    better itself."""
    match problem["type"]:
        case "literal_error":
            return str(problem["ctx"]["expected"])
        case "too_short":
            return f"at least {problem['ctx']['min_length']}"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "a mapping"
        case "tuple_type":
            return "a list"
        case "string_type":
            return "a text"
        case "path_type":
            return "a path"
        case "bool_type" | "bool_parsing":
            return "true or false"
        case "int_type" | "int_parsing" | "int_from_float":
            return "a whole number"
        case "float_type" | "float_parsing":
            return "a number"
        case _:
            return None


_MOST_VALUES = 1_000_000
"""So many may a file hold: a config has hundreds, aliases of aliases soon have billions."""
_LARGEST_NUMBER = 1 << 256


class _StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key written twice (the second would silently win), and aliases that multiply."""

    def get_single_node(self) -> yaml.Node | None:
        """The file's tree of nodes."""
        node = super().get_single_node()
        if node is not None:
            _written_out(node, {})
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """A value. What Python says against it (a date without such a day, 10,000 digits) stands with its line."""
        try:
            made: object = super().construct_object(node, deep)
        except (ValueError, OverflowError, TypeError, AttributeError, LookupError) as error:
            what = f"{node.value:.40}" if isinstance(node, yaml.ScalarNode) else "this"
            raise _refused(node, f"{what!r} cannot be read as {node.tag.rpartition(':')[2]}") from error
        if isinstance(made, int) and abs(made) >= _LARGEST_NUMBER:
            raise _refused(node, f"a number too large: {node.value:.40}...")
        return made


def _refused(node: yaml.Node, what: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, what, node.start_mark)


def _written_out(node: yaml.Node, known: dict[yaml.Node, int]) -> int:
    """How many values a node is, with every alias in it written out; 0 marks one that is still being counted."""
    if node in known:
        if known[node] == 0:
            raise _refused(node, "a value that holds itself")
        return known[node]
    known[node] = 0
    inner = node.value if isinstance(node, yaml.CollectionNode) else ()
    parts = (part for one in inner for part in (one if isinstance(one, tuple) else (one,)))
    length = len(node.value) // 1000 if isinstance(node, yaml.ScalarNode) else 0  # long texts multiply too
    known[node] = 1 + length + sum(_written_out(part, known) for part in parts)
    if known[node] > _MOST_VALUES:
        raise _refused(node, f"more than {_MOST_VALUES:,} values, with its aliases written out")
    return known[node]


def _unique_mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[str, object]:
    """Keys are names, as they are written: 007 and no stay what they are, and not 7 and False."""
    loader.flatten_mapping(node)
    mapping: dict[str, object] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a text", key_node.start_mark)
        key = str(key_node.value)
        if key in mapping:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", key_node.start_mark)
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def _plain(value: object) -> object:
    """Dates and the like as text; the rest is JSON already."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _walk(problem: ErrorDetails, models: Sequence[type[BaseModel]]) -> tuple[list[str], list[type[BaseModel]]]:
    """The keys of a problem's location as they stand in the file, without the levels it adds for unions, and the
    models whose fields stand beside the last of them."""
    keys: list[str] = []
    current = list(models)
    beside, name_next = current, False
    for part in map(str, problem["loc"]):
        if part.startswith(("dict[", "literal[", "tuple[", "function-")) or (part == "str" and not current):
            continue
        if name_next or part.isdecimal():  # a name, or a place in a list: the models below stay the same
            keys, name_next = [*keys, part], False
            continue
        fields = [m.model_fields[part].annotation for m in current if part in m.model_fields]
        if not fields and (tagged := [m for m in current if _tag(m) == part]):
            current = tagged
            continue
        keys, beside = [*keys, part], current
        current = [inner for annotation in fields for inner in _models_in(annotation)]
        name_next = bool(current) and any("dict[" in str(annotation) for annotation in fields)
    return keys, beside


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for inner in getattr(annotation, "__args__", ()) for m in _models_in(inner)]


def _tag(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("backend")
    args = getattr(field.annotation, "__args__", ()) if field else ()
    return args[0] if args else None


def nearest(word: str, known: list[str]) -> str:
    """The end of an error message: what was probably meant, and what there is."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    listed = ", ".join(known)
    return f"; did you mean {close[0]}? (known: {listed})" if close else f" (known: {listed})"


def kind_of(value: object) -> str:
    """What a YAML value is, in words."""
    return {dict: "a mapping", list: "a list", str: "text", type(None): "nothing"}.get(type(value), repr(value))


def shorten(value: object) -> str:
    """A value as messages show it."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
