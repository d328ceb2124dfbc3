"""Judge against people: how far they agree, how far people agree among themselves, and where the judge leans."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple, cast

import numpy as np

from arena.board.answers import current_answers
from arena.board.open import OpenBoard
from arena.board.tables import board_rows
from arena.board.verdicts import open_ledgers
from arena.errors import DataError, InputError
from arena.judging.slots import order_outcomes
from arena.ratings import BattleTable
from arena.ratings.data.arrays import codes_of
from arena.ratings.findings.agreement import agreement
from arena.ratings.findings.temperature import fit_temperature
from arena.ratings.findings.voters import Cast, human_ceiling, more_questions
from arena.ratings.intervals.means import Mean, clustered_mean, clustered_share
from arena.ratings.results import plain
from arena.store.votes import Pair, Vote, Votes, pair_key
from arena.types import JSON, Battle, Score
from arena.winners import winner_of

THIN = 20
"""Slices with fewer votes are not shown by themselves."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One judge's verdict on one battle, in the frame of the model first by name."""

    outcome: float
    signal: float
    """How clearly: log-odds, a difference of scores, or the outcome itself."""
    by_order: tuple[float | None, float | None] = (None, None)
    """The outcome with the first model shown first, and with it shown second."""
    longer: float | None = None
    """Whether the first model's answer is the longer one (1), the shorter (0); None for equal or unknown."""
    keys: tuple[str | None, str | None] = (None, None)


Verdicts = Mapping[Pair, Judged]


class Wish(NamedTuple):
    """What a person wants to know."""

    judge: str | None = None
    level: float = 0.95
    half_width: float = 0.05
    seed: int = 0
    other_than: str | None = None
    """A judge that is not compared with itself."""


def agree_on_board(board: OpenBoard, votes: Votes, wish: Wish) -> dict[str, JSON]:
    """Every judge of a board (or the wanted one) against the votes. Raises InputError when nothing can be compared."""
    verdicts = {name: found for name, found in _board_verdicts(board).items() if name != wish.other_than}
    if wish.other_than is not None and not verdicts:
        raise InputError(f"--with {wish.other_than}: no other judge of the board has verdicts to compare")
    if wish.judge is not None and wish.judge not in verdicts:
        raise InputError(
            f"--judge {wish.judge}: no verdicts by that judge (have: {', '.join(sorted(verdicts)) or 'none'})"
        )
    chosen = {name: found for name, found in verdicts.items() if wish.judge in (None, name)}
    rewards = frozenset(name for name, entry in board.judges.items() if entry.rewards)
    return _document(votes, chosen, wish, rewards)


def verdicts_as_votes(board: OpenBoard, judge: str) -> Votes:
    """One judge's verdicts in the place of people's votes, to compare other judges with. Raises InputError."""
    verdicts = _board_verdicts(board)
    if judge not in verdicts:
        raise InputError(f"--with {judge}: no verdicts by that judge (have: {', '.join(sorted(verdicts)) or 'none'})")
    categories = {question.question_id: question for question in board.questions}
    votes = []
    for (question_id, first, second), judged in verdicts[judge].items():
        asked = categories[question_id]
        votes.append(Vote(
            None, question_id, first, second, None, None, None, winner_of(judged.outcome), False, judge, None, None,
            asked.category, asked.language,
        ))  # fmt: skip
    return Votes(tuple(votes))


def agree_in_file(votes: Votes, wish: Wish) -> dict[str, JSON]:
    """The judge whose verdicts stand beside the votes in one file. Raises InputError when there is none."""
    found: dict[Pair, Judged] = {}
    for vote in votes.counted():
        if vote.judge_outcome is not None:
            outcome = 1 - vote.judge_outcome if vote.turned else vote.judge_outcome
            signal = 2 * outcome - 1
            if vote.judge_signal is not None:
                signal = -vote.judge_signal if vote.turned else vote.judge_signal
            found[vote.pair] = Judged(outcome, signal)
    if not found:
        raise InputError("no judge's verdicts: give a board with -c, or a file with a column judge_pref")
    return _document(votes, {wish.judge or "judge_pref": found}, wish)


def _document(
    votes: Votes, verdicts: Mapping[str, Verdicts], wish: Wish, rewards: Collection[str] = ()
) -> dict[str, JSON]:
    """Everything that `arena agree` says; `rewards` are the judges that score answers by themselves."""
    counted = votes.counted()
    left_out = Counter(votes.left_out())
    judges: list[JSON] = []
    for judge, found in sorted(verdicts.items()):
        kept = [vote for vote in counted if (v := found.get(vote.pair)) and vote.is_current(v.keys)]
        if kept:
            judges.append(_against(judge, kept, found, wish, pastes=judge in rewards))
    judged = [[found[vote.pair] for found in verdicts.values() if vote.pair in found] for vote in counted]
    left_out["on battles that are not on the board"] = judged.count([])
    left_out["on answers that have changed"] = sum(
        bool(on) and not any(vote.is_current(v.keys) for v in on) for vote, on in zip(counted, judged, strict=True)
    )
    if not judges:
        raise InputError(f"none of {len(counted)} votes is on a battle that a judge has decided")
    ceiling = human_ceiling([Cast(vote.voter, *vote.pair, vote.first_wins) for vote in counted], wish.level)
    lefts = [vote for vote in counted if vote.left is not None]
    document: dict[str, object] = {
        "level": wish.level,
        "n_votes": len(counted),
        "n_voters": len({vote.voter for vote in counted}),
        "left_out": {reason: n for reason, n in sorted(left_out.items()) if n},
        "people": {
            "agree_raw": ceiling.raw._asdict(),
            "agree_decisive": ceiling.decisive._asdict(),
            "n_battles": ceiling.n_battles,
            "n_voters": ceiling.n_voters,
            "left_side": _share([_for_left(v) for v in lefts], [v.question_id for v in lefts], wish.level)._asdict(),
        },
        "judges": judges,
    }
    return cast("dict[str, JSON]", plain(document))


def _against(judge: str, votes: Sequence[Vote], verdicts: Verdicts, wish: Wish, *, pastes: bool) -> JSON:
    """One judge against the votes on battles it has decided; `pastes`: with the temperature to put into its entry."""
    level = wish.level
    pairs = sorted({vote.pair for vote in votes})
    people = BattleTable.of_outcomes([vote.pair for vote in votes], [vote.first_wins for vote in votes])
    machine = BattleTable.of_outcomes(pairs, [verdicts[pair].outcome for pair in pairs])
    both = agreement(people, machine, level=level, seed=wish.seed)
    same = [float(winner_of(vote.first_wins) == winner_of(verdicts[vote.pair].outcome)) for vote in votes]
    questions = [vote.question_id for vote in votes]
    slices = {
        name: _by(votes, same, pick, level)
        for name, pick in (("categories", lambda v: v.category), ("languages", lambda v: v.language))
    }
    found: dict[str, object] = {
        "judge": judge,
        "majority": both.to_json(),
        "single_vote": _share(same, questions, level)._asdict(),
        **_biases(votes, verdicts, level),
        **slices,
        "temperature": (fitted := _temperature(votes, verdicts, level)),
        **({"entry": _to_paste(fitted)} if pastes else {}),
        "half_width": wish.half_width,
        "more_questions": more_questions(both.raw, both.n_questions, wish.half_width),
    }
    return plain(found)


def _to_paste(fitted: Mapping[str, object] | None) -> str | None:
    """What a reward model's entry says for the fitted probabilities; None where its scores say nothing, or the
    opposite."""
    beta = 0.0 if fitted is None else cast("float", fitted["beta"])
    return f"temperature: {1 / beta:.4g}" if beta > 0 else None


def _temperature(votes: Sequence[Vote], verdicts: Verdicts, level: float) -> dict[str, object] | None:
    """β for the judge's signal, fitted on single votes; None where the signal says nothing or everything."""
    signals = [verdicts[vote.pair].signal for vote in votes]
    try:
        fitted = fit_temperature(
            signals, [vote.first_wins for vote in votes], question_id=[v.question_id for v in votes], level=level
        )
    except DataError:
        return None
    return {**fitted._asdict(), "log_loss_coin": math.log(2)}


def _biases(votes: Sequence[Vote], verdicts: Verdicts, level: float) -> dict[str, object]:
    """Where the judge leans that people do not: to the answer shown first, to the longer one, to calling a tie."""
    pairs = sorted({vote.pair for vote in votes})
    ordered = [(pair, *verdicts[pair].by_order) for pair in pairs]
    complete = [(pair, first, second) for pair, first, second in ordered if first is not None and second is not None]
    asked = [pair[0] for pair, _, _ in complete]
    judge_longer, people_longer, lengths = [], [], []
    for vote in votes:
        judged = verdicts[vote.pair]
        if judged.longer is not None:
            judge_longer.append(judged.outcome if judged.longer else 1 - judged.outcome)
            outcome = vote.first_wins
            people_longer.append(outcome if judged.longer else 1 - outcome)
            lengths.append(vote.question_id)
    difference = np.array(judge_longer) - np.array(people_longer)
    return {
        "first_slot": _share([(x + 1 - y) / 2 for _, x, y in complete], asked, level)._asdict(),
        "consistency": _share([float(winner_of(x) == winner_of(y)) for _, x, y in complete], asked, level)._asdict(),
        "longer_judge": _share(judge_longer, lengths, level)._asdict(),
        "longer_people": _share(people_longer, lengths, level)._asdict(),
        "length_bias": clustered_mean(difference, codes_of(lengths), level)._asdict(),
        "ties_judge": _share([float(verdicts[v.pair].outcome == 0.5) for v in votes],
                             [v.question_id for v in votes], level)._asdict(),
        "ties_people": _share([float(v.outcome == 0.5) for v in votes], [v.question_id for v in votes],
                              level)._asdict(),
    }  # fmt: skip


def _by(
    votes: Sequence[Vote], same: Sequence[float], pick: Callable[[Vote], str | None], level: float
) -> dict[str, object]:
    """Agreement within each category or language that has enough votes."""
    groups: dict[str, list[int]] = {}
    for place, vote in enumerate(votes):
        if (name := pick(vote)) is not None:
            groups.setdefault(name, []).append(place)
    return {
        name: _share([same[i] for i in places], [votes[i].question_id for i in places], level)._asdict()
        for name, places in sorted(groups.items())
        if len(places) >= THIN
    }


def _board_verdicts(board: OpenBoard) -> dict[str, dict[Pair, Judged]]:
    """Every judge's rated battles; in single mode, pairs of scores on one question."""
    answers, _ = current_answers(board)
    with ExitStack() as stack:
        ledgers = open_ledgers(board, stack)
        rows = list(board_rows(board, answers, ledgers))
    battles = [row for row in rows if isinstance(row, Battle) and row.state == "rated" and row.outcome is not None]
    found: dict[str, dict[Pair, Judged]] = {}
    grouped: dict[tuple[str, Pair], list[Battle]] = {}
    for battle in battles:
        pair = pair_key(battle.question_id, battle.model_a, battle.model_b)
        grouped.setdefault((battle.judge, pair), []).append(battle)
    for (judge, key), same in grouped.items():
        found.setdefault(judge, {})[key] = _judged(
            same, by_scores=judge in board.judges and board.judges[judge].rewards
        )
    scores = [row for row in rows if isinstance(row, Score) and row.state == "rated" and row.score is not None]
    for judge, key, judged in _score_pairs(scores):
        found.setdefault(judge, {})[key] = judged
    return found


def _judged(samples: Sequence[Battle], *, by_scores: bool = False) -> Judged:
    """All samples of one judge on one battle, turned to the model first by name; `by_scores`: whose verdicts are two
    scores, whatever probability was made of them."""
    one = samples[0]
    flip = one.model_a > one.model_b
    outcome = fmean(battle.outcome for battle in samples if battle.outcome is not None)
    first, second = order_outcomes(verdict for battle in samples for verdict in battle.verdicts)
    signal = _difference(samples) if by_scores else _signal(samples)
    lengths = one.style.get("length_a"), one.style.get("length_b")
    longer = None if None in lengths or lengths[0] == lengths[1] else float(lengths[0] > lengths[1])  # type: ignore[operator]
    keys = one.answer_key_a, one.answer_key_b
    if flip:
        outcome, signal, keys = 1 - outcome, -signal, keys[::-1]
        first, second = (None if value is None else 1 - value for value in (second, first))
        longer = None if longer is None else 1 - longer
    return Judged(outcome, signal, (first, second), longer, keys)


def _difference(samples: Sequence[Battle]) -> float:
    """Mean difference of scores; 0 for equal answers, which have none."""
    return fmean((v.score_a or 0.0) - (v.score_b or 0.0) for battle in samples for v in battle.verdicts)


def _signal(samples: Sequence[Battle]) -> float:
    """How clearly model_a won: mean log-odds, else mean difference of scores, else the outcome from −1 to 1."""
    verdicts = [verdict for battle in samples for verdict in battle.verdicts if verdict.status == "ok"]
    odds = [_log_odds(v.probability) for v in verdicts if v.probability is not None]
    if odds and len(odds) == len(verdicts):
        return fmean(odds)
    scores = [v.score_a - v.score_b for v in verdicts if v.score_a is not None and v.score_b is not None]
    if scores and len(scores) == len(verdicts):
        return fmean(scores)
    return 2 * fmean(battle.outcome for battle in samples if battle.outcome is not None) - 1


def _log_odds(p: float) -> float:
    inside = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(inside / (1 - inside))


def _score_pairs(scores: Sequence[Score]) -> Iterator[tuple[str, Pair, Judged]]:
    by_question: dict[tuple[str, str], dict[str, float]] = {}
    for row in scores:
        assert row.score is not None
        by_question.setdefault((row.judge, row.question_id), {})[row.model] = row.score
    for (judge, question), found in by_question.items():
        names = sorted(found)
        for i, a in enumerate(names):
            for b in names[i + 1 :]:
                signal = found[a] - found[b]
                yield judge, (question, a, b), Judged(0.5 + 0.5 * np.sign(signal), signal)


def _for_left(vote: Vote) -> float:
    return vote.outcome if vote.left == "model_a" else 1 - vote.outcome


def _share(values: Sequence[float], questions: Sequence[str], level: float) -> Mean:
    return clustered_share(np.array(values, dtype=float), codes_of(questions), level)
