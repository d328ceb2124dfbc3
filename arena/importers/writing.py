"""A board folder out of what an importer collected: questions, recorded answers, ledgers, a config ready to use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

import arena
from arena.config.schema import Mode
from arena.errors import DataError, InputError
from arena.files import Appender, file_stems, read_objects, to_json
from arena.importers.finished import reviews_of_runs, write_items
from arena.importers.found_board import FoundBoard, Judged, Said
from arena.importers.placing import Placing, boards_held
from arena.importers.samples import Slots, assign_samples
from arena.keys import digest, recorded_key
from arena.records import reply_to_json
from arena.store.counts import count_anew, shortfalls
from arena.store.folder import BoardFolder
from arena.terms import PANEL
from arena.types import JSON, Question, Reply

FORMAT = "imported"
"""`format` of an imported ledger line: its verdict stands in `request["imported"]` and is not parsed again."""
_ANSWERS = "answers-recorded"
_MODES: tuple[Mode, ...] = ("pairwise", "single")


@dataclass(frozen=True, slots=True)
class Written:
    """What an import put where."""

    configs: tuple[Path, ...]
    """The first is the board to start with."""
    questions: int
    models: tuple[str, ...]
    replies: int
    without_verdict: int
    judges: tuple[str, ...]
    notes: tuple[str, ...]
    tasks: int = 0
    """Benchmarks among it, and their documents over all models."""
    documents: int = 0
    without_score: int = 0
    """Documents whose score is missing or none."""
    scores_alone: bool = False
    """Whether those are all there is: no answer that could be judged."""


def write_board(collected: FoundBoard, folder: Path, *, force: bool = False) -> Written:
    """Write a board folder. Raises InputError when the folder holds something and `force` is not given.

    With `force` the files of an earlier import are replaced, and kept in `replaced-N/`; replies that a real judge gave
    since then stay in the ledgers. Raises BoardLocked while a run is at work below the folder.
    """
    check_folder(folder, force=force)
    _check_names(collected)
    collected = _without_mirrors(collected)
    slots = assign_samples(collected.answers, collected.replies)
    used = {question_id for question_id, _, _ in slots} or set(collected.questions)
    questions = [question for key, question in collected.questions.items() if key in used]
    missing = used - {question.question_id for question in questions}
    if not questions:
        raise DataError(f"SRC: none of its {len(missing)} question ids has a question text")
    slots = {key: said for key, said in slots.items() if key[0] not in missing}
    models = _models(collected, slots)
    kept = [reply for reply in collected.replies if reply.question_id not in missing]
    notes = list(collected.notes)
    if missing:
        notes.append(f"{len(missing)} question ids without a question text left out, with their answers and verdicts")
    if unanswered := len(collected.questions.keys() - used):
        notes.append(f"{unanswered} questions that nobody answered left out")
    by_mode = {mode: [reply for reply in kept if (reply.second is None) == (mode == "single")] for mode in _MODES}
    boards = {folder / "runs" / mode: chosen for mode, chosen in by_mode.items() if chosen}
    scored = [*boards] or [folder / "runs" / collected.default_mode]
    with boards_held(folder, [*boards, *(scored if collected.items else ())]):
        place = Placing(folder)
        _write_lines(place, folder / "questions.jsonl", [_question_line(question) for question in questions])
        stems = file_stems(models)
        for model in models:
            _write_lines(place, folder / _ANSWERS / f"{stems[model]}.jsonl", _answer_lines(slots, model))
        configs = _write_configs(collected, place, slots, kept)
        for board, chosen in boards.items():
            notes += [sentence for sentence, _ in shortfalls([BoardFolder(board)])]
            _write_ledgers(chosen, collected, BoardFolder(board), place)
        for board in scored:
            write_items(collected, BoardFolder(board), models, place)
    if place.replaced is not None:
        notes.append(f"what stood there is kept in {place.replaced}")
    return Written(
        configs, len(questions), tuple(models), len(kept),
        sum(reply.label is None and (reply.second is not None or reply.score_first is None) for reply in kept),
        tuple(sorted({reply.judge for reply in kept})), tuple(notes),
        len({item.task for item in collected.items}), len(collected.items),
        sum(item.score is None for item in collected.items), bool(collected.items) and not slots,
    )  # fmt: skip


def _models(collected: FoundBoard, slots: Slots) -> list[str]:
    return sorted({model for _, model, _ in slots} | {item.model for item in collected.items})


def check_folder(folder: Path, *, force: bool) -> None:
    """Raise InputError when a board cannot be written there."""
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not force)):
        raise InputError(f"{folder}: exists already; choose another --out, or --force to import over it")


def _without_mirrors(collected: FoundBoard) -> FoundBoard:
    """Without the verdicts on a model against itself, which a note counts."""
    kept = tuple(r for r in collected.replies if r.second is None or r.first.model != r.second.model)
    if not (mirrors := len(collected.replies) - len(kept)):
        return collected
    note = f"{mirrors} verdicts on a model against itself left out"
    return replace(collected, replies=kept, notes=(*collected.notes, note))


def _check_names(collected: FoundBoard) -> None:
    """Raise DataError for names that cannot stand on a board."""
    sides = [side for reply in collected.replies for side in (reply.first, reply.second) if side is not None]
    for said in (*collected.answers, *sides):
        if not _is_name(said.model):
            raise DataError(f"question {said.question_id}: a model cannot be called {said.model!r}")
    for name in dict.fromkeys(item.model for item in collected.items):
        if not _is_name(name):
            raise DataError(f"a model cannot be called {name!r}")
    for reply in collected.replies:
        if not _is_name(reply.judge):
            raise DataError(f"question {reply.question_id}: a judge cannot be called {reply.judge!r}")


def _is_name(name: str) -> bool:
    """Whether a board can hold it: text that UTF-8 can write, and not the word that means several judges."""
    return bool(name.strip()) and name != PANEL and name.encode("utf-8", "replace").decode() == name


def to_reply(judged: Judged, tool: str, baseline: str | None) -> Reply:
    """An imported ledger line. model_a < model_b by code point, but a baseline is model_b."""
    first, second = judged.first, judged.second
    if second is None:
        model_a, model_b, order = first, None, None
    elif second.model == baseline or (first.model != baseline and first.model < second.model):
        model_a, model_b, order = first, second, "a_first"
    else:
        model_a, model_b, order = second, first, "b_first"
    key_a, key_b = recorded_key(model_a.turns), recorded_key(model_b.turns) if model_b is not None else None
    sample = judged.turn - 1
    parts = {
        "tool": tool, "judge": judged.judge, "question": judged.question_id, "answers": [key_a, key_b],
        "order": order, "reply": judged.raw, "sample": sample,
    }  # fmt: skip
    imported: dict[str, JSON] = {
        "label": judged.label, "score_first": judged.score_first, "score_second": judged.score_second,
        "probability": judged.probability, "answer_key_a": key_a, "answer_key_b": key_b, "tool": tool,
    }  # fmt: skip
    if model_b is None:
        imported["score"] = judged.score_first
    elif not judged.order_known:
        imported["order_known"] = False
    request: dict[str, JSON] = {"imported": imported}
    if judged.messages:
        request["messages"] = [dict(message) for message in judged.messages]
    return Reply(
        digest(parts)[:32], judged.status, judged.judge, judged.judge, judged.template or tool, "", FORMAT, None,
        request, judged.question_id, model_a.model, model_b.model if model_b is not None else None,
        "a_first" if order == "a_first" else "b_first" if order else None, sample, judged.text,
        logprobs=judged.logprobs, usage=judged.usage, via="import", cost_usd=judged.cost_usd,
        latency_s=judged.latency_s, error=judged.error, created_at=judged.created_at, arena_version=arena.__version__,
    )  # fmt: skip


def _write_ledgers(replies: Sequence[Judged], collected: FoundBoard, board: BoardFolder, place: Placing) -> None:
    """Ledgers of a board whose lock is held. run.json counts a replaced one only once it stands there."""
    judges = sorted({reply.judge for reply in replies})
    baseline = _baseline(collected, replies)
    paths = {judge: board.ledger_file(judge, judges) for judge in judges}
    count_anew(board, without=paths.values())
    for judge, path in paths.items():
        lines: dict[tuple[object, ...], bytes] = {}
        for judged in replies:
            if judged.judge == judge:
                reply = to_reply(judged, collected.tool, baseline)
                lines[reply.key, reply.model_a, reply.model_b] = to_json(reply_to_json(reply))
        place.write(path, b"".join(line + b"\n" for line in [*lines.values(), *_own_lines(path)]))
    count_anew(board)


def _own_lines(ledger: Path) -> list[bytes]:
    """What real judges said since an earlier import."""
    if not ledger.exists():
        return []
    Appender(ledger).close()  # a last line that is whole and only lost its newline counts
    return [to_json(line) for _, line in read_objects(ledger, growing=True) if line.get("via") != "import"]


def _baseline(collected: FoundBoard, replies: Sequence[Judged]) -> str | None:
    """The model that took part in every comparison, where the tool or three or more models make that one model."""
    pairs = [{r.first.model, r.second.model} for r in replies if r.second is not None]
    if not pairs:
        return collected.baseline
    shared = set.intersection(*pairs)
    if collected.baseline is not None:
        return collected.baseline if collected.baseline in shared else None
    return next(iter(shared)) if len(shared) == 1 else None


def _write_configs(collected: FoundBoard, place: Placing, slots: Slots, replies: Sequence[Judged]) -> tuple[Path, ...]:
    if collected.categories:
        groups: dict[str, list[str]] = {name: list(members) for name, members in collected.categories.items()}
        text = yaml.safe_dump(groups, allow_unicode=True, sort_keys=False)
        place.write(place.out / "category_mapping.yaml", text)
    found = [mode for mode in _MODES if any((reply.second is None) == (mode == "single") for reply in replies)]
    written = []
    for number, mode in enumerate(found or [collected.default_mode]):
        name = "config.yaml" if number == 0 else f"config-{mode}.yaml"
        sections = _config(collected, mode, slots, replies)
        text = _header(collected, bool(found), bool(slots), name) + yaml.safe_dump(
            sections, allow_unicode=True, sort_keys=False, width=120
        )
        place.write(place.out / name, text)
        written.append(place.out / name)
    return tuple(written)


def _config(collected: FoundBoard, mode: Mode, slots: Slots, replies: Sequence[Judged]) -> dict[str, object]:
    chosen = [reply for reply in replies if (reply.second is None) == (mode == "single")]
    baseline = _baseline(collected, chosen) if mode != "single" and slots else None
    reviews: dict[str, object] = {"mode": "pairwise_baseline" if baseline is not None else mode}
    if baseline is not None:
        reviews["baseline"] = baseline
    if chosen:
        reviews["judges"] = {judge: {"backend": "recorded"} for judge in sorted({reply.judge for reply in chosen})}
        reviews |= {"order": "recorded", "max_unparsed": 1.0, "max_failed": 1.0, "max_first_slot": None}
        if collected.quorum > 1:
            reviews["panel"] = {"quorum": collected.quorum}
    elif collected.items:
        reviews = reviews_of_runs(collected.questions.values(), answered=bool(slots))
    else:
        reviews["judges"] = {"gpt-4.1-mini": {"backend": "openai", "model": "gpt-4.1-mini"}}
        reviews["order"] = "both"
    if collected.strong_weight != 1 and mode != "single":
        reviews |= {"prompt": "levels-v1", "strong_weight": collected.strong_weight}
    sections: dict[str, object] = {"question_file": "questions.jsonl"}
    if collected.categories:
        sections["category_file"] = "category_mapping.yaml"
    folder = "single" if mode == "single" else "pairwise"
    return sections | {
        "output_dir": f"runs/{folder}",
        "answers_gen": _candidates(_models(collected, slots), slots),
        "reviews_gen": reviews,
    }


def _candidates(models: Sequence[str], slots: Slots) -> dict[str, object]:
    if not models:
        return {name: {"backend": "openai", "model": name} for name in ("gpt-4.1", "gpt-4.1-mini")}
    stems = file_stems(models)
    samples = 1 + max((sample for _, _, sample in slots), default=0)
    candidates: dict[str, object] = {}
    for model in models:
        entry: dict[str, object] = {"backend": "recorded", "file": f"{_ANSWERS}/{stems[model]}.jsonl"}
        candidates[model] = entry | ({"generation_config": {"n": samples}} if samples > 1 else {})
    return candidates


def _header(collected: FoundBoard, judged: bool, answered: bool, name: str) -> str:
    lines = [f"# Imported from {collected.tool} by `arena import`."]
    if judged:
        lines += [
            "# The verdicts are in the ledger already, so rating and viewing them takes no call:",
            f"#   arena run -c {name}      arena view -c {name}      arena report -c {name}",
            "# Another judge over the same answers, at the price of its own calls:",
            f"#   arena review -c {name} --judge gpt-4.1-mini",
            "# Another model: an entry under answers_gen, and a judge that can be asked; only its own battles are new.",
            "# Verdicts that the other tool could not read are left out and counted; nothing can be asked again for",
            "# them, so max_unparsed, max_failed and max_first_slot do not end a run here.",
        ]
    elif collected.items and answered:
        lines += [
            "# The scores of the finished runs stand on the board; their answers can be judged beside them:",
            f"#   arena run -c {name}      arena view -c {name}",
        ]
    elif collected.items:
        lines += [
            "# The scores of the finished runs stand on the board; there are no answers to be judged.",
            f"#   arena run -c {name}      arena compare -c {name} BASE TUNED",
        ]
    elif answered:
        lines += [
            "# It holds no verdicts yet. Rehearse without a key, then judge for real:",
            f"#   arena run -c {name} --dry-run      arena run -c {name}",
        ]
    else:
        lines += [
            "# It holds questions only: put your own models under answers_gen. Rehearse without a key, then run:",
            f"#   arena run -c {name} --dry-run      arena run -c {name}",
        ]
    return "\n".join([*lines, "", ""])


def _question_line(question: Question) -> dict[str, JSON]:
    line: dict[str, JSON] = {"question_id": question.question_id, "category": question.category}
    if len(question.turns) == 1:
        line["text"] = question.turns[0]
    else:
        line["turns"] = list(question.turns)
    if any(question.reference):
        line["reference"] = list(question.reference)
    for field, value in (("system", question.system), ("language", question.language)):
        if value:
            line[field] = value
    return line | {key: value for key, value in question.metadata.items() if key not in line}


def _answer_lines(slots: Mapping[tuple[str, str, int], Said], model: str) -> Iterable[dict[str, JSON]]:
    for (question_id, name, sample), said in slots.items():
        if name == model:
            yield _answer_line(question_id, sample, said)


def _answer_line(question_id: str, sample: int, said: Said) -> dict[str, JSON]:
    line: dict[str, JSON] = {
        "question_id": question_id,
        "model": said.model,
        "sample": sample,
        "turns": list(said.turns),
    }
    if said.finish_reason == "length":
        line["status"] = "truncated"
    usage: dict[str, JSON] = {
        "input_tokens": said.usage.input_tokens,
        "output_tokens": said.usage.output_tokens,
        "reasoning_tokens": said.usage.reasoning_tokens,
    }
    known: dict[str, JSON] = {
        "finish_reason": said.finish_reason,
        "usage": usage if any(value is not None for value in usage.values()) else None,
        "ttft_s": said.ttft_s,
        "latency_s": said.latency_s,
        "load": "api" if said.measured else None,
        "cost_usd": said.cost_usd,
    }
    return line | {key: value for key, value in known.items() if value is not None}


def _write_lines(place: Placing, path: Path, lines: Iterable[dict[str, JSON]]) -> None:
    place.write(path, b"".join(to_json(line) + b"\n" for line in lines))
