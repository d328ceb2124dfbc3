"""Each tool's own layout, in miniature, becomes a board whose verdicts say what the tool's file says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.commands import arena
from kit.paths import FIXTURES

from arena.config.loading import load_config
from arena.errors import DataError, InputError
from arena.files import read_objects
from arena.importers import read_found_board
from arena.importers.writing import Written, write_board
from arena.keys import recorded_key
from arena.questions import load_questions
from arena.records import reply_from_json
from arena.store.ledger import Ledger
from arena.types import Reply

_FIRST_WINS = {"first_strong": 1.0, "first": 1.0, "tie": 0.5, "second": 0.0, "second_strong": 0.0}


def board(tool: str, layout: str, out: Path) -> tuple[Written, list[Reply]]:
    """An imported board and all lines of its ledgers."""
    written = write_board(read_found_board(tool, FIXTURES / tool / layout), out)
    return written, list(replies(written))


def replies(written: Written) -> Iterator[Reply]:
    for config_file in written.configs:
        folder = load_config(str(config_file)).config.output_dir
        for path in sorted((folder / "reviews").glob("*.jsonl")) if folder.exists() else ():
            yield from (reply_from_json(line) for _, line in read_objects(path))


def win_of(reply: Reply, model: str) -> float | None:
    """P(model wins) of one line, worked out apart from the program's own code."""
    stored = reply.request["imported"]
    assert isinstance(stored, dict)
    if stored["label"] is None or reply.status != "ok":
        return None
    probability = stored["probability"]
    first_wins = _FIRST_WINS[str(stored["label"])] if probability is None else float(str(probability))
    first = reply.model_a if reply.order == "a_first" else reply.model_b
    return first_wins if first == model else 1 - first_wins


def told(lines: list[Reply], model: str) -> list[tuple[str, str | None, float | None]]:
    """(question, who was shown first, P(model wins)) of every line about a model, in ledger order."""
    return [
        (r.question_id, r.model_a if r.order == "a_first" else r.model_b, win_of(r, model))
        for r in lines
        if model in (r.model_a, r.model_b)
    ]


def lines_of(tmp_path: Path, model: str) -> list[str]:
    return (tmp_path / "b" / "answers-recorded" / f"{model}.jsonl").read_text(encoding="utf-8").splitlines()


def test_llmuses_battles_keep_both_orders_scores_and_unknown_winners(tmp_path: Path) -> None:
    written, lines = board("llmuses", "battle", tmp_path / "b")
    assert told(lines, "sparrow") == [
        ("1", "sparrow", 1.0), ("1", "wren", 1.0), ("2", "sparrow", 1.0),
        ("2", "wren", 0.0), ("3", "sparrow", 0.5), ("3", "wren", None),
    ]  # fmt: skip
    assert (written.without_verdict, written.judges) == (1, ("llmuses-reviewer",))
    second = lines[1].request["imported"]
    assert isinstance(second, dict)
    assert (second["score_first"], second["score_second"]) == (3.0, 9.0)
    assert lines[1].created_at == "2023-11-14T22:13:22+00:00"  # a time stamp written as text
    config = load_config(str(written.configs[0])).config
    assert (config.reviews_gen.mode, config.reviews_gen.order) == ("pairwise", "recorded")
    questions = {q.question_id: q for q in load_questions(config.question_file)}
    assert questions["1"].turns == ("三加四等于几？只写数字。",)  # not the other set's question of the same id
    assert questions["3"].reference == ("Jupiter",)
    assert config.category_file is not None and "算术" in config.category_file.read_text(encoding="utf-8")


def test_llmuses_swapped_reviews_are_two_games_in_the_first_frame(tmp_path: Path) -> None:
    _, lines = board("llmuses", "swapped", tmp_path / "b")
    assert told(lines, "sparrow") == [
        ("1", "sparrow", 1.0), ("1", "wren", 1.0), ("2", "sparrow", 1.0),
        ("2", "wren", 0.0), ("3", "sparrow", 0.5), ("3", "wren", None),
    ]  # fmt: skip
    assert lines[1].text == "Seven is right. [[B]]"


def test_llmuses_single_reviews_become_scores_and_minus_one_is_none(tmp_path: Path) -> None:
    written, lines = board("llmuses", "single", tmp_path / "b")
    scores = {(r.model_a, r.question_id): r.request["imported"]["score"] for r in lines}  # type: ignore[call-overload, index]
    assert scores == {
        ("sparrow", "1"): 10.0, ("sparrow", "2"): 9.0, ("sparrow", "3"): 8.0,
        ("wren", "1"): 1.0, ("wren", "2"): 2.0, ("wren", "3"): None,
    }  # fmt: skip
    assert all(r.model_b is None and r.order is None for r in lines)
    assert load_config(str(written.configs[0])).config.reviews_gen.mode == "single"


def test_llmuses_reviews_without_answers_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no answer of sparrow to question 1: give the folder"):
        write_board(read_found_board("llmuses", FIXTURES / "llmuses" / "swapped" / "review.jsonl"), tmp_path / "b")


@pytest.mark.parametrize("layout", ["original", "repackaged"])
def test_alpaca_eval_preferences_become_probabilities_in_slots(tmp_path: Path, layout: str) -> None:
    written, lines = board("alpaca_eval", layout, tmp_path / "b")
    finch = told(lines, "finch")
    assert [p for _, _, p in finch[:3]] == pytest.approx([0.8, 0.1, 0.5])
    assert [first for _, first, _ in finch[:2]] == ["finch", "heron"]  # read off the log-probabilities, or stated
    config = load_config(str(written.configs[0])).config
    assert (config.reviews_gen.mode, config.reviews_gen.baseline) == ("pairwise_baseline", "heron")
    assert all(r.model_b == "heron" for r in lines)
    assert lines[0].logprobs[0].top[0] == ("m", pytest.approx(-0.2231435513))
    assert lines[0].cost_usd == pytest.approx(0.0125 if layout == "original" else 0.01)


def test_alpaca_eval_draws_hard_votes_and_missing_preferences(tmp_path: Path) -> None:
    written, lines = board("alpaca_eval", "original", tmp_path / "b")
    assert [p for _, _, p in told(lines, "finch")][2:] == [0.5, None]
    assert [p for _, _, p in told(lines, "robin")] == [0.0, 1.0, 0.5, pytest.approx(0.25)]
    assert written.without_verdict == 1
    drawn = lines[2].request["imported"]
    assert isinstance(drawn, dict) and drawn["order_known"] is False
    questions = load_questions(load_config(str(written.configs[0])).config.question_file)
    assert {q.category for q in questions} == {"helpful_base", "koala"}
    assert len({q.question_id for q in questions}) == 4


def test_arena_hard_games_show_the_baseline_first_then_the_model(tmp_path: Path) -> None:
    written, lines = board("arena_hard", "v2", tmp_path / "b")
    assert told(lines, "gull") == [
        ("0a1b", "lark", 0.0),
        ("0a1b", "gull", 0.0),
        ("2c3d", "lark", 1.0),
        ("2c3d", "gull", 0.5),
    ]
    labels = [r.request["imported"]["label"] for r in lines]  # type: ignore[call-overload, index]
    assert labels == ["first_strong", "second", "second_strong", "tie", None, "second_strong", "first", None]
    assert [r.status for r in lines][-1] == "error"  # a null game was a failed call, a null score an unreadable reply
    assert lines[4].status == "ok"
    assert lines[0].request["messages"] == [
        {"role": "system", "content": "You judge."}, {"role": "user", "content": "Compare."},
    ]  # fmt: skip
    config = load_config(str(written.configs[0])).config
    assert (config.reviews_gen.baseline, config.reviews_gen.strong_weight) == ("lark", 3.0)
    questions = load_questions(config.question_file)
    assert questions[0].metadata == {"subcategory": "poems"}
    answer = json.loads((tmp_path / "b" / "answers-recorded" / "lark.jsonl").read_text().splitlines()[0])
    assert answer["usage"]["output_tokens"] == 5


def test_arena_hard_v01_layout_and_its_unwritten_baseline(tmp_path: Path) -> None:
    written, lines = board("arena_hard", "v01", tmp_path / "b")
    assert told(lines, "gull") == [("0a1b", "gpt-4-0314", 0.0), ("0a1b", "gull", 0.0)]
    assert load_config(str(written.configs[0])).config.reviews_gen.baseline == "gpt-4-0314"
    assert lines[0].request["messages"] == [{"role": "user", "content": "Compare."}]


def test_mt_bench_turns_are_samples_and_both_kinds_of_judgment_get_a_board(tmp_path: Path) -> None:
    written, lines = board("mt_bench", ".", tmp_path / "b")
    pairwise = [r for r in lines if r.model_b is not None]
    assert [(r.sample, *told([r], "coot")[0]) for r in pairwise] == [
        (0, "81", "teal", 1.0), (0, "81", "coot", 1.0), (1, "81", "teal", 0.0), (1, "81", "coot", 1.0),
        (0, "111", "teal", 1.0), (0, "111", "coot", 0.5), (1, "111", "teal", 1.0), (1, "111", "coot", None),
    ]  # fmt: skip
    assert pairwise[0].prompt == "pair-v2"
    single = {(r.model_a, r.question_id, r.sample): r.request["imported"]["score"] for r in lines if r.model_b is None}  # type: ignore[call-overload, index]
    assert single["coot", "81", 1] == 8.0
    assert single["teal", "111", 1] is None
    modes = [load_config(str(path)).config.reviews_gen.mode for path in written.configs]
    assert modes == ["pairwise", "single"]
    questions = {q.question_id: q for q in load_questions(tmp_path / "b" / "questions.jsonl")}
    assert questions["111"].reference == ("42", "420")  # the question's own reference stands before the answer file's
    assert questions["81"].reference == ()


def test_orq_arena_votes_abstentions_and_repeated_answers(tmp_path: Path) -> None:
    written, lines = board("orq_arena", "battles.jsonl", tmp_path / "b")
    one = [r for r in lines if r.judge == "owl/one"]
    assert [(r.question_id, r.model_a, r.model_b, win_of(r, r.model_a)) for r in one] == [
        ("aa11", "ibis", "kite", 0.0), ("aa11", "ibis", "rook", 0.0), ("aa11", "kite", "rook", 0.5),
        ("bb22", "ibis", "kite", 0.0),
    ]  # fmt: skip
    flipped = next(r for r in lines if r.judge == "owl/two" and r.question_id == "bb22")
    failed = next(r for r in lines if r.judge == "owl/three" and r.question_id == "bb22")
    assert (flipped.status, win_of(flipped, "kite")) == ("ok", None)
    assert (failed.status, win_of(failed, "kite")) == ("error", None)
    config = load_config(str(written.configs[0])).config
    assert config.reviews_gen.panel.quorum == 2
    assert {entry.generation_config.n for entry in config.answers_gen.values()} == {2}
    assert written.notes == ("1 void rounds (a model's stream broke) left out",)
    kite = [json.loads(line) for line in lines_of(tmp_path, "kite")]
    assert {(line["question_id"], line["sample"]): line["turns"][0] for line in kite} == {
        ("aa11", 0): "A kite.", ("aa11", 1): "Kites soar.", ("bb22", 0): "An oak.",
    }  # fmt: skip
    assert kite[0]["ttft_s"] == 0.25 and kite[0]["load"] == "api"
    assert json.loads(lines_of(tmp_path, "ibis")[0])["status"] == "truncated"


@pytest.mark.parametrize(
    ("tool", "layout"),
    [("llmuses", "battle"), ("alpaca_eval", "original"), ("arena_hard", "v2"), ("orq_arena", ".")],
)
def test_every_verdict_is_found_by_its_battle_and_names_todays_answers(tmp_path: Path, tool: str, layout: str) -> None:
    written, lines = board(tool, layout, tmp_path / "b")
    folder = load_config(str(written.configs[0])).config.output_dir
    answers = {
        (line["question_id"], line["model"], recorded_key(line["turns"]))
        for path in (tmp_path / "b" / "answers-recorded").glob("*.jsonl")
        for line in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    }
    ledgers = [Ledger(path) for path in (folder / "reviews").glob("*.jsonl")]
    found = 0
    assert lines
    for reply in lines:
        assert reply.via == "import" and len(reply.key) == 32
        stored = reply.request["imported"]
        assert isinstance(stored, dict)
        assert (reply.question_id, reply.model_a, stored["answer_key_a"]) in answers
        assert (reply.question_id, reply.model_b, stored["answer_key_b"]) in answers
        found += any(reply in ledger.imported(reply.question_id, reply.model_a, reply.model_b) for ledger in ledgers)
    for ledger in ledgers:
        ledger.close()
    assert found == len(lines)


def test_importing_twice_gives_the_same_bytes_and_keeps_a_real_judges_replies(tmp_path: Path) -> None:
    written, _ = board("llmuses", "battle", tmp_path / "b")
    before = {path: path.read_bytes() for path in (tmp_path / "b").rglob("*.jsonl")}
    ledger = next((tmp_path / "b").rglob("llmuses-reviewer.jsonl"))
    own = before[ledger].splitlines()[0].replace(b'"via":"import"', b'"via":"live"').replace(b'"key":"', b'"key":"f')
    ledger.write_bytes(before[ledger] + own + b"\n")
    collected = read_found_board("llmuses", FIXTURES / "llmuses" / "battle")
    with pytest.raises(InputError, match="exists already"):
        write_board(collected, tmp_path / "b")
    write_board(collected, tmp_path / "b", force=True)
    assert ledger.read_bytes() == before[ledger] + own + b"\n"
    assert all(path.read_bytes() == content for path, content in before.items() if path != ledger)
    assert written.configs[0].is_file()


LLMUSES_ROW = {"model_a": "a", "model_b": "b", "question_id": 1, "question": "?", "output_a": "x", "output_b": "y"}
ALPACA_ROW = {"instruction": "?", "output_1": "x", "output_2": "y", "generator_1": "a", "generator_2": "b"}
ORQ_ROW = {
    "prompt_hash": "h", "prompt_text": "?", "model_a": "a", "model_b": "b", "response_a": "x", "response_b": "y"
}  # fmt: skip


@pytest.mark.parametrize(
    ("tool", "row", "message"),
    [
        ("llmuses", LLMUSES_ROW | {"win": "both"}, "win is 'both'"),
        ("alpaca_eval", ALPACA_ROW | {"preference": 3}, "preference is 3"),
        ("orq_arena", ORQ_ROW | {"judge_votes": [{"model": "j", "vote": "C"}]}, "vote is 'C'"),
        ("llmuses", {"text": "?"}, "neither reviews"),
        ("mt_bench", {"question_id": 1}, "no question.jsonl"),
        ("llmuses", LLMUSES_ROW | {"win": ["model_a"]}, "win is "),
        ("alpaca_eval", ALPACA_ROW | {"preference": 1, "generator_2": None}, "no text under generator_2 or model_2"),
    ],
)
def test_an_unknown_verdict_is_an_error_that_names_file_and_line(
    tmp_path: Path, tool: str, row: dict[str, object], message: str
) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=message) as raised:
        read_found_board(tool, source)
    assert "rows.jsonl" in str(raised.value)


def test_names_that_are_no_file_names_stay_inside_the_folder(tmp_path: Path) -> None:
    rows = [
        {"question_id": 1, "question": "?", "category": "x", "model_a": "../a", "model_b": "b/c", "win": "model_b",
         "output_a": "one", "output_b": "two"},
    ]  # fmt: skip
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    written = write_board(read_found_board("llmuses", tmp_path / "r.jsonl"), tmp_path / "b")
    inside = {path.relative_to(tmp_path / "b").as_posix() for path in (tmp_path / "b").rglob("*.jsonl")}
    assert len([name for name in inside if name.startswith("answers-recorded/")]) == 2
    assert written.models == ("../a", "b/c")
    assert not (tmp_path / "a.jsonl").exists()


@pytest.mark.parametrize("name", ["", " ", "panel", "half a \ud83d"])
def test_names_that_no_board_can_hold_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "r.jsonl").write_text(json.dumps(LLMUSES_ROW | {"win": "tie", "model_a": name}) + "\n")
    with pytest.raises(DataError, match="cannot be called"):
        write_board(read_found_board("llmuses", tmp_path / "r.jsonl"), tmp_path / "b")


def test_numbers_that_are_none_are_unknown(tmp_path: Path) -> None:
    row = LLMUSES_ROW | {"win": "tie", "scores": ["nan", "x"], "tstamp": "1e999"}
    (tmp_path / "r.jsonl").write_text(json.dumps(row) + "\n")
    written = write_board(read_found_board("llmuses", tmp_path / "r.jsonl"), tmp_path / "b")
    reply = next(replies(written))
    stored = reply.request["imported"]
    assert isinstance(stored, dict)
    assert (stored["label"], stored["score_first"], stored["score_second"]) == ("tie", None, None)


def test_questions_alone_become_a_board_to_put_models_on(tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (source / "question.jsonl").write_text('{"question_id": 1, "category": "c", "turns": ["a?", "b?"]}\n')
    written = write_board(read_found_board("mt_bench", source), tmp_path / "b")
    config = load_config(str(written.configs[0])).config
    assert config.reviews_gen.mode == "single" and written.models == ()
    assert [q.turns for q in load_questions(config.question_file)] == [("a?", "b?")]


MT_BENCH = [
    {"question_id": 1, "category": "c", "turns": ["a?"]},
    {"question_id": 1, "model_id": "coot", "choices": [{"turns": ["x"]}]},
    {"question_id": 1, "model_id": "teal", "choices": [{"turns": ["y"]}]},
]
SINGLE = {"question_id": 1, "model": "coot", "judge": ["owl", "single-v1"], "turn": 1}
PAIR = {"question_id": 1, "model_1": "coot", "model_2": "teal", "judge": ["owl", "pair-v2"], "turn": 1}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([SINGLE | {"judgment": "?", "score": -1}, SINGLE | {"judgment": "7", "score": 7}], [7.0]),
        ([SINGLE | {"judgment": "7", "score": 7}, SINGLE | {"judgment": "?", "score": None}], [7.0]),
        ([SINGLE | {"judgment": "?", "score": -1}], [None]),
        ([PAIR | {"g1_winner": "error", "g2_winner": "model_2", "g1_judgment": "?", "g2_judgment": "B"},
          PAIR | {"g1_winner": "model_1", "g2_winner": "model_1", "g1_judgment": "A", "g2_judgment": "A"}],
         ["first", "second"]),
    ],
)  # fmt: skip
def test_a_judgment_that_was_made_again_replaces_the_one_without_a_verdict(
    tmp_path: Path, rows: list[dict[str, object]], told: list[object]
) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (source / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*MT_BENCH, *rows]))
    replies = read_found_board("mt_bench", source).replies
    assert [r.score_first if r.second is None else r.label for r in replies] == told


def test_an_imported_board_is_rated_at_once(tmp_path: Path) -> None:
    board("mt_bench", ".", tmp_path / "b")
    done = arena("run", "-c", tmp_path / "b/config.yaml", "--stage", "ratings")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b/runs/pairwise/reports/leaderboard.json").exists()


def test_two_models_with_one_answer_and_one_reply_both_keep_their_battle(tmp_path: Path) -> None:
    rows = [
        ALPACA_ROW | {"output_2": "same", "generator_1": "z", "generator_2": name, "preference": 2.0}
        for name in ("a", "b")
    ]  # fmt: skip
    (tmp_path / "annotations.json").write_text(json.dumps(rows))
    written = write_board(read_found_board("alpaca_eval", tmp_path / "annotations.json"), tmp_path / "b")
    ledger = Ledger(next((load_config(str(written.configs[0])).config.output_dir / "reviews").glob("*.jsonl")))
    question = load_questions(tmp_path / "b" / "questions.jsonl")[0].question_id
    assert len(ledger.imported(question, "a", "z")) == len(ledger.imported(question, "b", "z")) == 1
    ledger.close()
