"""From replies to verdicts, and from verdicts to battles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from arena.judging.judge import Resolved
from arena.judging.slots import SLOT_VALUE, order_outcomes, value_of, weight_of, without_judge
from arena.judging.style import battle_style
from arena.terms import PANEL
from arena.types import (
    JSON,
    Answer,
    Battle,
    Label,
    Order,
    Parsed,
    Question,
    Reason,
    Reply,
    Score,
    Verdict,
)  # fmt: skip
from arena.winners import winner_of


def verdict_of(
    resolved: Resolved | None, order: Order, answer_sample: int, sample: int, key: str | None = None
) -> Verdict:
    """A resolved case as a verdict in model_a's frame; None is a case that was not asked yet."""
    if resolved is None:
        return Verdict(order, "missing", answer_sample, sample, key=key)
    parsed = resolved.parsed
    if not isinstance(parsed, Parsed):
        return Verdict(order, resolved.status, answer_sample, sample, explanation=resolved.explanation,
                       reason=resolved.reason, key=resolved.key)  # fmt: skip
    scores = (parsed.score_first, parsed.score_second)
    p = parsed.probability
    if order == "b_first":
        scores, p = scores[::-1], None if p is None else 1 - p
    return Verdict(
        order,
        resolved.status,
        answer_sample,
        sample,
        parsed.label,
        *scores,
        p,
        resolved.explanation,
        None,
        resolved.key,
    )


def identical_verdict(order: Order, answer_sample: int, sample: int, *, shown: bool = True) -> Verdict:
    """The verdict on two equal answers: a tie that nobody had to be asked for. Not `shown`: it says nothing about what
    a judge does with the first slot, where a board has one order only."""
    return Verdict(order, "identical", answer_sample, sample, "tie", order_known=shown)


def imported_verdict(reply: Reply, answer_sample: int = 0) -> Verdict | None:
    """The verdict of an imported ledger line; None when the line holds none of ours.

    The importer wrote what the other tool had parsed into `request["imported"]`, in slots.
    """
    stored = reply.request.get("imported")
    if not isinstance(stored, dict) or reply.order is None:
        return None
    label, known = stored.get("label"), stored.get("order_known") is not False
    if reply.status != "ok" or label not in SLOT_VALUE:
        failed = reply.status in {"error", "bad_request"}
        resolved = Resolved("failed" if failed else "unparsed", None, reply.text or reply.error,
                            "call_failed" if failed else "unparsed", reply.key)  # fmt: skip
        return replace(verdict_of(resolved, reply.order, answer_sample, reply.sample), order_known=known)
    parsed = Parsed(
        label,  # type: ignore[arg-type]  # checked against the labels above
        _number(stored.get("score_first")),
        _number(stored.get("score_second")),
        _number(stored.get("probability")),
    )
    resolved = Resolved("ok", parsed, reply.text or None, None, reply.key)
    return replace(verdict_of(resolved, reply.order, answer_sample, reply.sample), order_known=known)


def identical(a: Answer, b: Answer) -> bool:
    """Whether two answers are equal but for white space at both ends."""
    return [turn.strip() for turn in a.turns] == [turn.strip() for turn in b.turns]


def answer_failure(answer: Answer | None) -> Reason | None:
    """Why an answer cannot be judged; None when it can. A refusal is judged as it stands."""
    if answer is None:
        return "answer_missing"
    if answer.status == "error":
        return "answer_error"
    if answer.status == "empty" or not any(turn.strip() for turn in answer.turns):
        return "answer_empty"
    return None


@dataclass(frozen=True, slots=True)
class Contest:
    """Two answers to one question that one judge compares."""

    question: Question
    model_a: str
    model_b: str
    answer_a: Answer | None
    answer_b: Answer | None
    judge: str
    sample: int
    """The answers' sample number."""

    def battle(self, state: str, **facts: object) -> Battle:
        """The battle's row with what is known before any verdict."""
        a, b = self.answer_a, self.answer_b
        known: dict[str, object] = {"judge": self.judge, "state": state}
        return Battle(
            self.question.question_id, self.question.category, self.question.language, self.model_a, self.model_b,
            a.key if a else None, b.key if b else None, sample=self.sample,
            style=battle_style(a.turns, b.turns) if a and b else {}, **known | facts,  # type: ignore[arg-type]
        )  # fmt: skip


def failed_contest(contest: Contest, answer_failures: str) -> Battle | None:
    """The battle of a contest whose answers cannot both be judged: excluded, or a loss; None when both can."""
    reasons = answer_failure(contest.answer_a), answer_failure(contest.answer_b)
    match reasons:
        case None, None:
            return None
        case (None, _) | (_, None) if answer_failures == "loss" and "answer_missing" not in reasons:
            outcome = 0.0 if reasons[0] else 1.0
            return contest.battle("rated", outcome=outcome, winner=winner_of(outcome), reason=reasons[0] or reasons[1])
        case _:
            return contest.battle("excluded", reason=reasons[0] or reasons[1])


def combine(contest: Contest, verdicts: Sequence[Verdict], strong_weight: float = 1.0) -> Battle:
    """One battle from the verdicts of all its orders and samples.

    Any order that failed for good excludes it with that order's reason; otherwise any that is missing leaves it
    pending: half a pair is never rated. The outcome is the mean of the verdicts' values, each weighing 1, or
    `strong_weight` for A>>B and B>>A.
    """
    kept = tuple(verdicts)
    failure = next((v for v in kept if v.status in {"failed", "unparsed"}), None)
    if failure is not None:
        return contest.battle("excluded", reason=failure.reason, verdicts=kept)
    if not kept or any(v.status == "missing" for v in kept):
        return contest.battle("pending", verdicts=kept)
    values = [(value, weight_of(v, strong_weight)) for v in kept if (value := value_of(v)) is not None]
    outcome = sum(value * weight for value, weight in values) / sum(weight for _, weight in values)
    first, second = order_outcomes(kept)
    consistent = None if first is None or second is None else winner_of(first) == winner_of(second)
    if without_judge(kept) and len({v.order for v in kept}) == 2:
        consistent = True
    return contest.battle("rated", outcome=outcome, winner=winner_of(outcome), verdicts=kept, consistent=consistent)


def panel_battle(
    rows: Sequence[Battle], quorum: int, silent: Collection[str] = (), *, by_order: bool = False
) -> Battle:
    """The panel's row over the judges' rows of one battle: the mean of those rated, when there are enough.

    Pending while judges that could still make up the quorum have not been asked, those of `silent` aside, whom nobody
    asks any more; else excluded as no_quorum. When every judge's row is excluded for the same reason, the panel's row
    names that reason. `agreement` keeps how many of the judges named the panel's winner.
    """
    base = replace(rows[0], judge=PANEL, verdicts=(), consistent=None, outcome=None, winner=None, reason=None)
    rated = [row for row in rows if row.state == "rated" and row.outcome is not None]
    waiting = sum(row.state == "pending" and row.judge not in silent for row in rows)
    if waiting and (len(rated) + waiting >= quorum):
        return replace(base, state="pending")
    if len(rated) < max(1, quorum):
        return replace(base, state="excluded", reason=shared_reason(rows))
    outcome = fmean(row.outcome for row in rated if row.outcome is not None)
    known = [row.consistent for row in rated if row.consistent is not None]
    winner = winner_of(outcome)
    return replace(
        base,
        state="rated",
        outcome=outcome,
        winner=winner,
        consistent=all(known) if known else None,
        agreement=fmean(row.winner == winner for row in rated),
        verdicts=panel_verdicts(rated) if by_order else (),
    )


def panel_verdicts(rated: Sequence[Battle]) -> tuple[Verdict, ...]:
    """What the judges came to in each order that they saw: its mean as a probability."""
    found = []
    for order in ("a_first", "b_first"):
        seen = (v for row in rated for v in row.verdicts if v.order == order and v.order_known)
        values = [value for v in seen if (value := value_of(v)) is not None]
        if values:
            mean = fmean(values)
            first = mean if order == "a_first" else 1 - mean
            label: Label = "first" if first > 0.5 else "second" if first < 0.5 else "tie"
            found.append(Verdict(order, "ok", rated[0].sample, 0, label, probability=mean))
    return tuple(found)


def shared_reason(rows: Sequence[Battle] | Sequence[Score]) -> Reason:
    """The reason why all judges' rows are excluded; no_quorum where they differ. A judge's own battles aside."""
    reasons = {row.reason for row in rows if row.reason != "self_judged"}
    if not reasons:
        return "self_judged"
    found = reasons.pop()
    return found if found is not None and not reasons else "no_quorum"


def _number(value: JSON) -> float | None:
    return float(value) if isinstance(value, int | float) else None
