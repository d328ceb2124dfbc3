"""JSON: whether a text is some, and whether it is what a schema asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from arena.errors import DataError
from arena.files import from_json
from arena.metrics.killable import worker
from arena.types import JSON

_FENCED = re.compile(r"\A[^`]*```[ \t]*(?:json[ \t]*)?\r?\n(?P<inside>.*?)\r?\n?```[^`]*\Z", re.S | re.I)


def json_valid(said: str, references: Sequence[str] = (), language: str = "en") -> float:
    """1 where the text, or the one block of code in it, is JSON (RFC 8259: no NaN, no comments)."""
    return float(_read(said) is not None)


def json_schema(said: str, references: Sequence[str], language: str = "en") -> float:
    """1 where it is JSON and follows the schema. Raises NoNumber where that cannot be decided in time."""
    read = _read(said)
    return float(read is not None and bool(worker().call("structure:follows", references[0], read)))


def follows(schema: str, text: str) -> bool:
    """Whether JSON follows a schema. Called in a process that can be killed: a schema may hold patterns."""
    from jsonschema.validators import validator_for
    from referencing import Registry

    read = json.loads(schema)
    nothing_else: Registry[JSON] = Registry()  # without it jsonschema fetches what `$ref` names, files and addresses
    return bool(validator_for(read)(read, registry=nothing_else).is_valid(json.loads(text)))


def check_schema(schema: str) -> None:
    """Raises DataError where it is none, and ModuleNotFoundError without the package."""
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        read: JSON = from_json(schema)
    except ValueError:
        raise DataError("not a JSON schema: not JSON") from None
    if not isinstance(read, dict | bool):
        raise DataError("not a JSON schema: neither an object nor true or false")
    if isinstance(read, dict) and not isinstance(read.get("$schema", ""), str):
        raise DataError("not a JSON schema: its $schema is no text")
    try:
        validator_for(read).check_schema(read)
        _check_references(read)
    except RecursionError:
        raise DataError("not a JSON schema: nested too deeply") from None
    except SchemaError as error:
        raise DataError(f"not a JSON schema: {error.message:.200}") from None
    except ValueError as error:  # of an $id that is no address
        raise DataError(f"not a JSON schema: {error}") from None


def _check_references(schema: JSON) -> None:
    """Raises DataError where a `$ref` names what is not in the schema: nothing is fetched."""
    from jsonschema_specifications import REGISTRY
    from referencing import Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    root = Resource.from_contents(schema, default_specification=DRAFT202012)
    here = REGISTRY.with_resource(root.id() or "", root).crawl().resolver_with_root(root)
    waiting = [(root, here)]
    while waiting:
        resource, resolver = waiting.pop()
        named = resource.contents.get("$ref") if isinstance(resource.contents, dict) else None
        try:
            if isinstance(named, str):
                resolver.lookup(named)
        except (Unresolvable, ValueError):
            raise DataError(f"not a JSON schema: nothing in it is $ref {named!r:.80}, and nothing is fetched") from None
        waiting += [(inner, resolver.in_subresource(inner)) for inner in resource.subresources()]


def _read(said: str) -> str | None:
    fenced = _FENCED.match(said)
    text = (fenced["inside"] if fenced else said).strip()
    try:
        json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    return text


def _refused(name: str) -> None:
    """NaN and Infinity are no JSON."""
    raise ValueError(name)
