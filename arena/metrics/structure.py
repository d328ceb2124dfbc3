"""JSON: whether a text is some, and whether it is what a schema asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from arena.errors import DataError
from arena.files import from_json
from arena.metrics.killable import worker
from arena.types import JSON

_FENCED = re.compile(r"\A[^`]*```[ \t]*(?:json)?[ \t]*\r?\n(?P<inside>.*?)\r?\n?```[^`]*\Z", re.S | re.I)


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

    read = json.loads(schema)
    kind = validator_for(read)
    return bool(kind(read).is_valid(json.loads(text)))


def check_schema(schema: str) -> None:
    """Raises DataError where it is none, and ModuleNotFoundError without the package."""
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        read: JSON = from_json(schema)
        validator_for(read).check_schema(read)
    except ValueError:
        raise DataError("not a JSON schema: not JSON") from None
    except SchemaError as error:
        raise DataError(f"not a JSON schema: {error.message}") from None


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
