"""What holds a board's scale (judges, prompts, questions, the anchor's answers), and whether two boards share one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from arena.errors import DataError
from arena.files import from_json, to_json, write_atomically
from arena.keys import canonical
from arena.reports.typed import Misread, read_as
from arena.types import JSON

Judges = Sequence[Mapping[str, JSON]]
FILE = "scale.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuestion:
    """A question as judges see it."""

    text: str
    """A hash over its turns and its system text."""
    prompt: str
    """The name of the prompt that judges it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """`reports/scale.json`: hashes are the first 16 hex digits of a sha256."""

    mode: str
    simulated: bool = False
    judges: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By name: `model`, and a hash of every setting that changes what a judge replies."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """The sha256 of every prompt in use, by its name."""
    questions: Mapping[str, AskedQuestion] = field(default_factory=dict)
    anchor: str | None = None
    """The model at a fixed rating; None: ratings have mean 1000."""
    anchored_at: float | None = None
    baselines: tuple[str, ...] = ()
    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """A hash over the answer keys of the anchor and the baselines, by question."""


def write_scale(folder: Path, scale: Scale) -> None:
    """Write it among a board's reports."""
    write_atomically(folder / FILE, to_json(asdict(scale)) + b"\n")


def read_scale(folder: Path) -> Scale | None:
    """That of a board's reports; None where an earlier version rated it. Raises DataError when it is damaged."""
    path = folder / FILE
    try:
        scale = read_as(Scale, from_json(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, Misread) as error:
        raise DataError(f"{path}: not the scale of a board ({error})") from None
    nameless = next((name for name, settings in scale.judges.items() if "model" not in settings), None)
    if nameless is not None:
        raise DataError(f"{path}: not the scale of a board (judges.{nameless}.model: missing)")
    if scale.mode != "single" and scale.anchor is not None and scale.anchored_at is None:
        raise DataError(f"{path}: not the scale of a board (anchored_at: missing)")
    return scale


def common_questions(old: Scale, new: Scale) -> list[str]:
    """Questions that both boards ask, by their ids."""
    return sorted(old.questions.keys() & new.questions.keys())


def apart(old: Scale, new: Scale) -> list[str]:
    """Why the numbers of two boards do not compare, a clause each; empty where they share a scale."""
    common = common_questions(old, new)
    if old.mode != new.mode:
        return [f"their modes are {old.mode} and {new.mode}"]
    if not common:
        return ["they have no question in common"]
    told = ["one of them is a rehearsal"] if old.simulated != new.simulated else []
    differ = judges_apart(list(old.judges.values()), list(new.judges.values()))
    told += [] if differ is None else [differ]
    changed = [q for q in common if old.questions[q].text != new.questions[q].text]
    if changed:
        told.append(f"the text of question {changed[0]!r}{_more(changed)} is another")
    return [*told, *_prompts_apart(old, new, common), *_holders_apart(old, new, common)]


def judges_apart(here: Judges, there: Judges) -> str | None:
    """How the judges of two boards differ, by the names of what is set otherwise (values may be secret); None where
    they do not. What a judge is called plays no part."""
    ours, theirs = (sorted(own, key=canonical) for own in (here, there))
    if ours == theirs:
        return None
    models = [sorted(str(one["model"]) for one in own) for own in (ours, theirs)]
    if models[0] != models[1]:
        return f"judged by {', '.join(models[0])} and by {', '.join(models[1])}"
    only = [one for one in ours if one not in theirs], [one for one in theirs if one not in ours]
    pairs = ((one, two) for one in only[0] for two in only[1] if one["model"] == two["model"])
    one, two = next(pairs, (ours[0], ours[0]))
    if one == two:
        return "some judges stand on one of them more often than on the other"
    names = sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))
    return f"judge {one['model']} differs in {', '.join(names)}"


def _prompts_apart(old: Scale, new: Scale, common: Sequence[str]) -> list[str]:
    for question in common:
        here, there = old.questions[question].prompt, new.questions[question].prompt
        if old.prompts.get(here) != new.prompts.get(there):
            return [f"question {question!r} is judged by the prompts {here} and {there}, whose texts differ"]
    return []


def _holders_apart(old: Scale, new: Scale, common: Sequence[str]) -> list[str]:
    if old.mode == "single":
        return []
    if old.anchor is None or new.anchor is None:
        return ["no model holds the ratings (set rating_gen.anchor, or a baseline)"]
    if old.anchored_at != new.anchored_at:
        places = (f"{one.anchor} at {one.anchored_at:g}" for one in (old, new))
        return [f"their ratings are held by {' and by '.join(places)}"]
    if len(old.baselines) != len(new.baselines):
        counts = (", ".join(one.baselines) or "none" for one in (old, new))
        return [f"their baselines are {' and '.join(counts)}"]
    for here, there in zip(_holders_in_order(old), _holders_in_order(new), strict=True):
        ours, theirs = old.keys.get(here, {}), new.keys.get(there, {})
        changed = sum(ours.get(q) != theirs.get(q) for q in common)
        if changed:
            answers = "1 answer" if changed == 1 else f"{changed:,} answers"
            names = here if here == there else f"{here} and {there}"
            return [f"{answers} of {names}, which holds the scale, changed"]
    return []


def _holders_in_order(scale: Scale) -> tuple[str, ...]:
    return (str(scale.anchor), *scale.baselines)


def _more(changed: Sequence[str]) -> str:
    return f" (and of {len(changed) - 1} more)" if changed[1:] else ""
