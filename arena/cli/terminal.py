"""The one place that writes to the terminal, so that nothing of what models, servers and files say can act on it.

Control characters (escape sequences begin with one) are shown as `\\x1b`, known secrets are redacted, and nothing is
read as markup or turned into an emoji.
"""

from __future__ import annotations

import re
import sys

from arena.redact import redact

_ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but for tab and newline, and those that turn the direction of what follows."""


def visible(text: str) -> str:
    """The text with every character that would act on a terminal written out instead."""
    return _ACTS.sub(_written_out, text.replace("\r\n", "\n"))


def shown(text: str) -> str:
    """The text as it may be shown: without secrets, and unable to act."""
    return visible(redact(text))


def say(text: str = "", *, err: bool = False) -> None:
    """One line (or several) on stdout, or on stderr."""
    print(shown(text), file=sys.stderr if err else sys.stdout, flush=True)


def say_json(document: bytes) -> None:
    """A JSON text on stdout. Its bytes stay the same document: what would act is escaped as JSON does it."""
    print(_ACTS.sub(lambda found: f"\\u{ord(found[0]):04x}", document.decode()))


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
