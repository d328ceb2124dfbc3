"""A board with weights beside it, from any folder and wherever it is moved: what is stored is found again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from kit.boards import arithmetic_board, edit_config
from kit.commands import arena

from arena.backends.local.spec import spec_of
from arena.board.answers import current_answers
from arena.board.candidates import judge_of
from arena.board.open import OpenBoard, open_board
from arena.config.kinds import LocalConfig
from arena.config.loading import load_config
from arena.judging.judge import Ask, Case, resolve
from arena.store.folder import AnswerStore
from arena.types import Answer


def weights(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


def local_board(folder: Path, **fields: object) -> Path:
    """A board whose candidates' weights lie beside it, and whose judge's do too."""
    folder.mkdir(exist_ok=True)
    config = arithmetic_board(folder, 3)
    for name in ("base", "judge", "lora"):
        if not (folder / name).exists():
            weights(folder / name)
    entries = yaml.safe_load(config.read_text())["answers_gen"]
    entry = {"backend": "transformers", "model": "./base", "adapter": "./lora"} | fields
    judge = {"backend": "transformers", "model": "./judge"}
    reviews = {"mode": "pairwise_baseline", "baseline": "half", "judges": {"j": judge}}
    return edit_config(config, answers_gen={"half": entries["half"], "tuned": entry}, reviews_gen=reviews)


def opened(config: Path) -> OpenBoard:
    return open_board(load_config(str(config)))


def store_answers(board: OpenBoard, keyed: OpenBoard) -> None:
    """Answers of `tuned` as `keyed` keys them."""
    store = AnswerStore(board.answer_folder.answer_file("tuned", board.names), writable=True)
    for question in keyed.questions:
        request = keyed.candidates["tuned"].request(question, 0)
        assert request is not None
        store.add(Answer(question.question_id, "tuned", 0, ("It is 7.",), "ok", request.key))
    store.close()


def answers_due(config: Path) -> tuple[int, str]:
    planned = arena("plan", "-c", config, "--stage", "answers")
    assert planned.returncode == 0, planned.stderr
    found = re.search(r"answers of tuned +(\d+)", planned.stdout)
    assert found is not None
    return int(found[1]), planned.stdout


def as_0_1(folder: Path) -> OpenBoard:
    """The board as version 0.1 read it: with absolute paths in place of those that begin with a dot."""
    config = local_board(folder, model=str(folder / "base"), adapter=str(folder / "lora"))
    board = opened(config)
    local_board(folder)
    return board


@pytest.mark.parametrize("model", ["./base", "base"])
def test_a_moved_board_generates_nothing_again(tmp_path: Path, model: str) -> None:
    config = local_board(tmp_path / "here", model=model, adapter="./lora")
    store_answers(opened(config), opened(config))
    assert answers_due(config)[0] == 0
    (tmp_path / "here").rename(tmp_path / "there")
    assert answers_due(tmp_path / "there" / "config.yaml")[0] == 0


def test_a_board_of_0_1_that_lies_where_it_was_generates_nothing_again(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    keyed = as_0_1(folder)
    board = opened(folder / "config.yaml")
    store_answers(board, keyed)
    due, said = answers_due(folder / "config.yaml")
    assert due == 0 and "recognised" not in said
    keys = {answer.key for answer in current_answers(opened(folder / "config.yaml"))[0]["tuned"].values()}
    assert keys == {keyed.candidates["tuned"].request(q, 0).key for q in keyed.questions}  # type: ignore[union-attr]


def test_one_that_was_moved_before_cannot_be_recognised_and_the_plan_says_so(tmp_path: Path) -> None:
    keyed = as_0_1(tmp_path / "here")
    store_answers(opened(tmp_path / "here" / "config.yaml"), keyed)
    (tmp_path / "here").rename(tmp_path / "there")
    due, said = answers_due(tmp_path / "there" / "config.yaml")
    assert due == 3
    assert said.count("cannot be recognised") == 1 and "tuned: 3 stored answers" in said


def test_other_weights_at_the_same_name_are_another_model(tmp_path: Path) -> None:
    config = local_board(tmp_path / "here")
    before = opened(config)
    key = before.candidates["tuned"].request(before.questions[0], 0)
    (tmp_path / "here" / "base" / "model.safetensors").write_bytes(b"other")
    from arena.keys import fingerprint

    fingerprint.cache_clear()
    after = opened(config)
    other = after.candidates["tuned"].request(after.questions[0], 0)
    assert key is not None and other is not None
    assert {key.key, key.older_key}.isdisjoint({other.key, other.older_key})


def test_a_judges_weights_lie_beside_the_config_wherever_it_is_called_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = local_board(tmp_path / "here")
    template = tmp_path / "here" / "chat.jinja"
    template.write_text("{{ messages }}")
    reviews = yaml.safe_load(config.read_text())["reviews_gen"]
    reviews["judges"]["j"] |= {"adapter": "./lora", "chat_template": "./chat.jinja"}
    edit_config(config, reviews_gen=reviews)
    decoy = weights(tmp_path / "elsewhere" / "judge").parent
    monkeypatch.chdir(decoy)
    entry = opened(config).judges["j"]
    assert isinstance(entry, LocalConfig)
    spec = spec_of("j", entry)
    places = [Path(place or "").resolve() for place in (spec.model, spec.adapter, spec.chat_template)]
    assert places == [tmp_path / "here" / name for name in ("judge", "lora", "chat.jinja")]
    here = judge_of("j", entry)
    monkeypatch.chdir(tmp_path / "here")
    assert judge_of("j", opened(config).judges["j"]) == here
    assert here.model == "./judge"


def test_a_judge_that_is_a_candidate_is_told_however_its_folder_is_written(tmp_path: Path) -> None:
    config = local_board(tmp_path / "here")
    reviews = yaml.safe_load(config.read_text())["reviews_gen"]
    reviews["judges"]["j"]["model"] = "../here/base"
    edit_config(config, reviews_gen=reviews)
    assert any("judge j is also a candidate (tuned)" in warning for warning in opened(config).warnings)


def test_a_peers_replies_of_0_1_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    boards = []
    for model in (str(folder / "base"), "./base"):
        config = local_board(folder, model=model, adapter=None)
        entries = yaml.safe_load(config.read_text())["answers_gen"]
        reviews = {"mode": "single", "judges": "peers", "prompt": "single-v1"}
        edit_config(config, reviews_gen=reviews, answers_gen=entries)
        boards.append(opened(config))
    old, new = (judge_of("tuned", board.judges["tuned"]) for board in boards)
    assert new.older is not None
    question, answer = boards[0].questions[0], Answer("0", "half", 0, ("It is 7.",), "ok", "k")
    was, now = (
        Case(judge, boards[0].prompts["default"], question, ("half",), (answer,), None, 0) for judge in (old, new)
    )
    assert now.keys.older == was.keys.key != now.keys.key
    asked: dict[str, str] = {}

    def note(key: str) -> None:
        asked[key] = "asked"

    first = resolve(now, note)
    assert isinstance(first, Ask)
    assert list(asked) == [now.keys.key, was.keys.key]
