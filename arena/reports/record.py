"""An evaluation's record: what was evaluated, how, with which data, every line with its file and that file's hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from arena.files import round_floats
from arena.reports.leaderboard import escaped
from arena.types import JSON

FORMAT = "arena-record/1"
STATEMENT = (
    "Facts about one evaluation, for whoever documents a model. Headings follow items of the EU AI Act (Annexes XI and "
    "XII) and of ISO/IEC 42001 (Annex A) where such facts belong to them; this is no statement of conformity."
)
_IN_CARDS = (
    "judges_compare", "order", "ranked_by", "interval", "level", "clustered_by", "questions", "with_a_reference",
    "questions_sha256",
)  # fmt: skip
_NAMES = ("model", "task", "probe", "metric", "signature")
_NONE = "none"
BANNER = "SIMULATED: no model was asked, these numbers are invented."


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts come from: a file, a prompt, or a part of a file whose rest goes on changing."""

    id: str
    """F1, F2, … within this record."""
    role: str
    """What it is to the board: config, question_file, answers, reviews, prompt, run, …"""
    name: str
    """Its path inside the board's folder, or inside the config's; of a file elsewhere its name alone."""
    sha256: str
    """Of the bytes; of a part, of its canonical JSON; of a prompt, of all that can change a request or its parse."""
    bytes: int | None = None
    lines: int | None = None
    part: str | None = None
    """A JSON pointer (RFC 6901) into the file."""

    @property
    def place(self) -> tuple[str, str, str | None]:
        """What it is found again by."""
        return self.role, self.name, self.part

    @property
    def shown(self) -> str:
        """Its name, with the part."""
        return self.name if self.part is None else f"{self.name}#{self.part}"

    def to_json(self) -> dict[str, JSON]:
        """As it stands in record.json."""
        told: dict[str, JSON] = {"id": self.id, "role": self.role, "file": self.name, "sha256": self.sha256}
        more = {"bytes": self.bytes, "lines": self.lines, "part": self.part}
        return told | {key: value for key, value in more.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the record."""

    name: str
    value: JSON
    sources: tuple[str, ...]
    """Ids: at least one."""

    def to_json(self) -> dict[str, JSON]:
        """As it stands in record.json."""
        return {"name": self.name, "value": round_floats(self.value), "sources": list(self.sources)}


@dataclass(frozen=True, slots=True)
class Section:
    """Facts of one kind. A fact of a table has one value per column."""

    name: str
    see: tuple[str, ...]
    """Where such facts are asked for."""
    facts: tuple[Fact, ...] = ()
    tables: Mapping[str, Sequence[Fact]] | None = None

    def __iter__(self) -> Iterator[Fact]:
        yield from self.facts
        for rows in (self.tables or {}).values():
            yield from rows

    def to_json(self) -> dict[str, JSON]:
        """As it stands in record.json."""
        tables: dict[str, JSON] = {name: [row.to_json() for row in rows] for name, rows in (self.tables or {}).items()}
        facts: list[JSON] = [fact.to_json() for fact in self.facts]
        return {"name": self.name, "see": list(self.see), "facts": facts, "tables": tables}


@dataclass(frozen=True, slots=True)
class Record:
    """A whole record."""

    title: str
    arena_version: str
    simulated: bool
    sections: tuple[Section, ...]
    sources: tuple[Source, ...]
    not_recorded: tuple[str, ...]
    """What those items ask for and no evaluation can know."""

    def section(self, name: str) -> Section:
        """One section."""
        return next(section for section in self.sections if section.name == name)

    def to_json(self) -> dict[str, JSON]:
        """record.json's object."""
        return {
            "format": FORMAT,
            "title": self.title,
            "arena_version": self.arena_version,
            "simulated": self.simulated,
            "statement": STATEMENT,
            "sections": {section.name: section.to_json() for section in self.sections},
            "not_recorded": list(self.not_recorded),
            "sources": [source.to_json() for source in self.sources],
        }


def to_markdown(record: Record) -> str:
    """record.md: a table per section, a number behind every line, and at the end what the numbers stand for."""
    lines = [f"# Record of an evaluation: {escaped(record.title)}", "", STATEMENT, ""]
    if record.simulated:
        lines += [f"**{BANNER}**", ""]
    for section in record.sections:
        lines += [f"## {_words(section.name).capitalize()}", ""]
        lines += [f"*{'; '.join(section.see)}*", ""] if section.see else []
        if section.facts:
            lines += _table(["fact", "found", "source"], [
                [_words(fact.name), _shown(fact.value), ", ".join(fact.sources)] for fact in section.facts
            ])  # fmt: skip
        for name, rows in (section.tables or {}).items():
            lines += [f"### {_words(name).capitalize()}", "", *_rows(rows)] if rows else []
    lines += ["## Not recorded", "", "No evaluation knows this; whoever provides the model documents it:", ""]
    lines += [*(f"- {what}" for what in record.not_recorded), "", "## Sources", ""]
    lines += _table(["source", "what", "file", "bytes", "lines", "sha256"], [
        [s.id, escaped(s.role), escaped(s.shown), _shown(s.bytes), _shown(s.lines), f"`{s.sha256}`"]
        for s in record.sources
    ])  # fmt: skip
    lines += ["## For model cards", "", "`arena record -c CFG --card MODEL` prints one alone.", ""]
    for model in models_of(record):
        lines += ["```markdown", model_card(record, model).rstrip("\n"), "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def models_of(record: Record) -> list[str]:
    """The models that have a row of results, best first."""
    return [fact.name for fact in (record.section("evaluation_results").tables or {}).get("leaderboard", ())]


def model_card(record: Record, model: str) -> str:
    """The section `Evaluation` of one model's card, in Markdown."""
    results, strategy, data = (
        record.section(name) for name in ("evaluation_results", "evaluation_strategies", "testing_data")
    )
    tables = {
        **(results.tables or {}),
        "probes": (record.section("adversarial_testing").tables or {}).get("probes", ()),
    }
    own = [fact for rows in tables.values() for fact in rows if _is_of(fact, model)]
    found = [
        [" ".join(part for part in (_part(fact), _words(column)) if part), _shown(value)]
        for fact in own
        for column, value in _joined(fact.value).items()
        if column not in _NAMES and value not in (None, "", False)
    ]
    weak = [
        _shown(fact.value.get("what"))
        for fact in (record.section("limitations").tables or {}).get("known_weaknesses", ())
        if isinstance(fact.value, dict) and fact.value.get("model") in {None, model}
    ]
    how = [f"{_words(fact.name)}: {_shown(fact.value)}" for fact in (*strategy, *data) if fact.name in _IN_CARDS]
    judges = ", ".join(
        f"{escaped(fact.name)} ({_shown(_joined(fact.value).get('source'))})"
        for fact in (strategy.tables or {}).get("judges", ())
    )
    lines = ["## Evaluation", "", f"Of {escaped(model)}, on the board {escaped(record.title)}.", ""]
    lines += [f"**{BANNER}**", ""] if record.simulated else []
    lines += [*_table(["result", "value"], found), "How it was evaluated:", "", *(f"- {line}" for line in how)]
    lines += [f"- judged by: {judges}", ""] if judges else [""]
    lines += ["Limitations:", "", *(f"- {text}" for text in weak), ""] if weak else []
    sources = {source.id: source for source in record.sources}
    used = sorted({ref for fact in own for ref in fact.sources}, key=list(sources).index)
    told = ", ".join(f"{escaped(sources[ref].shown)} (sha256 {sources[ref].sha256[:12]}…)" for ref in used)
    return "\n".join([*lines, f"Numbers from {told}; arena {escaped(record.arena_version)}.", ""])


def _is_of(fact: Fact, model: str) -> bool:
    return isinstance(fact.value, dict) and fact.value.get("model", fact.name) == model


def _part(fact: Fact) -> str:
    """Which of several rows of a model it is."""
    told = _joined(fact.value)
    return _shown(told.get("task") or told.get("probe") or told.get("metric") or "")


def _joined(value: JSON) -> dict[str, JSON]:
    """The columns of a row: a number and the ends of its interval are one."""
    if not isinstance(value, dict):
        return {"value": value}
    told: dict[str, JSON] = {}
    for name, inner in value.items():
        ends = value.get(f"{name}_low", _NONE), value.get(f"{name}_high", _NONE)
        if _NONE in ends and {"low", "high"} <= value.keys() and name in ("score", "value", "rate"):
            ends = value["low"], value["high"]
        known = [end for end in ends if isinstance(end, int | float)]
        told[name] = f"{_shown(inner)} [{', '.join(map(_shown, known))}]" if len(known) == 2 else inner
    ends_of = {f"{name}_{end}" for name in value for end in ("low", "high")} | {"low", "high"}
    return {name: inner for name, inner in told.items() if name not in ends_of}


def _rows(rows: Sequence[Fact]) -> list[str]:
    """A table whose columns are the values' keys, without those that nobody has."""
    values = [_joined(row.value) for row in rows]
    columns = list(dict.fromkeys(key for value in values for key, told in value.items() if told not in (None, [], {})))
    return _table(["", *map(_words, columns), "source"], [
        [escaped(row.name), *(_shown(value.get(column)) for column in columns), ", ".join(row.sources)]
        for row, value in zip(rows, values, strict=True)
    ])  # fmt: skip


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines] + [""]


def _words(name: str) -> str:
    return escaped(name.replace("_", " "))


def _shown(value: JSON) -> str:
    """A value on one line, unable to mark anything up."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case int():
            return f"{value:,}"
        case list():
            return ", ".join(map(_shown, value)) or "–"
        case dict():
            return "; ".join(f"{_words(key)} {_shown(inner)}" for key, inner in value.items()) or "–"
        case _:
            return escaped(str(value))
