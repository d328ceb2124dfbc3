"""The first screen: what the board says in one sentence, and the three models to look at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from arena.reports.page.data import PageData, Row
from arena.reports.page.markup import Html, fill, join, money, number, percent, seconds, tag
from arena.reports.page.words import Words

ODD_SHARE = 0.05
"""From this share of its answers on, a leader's flags belong beside the verdict."""
FEW_QUESTIONS = 20
"""Below this a tie says more about the board than about the models."""


def summary(data: PageData, w: Words) -> Html:
    """The verdict in one sentence, and the two or three facts to decide by."""
    board = data.board
    unit = w["unit_scores" if data.single else "unit_battles"]
    rested = fill(w["rested"], n=number(board.get("n_battles")), unit=unit, q=number(board.get("n_questions")))
    level = percent(board.get("level"))
    how = {"sandwich": "clustered", "bootstrap": "bootstrap", "independent": "independent"}.get(
        str(board.get("interval")), "none"
    )
    return tag(
        "section",
        tag("p", rested, class_="eyebrow"),
        tag("h1", _sentence(data, w)),
        tag("p", *_facts(data, w), class_="facts"),
        tag("p", fill(w["interval_note"], level=level, how=w[how]), class_="note"),
        id="verdict",
    )


def ranked(data: PageData) -> list[Row]:
    """Ranked models, best first."""
    rows = [row for row in data.models if isinstance(row.get("rank"), int)]
    return sorted(rows, key=lambda row: (cast("int", row["rank"]), str(row["model"])))


def tied_with_leader(rows: Sequence[Row]) -> list[Row]:
    """The models after the first whose possible ranks still include the first place."""
    return [row for row in rows[1:] if row.get("rank_low") in (1, None)]


def odd_flags(row: Row) -> list[str]:
    """The flags of a model that concern a good part of its answers and could mean that the judge was gamed."""
    flags = [str(flag) for flag in cast("Sequence[object]", row.get("flags") or ())]
    asked = row.get("n_questions")
    enough = ODD_SHARE * asked if isinstance(asked, int) else 0
    counts = [(flag, re.search(r"\((\d+)\)$", flag)) for flag in flags if not flag.startswith("truncated")]
    return [flag for flag, count in counts if count is None or int(count[1]) >= enough]


def per_question(row: Row) -> float | None:
    """USD per question of one model; None when unknown."""
    cost, count = row.get("cost_usd"), row.get("n_questions")
    return cost / count if isinstance(cost, int | float) and isinstance(count, int) and count else None


def median_latency(row: Row) -> float | None:
    """Median seconds per answer; None unless it was measured."""
    measured = row.get("performance")
    value = measured.get("latency_p50_s") if isinstance(measured, dict) else None
    return float(value) if isinstance(value, int | float) else None


def _sentence(data: PageData, w: Words) -> Html:
    rows = ranked(data)
    components = {row.get("component") for row in rows}
    if len(rows) < 2 or not data.board.get("n_battles"):
        return fill(w["lead_none"])
    if len(components) > 1:
        return fill(w["lead_components"], n=str(len(components)))
    leader, tied = _name(rows[0]), tied_with_leader(rows)
    if odd_flags(rows[0]):
        return fill(w["lead_odd"], leader=leader)
    if not tied:
        return fill(w["lead_clear"], leader=leader)
    if len(rows) == 2 and rows[0].get("rank") == rows[1].get("rank"):
        return fill(w["lead_even"], leader=leader, tied=_name(rows[1]))
    questions = data.board.get("n_questions")
    if isinstance(questions, int) and questions < FEW_QUESTIONS:
        return fill(w["lead_few"], leader=leader, q=str(questions))
    if len(tied) == 1:
        return fill(w["lead_tied_one"], leader=leader, tied=_name(tied[0]))
    if len(tied) > 3:
        return fill(w["lead_tied_many"], leader=leader, n=str(len(tied)))
    comma = "、" if w["model"] == "模型" else ", "
    names = join(*[piece for row in tied for piece in (comma, _name(row))][1:])
    return fill(w["lead_tied"], leader=leader, tied=names)


def _name(row: Row) -> Html:
    return tag("b", str(row["model"]))


def _facts(data: PageData, w: Words) -> list[Html]:
    rows = ranked(data)
    if len(rows) < 2 or len({row.get("component") for row in rows}) > 1:
        return []
    facts = []
    baseline, leader = data.board.get("baseline"), rows[0]
    pair = _pair(data, str(leader["model"]), str(rows[1]["model"]))
    if pair is not None and pair[0] != 0:
        points, low, high = (number(value, 1 if data.single else 0) for value in pair)
        facts.append(fill(w["gap"], leader=_name(leader), second=_name(rows[1]), points=points, low=low, high=high))
    if baseline and leader["model"] != baseline and leader.get("win_rate") is not None:
        ends = {"low": percent(leader.get("win_rate_low")), "high": percent(leader.get("win_rate_high"))}
        shown = tag("b", percent(leader["win_rate"]))
        facts.append(fill(w["against_baseline"], baseline=tag("b", str(baseline)), rate=shown, **ends))
    if odd := odd_flags(leader):
        facts.append(fill(w["look_first"], flags=", ".join(odd)))
    close = [leader, *tied_with_leader(rows)]
    if len(close) > 1:
        facts += _cheap_and_quick(close, w)
    return [join(fact, " ") for fact in facts]


def _cheap_and_quick(close: Sequence[Row], w: Words) -> list[Html]:
    facts = []
    costs = [(cost, row) for row in close if (cost := per_question(row)) is not None]
    if len(costs) > 1 and len({cost for cost, _ in costs}) > 1:
        cost, row = min(costs, key=lambda item: item[0])
        facts.append(fill(w["cheapest"], model=_name(row), cost=money(cost)))
    times = [(time, row) for row in close if (time := median_latency(row)) is not None]
    if len(times) > 1 and len({_load(row) for _, row in times}) == 1:
        time, row = min(times, key=lambda item: item[0])
        facts.append(fill(w["fastest"], model=_name(row), time=seconds(time)))
    return facts


def _load(row: Row) -> str:
    measured = row.get("performance")
    return str(measured.get("load")) if isinstance(measured, dict) else ""


def _pair(data: PageData, first: str, second: str) -> tuple[float, float, float] | None:
    """The difference between two models and its interval, first − second."""
    for pair in cast("Sequence[Row]", data.board.get("pairs") or ()):
        values = [pair.get(field) for field in ("diff", "low", "high")]
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        if len(numbers) == 3 and {pair.get("a"), pair.get("b")} == {first, second}:
            diff, low, high = numbers
            return (diff, low, high) if pair.get("a") == first else (-diff, -high, -low)
    return None


def cards(data: PageData, w: Words) -> Html | None:
    """The three models at the top."""
    rows = ranked(data)[:3]
    if not rows or not data.board.get("n_battles"):
        return None
    return tag("section", *(_card(row, data, w) for row in rows), class_="cards")


def _card(row: Row, data: PageData, w: Words) -> Html:
    main, digits = ("score", 2) if data.single else ("rating", 0)
    value = number(row.get(main), digits)
    if row.get(main) is None and row.get("unbounded"):
        value = w["won_all" if row["unbounded"] == "high" else "lost_all"]
    ends = f"[{number(row.get(f'{main}_low'), digits, '−∞')}, {number(row.get(f'{main}_high'), digits, '+∞')}]"
    is_baseline = row["model"] == data.board.get("baseline")
    has_interval = row.get(f"{main}_low") is not None or row.get(f"{main}_high") is not None
    facts = [
        (w["win_rate"], percent(row.get("win_rate"), 1), not data.single and not is_baseline),
        (w["games"], f"{row.get('wins')} / {row.get('losses')} / {row.get('ties')}", not data.single),
        (w["answers"], number(row.get("n_questions")), data.single),
        (w["cost_axis"], money(per_question(row)), per_question(row) is not None),
        (w["latency"], seconds(median_latency(row)), median_latency(row) is not None),
        (w["length"], number(row.get("mean_length")), row.get("mean_length") is not None),
    ]
    listed = [join(tag("dt", name), tag("dd", shown)) for name, shown, there in facts if there]
    return tag(
        "article",
        tag("p", rank_text(row), class_="place"),
        tag("h3", str(row["model"]), tag("span", w["baseline"], class_="pill") if is_baseline else None),
        tag("p", tag("b", value), " ", tag("span", ends) if has_interval else None, class_="big"),
        tag("dl", *listed),
        class_="card",
    )


def rank_text(row: Row) -> str:
    """`2 (1–3)`: the rank and the ranks the data still allows."""
    rank, low, high = row.get("rank"), row.get("rank_low"), row.get("rank_high")
    if rank is None:
        return "–"
    return f"{rank}" if low == high or low is None else f"{rank} ({low}–{high})"
