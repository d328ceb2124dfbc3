"""From a YAML file to a `Config`: where configs lie, `${VAR}`, relative paths, and errors one can act on."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml
from pydantic import BaseModel, ValidationError

from arena.config import Config
from arena.errors import ConfigError
from arena.shipped import shipped
from arena.types import JSON

_PATH_FIELDS = ("question_file", "category_file", "output_dir")
_ALIASES = {"questions_file": "question_file"}
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration and where it came from."""

    config: Config
    path: Path
    unexpanded: JSON
    """The file's content before `${VAR}` was filled in, as it is kept in run.json."""


def find_config(name: str) -> Path:
    """The config file that `-c NAME` means: a path, or the shipped config of that name.

    Raises ConfigError when there is none, naming the shipped ones.
    """
    path = Path(name)
    if path.is_file():
        return path
    if path.parent == Path() and (shipped("configs") / name).is_file():
        return shipped("configs") / name
    have = ", ".join(sorted(p.name for p in shipped("configs").glob("*.yaml")))
    what = "is a folder" if path.is_dir() else "no such file"
    raise ConfigError(f"{name}: {what} (shipped configs: {have})")


def load_config(name: str) -> LoadedConfig:
    """Read, expand and validate a config file. Raises ConfigError with one line that names file and field."""
    path = find_config(name)
    raw = _read_yaml(path)
    expanded = _expand(raw, path)
    if not isinstance(expanded, dict):
        raise ConfigError(f"{path}: expected sections like question_file, answers_gen, reviews_gen; found {_kind(raw)}")
    for alias, real in _ALIASES.items():
        if alias in expanded:
            if real in expanded:
                raise ConfigError(f"{path}: both {alias} and {real} are given; keep {real}")
            expanded[real] = expanded.pop(alias)
    _resolve_paths(expanded, path)
    try:
        return LoadedConfig(Config.model_validate(expanded), path, raw)
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error, Config)}") from None


def describe(error: ValidationError, model: type[BaseModel]) -> str:
    """The first problem of a pydantic error in one line: field, what was found, what is allowed."""
    problem = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")  # a typo explains what is missing
    location = [str(part) for part in problem["loc"]]
    where = ".".join(part for part in location if not _is_union_tag(part)) or "the file"
    found = problem["input"]
    match problem["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key{_nearest(location[-1], _keys_beside(location, model))}"
        case "missing":
            return f"{where}: missing"
        case "union_tag_invalid":
            tag = str(problem["ctx"]["tag"])
            kinds = [k.strip(" '") for k in str(problem["ctx"]["expected_tags"]).split(",")]
            return f"{where}.backend: no backend {tag!r}{_nearest(tag, kinds)}"
        case "union_tag_not_found":
            return f"{where}: needs `backend: KIND`"
        case "value_error":
            return f"{where}: {problem['ctx']['error']}" if location else str(problem["ctx"]["error"])
        case _:
            return f"{where}: {problem['msg'][0].lower()}{problem['msg'][1:]}, found {_shorten(found)}"


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


def _read_yaml(path: Path) -> JSON:
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


def _string_keys(value: object) -> object:
    """Model names like 7 or 1.5 are names: keys become strings, dates inside values too."""
    if isinstance(value, dict):
        return {str(k): _string_keys(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_string_keys(v) for v in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _expand(value: JSON, path: Path) -> JSON:
    if isinstance(value, dict):
        return {key: _expand(inner, path) for key, inner in value.items()}
    if isinstance(value, list):
        return [_expand(inner, path) for inner in value]
    return _VARIABLE.sub(lambda m: _environment(m.group(1), path), value) if isinstance(value, str) else value


def _environment(name: str, path: Path) -> str:
    if name not in os.environ:
        raise ConfigError(f"{path}: the environment variable {name} is not set (used as ${{{name}}})")
    return os.environ[name]


def _resolve_paths(raw: dict[str, JSON], path: Path) -> None:
    """Make paths absolute: relative to the config file, but output_dir of a shipped config to the current folder."""
    home = path.resolve().parent
    is_shipped = home == shipped("configs").resolve()
    for field in _PATH_FIELDS:
        if isinstance(value := raw.get(field), str):
            raw[field] = str((Path.cwd() if field == "output_dir" and is_shipped else home) / Path(value).expanduser())
    reviews = raw.get("reviews_gen")
    if isinstance(reviews, dict) and isinstance(value := reviews.get("reference_file"), str):
        reviews["reference_file"] = str(home / Path(value).expanduser())
    candidates = raw.get("answers_gen")
    for entry in candidates.values() if isinstance(candidates, dict) else ():
        if not isinstance(entry, dict):
            continue
        if isinstance(value := entry.get("file"), str):
            entry["file"] = str(home / Path(value).expanduser())
        for field in ("model", "adapter", "chat_template"):
            if isinstance(value := entry.get(field), str) and value.startswith(("./", "../", "~")):
                entry[field] = str(home / Path(value).expanduser())


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


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    listed = ", ".join(known)
    return f"; did you mean {close[0]}? (known: {listed})" if close else f" (known: {listed})"


def _kind(value: object) -> str:
    return {dict: "a mapping", list: "a list", str: "text", type(None): "nothing"}.get(type(value), repr(value))


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
