"""Each question in other words, from the user's file."""

from __future__ import annotations

from pathlib import Path

from arena.config.strict import nearest
from arena.errors import ConfigError, DataError
from arena.probes.probe import Material, Variant, disturbed
from arena.tables import read_rows

_COLUMNS = ("question_id", "text", "turns")


def paraphrases(material: Material) -> list[Variant]:
    """The questions that the file has other words for. Raises ConfigError without a file, DataError for one that names
    no question, or has a line that is none."""
    path = material.settings.paraphrase_file
    if path is None:
        raise ConfigError("probes.paraphrase_file: missing; paraphrase_file needs a file of lines"
                          ' {"question_id": …, "text": …}')  # fmt: skip
    if not path.is_file():
        raise DataError(f"probes.paraphrase_file: {path}: no such file")
    texts = _read(path)
    known = {question.question_id for question in material.questions}
    if texts.keys().isdisjoint(known):
        first = next(iter(texts), "")
        raise DataError(f"{path}: names no question that is asked; found {first!r}{nearest(first, sorted(known)[:20])}")
    found = []
    for question in material.questions:
        turns = texts.get(question.question_id)
        if turns is None or turns == question.turns:
            continue
        if len(turns) != len(question.turns):
            raise DataError(
                f"{path}: question {question.question_id!r} has {len(question.turns)} turns, found {len(turns)}"
            )
        found.append(disturbed(question, turns))
    return found


def _read(path: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for place, row in read_rows(path, _COLUMNS):
        name, said = row.get("question_id"), row.get("turns", row.get("text"))
        turns = [said] if isinstance(said, str) else said
        if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
            raise DataError(f"{place}: question_id must be an integer or a text, found {name!r}")
        if not isinstance(turns, list) or not turns or not all(isinstance(t, str) and t.strip() for t in turns):
            raise DataError(f"{place}: text must be a text (or turns a list of texts), found {said!r:.80}")
        found[str(name)] = tuple(map(str, turns))
    return found
