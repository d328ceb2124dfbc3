"""Prompts as data: a YAML file with its texts and the name of its output format, rendered into chat messages.

    kind: pairwise                 # pairwise | single
    format: label                  # one of arena.formats, with its options beside it: scale, ties, labels, criteria
    nonce: true                    # fences and verdict carry a code that no answer can know
    system: |                      # who the judge is and what it should look at; no placeholders
    user: |                        # {question} {reference} {answer_a} {answer_b} ({answer} in single mode) {turns}
    turns: |                       # what {turns} says when the conversation has more than one turn; else it is empty

The format's instructions are added at the end. Templates are filled in one pass: braces in an answer stay braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from arena.config.base import Strict
from arena.config.strict import describe, kind_of, nearest, read_yaml
from arena.errors import ConfigError
from arena.formats import FORMATS, Criterion, Format, Kind, Outcome, Unparsed, make_format, options_of, spec_of
from arena.formats.reward import Reward
from arena.keys import digest
from arena.types import Message, Question, Reply, TokenLogprobs

__all__ = ["REWARD", "Prompt", "Unparsed", "load_prompt"]

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")
_NEEDED: dict[Kind, tuple[str, ...]] = {"pairwise": ("answer_a", "answer_b"), "single": ("answer",)}
_OPTIONAL = ("reference", "turns")
_KEYS = {"kind", "format", "user"}
"""What every prompt has."""


class PromptFile(Strict):
    """A prompt's YAML file, key by key."""

    kind: Kind
    format: str
    system: str = ""
    user: str
    turns: str = ""
    nonce: bool = True
    scale: tuple[int, int] | None = None
    ties: bool | None = None
    labels: tuple[str, ...] | None = None
    criteria: tuple[Criterion, ...] | None = None


@dataclass(frozen=True)
class Prompt:
    """What a judge is asked, and in which form it replies."""

    name: str
    kind: Kind
    format: Format
    system: str
    user: str
    """The template of the user message; the format's instructions follow it."""
    turns: str = ""
    nonce: bool = True
    """Whether to render with a nonce; False only for prompts that ask for a bare verdict."""

    @property
    def needs_reference(self) -> bool:
        """Whether a question without a reference answer cannot be judged with it."""
        return "{reference}" in self.user

    @cached_property
    def sha256(self) -> str:
        """Of everything that can change a rendered message or its parse; the name is not part of it."""
        parts = [self.kind, spec_of(self.format), self.system, self.user, self.turns, self.nonce]
        return digest([*parts, self.format.instructions("NONCE")])

    @cached_property
    def format_spec(self) -> str:
        """The format and its options in one string, for `arena.formats.format_of`."""
        return spec_of(self.format)

    def render(
        self,
        question: Question,
        answers: Sequence[Sequence[str]],
        reference: Sequence[str],
        nonce: str | None,
        *,
        shared_answers: int = 0,
    ) -> tuple[Message, ...]:
        """The messages for a judge; `answers` in the order they are shown, each with all its turns.

        `Message.shared` of the user message covers everything before the first answer, and the first `shared_answers`
        of them too where sibling requests show the same ones there. Raises ValueError when the
        number of answers is not the prompt's, or when it needs a reference and there is none.
        """
        slots = _NEEDED[self.kind]
        if len(answers) != len(slots):
            raise ValueError(f"prompt {self.name}: {len(slots)} answers are shown, not {len(answers)}")
        if self.format.conversation:
            return _conversation(question, answers[0])
        system, pieces = self.around(question, reference, nonce)
        own = range(shared_answers, len(slots))
        first = next((n for n, piece in enumerate(pieces) if piece in own), None)
        texts = [piece if isinstance(piece, str) else self.shown(piece, answers[piece], nonce) for piece in pieces]
        shared = 0 if first is None else sum(map(len, texts[:first]))
        user = Message("user", "".join(texts), shared)
        return (*system, user)

    def around(
        self, question: Question, reference: Sequence[str], nonce: str | None
    ) -> tuple[tuple[Message, ...], list[str | int]]:
        """The messages without the answers: those before the user's, and the user's in pieces, with the number of each
        answer where it belongs. Raises ValueError when the prompt needs a reference and there is none."""
        if self.needs_reference and not any(reference):
            raise ValueError(f"prompt {self.name}: question {question.question_id} has no reference answer")
        nonce = nonce if self.nonce else None
        setting = [_fenced("SYSTEM PROMPT", [question.system], nonce)] if question.system else []
        values: dict[str, str | int] = {
            "question": "\n\n".join([*setting, _fenced("QUESTION", question.turns, nonce)]),
            "reference": _fenced("REFERENCE", reference, nonce),
            "turns": self.turns.strip() if len(question.turns) > 1 else "",
            **{slot: number for number, slot in enumerate(_NEEDED[self.kind])},
        }
        pieces = [*_filled(self.user.strip(), values), f"\n\n{self.format.instructions(nonce)}"]
        return (Message("system", self.system.strip()),) if self.system.strip() else (), pieces

    def shown(self, slot: int, turns: Sequence[str], nonce: str | None) -> str:
        """An answer as it stands in the prompt, the first or the second of those shown."""
        title = _NEEDED[self.kind][slot].replace("_", " ").upper()
        return _fenced(title, turns, nonce if self.nonce else None)

    def parse(self, text: str, nonce: str | None, logprobs: Sequence[TokenLogprobs] = ()) -> Outcome | Unparsed:
        """What a reply to this prompt says, in slots."""
        return self.format.parse(text, nonce if self.nonce else None, logprobs)

    def complete(self, text: str, nonce: str | None) -> bool:
        """Whether a reply that was cut off holds its verdict whole."""
        return self.format.complete(text, nonce if self.nonce else None)

    def read_before(self, reply: Reply) -> bool:
        """Whether version 0.1 read a verdict in a stored reply."""
        return reply.status == "ok" and self.format.read_before(
            reply.text, reply.nonce if self.nonce else None, reply.logprobs
        )

    def explanation(self, text: str, nonce: str | None) -> str | None:
        """What the judge wrote beside its verdict, the nonce hidden."""
        return self.format.explanation(text, nonce if self.nonce else None)

    def repair(self, nonce: str | None) -> str:
        """The user message that asks for the label alone."""
        return self.format.repair(nonce if self.nonce else None)


REWARD = Prompt("reward", "single", Reward(), "", "", nonce=False)
"""What a reward model is shown: the conversation alone."""


def _conversation(question: Question, turns: Sequence[str]) -> tuple[Message, ...]:
    """The question's turns, each with its answer."""
    said = [m for pair in zip(question.turns, turns, strict=False)
            for m in (Message("user", pair[0]), Message("assistant", pair[1]))]  # fmt: skip
    return (Message("system", question.system), *said) if question.system else tuple(said)


def load_prompt(name_or_path: str, search: Sequence[Path]) -> Prompt:
    """The prompt of a YAML file: a path (relative ones are tried in every folder of `search`) or a name found there.

    Raises ConfigError naming file, field and the nearest thing that exists.
    """
    path = _find(name_or_path, search)
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected keys like kind, format, user; found {kind_of(raw)}")
    try:
        file = PromptFile.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error, PromptFile)}") from None
    _check_placeholders(file, path)
    return Prompt(path.stem, file.kind, _format(file, path), file.system, file.user, file.turns, file.nonce)


def _find(name_or_path: str, search: Sequence[Path]) -> Path:
    candidates = [Path(name_or_path)] if Path(name_or_path).is_absolute() else [f / name_or_path for f in search]
    files = [path for c in candidates for path in (c, Path(f"{c}.yaml")) if path.is_file()]
    for path in files:
        if not _is_something_else(path):
            return path
    if files:
        return files[0]  # nothing better goes by that name: its faults are told
    have = sorted({path.stem for folder in search for path in folder.glob("*.yaml") if _is_prompt(path)})
    raise ConfigError(f"no prompt {name_or_path!r}{nearest(name_or_path, have)}")


def _is_something_else(path: Path) -> bool:
    """Whether a YAML file has none of a prompt's keys, as a config that goes by a prompt's name."""
    try:
        raw = read_yaml(path)
    except ConfigError:
        return False
    return not isinstance(raw, dict) or set(raw).isdisjoint(_KEYS)


def _is_prompt(path: Path) -> bool:
    """Configs may lie in the same folder; a prompt is told by its first keys."""
    try:
        raw = read_yaml(path)
    except ConfigError:
        return False
    return isinstance(raw, dict) and set(raw) >= _KEYS


def _check_placeholders(file: PromptFile, path: Path) -> None:
    needed = ("question", *_NEEDED[file.kind])
    found = _PLACEHOLDER.findall(file.user)
    known = [*needed, *_OPTIONAL]
    for name in found:
        if name not in known:
            raise ConfigError(f"{path}: user: unknown placeholder {{{name}}}{nearest(name, known)}")
    for name in needed:
        if name not in found:
            raise ConfigError(f"{path}: user: a {file.kind} prompt needs the placeholder {{{name}}}")
    for field, text in (("system", file.system), ("turns", file.turns)):
        for name in _PLACEHOLDER.findall(text):
            if name in known:
                raise ConfigError(f"{path}: {field}: placeholders are filled in `user` only, found {{{name}}}")


def _format(file: PromptFile, path: Path) -> Format:
    if file.format not in FORMATS:
        raise ConfigError(f"{path}: format: no format {file.format!r}{nearest(file.format, list(FORMATS))}")
    if FORMATS[file.format].kind != file.kind:
        same = ", ".join(name for name, fmt in FORMATS.items() if fmt.kind == file.kind)
        raise ConfigError(f"{path}: format: {file.format} is no {file.kind} format (known: {same})")
    given = {key: getattr(file, key) for key in ("scale", "ties", "labels", "criteria")}
    options = {key: value for key, value in given.items() if value is not None}
    allowed = options_of(file.format)
    for key in options:
        if key not in allowed:
            raise ConfigError(f"{path}: {key}: format {file.format} has no such option{nearest(key, list(allowed))}")
    try:
        return make_format(file.format, options)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _fenced(what: str, turns: Sequence[str], nonce: str | None) -> str:
    """Texts between lines that name them and carry the nonce; several turns are numbered."""
    code = f" {nonce}" if nonce is not None else ""
    blocks = []
    for number, turn in enumerate(turns, 1):
        title = f"{what} (turn {number} of {len(turns)}){code}" if len(turns) > 1 else f"{what}{code}"
        blocks.append(f"[BEGIN {title}]\n{turn or '(none)'}\n[END {title}]")
    return "\n\n".join(blocks)


def _filled(template: str, values: Mapping[str, str | int]) -> list[str | int]:
    """The template in pieces, with every placeholder's value in its place."""
    parts: list[str | int] = []
    end = 0
    for match in _PLACEHOLDER.finditer(template):
        parts += [template[end : match.start()], values[match.group(1)]]
        end = match.end()
    return [*parts, template[end:]]
