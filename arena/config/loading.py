"""From a YAML file to a `Config`: where configs lie, `${VAR}`, relative paths, and errors one can act on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from arena.config.kinds import KINDS, ApiConfig
from arena.config.kinds.local import HOME
from arena.config.schema import Config
from arena.config.shipped import shipped
from arena.config.strict import Expanded, describe, kind_of, read_yaml
from arena.errors import ConfigError, InputError
from arena.files import utf8_json
from arena.redact import mask_in_texts, remember_secrets, remember_written
from arena.types import JSON

_PATH_FIELDS = ("question_file", "category_file", "output_dir")
_SECTIONS = ("answers_gen", "reviews_gen", "rating_gen", "benchmarks", "scores", "load_test", "probes")
_SENT = ("base_url", "headers", "extra_query", "extra_body")
_ALIASES = {"questions_file": "question_file"}
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration and where it came from."""

    config: Config
    path: Path
    unexpanded: JSON
    """The file's content before `${VAR}` was filled in, as it is kept in run.json."""
    cache: Path | None = None
    """The user's folder for what can be made again; None: nothing is kept there."""


def find_config(name: str) -> Path:
    """The config file that `-c NAME` means: a path, or the shipped config of that name; `.yaml` may be left out.

    Raises ConfigError when there is none, naming the shipped ones.
    """
    path = Path(name)
    folders = [Path(), shipped("configs")] if path.parent == Path() else [Path()]
    for found in (folder / f"{name}{suffix}" for folder in folders for suffix in ("", ".yaml", ".yml")):
        if found.is_file():
            return found
    have = ", ".join(sorted(p.name for p in shipped("configs").glob("*.yaml")))
    what = "is a folder" if path.is_dir() else "no such file"
    raise ConfigError(f"{name}: {what} (shipped configs: {have})")


def load_config(name: str) -> LoadedConfig:
    """Read, expand and validate a config file. Raises ConfigError with one line that names file and field."""
    path = find_config(name)
    return _loaded(_joined(read_yaml(path)), path)


def loaded_from(config: Mapping[str, object]) -> LoadedConfig:
    """The same for a config that is no file; its paths are relative to the current folder. Raises ConfigError."""
    return _loaded(_plain(config), Path("config"))


def _plain(value: object) -> JSON:
    """What a YAML file would have held: paths are texts."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, Path) else cast("JSON", value)


def _joined(value: JSON) -> JSON:
    """The same with both halves of a character put together: JSON escapes them apart, and YAML leaves them so."""
    if isinstance(value, dict):
        return {str(_joined(key)): _joined(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_joined(inner) for inner in value]
    if not isinstance(value, str) or utf8_json(value) is not None:
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _loaded(raw: JSON, path: Path) -> LoadedConfig:
    expanded = _expand(raw, path)
    if not isinstance(expanded, dict):
        raise ConfigError(
            f"{path}: expected sections like question_file, answers_gen, reviews_gen; found {kind_of(raw)}"
        )
    for alias, real in _ALIASES.items():
        if alias in expanded:
            if real in expanded:
                raise ConfigError(f"{path}: both {alias} and {real} are given; keep {real}")
            expanded[real] = expanded.pop(alias)
    _resolve_paths(expanded, path)
    try:
        config = Config.model_validate(expanded, context={HOME: path.resolve().parent})
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error, Config)}") from None
    mask_keys_of(raw)
    return LoadedConfig(config, path, raw, _cache_folder())


def with_schedule(loaded: LoadedConfig, method: str | None, calls: str | None) -> LoadedConfig:
    """The config with the schedule that `--schedule` and `--calls` ask for; the order goes with it.

    Raises ConfigError for what does not fit the board, and for `--calls` where nothing is drawn.
    """
    if method is None and calls is None:
        return loaded
    reviews = loaded.config.reviews_gen
    wanted = reviews.schedule.model_copy(update={} if method is None else {"method": method})
    if calls is not None:
        if wanted.method != "adaptive":
            raise ConfigError(f"{loaded.path}: --calls goes with --schedule adaptive; found schedule {wanted.method}")
        if calls != "economy" and not (calls.isascii() and calls.isdigit() and int(calls) > 0):
            raise ConfigError(f"--calls: found {calls!r}, allowed: a number of at least 1, or economy")
        wanted = wanted.model_copy(update={"calls": calls if calls == "economy" else int(calls)})
    order = "adaptive" if wanted.method == "adaptive" else "both" if reviews.order == "adaptive" else reviews.order
    try:
        changed = reviews.model_copy(update={"schedule": wanted, "order": order}).fits()
        config = loaded.config.model_copy(update={"reviews_gen": changed}).can_be_met()
    except ValueError as error:
        raise ConfigError(f"{loaded.path}: {error}") from None
    return replace(loaded, config=config)


def mask_keys_of(config: JSON) -> None:
    """From now on texts of models are shown without the keys of a config as it is written, or as run.json keeps it.

    The environment fills in what it names; what it lacks, and what is no config, is left out.
    """
    reviews = config.get("reviews_gen") if isinstance(config, dict) else None
    sections = (config.get("answers_gen") if isinstance(config, dict) else None,
                reviews.get("judges") if isinstance(reviews, dict) else None)  # fmt: skip
    for entry in [entry for section in sections if isinstance(section, dict) for entry in section.values()]:
        kind = KINDS.get(str(entry.get("backend"))) if isinstance(entry, dict) else None
        if isinstance(entry, dict) and kind is not None and issubclass(kind.config, ApiConfig):
            variable = entry.get("api_key_env", kind.config.model_fields["api_key_env"].default)
            told = [part for part in (entry.get("headers"), entry.get("extra_query")) if isinstance(part, dict)]
            sent = {name: _as_sent(value) for part in told for name, value in part.items()}
            mask_in_texts(os.environ.get(name) if (name := str(variable)).isascii() else None, sent)


def _as_sent(value: JSON) -> str:
    """A value with the variables that there are filled in."""
    return _VARIABLE.sub(lambda found: os.environ.get(found.group(1), ""), str(value))


@contextmanager
def naming_config(path: Path) -> Iterator[None]:
    """While this lasts, errors about an entry of the config (`answers_gen.x.price: ...`) name the file too."""
    try:
        yield
    except InputError as error:
        if str(error).startswith(_SECTIONS):
            raise type(error)(f"{path}: {error}") from None
        raise


def _expand(value: JSON, path: Path) -> JSON:
    if isinstance(value, dict):
        return {key: _expand_in(key, inner, path) for key, inner in value.items()}
    if isinstance(value, list):
        return [_expand(inner, path) for inner in value]
    if not isinstance(value, str) or not _VARIABLE.search(value):
        return value
    filled = _VARIABLE.sub(lambda m: _environment(m.group(1), path), value)
    remember_written(filled, value)
    return Expanded(filled, value)


def _expand_in(key: str, value: JSON, path: Path) -> JSON:
    """Extra queries are filled in when they are sent, so that keys do not hold them; what else goes to an endpoint with
    its URL and headers is a secret from here on."""
    expanded = _expand(value, path)
    if key in _SENT:
        remember_secrets(os.environ[name] for name in _VARIABLE.findall(str(value)))
    return value if key == "extra_query" else expanded


def _cache_folder() -> Path | None:
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # nobody's home
        return None
    return Path(home) / "llm-arena"


def _environment(name: str, path: Path) -> str:
    if name not in os.environ:
        raise ConfigError(f"{path}: the environment variable {name} is not set (used as ${{{name}}})")
    return os.environ[name]


def _resolve_paths(raw: dict[str, JSON], path: Path) -> None:
    """Make paths absolute: relative to the config file, but output_dir of a shipped config to the current folder.

    Raises ConfigError for what is no path.
    """
    home = path.resolve().parent
    is_shipped = home == shipped("configs").resolve()
    benchmarks = (raw.get("benchmarks"), *_each(_in(raw.get("benchmarks"), "tasks")))
    of_benchmarks = [(one, field, True) for one in benchmarks for field in ("data_dir", "path", "file")]
    for place, field, plainly in [*((one, field, False) for one, field in _paths_of(raw)), *of_benchmarks]:
        if not isinstance(place, dict) or not isinstance(value := place.get(field), str):
            continue
        try:
            if b"\0" in os.fsencode(value):
                raise ValueError("it holds a NUL")
            found = (Path.cwd() if field == "output_dir" and is_shipped else home) / Path(value).expanduser()
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"{path}: {field}: {value!r:.80} is no path: {error}") from None
        place[field] = str(found.resolve() if plainly and ".." in found.parts else found)


def _paths_of(raw: dict[str, JSON]) -> Iterator[tuple[JSON, str]]:
    """Where a path may stand outside of benchmarks: a section (or what stands in its place), and the key."""
    scores, load, probes = (raw.get(name) for name in ("scores", "load_test", "probes"))
    yield from ((raw, field) for field in _PATH_FIELDS)
    yield raw.get("reviews_gen"), "reference_file"
    yield from ((entry, "file") for entry in _each(raw.get("answers_gen")))
    yield from ((scores, "encoder"), (_in(scores, "encoder"), "path"), (_in(scores, "perplexity"), "file"))
    yield from ((load, "trace"), (_in(load, "prompts"), "file"))
    yield from ((probes, field) for field in ("paraphrase_file", "pairs_file", "requests_file", "toxicity_model"))
    yield _in(probes, "needle"), "text_file"


def _in(section: JSON, key: str) -> JSON:
    return section.get(key) if isinstance(section, dict) else None


def _each(section: JSON) -> Iterable[JSON]:
    return section.values() if isinstance(section, dict) else ()
