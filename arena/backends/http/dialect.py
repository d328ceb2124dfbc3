"""What an endpoint understands, as its complaints teach it: everything that the program adds has another form.

A complaint suggests dialects, the likeliest first; none is believed before a request got through in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal, cast

from arena.types import JSON, Message

SchemaForm = Literal["given", "strings", "words"]
"""A JSON schema as it is, with strings in place of whole numbers, or none: the prompt asks for the form too."""

FEWEST_LOGPROBS = 3
"""With fewer alternatives a label may be missing from them; the letter says more than a guess."""
_SAMPLING = ("temperature", "top_p", "top_k")
_LIMIT = re.compile(r"max_\w*tokens")
_LENGTH = re.compile(
    r"too (large|long|big|many|high|much)|exceed|context|at most|maximum|less than|no more than|larger|greater"
    r"|longer|must be (between|<)|reduce|shorten|prompt (is|has|contains)|input (is|has|contains|length|tokens)"
)
"""About how much one request asks for, and not about a field."""
_STREAM = re.compile(r"stream.?options|include.?usage")
_LOGPROBS = re.compile(r"log[ _-]?prob|top_n_tokens")
_SCHEMA = re.compile(
    r"schema|response.?format|structured|output.?(config|format)|grammar|\benums?\b|additional.?properties|guided"
    r"|constrained|json|\binteger\b|\bstrict\b"
)
_SYSTEM = re.compile(
    r"\bsystem\b|(developer|system).?(instruction|message|prompt|role)|\broles?\b|alternat|first message|start with a"
)
_MARKS = re.compile(
    r"cache.?control|prompt.?cache|ephemeral|\bblocks?\b|(content|system)\b.*\bstring|string\b.*(content|system)"
)
_REFUSED = re.compile(
    r"unsupported|unrecogni[sz]ed|unknown|unexpected|deprecated|removed|no longer|unset|extra (input|field)"
    r"|(not|n't) (be )?(support|permit|allow|accept|enabl|recogni|available|set|specified|used|known)"
    r"|may only be set|only [\d.]+ is allowed"
)
_NUMBER = re.compile(r"(?<![\w.-])\d+(?![\w-]|\.\d)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What an endpoint understands. Starts from its URL and is corrected by what it rejects."""

    limit_field: str = "max_tokens"
    other_limit_field: str | None = None
    """What the limit is called elsewhere; None where it has one name only."""
    stream_usage: bool = True
    """`stream_options: {include_usage: true}` is understood."""
    schema: SchemaForm = "given"
    unsent: frozenset[str] = frozenset()
    """Sampling parameters that it does not take."""
    most_logprobs: int = 100
    """More alternatives per token are not asked for; 0 for none: a soft verdict is then the letter itself."""
    system: bool = True
    """There is a system role; without it the system text stands before the first user message."""
    marks: bool = False
    """The start that requests share is marked for the prompt cache."""
    states_cost: bool = False
    """`usage.cost` is the price of the call in USD."""
    ours: frozenset[str] = frozenset()
    """Sampling parameters that no user wrote: whatever is wrong with them, they can be left out."""

    @property
    def enforces(self) -> bool:
        """Whether replies are held to a JSON schema."""
        return self.schema != "words"

    def asked_logprobs(self, wanted: int) -> int:
        """How many alternatives per token are asked for where so many are wanted."""
        asked = min(wanted, self.most_logprobs)
        return asked if asked >= min(wanted, FEWEST_LOGPROBS) else 0

    def corrections(self, complaint: str, wanted_logprobs: int = 0) -> list[Dialect]:
        """The dialects that may avoid what an error text complains about, the likeliest first; none changes nothing.

        `wanted_logprobs`: how many the request wanted, where that is known.
        """
        text = complaint.lower()
        found: list[Dialect] = []
        for suggest in (_limits, _streams, _marks, _schemas, _samplings, _systems):
            found += suggest(self, text)
        if _LOGPROBS.search(text):
            found[:0] = _logprobs(self, text, min(wanted_logprobs or self.most_logprobs, self.most_logprobs))
        return [dialect for dialect in dict.fromkeys(found) if dialect != self]

    def learning(self, before: Dialect, found: Dialect) -> Dialect:
        """This dialect with what one call found out on its way from `before`, while others may have learnt more."""
        news = {
            f.name: getattr(found, f.name) for f in fields(self) if getattr(found, f.name) != getattr(before, f.name)
        }
        if "unsent" in news:
            news["unsent"] = self.unsent | found.unsent
        return replace(self, **news)

    def described(self, before: Dialect) -> str:
        """What is asked for differently than in the dialect before."""
        return ", ".join(_differences(before, self))


def _limits(dialect: Dialect, text: str) -> Iterator[Dialect]:
    """The other name of the limit, where a name is refused and not what the limit of one request comes to."""
    other = dialect.other_limit_field
    if other and _LIMIT.search(text) and (not _LENGTH.search(text) or (_REFUSED.search(text) and other in text)):
        yield replace(dialect, limit_field=other, other_limit_field=dialect.limit_field)


def _streams(dialect: Dialect, text: str) -> Iterator[Dialect]:
    if _STREAM.search(text):
        yield replace(dialect, stream_usage=False)


def _logprobs(dialect: Dialect, text: str, asked: int) -> Iterator[Dialect]:
    """Fewer of them, by the number that the text names or else by half; then none."""
    named = [n for n in map(int, _NUMBER.findall(text)) if FEWEST_LOGPROBS <= n < asked]
    if named:
        yield replace(dialect, most_logprobs=max(named))
    elif not _REFUSED.search(text):
        fewer = asked - 1 if re.search(r"less than (?!or)|<(?!=)", text) else asked // 2
        if fewer >= FEWEST_LOGPROBS:
            yield replace(dialect, most_logprobs=fewer)
    yield replace(dialect, most_logprobs=0)


def _schemas(dialect: Dialect, text: str) -> Iterator[Dialect]:
    if _SCHEMA.search(text):
        if dialect.schema == "given":
            yield replace(dialect, schema="strings")
        yield replace(dialect, schema="words")


def _samplings(dialect: Dialect, text: str) -> Iterator[Dialect]:
    """Without what the program added itself, whatever the complaint; without what a user set where it is refused."""
    named = {name for name in _SAMPLING if name in text or name.replace("_", "") in text}
    if "sampling" in text:
        named.update(_SAMPLING)
    if ours := named & dialect.ours - dialect.unsent:
        yield replace(dialect, unsent=dialect.unsent | ours)
    if named and _REFUSED.search(text):
        yield replace(dialect, unsent=dialect.unsent | named)


def _systems(dialect: Dialect, text: str) -> Iterator[Dialect]:
    if _SYSTEM.search(text):
        yield replace(dialect, system=False)


def _marks(dialect: Dialect, text: str) -> Iterator[Dialect]:
    if _MARKS.search(text):
        yield replace(dialect, marks=False)


def _differences(before: Dialect, now: Dialect) -> Iterator[str]:
    if now.limit_field != before.limit_field:
        yield f"{now.limit_field} for {before.limit_field}"
    if unsent := now.unsent - before.unsent:
        yield f"without {' and '.join(sorted(unsent))}"
    if now.stream_usage != before.stream_usage:
        yield "without stream_options"
    if now.most_logprobs != before.most_logprobs:
        yield f"{now.most_logprobs} log-probabilities" if now.most_logprobs else "without log-probabilities"
    if now.schema != before.schema:
        yield "a JSON schema of strings" if now.schema == "strings" else "without a JSON schema"
    if now.system != before.system:
        yield "the system text before the first user message"
    if now.marks != before.marks:
        yield "without marks for the prompt cache"


def with_strings(schema: Mapping[str, JSON]) -> dict[str, JSON]:
    """A JSON schema in which every whole number of a list to choose from is a string."""
    return cast("dict[str, JSON]", _strings(dict(schema)))


def _strings(value: JSON) -> JSON:
    if isinstance(value, list):
        return [_strings(part) for part in value]
    if not isinstance(value, dict):
        return value
    allowed = value.get("enum")
    if value.get("type") == "integer" and isinstance(allowed, list):
        return {**value, "type": "string", "enum": [str(number) for number in allowed]}
    return {name: _strings(part) for name, part in value.items()}


def without_system(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The messages with the system text before the first user message, as local engines do."""
    if len(messages) < 2 or messages[0].role != "system":
        return messages
    system, first, *rest = messages
    start = f"{system.content}\n\n"
    shared = len(start) + first.shared if first.shared else system.shared
    return (Message(first.role, start + first.content, shared), *rest)
