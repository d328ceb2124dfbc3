"""What the version of the API that the SDK asks for has done away with, known before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping

from arena.config.kinds import AnthropicConfig

SAMPLING = frozenset({"temperature", "top_p", "top_k"})
WITHOUT_SAMPLING = "2026-10-21"
"""From this version on (a date) the API answers 400 to each of them."""
_HEADER = "anthropic-version"


def spelled_alike(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers of an entry in which the version has the SDK's spelling: in any other both would be sent."""
    return {_HEADER if name.lower() == _HEADER else name: value for name, value in headers.items()}


def version_sent(headers: Mapping[str, object]) -> str:
    """The version that a client with these headers asks for."""
    return str(headers.get(_HEADER, ""))


def not_taken(version: str) -> frozenset[str]:
    """The sampling parameters that a version refuses."""
    return SAMPLING if version >= WITHOUT_SAMPLING else frozenset()


def sampling_notes(entry: AnthropicConfig, place: str, *, judge: bool) -> list[str]:
    """What to say before an entry is asked whose sampling parameters are not sent: which, and what follows for a judge.

    Reads the version off the installed SDK, or off the entry's own header; calls nobody.
    """
    import anthropic

    version = version_sent(
        anthropic.Anthropic(api_key="unused", default_headers=spelled_alike(entry.headers)).default_headers
    )
    refused = not_taken(version) - entry.extra_body.keys()
    settings = entry.generation_config
    written = sorted(name for name in refused if getattr(settings, name) is not None)
    lines = []
    if written:
        lines.append(
            f"{place}.generation_config: {' and '.join(written)} not sent: the Anthropic API takes no sampling"
            f" parameters from version {WITHOUT_SAMPLING} on"
        )
    if judge and "temperature" in refused and settings.temperature in (None, 0.0):
        lines.append(
            f"{place}: the Anthropic API has no temperature from version {WITHOUT_SAMPLING} on, so verdicts vary from"
            f" call to call{'' if getattr(entry, 'samples', 1) > 1 else '; `samples: 3` averages three of each'}"
        )
    return lines
