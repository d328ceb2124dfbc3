"""Reasons that were planted are found, where nothing was planted nothing is told, and shares have their intervals."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from kit.planted_reasons import Lost, planted

from arena.ratings.data.arrays import codes_of
from arena.ratings.intervals.means import clustered_share
from arena.reasons.evidence import by_model, by_side, strata_of
from arena.reasons.find import find_reasons, members_of
from arena.reasons.losses import Loss, Said, losses_of, sides_of
from arena.reasons.words import words_of


def losses(lost: Iterable[Lost]) -> list[Loss]:
    return losses_of(one.row() for one in lost)


def found_of(lost: Sequence[Lost]) -> tuple[dict[str, float], list[float]]:
    """Recall by planted reason, and the precision of every group."""
    truth = {(one.question_id, *sorted((one.winner, one.loser)), 0): one.reason for one in lost}
    sizes, hits, precision = Counter(truth.values()), Counter[str | None](), []
    for battles in members_of(losses(lost), 0).values():
        name, n = Counter(truth[battle] for battle in battles).most_common(1)[0]
        precision.append(n / len(battles) if name is not None else 0.0)
        hits[name] += n
    return {name: hits[name] / n for name, n in sizes.items() if name is not None}, precision


PLANTED: dict[str, Iterable[Lost]] = {
    "models that differ": planted(60),
    "all models alike": planted(60, uniform=True),
    "four models": planted(250, models=4),
    "Chinese": planted(60, language="zh"),
}


@pytest.mark.parametrize("board", PLANTED)
def test_planted_reasons_are_found(board: str) -> None:
    lost = list(PLANTED[board])
    recall, precision = found_of(lost)
    size = Counter(one.reason for one in lost if one.reason)
    assert sum(recall[name] * n for name, n in size.items()) / size.total() >= 0.9
    assert sum(recall.values()) / len(recall) >= 0.9, recall
    assert len(precision) == len(recall)
    assert min(precision) >= 0.8, precision


@pytest.mark.slow
def test_where_nothing_was_planted_nothing_is_told() -> None:
    """The chance to tell anything is one in fifty a board: of thirty, more than three would be one chance in five
    hundred."""
    told = sum(bool(find_reasons(losses(planted(30, seed=seed, reasons=False)), level=0.95, seed=seed).reasons)
               for seed in range(30))  # fmt: skip
    assert told <= 3


@pytest.mark.slow
def test_explanations_dealt_out_anew_tell_nothing() -> None:
    """The same texts with their reasons, but of other battles of the same question."""
    told = 0
    for seed in range(10):
        rng, lost = random.Random(seed), list(planted(30, seed=seed))
        dealt: list[Lost] = []
        for question in dict.fromkeys(one.question_id for one in lost):
            own = [one for one in lost if one.question_id == question]
            texts = [one.explanation for one in own]
            rng.shuffle(texts)
            dealt += [one._replace(explanation=text, loser_first=rng.random() < 0.5)
                      for one, text in zip(own, texts, strict=True)]  # fmt: skip
        told += bool(find_reasons(losses(dealt), level=0.95, seed=seed).reasons)
    assert told <= 2


@pytest.mark.slow
def test_a_reason_says_how_often_and_of_whom() -> None:
    lost = list(planted(60))
    found = find_reasons(losses(lost), level=0.95, seed=0)
    again = find_reasons(losses(lost), level=0.95, seed=0)
    assert found == again
    assert (found.n_losses, found.n_explained) == (len(lost), len(lost))
    first = found.reasons[0]
    assert {"arithmetic", "calculation"} & set(first.words)
    assert first.n == sum(own.n for own in first.models.values()) == sum(first.categories.values())
    true = sum(one.reason == "arithmetic" for one in lost) / len(lost)
    assert first.share.low is not None and first.share.high is not None
    assert first.share.low <= true <= first.share.high
    members = members_of(losses(lost), 0)[first.words]
    inside = {battle: float(battle in set(members)) for battle in ((loss.battle) for loss in losses(lost))}
    share = clustered_share(np.array(list(inside.values())), codes_of([battle[0] for battle in inside]), 0.95)
    assert (first.share.value, first.share.low, first.share.high) == share[:3]
    by_model = Counter(one.loser for one in lost if one.reason == "arithmetic")
    most = max(by_model, key=lambda m: by_model[m] / sum(one.loser == m for one in lost))
    assert (first.models[most].against_others.low or 0) > 0
    assert all(any(one.question_id == example.question_id and one.loser == example.loser and one.reason == "arithmetic"
                   for one in lost) for example in first.examples)  # fmt: skip
    assert len({example.question_id for example in first.examples}) == 5


def test_renamed_models_have_the_same_reasons() -> None:
    lost = list(planted(30))
    other = [one._replace(winner=f"x{one.winner}", loser=f"x{one.loser}") for one in lost]
    one, two = (find_reasons(losses(each), level=0.95, seed=0) for each in (lost, other))
    assert [(r.words, r.n, r.share) for r in one.reasons] == [(r.words, r.n, r.share) for r in two.reasons]


def test_traits_of_answers_are_reasons_where_losers_have_them_more_often() -> None:
    def row(n: int, length: float, other: float) -> dict[str, object]:
        return {"question_id": str(n), "model_a": "a", "model_b": "b", "judge": "j", "state": "rated", "outcome": 0.0,
                "verdicts": [], "style": {"length_a": length, "length_b": other}}  # fmt: skip

    shorter = [row(n, 10.0, 100.0) for n in range(60)] + [row(n, 100.0, 90.0) for n in range(60, 100)]
    found = find_reasons(losses_of(shorter), level=0.95, seed=0)
    assert [(one.kind, one.words, one.n, one.of_winners) for one in found.reasons] == [
        ("trait", ("much shorter",), 60, 0.0)
    ]
    assert (found.n_losses, found.n_explained, found.without) == (100, 0, None)
    both = [row(n, *((10.0, 100.0) if n % 2 else (100.0, 10.0))) for n in range(100)]
    assert find_reasons(losses_of(both), level=0.95, seed=0).reasons == ()


def test_a_loss_is_what_the_board_decided_with_what_speaks_for_it() -> None:
    def verdict(order: str, label: str, text: str) -> dict[str, object]:
        return {"order": order, "status": "ok", "label": label, "explanation": text, "order_known": True}

    base = {"question_id": 1, "category": "c", "model_a": "a", "model_b": "b", "sample": 0, "state": "rated"}
    rows = [
        base | {"judge": "j", "outcome": 1.0, "verdicts": [verdict("a_first", "first", "for a"),
                                                           verdict("b_first", "first", "for b")]},
        base | {"judge": "k", "outcome": 1.0, "verdicts": [verdict("b_first", "second_strong", "for a too")]},
        base | {"judge": "panel", "outcome": 0.75, "verdicts": [verdict("a_first", "first", "no judge's words")]},
        base | {"question_id": 2, "judge": "j", "outcome": 0.5, "verdicts": []},
        base | {"question_id": 3, "judge": "j", "outcome": None, "state": "pending", "verdicts": []},
    ]  # fmt: skip
    (loss,) = losses_of(rows)  # type: ignore[arg-type]
    assert (loss.loser, loss.winner, loss.category) == ("b", "a", "c")
    assert loss.said == [Said("for a", False), Said("for a too", True)]


@pytest.mark.parametrize(("text", "loser", "winner"), [
    ("The first answer is wrong. The second answer errs.", "the first answer is wrong", "the second answer errs."),
    ("Answer B is right, while Response A stops early", "response a stops early", "answer b is right,"),
    ("Both answers are fine.", "", ""),
    ("The first answer beats the second answer.", "", ""),
    ("Assistant (1) errs; model 2 does not", "assistant (1) errs", "model 2 does not"),
    ("The first time I read it, alpha's answer was unclear.", "", ""),
    ("第一个回答算错了。助手B更好。", "第一个回答算错了", "助手b更好"),
])  # fmt: skip
def test_sentences_are_told_apart_by_whom_they_name(text: str, loser: str, winner: str) -> None:
    sides = sides_of(Loss(("1", "a", "b", 0), "", "a", "b", [Said(text, loser_first=True)]))
    assert (sides.of_loser, sides.of_winner) == (loser, winner)
    turned = sides_of(Loss(("1", "a", "b", 0), "", "a", "b", [Said(text, loser_first=False)]))
    assert (turned.of_loser, turned.of_winner) == (winner, loser)


def test_evidence_by_hand() -> None:
    """Two models, four losses on each of 25 questions, a word in every loss of the first: no dealing out comes near."""
    questions, losers = np.repeat(np.arange(25), 4), np.tile([0, 0, 1, 1], 25)
    said = words_of(["wrong sum" if loser == 0 else "short end" for loser in losers])
    assert said is not None
    there = said.said.astype(float)
    there.data[:] = 1.0
    strata = strata_of(questions, np.zeros(100, dtype=int), losers)
    evidence = by_model(there, losers, strata, np.random.default_rng(0), 0.05)
    assert said.names == ("end", "short", "sum", "wrong")
    # 50 against 25 expected; each question draws 2 of 4 without replacement: variance 2·2/3·¼ = ⅓
    assert evidence.statistic == pytest.approx([25 / np.sqrt(25 / 3)] * 4)
    assert evidence.found.all()
    side = by_side(there[:, [2]] - there[:, [0]], questions, np.random.default_rng(0), 0.05)
    assert side.statistic == pytest.approx([0.0])
    assert not side.found.any()


def test_a_question_with_one_loser_stands_with_its_category_once() -> None:
    questions, losers = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 0, 1])
    strata = strata_of(questions, np.zeros(5, dtype=int), losers)
    assert strata[0] == strata[1]
    assert strata[2] == strata[4]
    assert len({strata[0], strata[2], strata[3]}) == 3
