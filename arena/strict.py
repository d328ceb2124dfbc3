"""Strict YAML: read without guessing, and problems told in one line that says what is allowed."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import cast

import yaml
from pydantic import BaseModel, ValidationError

from arena.errors import ConfigError
from arena.types import JSON


def read_yaml(path: Path) -> JSON:
    """The content of a YAML file, keys as strings. A key written twice is an error. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    try:
        loaded = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{path}{where}: not YAML: {getattr(error, 'problem', None) or error}") from None
    return cast("JSON", _string_keys(loaded))


def describe(error: ValidationError, model: type[BaseModel]) -> str:
    """The first problem of a pydantic error in one line: field, what was found, what is allowed."""
    problem = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")  # a typo explains what is missing
    location = [str(part) for part in problem["loc"]]
    where = ".".join(part for part in location if not _is_union_tag(part)) or "the file"
    found = problem["input"]
    match problem["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key{nearest(location[-1], _keys_beside(location, model))}"
        case "missing":
            return f"{where}: missing"
        case "union_tag_invalid":
            tag = str(problem["ctx"]["tag"])
            kinds = [k.strip(" '") for k in str(problem["ctx"]["expected_tags"]).split(",")]
            return f"{where}.backend: no backend {tag!r}{nearest(tag, kinds)}"
        case "union_tag_not_found":
            return f"{where}: needs `backend: KIND`"
        case "value_error":
            return f"{where}: {problem['ctx']['error']}" if location else str(problem["ctx"]["error"])
        case _:
            shown = "something else" if "headers" in location else _shorten(found)  # it may be a secret
            return f"{where}: {problem['msg'][0].lower()}{problem['msg'][1:]}, found {shown}"


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML that refuses a key written twice: the second would silently win."""


def _unique_mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[object, object]:
    loader.flatten_mapping(node)
    mapping: dict[object, object] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in mapping:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", key_node.start_mark)
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def _string_keys(value: object) -> object:
    """Model names like 7 or 1.5 are names: keys become strings, dates inside values too."""
    if isinstance(value, dict):
        return {str(k): _string_keys(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_string_keys(v) for v in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _keys_beside(location: list[str], model: type[BaseModel]) -> list[str]:
    """The keys allowed where an unknown one was found, read off the models themselves."""
    current: list[type[BaseModel]] = [model]
    for part in location[:-1]:
        below = [m for m in current if part in m.model_fields]
        if below:
            current = [inner for m in below for inner in _models_in(m.model_fields[part].annotation)]
        elif tagged := [m for m in current if _tag(m) == part]:
            current = tagged
    return sorted({name for m in current for name in m.model_fields})


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for inner in getattr(annotation, "__args__", ()) for m in _models_in(inner)]


def _tag(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("backend")
    args = getattr(field.annotation, "__args__", ()) if field else ()
    return args[0] if args else None


_TAGS = {"openai", "anthropic", "vllm", "transformers", "recorded", "reference", "simulated"}


def _is_union_tag(part: str) -> bool:
    """pydantic names union branches inside a location; the reader's file has no such level."""
    return part in _TAGS or part.startswith(("dict[", "literal[", "tuple[", "function-"))


def nearest(word: str, known: list[str]) -> str:
    """The end of an error message: what was probably meant, and what there is."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    listed = ", ".join(known)
    return f"; did you mean {close[0]}? (known: {listed})" if close else f" (known: {listed})"


def kind_of(value: object) -> str:
    """What a YAML value is, in words."""
    return {dict: "a mapping", list: "a list", str: "text", type(None): "nothing"}.get(type(value), repr(value))


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
