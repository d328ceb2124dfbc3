"""Secrets in what we write."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from arena.redact import (
    RedactingFormatter,
    Sourced,
    forget_secrets,
    redact,
    redact_json,
    remember_secrets,
    without_secrets,
)


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    forget_secrets()
    yield
    forget_secrets()


def test_known_secrets_are_replaced_wherever_they_stand() -> None:
    remember_secrets(["sk-12345678"])
    assert redact("key=sk-12345678, again sk-12345678!") == "key=[redacted], again [redacted]!"


def test_short_values_are_no_secrets() -> None:
    remember_secrets(["1234567", "", "Bearer abc"])
    assert redact("1234567 abc") == "1234567 abc"
    remember_secrets(["12345678"])
    assert redact("12345678") == "[redacted]"


@pytest.mark.parametrize("scheme", ["Bearer", "Basic", "Key", "Api-Key"])
def test_a_header_with_a_scheme_covers_its_token(scheme: str) -> None:
    remember_secrets([f"{scheme} tok-12345678"])
    assert redact("token tok-12345678 refused") == "token [redacted] refused"


def test_ordinary_words_of_a_header_value_stay() -> None:
    remember_secrets(["My Benchmark Application"])
    assert redact("the Application") == "the Application"


def test_a_secret_inside_a_longer_one_leaves_nothing_behind() -> None:
    remember_secrets(["sk-12345678", "sk-12345678-admin"])
    assert redact("sk-12345678-admin") == "[redacted]"


def test_json_values_are_redacted_inside() -> None:
    remember_secrets(["sk-12345678"])
    value = {"headers": {"x": "sk-12345678"}, "list": ["a sk-12345678", 1, None, True]}
    assert redact_json(value) == {"headers": {"x": "[redacted]"}, "list": ["a [redacted]", 1, None, True]}


def test_log_lines_and_tracebacks_are_redacted() -> None:
    remember_secrets(["sk-12345678"])
    try:
        raise ValueError("bad sk-12345678")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "f", 1, "sent %s", ("sk-12345678",), (type(error), error, error.__traceback__)
        )
    line = RedactingFormatter(logging.Formatter("%(message)s")).format(record)
    assert "sent [redacted]" in line and "ValueError: bad [redacted]" in line
    assert "sk-12345678" not in line


def test_a_config_loses_written_out_headers_and_keeps_references() -> None:
    remember_secrets(["sk-12345678"])
    judge = {"headers": {"X-A": "written out", "X-B": "${TOKEN}"}, "base_url": "http://h/?k=sk-12345678"}
    shown = without_secrets({"answers_gen": {"m": judge}, "list": [1, "x"]})
    expected = {"headers": {"X-A": "[redacted]", "X-B": "${TOKEN}"}, "base_url": "http://h/?[redacted]"}
    assert shown == {"answers_gen": {"m": expected}, "list": [1, "x"]}


def test_a_config_loses_passwords_inside_urls_that_nobody_has_called_yet() -> None:
    for url, shown in (
        ("https://me:hunter2-hunter2@host/v1", "https://[redacted]@host/v1"),
        ("https://:short@host:8000/v1", "https://[redacted]@host:8000/v1"),
        ("https://me:${PASSWORD}@host/v1", "https://[redacted]@host/v1"),
        ("http://127.0.0.1:8000/v1?to=me", "http://127.0.0.1:8000/v1?[redacted]"),
        ("ask http://tok@h/v1?k=v or http://h/v1", "ask http://[redacted]@h/v1?[redacted] or http://h/v1"),
    ):
        assert without_secrets({"base_url": url}) == {"base_url": shown}


@pytest.mark.parametrize(
    ("logger", "line"),
    [("arena.backends.http.endpoint", "waiting"), ("httpx", "httpx: waiting"), ("arenas", "arenas: waiting")],
)
def test_a_line_names_its_logger_where_that_is_not_ours(logger: str, line: str) -> None:
    record = logging.LogRecord(logger, logging.WARNING, "f.py", 1, "waiting", None, None)
    assert Sourced().format(record) == line
