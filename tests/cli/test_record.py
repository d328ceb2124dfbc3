"""`arena record`: every line has a file and its hash, the same board gives the same bytes, and a change is named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit.api_boards import HEADER, KEY, api_judge
from kit.boards import arithmetic_board, edit_config, write_jsonl
from kit.commands import arena
from kit.hostile import HOSTILE
from kit.judges import sum_judge
from kit.probed import SUMS, firm, leaky, probe_board, same_theme, served
from kit.servers import FakeServer
from markdown_it import MarkdownIt

from arena.keys import digest
from arena.redact import forget_secrets
from arena.reports.board import Ends
from arena.reports.reasons import Reason, Reasons, write_reasons


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A rated board; its config."""
    config = arithmetic_board(tmp_path)
    assert arena("run", "-c", config).returncode == 0
    return config


def record(config: Path) -> dict[str, Any]:
    done = arena("record", "-c", config)
    assert done.returncode == 0, done
    return json.loads((config.parent / "out/reports/record.json").read_text())


def texts(config: Path) -> tuple[bytes, bytes]:
    folder = config.parent / "out/reports"
    return (folder / "record.json").read_bytes(), (folder / "record.md").read_bytes()


def lines_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for section in document["sections"].values():
        yield from section["facts"]
        for rows in section["tables"].values():
            yield from rows


def weaknesses(document: dict[str, Any]) -> dict[str, str]:
    return {
        row["name"]: row["value"]["what"] for row in document["sections"]["limitations"]["tables"]["known_weaknesses"]
    }


def test_every_line_is_traced_to_a_file_and_its_hash(board: Path) -> None:
    document = record(board)
    sources = {source["id"]: source for source in document["sources"]}
    lines = list(lines_of(document))
    assert len(lines) > 40
    assert all(line["sources"] and set(line["sources"]) <= sources.keys() for line in lines)
    run = json.loads((board.parent / "out/run.json").read_text())
    for source in sources.values():
        if "part" in source:
            assert source["sha256"] == digest(run[source["part"][1:]])
        elif source["role"] == "prompt":
            assert source["sha256"] == run["prompts"][source["file"]]
        else:
            found = [folder / source["file"] for folder in (board.parent, board.parent / "out")]
            content = next(path.read_bytes() for path in found if path.is_file())
            assert (source["sha256"], source["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    files = {source["file"] for source in sources.values()}
    assert {"config.yaml", "questions.jsonl", "right.jsonl", "answers/half.jsonl", "reviews/reference.jsonl"} <= files
    assert "reports/record.json" not in files


def test_it_says_what_the_leaderboard_says(board: Path) -> None:
    results = record(board)["sections"]["evaluation_results"]
    own = json.loads((board.parent / "out/reports/leaderboard.json").read_text())
    assert [row["name"] for row in results["tables"]["leaderboard"]] == [row["model"] for row in own["models"]]
    for row, model in zip(results["tables"]["leaderboard"], own["models"], strict=True):
        assert all(model[key] == value for key, value in row["value"].items())
    assert results["facts"][0]["value"] == own["verdict"]["text"]


def test_the_same_board_gives_the_same_bytes_and_an_idle_run_changes_nothing(board: Path) -> None:
    record(board)
    before = texts(board)
    assert arena("run", "-c", board).returncode == 0
    assert arena("record", "-c", board, "--check").returncode == 0
    record(board)
    assert texts(board) == before


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "an answer": (lambda out: _more(out / "answers/half.jsonl"), "answers/half.jsonl: sha256"),
    "a question": (lambda out: _more(out.parent / "questions.jsonl"), "questions.jsonl: sha256"),
    "a file that is gone": (lambda out: (out / "reports/battles.jsonl").unlink(), "battles.jsonl: it is missing"),
    "a new file": (lambda out: (out / "votes.jsonl").touch(), "votes.jsonl: it is not in the record"),
    "the record": (
        lambda out: _replace(out / "reports/record.json", '"questions"', '"sums"'),
        "record.json: it is not what these files say",
    ),
    "its text": (lambda out: _more(out / "reports/record.md"), "record.md: it is not what record.json says"),
    "its text gone": (lambda out: (out / "reports/record.md").unlink(), "record.md: it is missing"),
    "a part of run.json": (
        lambda out: _replace(out / "run.json", '"arena_version": "', '"arena_version": "9'), "run.json#/arena_version"
    ),
}  # fmt: skip


def _more(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def _replace(path: Path, *words: str) -> None:
    text = path.read_text()
    for old, new in zip(words[::2], words[1::2], strict=True):
        text = text.replace(old, new)
    path.write_text(text)


@pytest.mark.parametrize("change", CHANGES)
def test_a_check_names_what_is_no_longer_as_it_was(board: Path, change: str) -> None:
    record(board)
    assert arena("record", "-c", board, "--check").returncode == 0
    make, said = CHANGES[change]
    make(board.parent / "out")
    done = arena("record", "-c", board, "--check")
    assert (done.returncode, said in done.stdout) == (3, True), done


def test_bad_input_is_one_line(board: Path) -> None:
    def refused(*options: str) -> str:
        done = arena("record", "-c", board, *options)
        assert (done.returncode, done.stdout) == (2, ""), done
        assert done.stderr.count("\n") == 1
        return done.stderr

    assert "record.json: no such file" in refused("--check")
    assert "no model 'rigth' on the leaderboard; did you mean right?" in refused("--card", "rigth")
    assert "give one of them" in refused("--check", "--card", "right")
    path = board.parent / "out/reports/record.json"
    for text, said in (
        ("{", "not JSON"),
        ("[]", "found 'list'"),
        ('{"format": "x"}', "found 'x', allowed: arena-record/1"),
        ('{"format": "arena-record/1"}', "sources: not a list"),
    ):
        path.write_text(text)
        assert said in refused("--check")
    (board.parent / "out/reports/leaderboard.json").unlink()
    assert "rate the board first" in refused()


def test_a_card_is_about_one_model(board: Path) -> None:
    done = arena("record", "-c", board, "--card", "right")
    assert done.returncode == 0, done
    own = json.loads((board.parent / "out/reports/leaderboard.json").read_text())
    right = next(row for row in own["models"] if row["model"] == "right")
    assert f"| wins | {right['wins']} |" in done.stdout
    assert "right: its answers are recorded" in done.stdout
    assert "wrong: its answers" not in done.stdout
    assert not (board.parent / "out/reports/record.json").exists()
    record(board)
    assert done.stdout in texts(board)[1].decode()


def test_weaknesses_follow_from_the_files(board: Path) -> None:
    assert {"few_questions", "nobody_voted", "recorded_answers"} <= weaknesses(record(board)).keys()
    vote = {"vote_id": "1", "question_id": "1", "model_a": "half", "model_b": "right", "answer_key_a": None,
            "answer_key_b": None, "left": "a", "winner": "model_b", "recognised": False, "voter": "Ada Lovelace",
            "seconds": 1.0, "created_at": "2026-01-01T00:00:00Z"}  # fmt: skip
    out = board.parent / "out"
    write_jsonl(out / "votes.jsonl", [vote, {**vote, "vote_id": "2", "winner": "skip", "question_id": "2"}])
    edit_config(board, seed=5)
    ledger = out / "reviews/reference.jsonl"
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))
    document = record(board)
    found = weaknesses(document)
    assert {"config_changed", "reports_are_older"} <= found.keys()
    assert "nobody_voted" not in found
    people = {fact["name"]: fact["value"] for fact in document["sections"]["human_evaluation"]["facts"]}
    assert people == {"votes_that_count": 1, "voters": 1, "battles_voted_on": 1, "skipped_or_replaced": 1}
    assert b"Lovelace" not in b"".join(texts(board))


def test_no_key_no_host_and_no_folder_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRITTEN", "value-of-a-variable")
    forget_secrets()
    with FakeServer(sum_judge) as server:
        judge = api_judge(server, model="m-${WRITTEN}", headers={"x-header": HEADER, "x-token": "${WRITTEN}"})
        config = arithmetic_board(tmp_path, judges={"j": judge})
        edit_config(config, question_file=str(tmp_path / "questions.jsonl"), output_dir=str(tmp_path / "out"))
        done = arena("run", "-c", config, "--yes")
        assert done.returncode == 0, done
        port = server.openai_url.split(":")[2].split("/")[0]
    document = record(config)
    for text in (found.decode() for found in texts(config)):
        for secret in (KEY, HEADER, f"127.0.0.1:{port}", str(tmp_path), str(Path.home()) + "/"):
            assert secret not in text
    judged = document["sections"]["evaluation_strategies"]["tables"]["judges"][0]["value"]
    assert judged["backend"] == "openai"


@pytest.mark.slow
def test_names_cannot_mark_anything_up(tmp_path: Path) -> None:
    names = [text for text in HOSTILE.values() if len(text) < 200]
    rows = [{"question_id": n, "category": name, "text": "1 + 7?", "reference": "8"} for n, name in enumerate(names)]
    config = arithmetic_board(tmp_path)
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    hostile = ["a\r# not a heading | `x`", "```\n![x](http://BEACON/x)", "<img src=http://BEACON/y>", "\x1b[2Jx\u202ey"]
    for model in hostile:
        write_jsonl(
            tmp_path / f"{hostile.index(model)}.jsonl", [{"question_id": n, "answer": f"{n}"} for n in range(len(rows))]
        )
    entries = {name: {"backend": "recorded", "file": f"{n}.jsonl"} for n, name in enumerate(hostile)}
    edit_config(config, answers_gen=entries, reviews_gen={
        "mode": "pairwise", "judges": {"reference": {"backend": "reference"}}})  # fmt: skip
    assert arena("run", "-c", config).returncode == 0
    record(config)
    tokens = MarkdownIt("commonmark").enable("table").parse(texts(config)[1].decode())
    inner = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in [*tokens, *inner]}.isdisjoint({"image", "html_block", "html_inline", "link_open"})
    headings = [tokens[n + 1].content for n, token in enumerate(tokens) if token.type == "heading_open"]
    assert len(headings) == len(set(headings)) + 2  # the tables `models` and `judges` stand in two sections each
    assert sum(token.type == "fence" for token in tokens) == len(hostile)
    assert not any(acts in texts(config)[1].decode() for acts in ("\x1b", "\u202e"))


def test_a_rehearsals_record_says_so(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    assert arena("run", "-c", config, "--dry-run").returncode == 0
    assert arena("record", "-c", config, "--dry-run").returncode == 0
    folder = tmp_path / "out/dry-run/reports"
    assert "SIMULATED" in (folder / "record.md").read_text()
    assert json.loads((folder / "record.json").read_text())["simulated"] is True
    assert arena("record", "-c", config, "--dry-run", "--check").returncode == 0


@pytest.mark.slow
def test_scores_probes_and_reasons_stand_in_it(tmp_path: Path) -> None:
    scripts = {"leaky": leaky, "firm": firm, "judge": same_theme}
    with FakeServer(served(scripts)) as server:
        config = probe_board(tmp_path, server, ["leaky", "firm"], SUMS,
                             scores={"metrics": ["exact"], "reasons": True})  # fmt: skip
        assert arena("probe", "-c", config, "--probes", "leak", "--yes").returncode == 0
        write_jsonl(tmp_path / "answers.jsonl", [{"question_id": q["question_id"], "answer": "31"} for q in SUMS])
        recorded = {name: {"backend": "recorded", "file": "answers.jsonl"} for name in ("leaky", "firm")}
        edit_config(config, answers_gen=recorded, reviews_gen={
            "mode": "pairwise", "judges": {"reference": {"backend": "reference"}}})  # fmt: skip
        assert arena("run", "-c", config).returncode == 0
    reason = Reason(words=("wrong", "sum"), n=3, share=Ends(0.3, 0.2, 0.4))
    write_reasons(tmp_path / "out/reports", Reasons(n_losses=10, n_explained=10, reasons=(reason,)))
    document = record(config)
    sections = {name: section["tables"] for name, section in document["sections"].items()}
    (first, *_) = sections["evaluation_results"]["metrics"]
    assert (first["value"]["metric"], first["value"]["score"]) == ("exact", 1 / 16)
    probes = {row["name"]: row for row in sections["adversarial_testing"]["probes"]}
    assert (probes["leaky"]["value"]["probe"], probes["leaky"]["value"]["value"]) == ("leak", 1.0)
    files = {source["id"]: source["file"] for source in document["sources"]}
    read = {files[ref] for ref in probes["leaky"]["sources"]}
    assert "probes/leak/answers/leaky.jsonl" in read and "probes/leak/answers/firm.jsonl" not in read
    (why,) = sections["limitations"]["why_models_lose"]
    assert (why["name"], why["value"]["share"], [files[ref] for ref in why["sources"]]) == (
        "wrong, sum", 0.3, ["reports/reasons.json"],
    )  # fmt: skip
    card = arena("record", "-c", config, "--card", "leaky").stdout
    assert "| exact score | 0.0625" in card
    assert "| leak value | 1 \\[" in card
